"""How far down a search's results the paper pages stand that bear the answer: recall at 1, 5, 10 and 20."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docpager.analysis.bench_data import data_file, json_records
from docpager.analysis.bench_financebench import PDFS, finance_questions
from docpager.analysis.bench_nq import CORPUS, open_questions
from docpager.analysis.evidence import PaperPage
from docpager.analysis.intervals import Share, Spread
from docpager.errors import QuestionFileError
from docpager.protocols import Archive

CUTOFFS = (1, 5, 10, 20)
DEPTH = 100
"""So many results are looked at: a gold page behind them was not found."""
SEARCHES = "searches.jsonl"
_MRR_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Sought:
    """A search, and the paper pages it should find."""

    query: str
    gold: frozenset[PaperPage]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the gold pages of searches stand among the results, counted one way."""

    name: str
    first: list[int | None] = field(default_factory=list)
    """The place, from 1, of each search's first gold page; None where none was found."""
    last: list[int | None] = field(default_factory=list)
    """The place at which all of them were found."""

    def any_within(self, k: int) -> Share:
        """How often the first ``k`` results hold a gold page."""
        return Share.where(place is not None and place <= k for place in self.first)

    def all_within(self, k: int) -> Share:
        """How often they hold all of them."""
        return Share.where(place is not None and place <= k for place in self.last)

    @property
    def mean_reciprocal_rank(self) -> float:
        """The mean of 1 / place of the first gold page among ten results."""
        found = [1 / place for place in self.first if place is not None and place <= _MRR_DEPTH]
        return sum(found) / len(self.first) if self.first else 0.0

    def as_record(self) -> dict[str, Any]:
        """The places' shares as JSON has them."""
        return {
            "recall": {str(k): self.any_within(k).as_record() for k in CUTOFFS},
            "recall_of_all": {str(k): self.all_within(k).as_record() for k in CUTOFFS},
            "mrr_10": round(self.mean_reciprocal_rank, 4),
        }


@dataclass(frozen=True, slots=True)
class RecallFigures:
    """The places found, and how long searches took."""

    places: list[Places]
    seconds: list[float]

    @property
    def milliseconds(self) -> tuple[float, float]:
        """Median and 95th percentile of a search."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[len(ordered) // 2], 1000 * Spread.of(ordered).p95


def sought_in(data: Path) -> tuple[Path, list[Sought], dict[str, str]]:
    """What to ingest, what to seek there, and the ingest's own settings; raises ``MissingInputError``.

    Knows the folders of ``bench nq`` and ``bench financebench``, and one with documents/ and searches.jsonl (query,
    pages: path and number).
    """
    source = data_file(data, CORPUS, PDFS, "documents")
    if source.name == CORPUS:
        found = [Sought(q.question.question, frozenset({(q.gold_path, 1)})) for q in open_questions(data, list)]
        return source, found, {"text_field": "text", "id_field": "id", "title_field": "title"}
    if source.name == PDFS:
        return source, [Sought(q.question.question, q.gold) for q in finance_questions(data, list)], {}
    path = data_file(data, SEARCHES)
    return source, [_sought(record, path) for record in json_records(path, ("query", "pages"))], {}


def _sought(record: dict[str, Any], path: Path) -> Sought:
    try:
        gold = frozenset((str(page), int(number)) for page, number in record["pages"])
    except (TypeError, ValueError):
        gold = frozenset()
    if not gold:
        raise QuestionFileError(f"{record['query']!r} in {path} has no pages with path and number.")
    return Sought(str(record["query"]), gold)


def bench_recall(
    searches: Sequence[Sought], archive: Archive, progress: Callable[[int, int], None] | None = None
) -> RecallFigures:
    """Searches all documents, then only those that hold a gold page."""
    ids = {document.path: document.doc_id for document in archive.documents()}
    ways = ("all documents, passages", "all documents, pages", "right document, passages", "right document, pages")
    figures = RecallFigures([Places(name) for name in ways], [])
    everywhere, inside = figures.places[:2], figures.places[2:]
    for done, sought in enumerate(searches, start=1):
        started = time.perf_counter()
        results = _pages_found(archive, sought.query, None)
        figures.seconds.append(time.perf_counter() - started)
        _count(everywhere, results, sought.gold)
        right = [ids[path] for path in sorted({path for path, _ in sought.gold}) if path in ids]
        _count(inside, _pages_found(archive, sought.query, right), sought.gold)
        if progress is not None:
            progress(done, len(searches))
    return figures


def _pages_found(archive: Archive, query: str, doc_ids: list[str] | None) -> list[PaperPage]:
    """The paper page of each result, best first."""
    hits = archive.search(query, limit=DEPTH, doc_ids=doc_ids)
    return [(hit.document.path, hit.segment.page_number) for hit in hits]


def _count(ways: Sequence[Places], results: list[PaperPage], gold: frozenset[PaperPage]) -> None:
    """Adds the places of ``gold`` among the results as they are, and among the different pages they stand on."""
    for places, pages in zip(ways, (results, list(dict.fromkeys(results))), strict=True):
        found = sorted(pages.index(page) + 1 for page in gold if page in pages)
        places.first.append(found[0] if found else None)
        places.last.append(found[-1] if len(found) == len(gold) else None)


def recall_rows(figures: RecallFigures) -> Iterator[tuple[str, ...]]:
    """A table's rows: the way of counting, recall at each cutoff, all gold pages within the last, mean rank."""
    for places in figures.places:
        shares = [places.any_within(k).value or 0.0 for k in CUTOFFS]
        every = places.all_within(CUTOFFS[-1]).value or 0.0
        cells = [*(f"{share:.3f}" for share in shares), f"{every:.3f}", f"{places.mean_reciprocal_rank:.3f}"]
        yield places.name, *cells
