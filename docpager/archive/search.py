"""Hybrid search over the ``segments`` table: BM25 and cosine candidates, fused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docpager.archive.filters import cleaned
from docpager.archive.fusion import BM25_WEIGHT, fuse

if TYPE_CHECKING:
    import numpy

QUERY_CHARACTERS = 4_000
"""Only so much of a query is searched with."""
_TIE = 1e-9
# For a vector index, where there is one: with these IVF_SQ finds what an exact search finds.
_PARTITIONS_PROBED = 40
_REFINE_FACTOR = 10


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a search ranks."""

    candidates: int = 100
    """How many segments each side ranks; more where more are asked for."""
    bm25_weight: float = BM25_WEIGHT
    """BM25's share of a score, from 0 to 1; cosine has the rest."""


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
) -> Ranking:
    """Ranks the segments that meet ``condition``; BM25 alone where there is no vector."""
    candidates = options.candidates
    while candidates < at_least:
        candidates *= 2
    bm25 = _bm25(segments, query, condition, candidates)
    cosine = {} if vector is None else _cosine(segments, vector, condition, candidates)
    scores = fuse(bm25, cosine, options.bm25_weight)
    return Ranking(sorted(scores, key=lambda row_id: (-scores[row_id], row_id)), scores, bm25, cosine)


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


def _column(found: Any, name: str, condition: str | None, limit: int) -> dict[int, float]:
    if condition:
        found = found.where(condition, prefilter=True)
    table = found.with_row_id(True).limit(limit).to_arrow()
    return dict(zip(table["_rowid"].to_pylist(), table[name].to_pylist()))
