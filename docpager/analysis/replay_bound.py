"""The fewest refaults that any policy could have had: a true lower bound for pages of different sizes.

Belady's MIN, which evicts what is wanted furthest ahead, is no optimum here: one large page wanted soon may cost the
room of many small ones wanted a little later. Finding the optimum is NP-hard when every fault costs the same (Chrobak,
Woeginger, Makino and Xu 2012, "Caching is hard, even in the fault model"). So short traces are searched, and long ones
bounded by the linear relaxation of interval packing, a minimum-cost flow as in FOO (Berger, Beckmann and Harchol-Balter
2018, "Practical bounds on optimal caching with variable object sizes"): between two references a page is kept, in part
perhaps, or not; what is kept at a call and what that call asks for fit in memory together. With pages of one size the
relaxation is exact, and equals Belady.

It is a bound on any schedule that shows what each call asked for: it knows the future, may evict at any time, needs
no watermark, and pays for no break of a cache. Where a call asks for other lines of a page, the page counts with the
fewest tokens it ever had, and the fault is nobody's.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docpager.analysis.replay_trace import Trace
from docpager.analysis.workloads import Workload
from docpager.memory import LineRange

MOST_STATES = 4_000
"""So many contents of memory at a time are searched; a trace that needs more is bounded."""
_SLACK = 1e-7


@dataclass(frozen=True, slots=True)
class Demand:
    """What calls ask of memory: the pages of each, and which of them could have been there."""

    calls: tuple[frozenset[str], ...]
    sizes: Mapping[str, int]
    again: frozenset[tuple[int, str]]
    """Calls and pages whose lines had been in memory before: absent, they are refaults."""
    may_split: bool = False
    """Pages were pinned, so that a call may have come in parts that a memory without pins would have held as one."""

    @classmethod
    def of_trace(cls, trace: Trace) -> Demand:
        """Of a question."""
        calls: list[frozenset[str]] = []
        again: set[tuple[int, str]] = set()
        sizes: dict[str, int] = {}
        seen: dict[str, list[LineRange]] = {}
        for call in trace.calls:
            if call.kind != "page_in":
                continue
            for ask in call.asks:
                if any(ask.lines in lines for lines in seen.get(ask.page_id, ())):
                    again.add((len(calls), ask.page_id))
                sizes[ask.page_id] = min(sizes.get(ask.page_id, ask.tokens), ask.tokens)
            for ask in call.asks:
                seen.setdefault(ask.page_id, []).append(ask.lines)
            calls.append(frozenset(ask.page_id for ask in call.asks))
        return cls(tuple(calls), sizes, frozenset(again), any(call.kind == "pin" for call in trace.calls))

    @classmethod
    def of_workload(cls, workload: Workload) -> Demand:
        """Of a workload, whose pages are always asked for whole."""
        calls = tuple(frozenset(call) for call in workload.calls)
        return cls(calls, workload.sizes, _repeats(calls))

    def fitted(self, capacity: int) -> Demand:
        """The same with pages that are larger than memory cut to it."""
        return replace(self, sizes={page: min(size, capacity) for page, size in self.sizes.items()})

    def rooms(self, capacity: int) -> list[int]:
        """Tokens left at each call for pages it does not ask for.

        A call that does not fit as one comes in parts, in an order of its own: then only its largest page counts.
        """
        rooms = []
        for call in self.calls:
            sizes = [self.sizes[page] for page in call]
            parts = self.may_split or sum(sizes) > capacity
            rooms.append(capacity - (max(sizes) if parts else sum(sizes)))
        return rooms

    def is_whole(self, capacity: int) -> bool:
        """Whether every call fits as one."""
        return not self.may_split and all(sum(self.sizes[page] for page in call) <= capacity for call in self.calls)


@dataclass(frozen=True, slots=True)
class Bound:
    """No schedule has fewer refaults than this."""

    refaults: int
    is_exact: bool
    """Some schedule has as few; otherwise the best one may have more."""


def fewest_refaults(demand: Demand, capacity: int) -> Bound:
    """The bound in a memory of so many tokens."""
    fitted = demand.fitted(capacity)
    found = _searched(fitted, capacity)
    return Bound(_relaxed(fitted, capacity), False) if found is None else Bound(found, fitted.is_whole(capacity))


def relaxed_refaults(demand: Demand, capacity: int) -> int:
    """The bound of the relaxation alone, rounded up."""
    return _relaxed(demand.fitted(capacity), capacity)


def _repeats(calls: Sequence[frozenset[str]]) -> frozenset[tuple[int, str]]:
    seen: set[str] = set()
    again = set()
    for number, call in enumerate(calls):
        again |= {(number, page) for page in call & seen}
        seen |= call
    return frozenset(again)


def _searched(demand: Demand, capacity: int) -> int | None:
    """The optimum by going through all contents that memory may have; None where they are too many.

    Keeping more never hurts and pages that are not asked for again are let go, so only the largest sets are followed.
    """
    last = {page: number for number, call in enumerate(demand.calls) for page in call}
    states: dict[frozenset[str], int] = {frozenset(): 0}
    for number, (call, room) in enumerate(zip(demand.calls, demand.rooms(capacity), strict=True)):
        after: dict[frozenset[str], int] = {}
        for resident, refaults in states.items():
            count = refaults + sum((number, page) in demand.again for page in call - resident)
            wanted = sorted(page for page in resident - call if last[page] > number)
            for kept in _largest(wanted, demand.sizes, room):
                state = frozenset(kept) | frozenset(page for page in call if last[page] > number)
                after[state] = min(count, after.get(state, count))
                if len(after) > MOST_STATES:
                    return None
        states = after
    return min(states.values(), default=0)


def _largest(pages: Sequence[str], sizes: Mapping[str, int], room: int) -> list[tuple[str, ...]]:
    """The sets of pages that fit and to which none can be added; at most some more than ``MOST_STATES``."""
    if sum(sizes[page] for page in pages) <= room:
        return [tuple(pages)]
    found: list[tuple[str, ...]] = []

    def choose(at: int, chosen: tuple[str, ...], left: int, smallest_out: float) -> None:
        if len(found) > MOST_STATES:
            return
        if at == len(pages):
            if smallest_out > left:
                found.append(chosen)
            return
        size = sizes[pages[at]]
        if size <= left:
            choose(at + 1, (*chosen, pages[at]), left - size, smallest_out)
        choose(at + 1, chosen, left, min(smallest_out, size))

    choose(0, (), room, math.inf)
    return found


def _relaxed(demand: Demand, capacity: int) -> int:
    """Refaults that the relaxation cannot avoid: all that could have been hits, less the most that are."""
    before: dict[str, int] = {}
    hits, intervals = 0, []
    for number, call in enumerate(demand.calls):
        for page in sorted(call):
            if (number, page) in demand.again:
                start = before[page]
                if start + 1 >= number:
                    hits += 1
                else:
                    intervals.append((start + 1, number, demand.sizes[page]))
            before[page] = number
    if not demand.calls:
        return 0
    most = hits + _Flow(demand.rooms(capacity)).most_kept(intervals)
    return max(0, math.ceil(len(demand.again) - most - 1e-4))


class _Flow:
    """A minimum-cost flow along the calls: at each, the room left carries pages that are kept, or nothing.

    Node ``n`` stands before call ``n``; an arc from ``n`` to ``n + 1`` is room that holds nothing at call ``n``, one
    from ``start`` to ``end`` is a page kept at the calls between. What enters or leaves at a node is how the room of
    two neighbouring calls differs.
    """

    def __init__(self, rooms: Sequence[int]) -> None:
        self._rooms = rooms
        self._nodes = len(rooms) + 3
        self._source, self._sink = len(rooms) + 1, len(rooms) + 2
        self._heads: list[int] = []
        self._room: list[float] = []
        self._cost: list[float] = []
        self._arcs: list[list[int]] = [[] for _ in range(self._nodes)]

    def most_kept(self, intervals: Sequence[tuple[int, int, int]]) -> float:
        """The largest number of pages, in parts, that can be kept: each from ``start`` to before ``end``."""
        total = 0
        for node, (left, right) in enumerate(zip([0, *self._rooms], [*self._rooms, 0], strict=True)):
            total += max(0, right - left)
            if right > left:
                self._add(self._source, node, right - left, 0.0)
            elif left > right:
                self._add(node, self._sink, left - right, 0.0)
        for node in range(len(self._rooms)):
            self._add(node, node + 1, math.inf, 0.0)
        for start, end, size in intervals:
            self._add(start, end, size, -1.0 / max(1, size))
        return -self._cheapest(total)

    def _add(self, tail: int, head: int, room: float, cost: float) -> None:
        for a, b, r, c in ((tail, head, room, cost), (head, tail, 0.0, -cost)):
            self._arcs[a].append(len(self._heads))
            self._heads.append(b)
            self._room.append(r)
            self._cost.append(c)

    def _cheapest(self, amount: float) -> float:
        """The cost of sending so much, by the cheapest path each time (with potentials, so that no arc costs less)."""
        potential, total = self._first_potentials(), 0.0
        while amount > _SLACK:
            distance, by = self._distances(potential)
            if distance[self._sink] == math.inf:
                break
            potential = [
                p + (d if d < math.inf else distance[self._sink]) for p, d in zip(potential, distance, strict=True)
            ]
            path, node = [], self._sink
            while node != self._source:
                path.append(by[node])
                node = self._heads[by[node] ^ 1]
            sent = min(amount, *(self._room[arc] for arc in path))
            for arc in path:
                self._room[arc] -= sent
                self._room[arc ^ 1] += sent
                total += sent * self._cost[arc]
            amount -= sent
        return total

    def _first_potentials(self) -> list[float]:
        """Cheapest ways before anything flows: arcs only lead onwards, so one pass in order finds them."""
        found = [math.inf] * self._nodes
        found[self._source] = 0.0
        for node in [self._source, *range(len(self._rooms) + 1)]:
            for arc in self._arcs[node]:
                if self._room[arc] > 0 and found[node] + self._cost[arc] < found[self._heads[arc]]:
                    found[self._heads[arc]] = found[node] + self._cost[arc]
        return [0.0 if value == math.inf else value for value in found]

    def _distances(self, potential: Sequence[float]) -> tuple[list[float], list[int]]:
        distance = [math.inf] * self._nodes
        by = [-1] * self._nodes
        distance[self._source] = 0.0
        queue = [(0.0, self._source)]
        while queue:
            far, node = heapq.heappop(queue)
            if far > distance[node]:
                continue
            for arc in self._arcs[node]:
                if self._room[arc] <= _SLACK:
                    continue
                head = self._heads[arc]
                reduced = far + max(0.0, self._cost[arc] + potential[node] - potential[head])
                if reduced < distance[head] - 1e-12:
                    distance[head], by[head] = reduced, arc
                    heapq.heappush(queue, (reduced, head))
        return distance, by
