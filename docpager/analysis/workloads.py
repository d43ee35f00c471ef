"""Workloads for memory as data: which pages a reader asks for, in which order, and what a policy makes of them.

A workload is a list of calls, each the pages of one ``page_in``. Sizes are in tokens and differ, as real pages do. The
cost is counted as providers bill it: a token of the prompt that equals the call before is cached and costs a tenth.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from docpager.errors import AdmissionRefusedError
from docpager.memory import (
    REPLACEMENT_POLICIES,
    Admission,
    LineRange,
    PageFault,
    Pager,
    PageRequest,
    Reclaim,
    Watermarks,
)

CACHED_PRICE = 0.1
"""The price of a cached token of the prompt, in prices of one that is not."""
_SIZES = (310, 420, 180, 390, 260, 450, 350, 240, 400, 290, 330)
"""Tokens of pages, taken in turn: between a paragraph and a full segment."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Calls in order, each the ids of the pages it asks for."""

    name: str
    about: str
    calls: tuple[tuple[str, ...], ...]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, name: str, about: str, calls: Sequence[str]) -> Workload:
        """A workload of calls written as page ids with blanks between them; pages get their sizes in turn."""
        asked = tuple(tuple(call.split()) for call in calls)
        pages = dict.fromkeys(page for call in asked for page in call)
        return cls(name, about, asked, {page: _SIZES[n % len(_SIZES)] for n, page in enumerate(pages)})

    @property
    def token_count(self) -> int:
        """Tokens of all its pages: the memory in which nothing is ever evicted."""
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Figures:
    """What a policy made of a workload."""

    policy: str
    capacity: int
    references: int
    faults: int
    refaults: int
    reclaims: int
    """Batches of evictions: each breaks the prompt cache once."""
    cost: int
    """Page tokens sent over all calls, cached ones at a tenth."""


def measure(workload: Workload, policy: str, capacity: int, watermarks: Watermarks | None = None) -> Figures:
    """Runs a workload through a pager of so many tokens; every page has to fit into it."""
    pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), watermarks)
    for page_id, tokens in workload.sizes.items():
        pager.table.list_page(page_id, token_count=tokens, line_count=1)
    log = PromptLog()
    references = faults = refaults = reclaims = 0
    for call in workload.calls:
        requests = [PageRequest(page_id, LineRange(1, 1), workload.sizes[page_id]) for page_id in call]
        for admission in paged_in(pager, requests):
            log.remove(admission.evicted)
            log.add([(request.page_id, request.token_count) for request in admission.loaded])
            log.send()
            asked = [event for event in admission.events if event.name in ("PageFault", "PageHit")]
            references += len(asked) - len(admission.refused)
            found = [e for e in asked if isinstance(e, PageFault)][: len(admission.loaded)]
            faults += len(found)
            refaults += sum(fault.refault for fault in found)
            reclaims += sum(isinstance(event, Reclaim) for event in admission.events)
    return Figures(policy, capacity, references, faults, refaults, reclaims, round(log.cost))


def paged_in(pager: Pager, requests: Sequence[PageRequest]) -> Iterator[Admission]:
    """Pages in all of one call, with as many calls of its own as it takes: what has no room beside the rest comes next.

    Where those in memory leave no room for a first one beside them, each comes alone. What pinned pages leave no room
    for does not come.
    """
    left = list(dict.fromkeys(requests))
    while left:
        try:
            admission = pager.page_in(left)
        except AdmissionRefusedError:
            if len(left) > 1:
                for request in left:
                    yield from paged_in(pager, [request])
            return
        left = list(admission.refused)
        yield admission


class PromptLog:
    """The pages of an append-only prompt, and what sending it costs."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, int]] = []
        self._whole = 0
        """Leading pages that are as they were when the prompt was last sent."""
        self.cost = 0.0

    def remove(self, page_ids: Sequence[str]) -> None:
        """Pages leave; what stands behind the first of them is no longer where the cache has it."""
        gone = set(page_ids)
        first = next((n for n, (page_id, _) in enumerate(self._pages) if page_id in gone), len(self._pages))
        self._whole = min(self._whole, first)
        self._pages = [page for page in self._pages if page[0] not in gone]

    def add(self, pages: Sequence[tuple[str, int]]) -> None:
        """Pages with their tokens come to the end."""
        self._pages += pages

    def send(self) -> None:
        """The prompt is sent."""
        cached = sum(tokens for _, tokens in self._pages[: self._whole])
        self.cost += CACHED_PRICE * cached + sum(tokens for _, tokens in self._pages[self._whole :])
        self._whole = len(self._pages)


def _two_documents() -> list[str]:
    """Two reports side by side: each pair of pages, and the two balance sheets again after every second pair."""
    calls = ["a:balance b:balance"]
    for n in range(1, 13):
        calls += [f"a:{n} b:{n}"] if n % 3 else [f"a:{n}", f"b:{n}"]
        calls += ["a:balance", "b:balance"] if n % 2 == 0 else []
        calls += [f"a:{n - 3}"] if n > 3 and n % 4 == 0 else []
    return calls


def _nested() -> list[str]:
    """A chain of references with an index: each value names the next key, the index is asked in between.

    The second pass checks the chain from its start, as a careful reader does.
    """
    chain = [(7 * n + 3) % 17 for n in range(1, 15)]
    calls = ["index"]
    for key in chain:
        calls += [f"k:{key}", f"k:{key} index"]
    return calls + [f"k:{key}" for key in chain[:5]]


def _rereading() -> list[str]:
    """A reader that takes results five at a time and goes back to what it had just read, now and then further."""
    calls = []
    for block in range(8):
        pages = [f"p:{block * 5 + n}" for n in range(5)]
        calls += [" ".join(pages), pages[1], f"{pages[4]} {pages[0]}"]
        calls += [f"p:{block * 5 - 3} p:{block * 5 - 1}"] if block else []
    return calls


def _cyclic() -> list[str]:
    """Twelve pages round and round: in a memory of a third of them every reference is a refault."""
    return [f"c:{n % 12}" for n in range(60)]


def _conversation() -> list[str]:
    """A conversation of 38 sessions: mostly the newest ones again, now and then one of three that all goes back to."""
    chance, calls = random.Random(0), []
    for session in range(2, 40):
        calls.append(f"s:{session}")
        if chance.random() < 0.6:
            calls.append(f"s:{max(0, session - 1 - int(chance.expovariate(0.5)))}")
        if chance.random() < 0.3:
            calls.append(f"s:{chance.choice((0, 3, 7))}")
    return calls


def _look_ups() -> list[str]:
    """Six chains of five keys in fourteen pages, each look-up independent of those before; the index in between."""
    chance, calls = random.Random(0), []
    for _ in range(6):
        calls += [f"k:{chance.randrange(14)}" for _ in range(5)]
        calls.append("index")
    return calls


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload.of("two-documents", "two reports compared page by page", _two_documents()),
        Workload.of("nested", "a chain of keys behind an index", _nested()),
        Workload.of("re-reading", "results in batches, with steps back", _rereading()),
        Workload.of("conversation", "the newest sessions again, and three that all goes back to", _conversation()),
        Workload.of("look-ups", "keys at random, the index in between", _look_ups()),
        Workload.of("cyclic", "twelve pages round and round", _cyclic()),
    )
}
"""Workloads by name."""
