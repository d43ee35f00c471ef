"""The coverage ledger: what search ranked, what was read, and what was never read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from docpager.records import Coverage, StopReason
from docpager.transcript import fold


@dataclass(frozen=True, slots=True)
class Ranking:
    """Where a query put a segment, the first time one did."""

    rank: int
    score: float


class CoverageLedger:
    """Keeps every ranking and every reading of one question."""

    def __init__(self) -> None:
        self._rankings: dict[str, Ranking] = {}
        self._by_query: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._read: dict[str, None] = {}
        self._asked: dict[str, None] = {}

    def asked(self, query: str, paths: Sequence[str] = ()) -> None:
        """Records that a query ran, limited to the documents with these paths or to none."""
        self._asked.setdefault(f"{fold(query)} in {', '.join(paths)}" if paths else fold(query))

    def ranked(self, query: str, scope: Sequence[str], hits: Iterable[tuple[str, int, float]]) -> None:
        """Records the hits of a query, each with its rank from 1 and its score."""
        ranking = self._by_query.setdefault((query, tuple(scope)), [])
        for segment_id, rank, score in hits:
            self._rankings.setdefault(segment_id, Ranking(rank, score))
            if segment_id not in ranking:
                ranking.append(segment_id)

    def read(self, segment_id: str) -> None:
        """Records that a segment was shown."""
        self._read[segment_id] = None

    @property
    def read_ids(self) -> tuple[str, ...]:
        """Segments that were shown, in the order they first were."""
        return tuple(self._read)

    def ranking(self, segment_id: str) -> Ranking | None:
        """Where the first query that found a segment put it."""
        return self._rankings.get(segment_id)

    def unread_top(self, depth: int) -> list[str]:
        """Segments among the first ``depth`` of any query that were never read."""
        top = [segment_id for ranking in self._by_query.values() for segment_id in ranking[:depth]]
        return [segment_id for segment_id in dict.fromkeys(top) if segment_id not in self._read]

    def account(self, stop_reason: str, readable: Callable[[str], bool] | None = None) -> Coverage:
        """The ledger as the answer carries it.

        ``readable`` says of a segment whether it could still be read; where the model ended the work itself, it tells
        whether that left anything behind.
        """
        unread = [segment_id for segment_id in self._rankings if segment_id not in self._read]
        reason = StopReason(stop_reason)
        if readable is not None and not any(map(readable, unread)):
            reason = StopReason.READ_LIMIT if unread else StopReason.ALL_READ
        return Coverage(
            ranked_segment_ids=tuple(self._rankings),
            read_segment_ids=tuple(self._read),
            ranked_unread=len(unread),
            stop_reason=str(reason),
            queries=tuple(self._asked),
        )
