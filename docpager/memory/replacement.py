"""Replacement policies: who has to go when room is needed.

A new policy is one class here, one line in ``REPLACEMENT_POLICIES``, and one row of tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from docpager.memory.page import Frame

BREAK_COST = 0.9
"""What a token costs more when a break of the prompt cache makes it be read again, in prices of an uncached token:
providers bill a cached one at about a tenth."""


class ReplacementPolicy(Protocol):
    """Chooses victims. It is told of every load, reference and removal, so that it may keep a state of its own."""

    def loaded(self, frame: Frame) -> None:
        """A page came into this frame."""

    def referenced(self, frame: Frame) -> None:
        """The page in this frame was referenced while resident."""

    def removed(self, frame: Frame) -> None:
        """The page left: evicted or paged out."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame to evict, one of ``evictable``, which is never empty and holds no pinned frame."""


class _Stateless:
    """The hooks of a policy that needs no more than what frames record."""

    def loaded(self, frame: Frame) -> None:
        """Nothing to remember."""

    def referenced(self, frame: Frame) -> None:
        """Nothing to remember."""

    def removed(self, frame: Frame) -> None:
        """Nothing to remember."""


class FifoPolicy(_Stateless):
    """Evicts the page that came in longest ago."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame loaded first."""
        return min(evictable, key=lambda frame: frame.loaded_at)


class LruPolicy(_Stateless):
    """Evicts the page referenced longest ago."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame whose last reference is oldest."""
        return min(evictable, key=lambda frame: frame.last_reference)


class ClockPolicy:
    """Second chance (Corbato): first in, first out, but a page referenced since the hand last passed is spared once."""

    def __init__(self) -> None:
        self._ring: dict[str, bool] = {}
        """Pages in the hand's order, each with whether it was referenced since the hand passed."""

    def loaded(self, frame: Frame) -> None:
        """The page comes in behind the hand, without a second chance of its own."""
        self._ring[frame.page_id] = False

    def referenced(self, frame: Frame) -> None:
        """The page earns a second chance."""
        self._ring[frame.page_id] = True

    def removed(self, frame: Frame) -> None:
        """The page leaves the ring."""
        del self._ring[frame.page_id]

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The first frame under the hand that was not referenced; those it passes lose their second chance."""
        frames = {frame.page_id: frame for frame in evictable}
        while True:
            page_id = next(other for other in self._ring if other in frames)
            if not self._ring[page_id]:
                return frames[page_id]
            del self._ring[page_id]
            self._ring[page_id] = False


class GdsfPolicy:
    """Greedy dual by size and frequency (after Cherkasova), with the cost of an append-only log.

    Evicting a page costs reading it again, and all tokens that stand behind it in the log: their cache breaks. Once a
    batch has broken the cache at one depth, whatever stands behind that depth goes at no further cost. A page's
    priority is its frequency times that cost for each of its tokens, on top of the priority of the last victim when
    it was referenced, so that pages that were dear once go in time.
    """

    def __init__(self) -> None:
        self._resident: dict[str, Frame] = {}
        self._floors: dict[str, float] = {}
        self._inflation = 0.0
        self._broken_at: int | None = None
        """The load time of the earliest page that went since a page last came in."""

    def loaded(self, frame: Frame) -> None:
        """The page starts at the inflation of now; the log grows again from its end."""
        self._resident[frame.page_id] = frame
        self._floors[frame.page_id] = self._inflation
        self._broken_at = None

    def referenced(self, frame: Frame) -> None:
        """The page is lifted to the inflation of now."""
        self._floors[frame.page_id] = self._inflation

    def removed(self, frame: Frame) -> None:
        """The page leaves, and the cache is broken where it stood."""
        del self._resident[frame.page_id], self._floors[frame.page_id]
        self._broken_at = frame.loaded_at if self._broken_at is None else min(self._broken_at, frame.loaded_at)

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame of the least priority."""
        chosen = min(evictable, key=self._priority)
        self._inflation = max(self._inflation, self._priority(chosen))
        return chosen

    def _priority(self, frame: Frame) -> float:
        cost = frame.token_count + BREAK_COST * self._newly_broken(frame)
        return self._floors[frame.page_id] + frame.reference_count * cost / max(1, frame.token_count)

    def _newly_broken(self, frame: Frame) -> int:
        """Tokens behind a page whose cache is whole as yet."""
        end = self._broken_at
        return sum(
            other.token_count
            for other in self._resident.values()
            if other.loaded_at > frame.loaded_at and (end is None or other.loaded_at < end)
        )


class LrfuPolicy:
    """Recency and frequency in one (LRFU; Lee et al. 2001): each reference counts, half as much 1 / ``DECAY`` later.

    What a page was worth is remembered when it leaves, so that one that comes back again and again comes to stay.
    """

    DECAY = 0.1
    """Halvings per reference: ten references halve what one was worth. 0 would be frequency alone, 1 recency alone."""

    def __init__(self) -> None:
        self._clock = 0
        self._worth: dict[str, tuple[float, int]] = {}
        """What each page was worth when it was last referenced, and when that was."""

    def loaded(self, frame: Frame) -> None:
        """A reference like any other."""
        self.referenced(frame)

    def referenced(self, frame: Frame) -> None:
        """The page is worth one more."""
        self._clock += 1
        self._worth[frame.page_id] = 1 + self._now(frame.page_id), self._clock

    def removed(self, frame: Frame) -> None:
        """Its worth is remembered."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame of the page worth least."""
        return min(evictable, key=lambda frame: self._now(frame.page_id))

    def _now(self, page_id: str) -> float:
        worth, at = self._worth.get(page_id, (0.0, self._clock))
        return float(worth * 0.5 ** (self.DECAY * (self._clock - at)))


REPLACEMENT_POLICIES: Mapping[str, Callable[[], ReplacementPolicy]] = {
    "fifo": FifoPolicy,
    "lru": LruPolicy,
    "clock": ClockPolicy,
    "gdsf": GdsfPolicy,
    "lrfu": LrfuPolicy,
}
