"""Hybrid search over the ``segments`` table: BM25 and cosine candidates, fused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docpager.archive.exact import ExactTerm, Held, exact_terms
from docpager.archive.filters import cleaned
from docpager.archive.fusion import BM25_WEIGHT, fuse

if TYPE_CHECKING:
    import numpy

QUERY_CHARACTERS = 4_000
"""Only so much of a query is searched with."""
_TIE = 1e-9
# For a vector index, where there is one: with these IVF_SQ finds what an exact search finds.
_PARTITIONS_PROBED = 80
_REFINE_FACTOR = 2
_HOLDERS_SOUGHT = 100
"""A term that more segments hold is too common to weigh anything."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a search ranks."""

    candidates: int = 100
    """How many segments each side ranks; more where more are asked for."""
    bm25_weight: float = BM25_WEIGHT
    """BM25's share of a score, from 0 to 1; cosine has the rest."""
    reranked: int = 20
    """How many of the best segments a reranker reads."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Row ids, best first, with the parts of their scores."""

    row_ids: list[int]
    scores: Mapping[int, float]
    bm25: Mapping[int, float]
    cosine: Mapping[int, float]

    def with_ties(self, start: int, stop: int) -> tuple[int, list[int]]:
        """The row ids of places ``start`` to ``stop`` with all that tie with the first or last of them, and the place
        of the first one."""
        rows, stop = self.row_ids, min(stop, len(self.row_ids))
        if start >= stop:
            return start, []
        while start > 0 and self._tied(start - 1, start):
            start -= 1
        while stop < len(rows) and self._tied(stop - 1, stop):
            stop += 1
        return start, rows[start:stop]

    def tie_groups(self, row_ids: list[int]) -> dict[int, int]:
        """A number for each row, equal where scores tie and rising down the ranking."""
        groups: dict[int, int] = {}
        for place, row_id in enumerate(row_ids):
            before = row_ids[place - 1]
            tied = place > 0 and self.scores[before] - self.scores[row_id] <= _TIE
            groups[row_id] = groups[before] if tied else place
        return groups

    def _tied(self, place: int, next_place: int) -> bool:
        return self.scores[self.row_ids[place]] - self.scores[self.row_ids[next_place]] <= _TIE


def rank(
    segments: Any,
    query: str,
    vector: numpy.ndarray | None,
    options: SearchOptions,
    *,
    condition: str | None,
    at_least: int,
    rerank: Callable[[list[int]], Sequence[float]] | None = None,
) -> Ranking:
    """Ranks the segments that meet ``condition``; BM25 alone where there is no vector.

    ``rerank`` scores the best rows from 0 to 1, which puts them in another order, before the others as they were.
    """
    candidates = options.candidates
    while candidates < at_least:
        candidates *= 2
    with ThreadPoolExecutor(1) as beside:  # the database works outside Python: both at once take as long as the longer
        nearest = beside.submit(_cosine, segments, vector, condition, candidates) if vector is not None else None
        bm25 = _bm25(segments, query, condition, candidates)
        held = _held(segments, query, condition)
        cosine = nearest.result() if nearest is not None else {}
    lexical = dict.fromkeys(held.weights, 0.0) | bm25
    if vector is not None:
        cosine |= _cosine_of(segments, vector, [row for row in lexical if row not in cosine])
    fused = fuse(lexical, cosine, options.bm25_weight)
    if rerank is not None and fused:
        best = _in_order(held.scores(fused))[: options.reranked]
        fused = {row: score / 2 for row, score in fused.items()}
        fused |= {row: (1 + score) / 2 for row, score in zip(best, rerank(best), strict=True)}
    scores = held.scores(fused)
    return Ranking(_in_order(scores), scores, bm25, cosine)


def _in_order(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda row_id: (-scores[row_id], row_id))


def _bm25(segments: Any, query: str, condition: str | None, limit: int) -> dict[int, float]:
    from lancedb.query import MatchQuery

    # A MatchQuery takes the words as they are: no quotes, operators or fields in them mean anything.
    words = MatchQuery(cleaned(query[:QUERY_CHARACTERS]), "search_text")  # type: ignore[call-arg]  # has defaults
    found = segments.search(words, query_type="fts").select(["_score"])
    return _column(found, "_score", condition, limit)


def _cosine(segments: Any, vector: numpy.ndarray, condition: str | None, limit: int) -> dict[int, float]:
    found = segments.search(vector, vector_column_name="vector").distance_type("cosine").select(["_distance"])
    found = found.nprobes(_PARTITIONS_PROBED).refine_factor(_REFINE_FACTOR)
    distances = _column(found, "_distance", condition, limit)
    return {row_id: 1.0 - distance for row_id, distance in distances.items()}


def _cosine_of(segments: Any, vector: numpy.ndarray, row_ids: list[int]) -> dict[int, float]:
    """The cosine of rows that only the words found: without it, they would count as the least alike."""
    if not row_ids:
        return {}
    table = segments.take_row_ids(row_ids).select(["vector"]).with_row_id().to_arrow()
    vectors = table["vector"].combine_chunks()
    found = [row_id for row_id, known in zip(table["_rowid"].to_pylist(), vectors.is_valid().to_pylist()) if known]
    flat = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(found), len(vector))
    return dict(zip(found, (flat @ vector).tolist()))


def _held(segments: Any, query: str, condition: str | None) -> Held:
    """The rows that hold the query's exact terms: candidates from the index, then their text is looked at."""
    return Held.of({term: _holders(segments, term, condition) for term in exact_terms(query[:QUERY_CHARACTERS])})


def _holders(segments: Any, term: ExactTerm, condition: str | None) -> list[int]:
    from lancedb.query import FullTextOperator, MatchQuery, PhraseQuery

    words = cleaned(term.text)
    all_words = MatchQuery(words, "search_text", operator=FullTextOperator.AND)  # type: ignore[call-arg]  # has defaults
    for query in (PhraseQuery(words, "search_text"), all_words):  # type: ignore[call-arg]  # has defaults
        found = segments.search(query, query_type="fts").select(["search_text", "_score"])
        if condition:
            found = found.where(condition, prefilter=True)
        try:
            table = found.with_row_id(True).limit(_HOLDERS_SOUGHT).to_arrow()
        except (ValueError, RuntimeError) as error:
            if "position" not in str(error):
                raise
            continue  # an index from before phrases: all words will do to begin with
        pattern = term.pattern()
        texts = zip(table["_rowid"].to_pylist(), table["search_text"].to_pylist())
        return [row_id for row_id, text in texts if pattern.search(text)]
    return []


def share_found(segments: Any, vector: numpy.ndarray, limit: int) -> float:
    """The share of the ``limit`` segments nearest to a vector that a search with the index finds."""
    exact = segments.search(vector, vector_column_name="vector").distance_type("cosine").select(["_distance"])
    nearest = _column(exact.bypass_vector_index(), "_distance", None, limit)
    found = _cosine(segments, vector, None, limit)
    return len(found.keys() & nearest.keys()) / len(nearest) if nearest else 1.0


def _column(found: Any, name: str, condition: str | None, limit: int) -> dict[int, float]:
    if condition:
        found = found.where(condition, prefilter=True)
    table = found.with_row_id(True).limit(limit).to_arrow()
    return dict(zip(table["_rowid"].to_pylist(), table[name].to_pylist()))
