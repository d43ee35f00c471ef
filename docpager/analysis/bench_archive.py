"""How an archive of any size behaves: time to build, disk, memory, and what searches and look-ups take."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from docpager.analysis.intervals import Spread
from docpager.analysis.synthetic_collection import SyntheticEmbedder, SyntheticLanguage, synthetic_documents
from docpager.records import IngestedDocument, Segment

if TYPE_CHECKING:
    from docpager.archive.lance import LanceArchive

BATCH_SEGMENTS = 2000
"""As an ingest writes them."""
SCOPES = (1, 20, 1000)
"""Searches within so many documents."""
_SAMPLE = 40
"""Documents that queries and look-ups are made of."""
_QUERY_WORDS = 6
_IDENTIFIER = re.compile(r"REF-\d+-\d+", re.IGNORECASE)
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
    nearest_found: float = 1.0
    """The share of the 100 segments nearest to a query that a search by vector finds."""

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


def _look_up(archive: LanceArchive, searches: int, figures: ArchiveFigures) -> None:
    rng = random.Random(3)
    documents = list(archive.documents())
    chosen = rng.sample(documents, min(_SAMPLE, len(documents)))
    segments = [segment for document in chosen for segment in archive.segments_of(document.doc_id)]
    queries = [_query(rng, rng.choice(segments)) for _ in range(searches)]
    few = max(5, searches // 4)
    _time(figures, "search", lambda n: archive.search(queries[n]), searches)
    for size in SCOPES:
        scope = [document.doc_id for document in rng.sample(documents, min(size, len(documents)))]
        _time(figures, f"search in {size:,}", lambda n: archive.search(queries[n], doc_ids=scope), few)  # noqa: B023
    rare = [_named(segment) for segment in segments if _IDENTIFIER.search(segment.text)][:few]
    _time(figures, "search for an identifier", lambda n: archive.search(rare[n]), len(rare))
    parts = [segment.text[20:60] for segment in rng.sample(segments, min(few, len(segments)))]
    _time(figures, "find a phrase", lambda n: archive.find(parts[n]), len(parts))
    _time(figures, "find a part of a word", lambda n: archive.find(parts[n].split()[1][:6]), 3)
    _time(figures, "find an expression", lambda _: archive.find(r"REF-20\d\d-0\d+7", regex=True), 3)
    ids = [document.doc_id for document in chosen]
    _time(figures, "a paper page", lambda n: archive.paper_page(ids[n % len(ids)], 1), few)
    _time(figures, "10 segments", lambda n: archive.segments([s.segment_id for s in segments[n : n + 10]]), few)
    _time(figures, "segments of a document", lambda n: archive.segments_of(ids[n % len(ids)]), few)
    _time(figures, "list all documents", lambda _: list(archive.documents()), 3)
    figures.nearest_found = archive.nearest_found(queries[:20])


def _time(figures: ArchiveFigures, name: str, look: Callable[[int], object], times: int) -> None:
    """Times a look-up that has run once before."""
    seconds = []
    for n in (0, *range(times)):
        started = time.perf_counter()
        look(n)
        seconds.append(time.perf_counter() - started)
    figures.milliseconds[name] = Timed.of(seconds[1:])


def _query(rng: random.Random, segment: Segment) -> str:
    words = [word.strip(".,").lower() for word in segment.text.split()]
    return " ".join(rng.sample(words, min(_QUERY_WORDS, len(words))))


def _named(segment: Segment) -> str:
    found = _IDENTIFIER.search(segment.text)
    return found[0] if found else segment.text[:20]
