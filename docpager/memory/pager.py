"""The pager: keeps the resident set within its capacity.

Pure: no I/O, no clock, no tokenizer. Token counts come in as integers, what happened goes out as events. A call that is
refused raises before anything changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypedDict

from docpager.errors import AdmissionRefusedError, NotResidentError
from docpager.memory.events import (
    AdmissionRefused,
    Eviction,
    MemoryEvent,
    MemoryPressure,
    PageFault,
    PageHit,
    PageIn,
    PageOut,
    Pin,
    Prefetch,
    Reclaim,
    Resized,
    Thrashing,
    Unpin,
)
from docpager.memory.page import Extent, Frame, LineRange
from docpager.memory.page_table import PageTable, PageTableEntry
from docpager.memory.replacement import ReplacementPolicy
from docpager.memory.working_set import WorkingSet


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Shares of capacity: reclaim starts above ``high`` and stops below ``low``; ``pressure`` is where warnings start.

    0.70 for ``pressure`` is MemGPT's figure (arXiv 2310.08560). The gap between high and low pays for one break of the
    provider's prompt cache with many tokens reclaimed; what stays resident is paid for again at that break. So
    reclaim goes deep until the first page comes back that it took, and stops at ``low_refaulting`` from then on.
    """

    low: float = 0.3
    high: float = 0.9
    pressure: float = 0.7
    low_refaulting: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(f"Watermarks low {self.low} and high {self.high} need 0 <= low <= high <= 1.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A wish to have lines of a page in the context; ``token_count`` is what exactly these lines would take."""

    page_id: str
    lines: LineRange
    token_count: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of a batch of requests, each list in the order asked."""

    loaded: tuple[PageRequest, ...]
    hits: tuple[PageRequest, ...]
    refused: tuple[PageRequest, ...]
    events: tuple[MemoryEvent, ...]

    @property
    def evicted(self) -> tuple[str, ...]:
        """Ids of the pages that had to go."""
        return tuple(page_id for event in self.events if isinstance(event, Eviction) for page_id in event.page_ids)


class _Change(TypedDict):
    page_ids: tuple[str, ...]
    page_tokens: tuple[int, ...]
    tokens_before: int
    tokens_after: int
    capacity: int


class Pager:
    """Frames, their admission and their reclaim, for one question."""

    def __init__(self, capacity: int, policy: ReplacementPolicy, watermarks: Watermarks | None = None) -> None:
        if capacity < 1:
            raise ValueError(f"A capacity of {capacity} tokens holds no page.")
        self.capacity = capacity
        self.table = PageTable()
        self.working_set = WorkingSet()
        self._policy = policy
        self._watermarks = watermarks or Watermarks()
        self._references = 0
        self._has_refaulted = False

    @property
    def resident_tokens(self) -> int:
        """Tokens of all resident pages."""
        return sum(frame.token_count for frame in self.table.frames())

    @property
    def pinned_tokens(self) -> int:
        """Tokens of the pages that cannot be evicted."""
        return sum(frame.token_count for frame in self._pinned())

    @property
    def under_pressure(self) -> bool:
        """Whether resident tokens are above the pressure watermark."""
        return self.resident_tokens > self._watermarks.pressure * self.capacity

    def reference(self, page_id: str, lines: LineRange | None = None) -> PageFault | PageHit:
        """Notes a reference to a page, or to some of its lines, and says whether they are resident."""
        page = self.table[page_id].page
        [event] = self._reference([PageRequest(page_id, lines or page.all_lines, page.token_count)])
        return event

    def touch(self, page_id: str) -> PageHit | None:
        """Notes a reference to whatever of a page is resident; None, and no fault, where nothing of it is.

        The working set counts what is asked for, so not these.
        """
        entry = self.table[page_id]
        if entry.frame is None:
            return None
        self._references += 1
        self._touch(entry.frame)
        return PageHit(**self._about(entry), lines=entry.frame.extents[0].lines)

    def page_in(self, requests: Sequence[PageRequest]) -> Admission:
        """Brings pages in, in order, as many as fit beside the pinned ones and those of this batch.

        Room for the whole batch is reclaimed at once. Raises ``AdmissionRefusedError`` where not even the first
        absent page can fit; then nothing was evicted and no reference was counted.
        """
        requests = list(dict.fromkeys(requests))
        absent, hits = self._split(requests)
        keep, fitting = self._admissible(absent, hits)
        if absent and not fitting:
            raise self._refusal(absent[0])
        pressed = self.under_pressure
        events: list[MemoryEvent] = [*self._reference(requests)]
        events += self.reclaim(sum(r.token_count for r in fitting), keep=keep)
        events += [self._load(request) for request in fitting]
        refused = absent[len(fitting) :]
        events += [self._refused_event(request) for request in refused]
        if self.under_pressure and not pressed:
            events.append(self._pressure_event())
        return Admission(tuple(fitting), tuple(hits), tuple(refused), tuple(events))

    def prefetch(self, request: PageRequest) -> Prefetch | None:
        """Brings in a page nobody asked for yet; None, and nothing changed, where it is resident or would press.

        It never evicts: it has to fit below the pressure watermark. It is no reference and no fault.
        """
        room = self._watermarks.pressure * self.capacity - self.resident_tokens
        if self.table[request.page_id].frame is not None or request.token_count > room:
            return None
        before = self._place(request)
        change = self._change((request.page_id,), (request.token_count,), before)
        return Prefetch(**change, lines=request.lines)

    def reclaim(self, needed: int = 0, *, keep: Collection[str] = ()) -> list[MemoryEvent]:
        """Evicts in one batch, counting ``needed`` tokens to come, where they would pass the high watermark.

        It stops below the low one. Where the tokens to come leave little or nothing below it, older pages keep half
        of what lies below it, if that stays below high: a large batch doesn't empty memory. Never evicts pinned pages
        or those in ``keep``.
        """
        marks = self._watermarks
        below_high = marks.high * self.capacity - needed
        if self.resident_tokens <= below_high:
            return []
        share = min(marks.high, max(marks.low, marks.low_refaulting)) if self._has_refaulted else marks.low
        low = share * self.capacity
        return self._evict_down_to(max(low - needed, min(below_high, low / 2)), keep)

    def reclaim_early(self, keep: Collection[str]) -> list[MemoryEvent]:
        """Evicts down to the low watermark, but none in ``keep``, though memory is not full; none once pages came back.

        For a moment when the provider's prompt cache breaks anyway: what stays has to be paid for again.
        """
        if self._has_refaulted:
            return []
        return self._evict_down_to(self._watermarks.low * self.capacity, keep)

    def shed(self, tokens: int) -> list[MemoryEvent]:
        """Evicts in one batch until ``tokens`` fewer are resident, or nothing evictable is left.

        For room that something other than a page needs: the window turned out fuller than planned.
        """
        return self._evict_down_to(self.resident_tokens - tokens)

    def evict(self, page_ids: Collection[str]) -> list[MemoryEvent]:
        """Evicts these of the resident pages in one batch, pinned or not: the context dropped them."""
        before = self.resident_tokens
        evictions: list[MemoryEvent] = [self._evict(f) for f in list(self.table.frames()) if f.page_id in page_ids]
        return [*evictions, self._reclaim_event(evictions, before)] if evictions else []

    def page_out(self, page_id: str) -> PageOut:
        """Removes a page because it is no longer wanted, pinned or not; raises ``NotResidentError``."""
        entry = self.table[page_id]
        frame = self._resident(entry, "page out")
        before, tokens = self.resident_tokens, frame.token_count
        self._remove(entry, frame)
        return PageOut(**self._change((page_id,), (tokens,), before))

    def pin(self, page_id: str) -> Pin:
        """Keeps a resident page until it is unpinned; raises ``NotResidentError``."""
        entry = self.table[page_id]
        frame = self._resident(entry, "pin")
        frame.pinned = True
        self._references += 1
        self._touch(frame)
        return Pin(**self._about(entry))

    def unpin(self, page_id: str) -> Unpin:
        """Lets a resident page be evicted again; raises ``NotResidentError``."""
        entry = self.table[page_id]
        self._resident(entry, "unpin").pinned = False
        return Unpin(**self._about(entry))

    def resize(self, capacity: int) -> list[MemoryEvent]:
        """Changes the capacity; a smaller one evicts down to the low watermark if it has to.

        Raises ``ValueError`` for a capacity that pinned pages do not fit into.
        """
        if capacity < 1:
            raise ValueError(f"A capacity of {capacity} tokens holds no page.")
        if capacity < self.pinned_tokens:
            raise ValueError(f"A capacity of {capacity} tokens is less than pinned pages hold: {self.pinned_tokens}.")
        was, self.capacity = self.capacity, capacity
        resident = self.resident_tokens
        resized = Resized(tokens_before=resident, tokens_after=resident, capacity=capacity, capacity_before=was)
        return [resized, *(self.reclaim() if resident > capacity else [])]

    def thrashing(self, action: str) -> Thrashing:
        """Says that pages go and come back too fast, and what is done about it; refaults count anew from here."""
        rate, tokens = self.working_set.refault_rate, self.working_set.token_count
        self.working_set.count_anew()
        change = self._change((), (), self.resident_tokens)
        return Thrashing(**change, refault_rate=rate, working_set_tokens=tokens, action=action)

    def _reference(self, requests: Sequence[PageRequest]) -> list[PageFault | PageHit]:
        """Notes the references of one call; several ranges of a page are one reference to the working set."""
        events: list[PageFault | PageHit] = []
        tokens: dict[str, int] = {}
        refaults: set[str] = set()
        for request in requests:
            entry = self.table[request.page_id]
            self._references += 1
            tokens[request.page_id] = tokens.get(request.page_id, 0) + request.token_count
            if entry.frame is not None and entry.frame.holds(request.lines):
                self._touch(entry.frame)
                events.append(PageHit(**self._about(entry), lines=request.lines))
                continue
            refault = entry.held(request.lines)
            refaults |= {request.page_id} if refault else set()
            self._has_refaulted |= refault
            events.append(PageFault(**self._about(entry), lines=request.lines, refault=refault))
        for page_id, count in tokens.items():
            self.working_set.note(page_id, count, refault=page_id in refaults)
        return events

    def _split(self, requests: Sequence[PageRequest]) -> tuple[list[PageRequest], list[PageRequest]]:
        absent: list[PageRequest] = []
        hits: list[PageRequest] = []
        for request in requests:
            frame = self.table[request.page_id].frame
            (hits if frame is not None and frame.holds(request.lines) else absent).append(request)
        return absent, hits

    def _admissible(
        self, absent: Sequence[PageRequest], hits: Sequence[PageRequest]
    ) -> tuple[set[str], list[PageRequest]]:
        """The pages to keep, and the requests that fit beside them.

        Other lines of a page in the batch are kept too, unless nothing fits beside them.
        """
        held = {request.page_id for request in hits}
        keep = held | {request.page_id for request in absent}
        fitting = self._longest_fit(absent, self.capacity - self._kept_tokens(keep))
        if not fitting:
            keep = held
            fitting = self._longest_fit(absent, self.capacity - self._kept_tokens(keep))
        return keep, fitting

    def _kept_tokens(self, batch: Collection[str]) -> int:
        return sum(f.token_count for f in self.table.frames() if f.pinned or f.page_id in batch)

    @staticmethod
    def _longest_fit(requests: Sequence[PageRequest], room: int) -> list[PageRequest]:
        fitting: list[PageRequest] = []
        for request in requests:
            if request.token_count > room:
                break
            room -= request.token_count
            fitting.append(request)
        return fitting

    def _refusal(self, request: PageRequest) -> AdmissionRefusedError:
        page = self.table[request.page_id].page
        pinned = self._pinned()
        return AdmissionRefusedError(
            page.handle,
            page.provenance,
            request.token_count,
            self.capacity,
            sum(frame.token_count for frame in pinned),
            [frame.page.handle for frame in pinned],
        )

    def _load(self, request: PageRequest) -> PageIn:
        before = self._place(request)
        return PageIn(**self._change((request.page_id,), (request.token_count,), before), lines=request.lines)

    def _place(self, request: PageRequest) -> int:
        """Puts lines of a page into its frame, a new one where it has none; returns the resident tokens before."""
        entry = self.table[request.page_id]
        before = self.resident_tokens
        extent = Extent(request.lines, request.token_count)
        if entry.frame is None:
            entry.frame = Frame(entry.page, self._references, self._references, extents=[extent])
            entry.loads += 1
            self._policy.loaded(entry.frame)
        else:
            entry.frame.extents.append(extent)
            self._touch(entry.frame)
        self._references += 1
        return before

    def _evict_down_to(self, tokens: float, keep: Collection[str] = ()) -> list[MemoryEvent]:
        """Evicts by policy until at most so many tokens are resident, or nothing evictable is left."""
        before = self.resident_tokens
        evictions: list[MemoryEvent] = []
        while self.resident_tokens > tokens:
            evictable = [f for f in self.table.frames() if not f.pinned and f.page_id not in keep]
            if not evictable:
                break
            evictions.append(self._evict(self._policy.victim(evictable)))
        return [*evictions, self._reclaim_event(evictions, before)] if evictions else []

    def _evict(self, frame: Frame) -> Eviction:
        before, tokens = self.resident_tokens, frame.token_count
        self._remove(self.table[frame.page_id], frame)
        return Eviction(**self._change((frame.page_id,), (tokens,), before))

    def _remove(self, entry: PageTableEntry, frame: Frame) -> None:
        entry.frame = None
        entry.removals += 1
        entry.removed += [extent.lines for extent in frame.extents if extent.lines not in entry.removed]
        self._policy.removed(frame)

    def _touch(self, frame: Frame) -> None:
        frame.last_reference = self._references
        frame.reference_count += 1
        self._policy.referenced(frame)

    def _pinned(self) -> list[Frame]:
        return [frame for frame in self.table.frames() if frame.pinned]

    @staticmethod
    def _resident(entry: PageTableEntry, wanted: str) -> Frame:
        if entry.frame is None:
            raise NotResidentError(entry.page.handle, wanted)
        return entry.frame

    def _about(self, entry: PageTableEntry) -> _Change:
        tokens = entry.frame.token_count if entry.frame else entry.page.token_count
        return self._change((entry.page.page_id,), (tokens,), self.resident_tokens)

    def _change(self, page_ids: tuple[str, ...], page_tokens: tuple[int, ...], before: int) -> _Change:
        return {
            "page_ids": page_ids,
            "page_tokens": page_tokens,
            "tokens_before": before,
            "tokens_after": self.resident_tokens,
            "capacity": self.capacity,
        }

    def _refused_event(self, request: PageRequest) -> AdmissionRefused:
        return AdmissionRefused(
            **self._change((request.page_id,), (request.token_count,), self.resident_tokens),
        )

    def _pressure_event(self) -> MemoryPressure:
        return MemoryPressure(**self._change((), (), self.resident_tokens))

    def _reclaim_event(self, evictions: Sequence[MemoryEvent], before: int) -> Reclaim:
        victims = tuple(page_id for event in evictions for page_id in event.page_ids)
        tokens = tuple(count for event in evictions for count in event.page_tokens)
        return Reclaim(**self._change(victims, tokens, before))
