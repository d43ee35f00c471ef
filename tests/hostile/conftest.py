"""Hostile files, read as a user would have them read: by the command, in worker processes, into a real archive.

Everyday counts are small. ``make hostile`` runs those of a release and prints the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder
from docpager.records import Document

MEMORY = ("--file-memory-mib", "1024")


@dataclass(frozen=True)
class Ingested:
    """What an ingest of a folder came to."""

    exit_code: int
    report: dict
    archive: LanceArchive

    @property
    def rows(self) -> dict[str, Document]:
        """The rows by their paths."""
        listed = list(self.archive.documents())
        found = {row.path: row for row in listed}
        assert len(found) == len(listed), "a document has two rows"
        return found

    @property
    def statuses(self) -> dict[str, int]:
        """How many rows have which status."""
        return dict(Counter(row.status.value for row in self.rows.values()).most_common())

    def texts(self, path: str) -> str:
        """All that was read of a document."""
        return "\n".join(page.text for page in self.archive.paper_pages(self.rows[path].doc_id))


@pytest.fixture(scope="session")
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """The everyday count, or the full one."""
    full = bool(request.config.getoption("--full-counts"))
    return lambda everyday, release: release if full else everyday


@pytest.fixture(scope="session")
def file_seconds(count: Callable[[int, int], int]) -> int:
    """What a document may take: 2 s on a machine that does nothing else, more where it may be busy."""
    return count(8, 2)


@pytest.fixture
def figure(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a figure, at full counts."""

    def tell(line: str) -> None:
        if request.config.getoption("--full-counts"):
            with capsys.disabled():
                print(f"\n{request.node.name}: {line}", flush=True)

    return tell


@pytest.fixture
def ingest(repository: Path, tmp_path: Path, file_seconds: int) -> Callable[..., Ingested]:
    """Has the command read a folder within some seconds and 1 GiB a document, and opens the archive, which is whole."""

    def run(folder: Path, *options: str, seconds: float = 600) -> Ingested:
        archive = tmp_path / "archive.lancedb"
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        words = ["ingest", str(folder), "--archive", str(archive), "--embedder", "none", "--json", "-q"]
        ended = command(environment, seconds, *words, "--file-timeout", f"{file_seconds}s", *MEMORY, *options)
        assert "Traceback" not in ended.stderr, ended.stderr
        assert ended.returncode in (0, 3), ended.stderr
        checked = command(environment, seconds, "archive", "check", "--archive", str(archive))
        assert checked.returncode == 0, checked.stdout + checked.stderr
        opened = LanceArchive.open(str(archive), NoEmbedder())
        return Ingested(ended.returncode, json.loads(ended.stdout), opened)

    return run


def command(environment: dict[str, str], seconds: float, *words: str) -> subprocess.CompletedProcess[str]:
    """A docpager command that has ended."""
    program = [sys.executable, "-m", "docpager", *words]
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
