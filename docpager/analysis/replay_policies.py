"""Policies for replays: those that run questions, and others to measure them against."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from docpager.memory import REPLACEMENT_POLICIES, Frame, ReplacementPolicy


class SuffixPolicy:
    """Evicts the page that came in last: on an append-only log that breaks the least of the prompt cache."""

    def loaded(self, frame: Frame) -> None:
        """Nothing to remember."""

    def referenced(self, frame: Frame) -> None:
        """Nothing to remember."""

    def removed(self, frame: Frame) -> None:
        """Nothing to remember."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame loaded last."""
        return max(evictable, key=lambda frame: frame.loaded_at)


class S3FifoPolicy:
    """Three queues (Yang et al. 2023, SOSP): a small one for pages on probation, a main one, and ghosts of pages gone.

    A page comes into the small queue, or into the main one where its ghost is remembered. The small queue gives the
    victims while it holds a tenth of the tokens; what was referenced there moves to the main queue, where a page
    referenced is passed over as often as it was, up to three times.
    """

    SMALL = 0.1
    MOST = 3

    def __init__(self) -> None:
        self._small: OrderedDict[str, Frame] = OrderedDict()
        self._main: OrderedDict[str, Frame] = OrderedDict()
        self._count: dict[str, int] = {}
        self._ghosts: OrderedDict[str, None] = OrderedDict()

    def loaded(self, frame: Frame) -> None:
        """The page goes on probation, or to the main queue where it is remembered."""
        queue = self._main if frame.page_id in self._ghosts else self._small
        self._ghosts.pop(frame.page_id, None)
        queue[frame.page_id] = frame
        self._count[frame.page_id] = 0

    def referenced(self, frame: Frame) -> None:
        """Counts, up to three."""
        self._count[frame.page_id] = min(self.MOST, self._count[frame.page_id] + 1)

    def removed(self, frame: Frame) -> None:
        """The page leaves; a ghost stays of one that was on probation."""
        if self._small.pop(frame.page_id, None) is not None:
            self._ghosts[frame.page_id] = None
            while len(self._ghosts) > max(1, len(self._main) + len(self._small)):
                self._ghosts.popitem(last=False)
        self._main.pop(frame.page_id, None)
        del self._count[frame.page_id]

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The first of a queue that was not referenced."""
        allowed = {frame.page_id for frame in evictable}
        while True:
            small = [page_id for page_id in self._small if page_id in allowed]
            main = [page_id for page_id in self._main if page_id in allowed]
            total = sum(f.token_count for f in [*self._small.values(), *self._main.values()])
            held = sum(f.token_count for f in self._small.values())
            if small and (held >= self.SMALL * total or not main):
                page_id = small[0]
                if self._count[page_id] == 0:
                    return self._small[page_id]
                self._main[page_id] = self._small.pop(page_id)
                self._count[page_id] = 0
                continue
            page_id = main[0]
            if self._count[page_id] == 0:
                return self._main[page_id]
            self._count[page_id] -= 1
            self._main.move_to_end(page_id)


class ArcPolicy:
    """Adaptive replacement (Megiddo and Modha 2003): pages seen once and pages seen again, with a share that learns.

    Counted in tokens, since pages differ in size. A ghost of a page seen once that comes back makes room for such
    pages, one of a page seen again makes it for those.
    """

    def __init__(self) -> None:
        self._once: OrderedDict[str, Frame] = OrderedDict()
        self._again: OrderedDict[str, Frame] = OrderedDict()
        self._ghosts_once: OrderedDict[str, int] = OrderedDict()
        self._ghosts_again: OrderedDict[str, int] = OrderedDict()
        self._target = 0.0
        self._most = 0

    def loaded(self, frame: Frame) -> None:
        """The page is seen once, or again where its ghost is remembered, which moves the share."""
        page_id = frame.page_id
        once, again = sum(self._ghosts_once.values()), sum(self._ghosts_again.values())
        if page_id in self._ghosts_once:
            self._target = min(self._most, self._target + frame.token_count * max(1.0, again / max(1, once)))
        elif page_id in self._ghosts_again:
            self._target = max(0.0, self._target - frame.token_count * max(1.0, once / max(1, again)))
        known = page_id in self._ghosts_once or page_id in self._ghosts_again
        self._ghosts_once.pop(page_id, None)
        self._ghosts_again.pop(page_id, None)
        (self._again if known else self._once)[page_id] = frame
        self._most = max(self._most, self._tokens(self._once) + self._tokens(self._again))

    def referenced(self, frame: Frame) -> None:
        """The page is seen again, and newest."""
        self._once.pop(frame.page_id, None)
        self._again[frame.page_id] = frame
        self._again.move_to_end(frame.page_id)

    def removed(self, frame: Frame) -> None:
        """The page leaves a ghost behind."""
        ghosts = self._ghosts_once if self._once.pop(frame.page_id, None) is not None else self._ghosts_again
        self._again.pop(frame.page_id, None)
        ghosts[frame.page_id] = frame.token_count
        while sum(ghosts.values()) > max(self._most, frame.token_count):
            ghosts.popitem(last=False)

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The oldest of those seen once, where they hold more than their share; else of those seen again."""
        allowed = {frame.page_id for frame in evictable}
        once = [page_id for page_id in self._once if page_id in allowed]
        again = [page_id for page_id in self._again if page_id in allowed]
        if once and (self._tokens(self._once) > self._target or not again):
            return self._once[once[0]]
        return self._again[again[0]]

    @staticmethod
    def _tokens(frames: Mapping[str, Frame]) -> int:
        return sum(frame.token_count for frame in frames.values())


REPLAY_POLICIES: Mapping[str, Callable[[], ReplacementPolicy]] = {
    **REPLACEMENT_POLICIES,
    "s3-fifo": S3FifoPolicy,
    "arc": ArcPolicy,
    "suffix": SuffixPolicy,
}
"""Every policy that a replay knows, by name."""
