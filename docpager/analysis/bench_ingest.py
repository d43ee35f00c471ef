"""How fast an ingest is, beside the bare text extraction of its PDFs in the same run, and whose the time is."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import MissingInputError
from docpager.ingest.readers.bare import pdfium_pages, pypdf_pages

if TYPE_CHECKING:
    from docpager.ingest.report import IngestReport

PYPDF_EVERY = 20
"""pypdf is slow: it reads every so many pages, and its rate is per page read."""
OURS = ("read", "segment", "other")
"""What docpager does itself; the rest is PDFium's, the tokenizers' and LanceDB's."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Paper pages, and the time they took."""

    pages: int
    seconds: float
    cpu_seconds: float

    @property
    def pages_per_second(self) -> float:
        """Pages a second of wall-clock time."""
        return self.pages / self.seconds if self.seconds else 0.0

    @property
    def pages_per_cpu_second(self) -> float:
        """Pages a second of CPU time, all processes together."""
        return self.pages / self.cpu_seconds if self.cpu_seconds else 0.0


@dataclass(frozen=True, slots=True)
class WorkersFigures:
    """A whole ingest with so many workers, and bare PDFium right before it."""

    workers: int
    pdfium: Rate
    report: IngestReport
    cpu_seconds: float
    """Of this process and of its workers, from their start to their end."""
    unchanged_seconds: float
    """Wall-clock time of a second ingest, that has nothing to do."""

    @property
    def whole(self) -> Rate:
        """The ingest as a rate."""
        return Rate(self.report.pages, self.report.seconds, self.cpu_seconds)

    @property
    def share_of_pdfium(self) -> float:
        """Pages a CPU second of the whole ingest, beside those of bare PDFium."""
        return self.whole.pages_per_cpu_second / self.pdfium.pages_per_cpu_second

    @property
    def stages(self) -> dict[str, float]:
        """CPU seconds by stage: ``read`` without PDFium's part, ``other`` all that no stage was at."""
        measured = dict(self.report.cpu_seconds)
        measured["read"] = max(0.0, measured["read"] - self.pdfium.cpu_seconds)
        stages = {"pdfium": self.pdfium.cpu_seconds} | measured
        return stages | {"other": max(0.0, self.cpu_seconds - sum(stages.values()))}

    @property
    def ours_share(self) -> float:
        """The share of CPU time that is neither PDFium's nor counting, embedding or writing."""
        return sum(self.stages[stage] for stage in OURS) / self.cpu_seconds

    @property
    def workers_busy(self) -> float:
        """The share of the workers' wall-clock time in which they were at a task."""
        return self.report.busy_seconds["workers"] / (self.workers * self.report.seconds)


@dataclass(frozen=True, slots=True)
class IngestBenchmark:
    """Bare extraction and whole ingests of the same PDFs."""

    documents: int
    pypdf: Rate
    loading: Rate
    """The ingest of one small text, before all others: what importing and loading the libraries takes, once."""
    runs: tuple[WorkersFigures, ...]


def bench_ingest(
    paths: Sequence[Path],
    ingest: Callable[[int], tuple[IngestReport, IngestReport]],
    workers: Sequence[int],
    load: Callable[[], IngestReport],
) -> IngestBenchmark:
    """For each number of workers times bare PDFium in this process, then two ingests of ``paths``.

    ``ingest`` takes the number and begins with an archive that does not exist; its second report is of an ingest with
    nothing to do. ``load`` is an ingest of one small text. Raises ``MissingInputError`` where there is no PDF.
    """
    pdfs = sorted(p for path in paths for p in (path.rglob("*.pdf") if path.is_dir() else [path]))
    if not pdfs:
        raise MissingInputError(f"There is no PDF in {', '.join(map(str, paths))}.")
    pypdf = _timed(lambda: sum(pypdf_pages(pdf, PYPDF_EVERY) for pdf in pdfs))
    before = _cpu_seconds()
    loaded = load()
    loading = Rate(loaded.pages, loaded.seconds, _cpu_seconds() - before)
    runs = []
    for number in workers:
        pdfium = _timed(lambda: sum(pdfium_pages(pdf) for pdf in pdfs))
        before = _cpu_seconds()
        first, second = ingest(number)
        # The second ingest starts no worker and reads nothing: what it takes is left in, in milliseconds.
        runs.append(WorkersFigures(number, pdfium, first, _cpu_seconds() - before, second.seconds))
    return IngestBenchmark(len(pdfs), pypdf, loading, tuple(runs))


def _timed(read: Callable[[], int]) -> Rate:
    clock, cpu = time.perf_counter(), time.process_time()
    pages = read()
    return Rate(pages, time.perf_counter() - clock, time.process_time() - cpu)


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
