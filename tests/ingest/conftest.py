"""A folder of documents, and an archive that remembers what it was told."""

from __future__ import annotations

from pathlib import Path

import pytest

from docpager.archive.in_memory import InMemoryArchive
from docpager.batch.executors.inline import InlineExecutor
from docpager.ingest.pipeline import ingest
from docpager.models.embedding import NoEmbedder
from docpager.models.tokens import TiktokenCounter
from docpager.settings import IngestSettings


class Ingested:
    """An archive that folders are ingested into, with the changes it was asked for in ``calls``."""

    def __init__(self, inner=None) -> None:
        self.inner = InMemoryArchive() if inner is None else inner
        self.calls: list[str] = []

    def __getattr__(self, name):
        method = getattr(self.inner, name)
        if name not in ("write", "update_documents", "remove", "finish"):
            return method

        def told(*arguments):
            self.calls.append(name)
            return method(*arguments)

        return told

    def run(self, *paths, executor=None, progress=None, embedder=None, **settings):
        return ingest(
            paths,
            IngestSettings(**settings),
            self,
            embedder or NoEmbedder(),
            TiktokenCounter(),
            executor or InlineExecutor(),
            progress,
        )

    def rows(self):
        return {row.path: row for row in self.inner.documents()}

    def texts(self, row):
        return [segment.text for segment in self.inner.segments_of(row.doc_id)]


@pytest.fixture
def archive():
    return Ingested()


@pytest.fixture
def archive_of():
    return Ingested


@pytest.fixture
def put():
    def put(root: Path, name: str, content: str | bytes) -> Path:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return put


@pytest.fixture
def folder(tmp_path, put):
    root = tmp_path / "reports"
    put(root, "a.txt", "The first report.\n")
    put(root, "b.md", "# Second\n\nA report.\n")
    put(root, "sub/c.html", "<title>Third</title><p>One more.</p>")
    return root
