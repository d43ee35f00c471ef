"""How fast an ingest is, beside the bare text extraction of its PDFs in the same run."""

from __future__ import annotations

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
class IngestBenchmark:
    """Bare extraction and a whole ingest of the same PDFs."""

    documents: int
    pdfium: Rate
    pypdf: Rate
    first: IngestReport
    second: IngestReport

    @property
    def whole(self) -> Rate:
        """The first ingest as a rate."""
        return Rate(self.first.pages, self.first.seconds, sum(self.first.cpu_seconds.values()))

    @property
    def share_of_pdfium(self) -> float:
        """Pages a CPU second of the whole ingest, beside those of bare PDFium."""
        return self.whole.pages_per_cpu_second / self.pdfium.pages_per_cpu_second


def bench_ingest(paths: Sequence[Path], ingest: Callable[[], IngestReport]) -> IngestBenchmark:
    """Times two ingests of ``paths``, then bare extraction of all PDFs below them in this process.

    ``ingest`` has to start with an archive that does not exist. Raises ``MissingInputError`` where there is no PDF.
    """
    pdfs = sorted(p for path in paths for p in (path.rglob("*.pdf") if path.is_dir() else [path]))
    if not pdfs:
        raise MissingInputError(f"There is no PDF in {', '.join(map(str, paths))}.")
    return IngestBenchmark(
        documents=len(pdfs),
        first=ingest(),
        second=ingest(),
        pdfium=_timed(lambda: sum(pdfium_pages(pdf) for pdf in pdfs)),
        pypdf=_timed(lambda: sum(pypdf_pages(pdf, PYPDF_EVERY) for pdf in pdfs)),
    )


def _timed(read: Callable[[], int]) -> Rate:
    clock, cpu = time.perf_counter(), time.process_time()
    pages = read()
    return Rate(pages, time.perf_counter() - clock, time.process_time() - cpu)
