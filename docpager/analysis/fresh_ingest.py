"""Ingests in processes of their own, docpager's and other programs', so that each has its own peak of memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.analysis import peer_ingest
from docpager.analysis.made_files import Prose, make_collection, make_pdf, make_text
from docpager.errors import UsageError

PEERS = ("paperqa", "llamaindex")
SIZES_MB = (1, 10, 100)
PDF_PAGES = 5_000


@dataclass(frozen=True, slots=True)
class FreshIngest:
    """What one ingest in a process of its own took, and what became of the documents."""

    what: str
    statuses: Mapping[str, int]
    segments: int
    seconds: float
    cpu_seconds: float
    """Of the process and all it started."""
    peak_mib: int
    worker_mib: int
    """The largest of the processes it started; 0 where there was none."""


def growth(counts: Sequence[int], workers: int) -> Iterator[FreshIngest]:
    """Ingests of so many made-up documents, then of one text of each of ``SIZES_MB``, then of one long PDF."""
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="docpager-bench-") as folder:
            make_collection(Path(folder, "files"), count)
            yield docpager_ingest(f"{count:,} documents", [Path(folder, "files")], workers)
    for size in SIZES_MB:
        with tempfile.TemporaryDirectory(prefix="docpager-bench-") as folder:
            make_text(Path(folder, "large.txt"), size * 1_000_000, Prose())
            yield docpager_ingest(f"a text of {size} MB", [Path(folder, "large.txt")], workers)
    with tempfile.TemporaryDirectory(prefix="docpager-bench-") as folder:
        make_pdf(Path(folder, "long.pdf"), PDF_PAGES, Prose())
        yield docpager_ingest(f"a PDF of {PDF_PAGES:,} pages", [Path(folder, "long.pdf")], workers)


def beside_peers(paths: Sequence[Path], peers: Mapping[str, str], workers: int) -> Iterator[FreshIngest]:
    """Ingests of the same files by docpager, with and without vectors, and by each peer under its own Python."""
    yield docpager_ingest("docpager", paths, workers)
    yield docpager_ingest("docpager, no vectors", paths, workers, "--embedder", "none")
    for name, python in peers.items():
        yield _peer_ingest(name, python, paths)


def docpager_ingest(what: str, paths: Sequence[Path], workers: int, *options: str) -> FreshIngest:
    """An ingest by ``docpager ingest`` into an archive that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="docpager-bench-") as folder:
        command = [sys.executable, "-m", "docpager", "ingest", *map(str, paths), "--archive", f"{folder}/a.lancedb"]
        told, seconds, cpu = _run([*command, "--workers", str(workers), "--json", "-q", *options], {})
    sizes = told["peak_memory_mib"], told["largest_worker_mib"]
    return FreshIngest(what, told["statuses"], told["segments"], seconds, cpu, *sizes)


def _peer_ingest(name: str, python: str, paths: Sequence[Path]) -> FreshIngest:
    if name not in PEERS:
        raise UsageError(f"--peer takes {' or '.join(PEERS)}, each as NAME=PYTHON, not {name!r}.")
    with tempfile.TemporaryDirectory(prefix="docpager-bench-") as folder:
        command = [python, peer_ingest.__file__, name, folder, *map(str, paths)]
        told, seconds, cpu = _run(command, {"LITELLM_LOCAL_MODEL_COST_MAP": "True"})
    statuses = {"indexed": told["documents"] - len(told["lost"])} | (
        {"lost": len(told["lost"])} if told["lost"] else {}
    )
    what = f"{name} {told['version']}"
    return FreshIngest(what, statuses, told["segments"], seconds, cpu, told["peak_mib"], told["worker_mib"])


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[dict[str, Any], float, float]:
    """The JSON object a command ends its output with, and its wall-clock and CPU seconds, imports and all."""
    started, cpu = time.perf_counter(), _children_cpu()
    # Peers bring their own token ranks.
    inherited = {name: value for name, value in os.environ.items() if name != "TIKTOKEN_CACHE_DIR"}
    ended = subprocess.run(  # noqa: S603 - docpager's own command, and the Pythons its user named
        command, capture_output=True, text=True, env=inherited | dict(environment), check=False
    )
    seconds, cpu = time.perf_counter() - started, _children_cpu() - cpu
    lines = ended.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise UsageError(f"{' '.join(command[:4])} ended with {ended.returncode}: {ended.stderr.strip()[-800:]}")
    return json.loads(lines[-1]), seconds, cpu


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
