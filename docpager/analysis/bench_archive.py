"""How an archive of any size behaves: time to build, disk, memory, and what searches and look-ups take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from docpager.analysis.intervals import Spread
from docpager.analysis.synthetic_collection import SyntheticEmbedder, SyntheticLanguage, synthetic_documents
from docpager.records import IngestedDocument

if TYPE_CHECKING:
    from docpager.archive.lance import LanceArchive

BATCH_SEGMENTS = 2000
"""As an ingest writes them."""
_SCOPES = (1, 20, 1000)
_COUNTER = "o200k_base"
_ONE_MORE = 7
"""The seed of the document that is added to the whole archive."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one kind of look-up takes, in milliseconds."""

    p50: float
    p95: float
    largest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timed:
        """Of some measured seconds."""
        spread = Spread.of(seconds)
        return cls(*(round(1000 * s, 1) for s in (median(seconds), spread.p95, spread.largest)))


@dataclass(slots=True)
class ArchiveFigures:
    """One archive's figures."""

    segments: int
    documents: int = 0
    gib_on_disk: float = 0.0
    peak_memory_mib: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """By stage."""
    milliseconds: dict[str, Timed] = field(default_factory=dict)
    """By kind of look-up."""
    exact_overlap: float | None = None
    """The share of the 100 segments nearest to a query that an indexed search finds; None without a vector index."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time of a block to a stage."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 2)


def bench_archive(
    uri: str, segments: int, *, searches: int = 200, progress: Callable[[int], None] = lambda _: None
) -> ArchiveFigures:
    """Builds an archive of made-up documents at ``uri``, searches it, and adds one document to it.

    What is at ``uri`` already is searched as it is.
    """
    from docpager.archive.lance import LanceArchive
    from docpager.archive.tables import is_archive

    figures = ArchiveFigures(segments)
    with figures.stage("make the language"):
        language = SyntheticLanguage()
    embedder = SyntheticEmbedder(language)
    if not is_archive(uri):
        _build(uri, language, figures, progress)
    with figures.stage("open to read"):
        archive = LanceArchive.open(uri, embedder)
    with closing(archive):
        stats = archive.stats()
        figures.documents, figures.gib_on_disk = sum(stats.documents.values()), round(stats.bytes_on_disk / 2**30, 2)
        _look_up(archive, searches, figures)
        figures.exact_overlap = archive.exact_overlap([_query(archive, n) for n in range(20)])
    with figures.stage("open to write"):
        writer = LanceArchive.open_for_writing(uri, embedder, _COUNTER)
    with writer:
        with figures.stage("sweep"):
            writer.sweep()
        [one_more] = list(synthetic_documents(SyntheticLanguage(seed=_ONE_MORE), 1))
        with figures.stage("write one document more"):
            writer.write([one_more])
        with figures.stage("finish after it"):
            writer.finish()
    return figures


def _build(uri: str, language: SyntheticLanguage, figures: ArchiveFigures, progress: Callable[[int], None]) -> None:
    from docpager.archive.lance import LanceArchive

    documents, done = synthetic_documents(language, figures.segments), 0
    with LanceArchive.open_for_writing(uri, SyntheticEmbedder(language), _COUNTER) as writer:
        while True:
            with figures.stage("make documents"):
                batch = _batch(documents)
            if not batch:
                break
            with figures.stage("write"):
                writer.write(batch)
            done += sum(len(content.segments) for content in batch)
            progress(done)
        with figures.stage("index and compact"):
            writer.finish()


def _batch(documents: Iterator[IngestedDocument]) -> list[IngestedDocument]:
    batch: list[IngestedDocument] = []
    while sum(len(content.segments) for content in batch) < BATCH_SEGMENTS:
        content = next(documents, None)
        if content is None:
            break
        batch.append(content)
    return batch
