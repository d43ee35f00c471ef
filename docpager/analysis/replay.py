"""Replays a question's trace under any policy, budget and watermarks, with the pager that runs questions; no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from docpager.analysis.replay_policies import REPLAY_POLICIES
from docpager.analysis.replay_trace import Call, Trace
from docpager.analysis.workloads import PromptLog, paged_in
from docpager.errors import AdmissionRefusedError
from docpager.memory import (
    Admission,
    Eviction,
    LineRange,
    MemoryEvent,
    PageFault,
    PageHit,
    Pager,
    PageRequest,
    Reclaim,
    Watermarks,
)

AS_NEEDED = Watermarks(low=1, high=1, pressure=1)


@dataclass(frozen=True, slots=True)
class Setup:
    """How memory is run."""

    policy: str
    watermarks: Watermarks = field(default_factory=Watermarks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question, or of several together."""

    references: int = 0
    """Pages asked for, and pages in memory that search, find, a note, a sum, a pin or a citation referred to."""
    cold: int = 0
    """Faults on what was never in memory: no policy and no budget avoids them."""
    refaults: int = 0
    """Faults on what was in memory before."""
    reclaims: int = 0
    """Batches of evictions: each breaks the prompt cache once."""
    cost: float = 0.0
    """Page tokens sent over all model calls, those the cache serves at a tenth."""
    capacity: int = 0
    """Tokens of room for pages; of several questions the largest."""
    evicted: tuple[str, ...] = ()

    @property
    def faults(self) -> int:
        """Of both kinds."""
        return self.cold + self.refaults

    @property
    def refault_rate(self) -> float:
        """Refaults per reference."""
        return self.refaults / self.references if self.references else 0.0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.references + other.references,
            self.cold + other.cold,
            self.refaults + other.refaults,
            self.reclaims + other.reclaims,
            self.cost + other.cost,
            max(self.capacity, other.capacity),
        )


def replay(trace: Trace, setup: Setup, capacity: int | None = None) -> Outcome:
    """What a setup makes of a trace.

    Without a capacity the run's own is used, with everything that happened to it: growth, room that something else
    needed, pages read ahead. At another one memory keeps that size, nothing is read ahead, and reclaims that something
    other than a page made necessary are left out: how the rest of the window would have been filled is unknown. A page
    larger than memory is asked for by as much of it as fits.
    """
    return _Replay(trace, setup, capacity).run()


class _Replay:
    def __init__(self, trace: Trace, setup: Setup, capacity: int | None) -> None:
        self._trace = trace
        self._as_recorded = capacity is None
        self._pager = Pager(capacity or trace.capacity, REPLAY_POLICIES[setup.policy](), setup.watermarks)
        self._log = PromptLog()
        self._outcome = Outcome(capacity=self._pager.capacity)
        sizes = _read_ahead(trace) | trace.sizes
        for page_id, last_line in trace.lines.items():
            self._pager.table.list_page(page_id, token_count=sizes[page_id], line_count=last_line)

    def run(self) -> Outcome:
        for call in self._trace.calls:
            _CALLS[call.kind](self, call)
        self._count(references=sum(page_id in self._pager.table for page_id in self._trace.cited))
        return replace(self._outcome, cost=self._log.cost)

    def _count(self, **more: int) -> None:
        self._outcome = replace(
            self._outcome, **{name: getattr(self._outcome, name) + count for name, count in more.items()}
        )

    def _page_in(self, call: Call) -> None:
        room = self._pager.capacity - self._pager.pinned_tokens
        left = [PageRequest(ask.page_id, ask.lines, min(ask.tokens, max(1, room))) for ask in call.asks]
        counted: set[tuple[tuple[str, ...], LineRange]] = set()
        for admission in self._admissions(left):
            for event in admission.events:
                if isinstance(event, PageFault | PageHit) and (event.page_ids, event.lines) not in counted:
                    counted.add((event.page_ids, event.lines))
                    refault = isinstance(event, PageFault) and event.refault
                    cold = isinstance(event, PageFault) and not event.refault
                    self._count(references=1, refaults=int(refault), cold=int(cold))
            self._note(admission.events)
            self._log.add([(request.page_id, request.token_count) for request in admission.loaded])

    def _admissions(self, requests: list[PageRequest]) -> Iterator[Admission]:
        # As recorded, what had no room is asked for again by a call of its own, if it is.
        if self._as_recorded:
            with suppress(AdmissionRefusedError):
                yield self._pager.page_in(requests)
                return
        yield from paged_in(self._pager, requests)

    def _prefetch(self, call: Call) -> None:
        if not self._as_recorded:
            return
        for ask in call.asks:
            if self._pager.prefetch(PageRequest(ask.page_id, ask.lines, ask.tokens)):
                self._log.add([(ask.page_id, ask.tokens)])

    def _touch(self, call: Call) -> None:
        for page_id in call.page_ids:
            if page_id in self._pager.table and self._pager.touch(page_id):
                self._count(references=1)

    def _page_out(self, call: Call) -> None:
        for page_id in self._resident(call):
            self._pager.page_out(page_id)
            self._log.remove([page_id])

    def _pin(self, call: Call) -> None:
        for page_id in self._resident(call):
            self._pager.pin(page_id)
            self._count(references=1)

    def _unpin(self, call: Call) -> None:
        for page_id in self._resident(call):
            self._pager.unpin(page_id)

    def _resize(self, call: Call) -> None:
        if self._as_recorded and call.tokens >= max(1, self._pager.pinned_tokens):
            self._note(self._pager.resize(call.tokens))

    def _shed(self, call: Call) -> None:
        if self._as_recorded:
            self._note(self._pager.shed(self._pager.resident_tokens - call.tokens))

    def _early(self, call: Call) -> None:
        self._note(self._pager.reclaim_early(call.page_ids))

    def _drop(self, call: Call) -> None:
        self._note(self._pager.evict(call.page_ids))

    def _send(self, _call: Call) -> None:
        self._log.send()

    def _resident(self, call: Call) -> list[str]:
        table = self._pager.table
        return [page_id for page_id in call.page_ids if page_id in table and table[page_id].frame is not None]

    def _note(self, events: Sequence[MemoryEvent]) -> None:
        gone = tuple(page_id for event in events if isinstance(event, Eviction) for page_id in event.page_ids)
        self._log.remove(gone)
        self._outcome = replace(self._outcome, evicted=self._outcome.evicted + gone)
        self._count(reclaims=sum(isinstance(event, Reclaim) for event in events))


_CALLS: dict[str, Callable[[_Replay, Call], None]] = {
    "page_in": _Replay._page_in,
    "prefetch": _Replay._prefetch,
    "touch": _Replay._touch,
    "page_out": _Replay._page_out,
    "pin": _Replay._pin,
    "unpin": _Replay._unpin,
    "resize": _Replay._resize,
    "shed": _Replay._shed,
    "early": _Replay._early,
    "drop": _Replay._drop,
    "send": _Replay._send,
}


def _read_ahead(trace: Trace) -> dict[str, int]:
    return {ask.page_id: ask.tokens for call in trace.calls if call.kind == "prefetch" for ask in call.asks}
