"""What a question did to its memory, read back from its trace: calls that a replay does again.

A replay is open-loop: it asks for the pages that were asked for, in the same order, whatever is in memory. Another
policy or budget might have led the model elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from docpager.memory import LineRange

Row = Mapping[str, Any]
Kind = Literal[
    "page_in", "prefetch", "touch", "page_out", "pin", "unpin", "resize", "shed", "early", "drop", "send", "refuse"
]


@dataclass(frozen=True, slots=True)
class Ask:
    """Lines of a page that were asked for, and the tokens they take."""

    page_id: str
    lines: LineRange
    tokens: int


@dataclass(frozen=True, slots=True)
class Call:
    """One thing done to memory."""

    kind: Kind
    asks: tuple[Ask, ...] = ()
    """Of page_in and prefetch."""
    page_ids: tuple[str, ...] = ()
    """Of the others; of early, the pages that were kept."""
    tokens: int = 0
    """Of resize the new capacity; of shed the resident tokens after it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What the trace says came of it."""

    faults: int
    refaults: int
    evicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One question's memory: what was done to it, and what came of that."""

    question_id: str
    calls: tuple[Call, ...]
    capacity: int
    """Room for pages when it began."""
    happened: Happened
    cited: tuple[str, ...] = ()
    """Pages its answer cites."""
    doc_id: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    """The last line that was asked for of each page, in the order in which the pages became known."""

    @property
    def sizes(self) -> dict[str, int]:
        """Pages with the tokens of all the lines that were asked for of each."""
        spans: dict[str, dict[LineRange, int]] = {}
        for call in self.calls:
            for ask in call.asks if call.kind == "page_in" else ():
                held = spans.setdefault(ask.page_id, {})
                held[ask.lines] = max(held.get(ask.lines, 0), ask.tokens)
        return {page_id: _outer(held) for page_id, held in spans.items()}

    @property
    def working_set_tokens(self) -> int:
        """Tokens of all pages it asked for: the memory in which nothing is ever evicted."""
        return sum(self.sizes.values())

    @property
    def largest_call(self) -> int:
        """Tokens of the largest single request: less memory than this holds nothing of it."""
        return max((ask.tokens for call in self.calls if call.kind == "page_in" for ask in call.asks), default=0)


def _outer(held: Mapping[LineRange, int]) -> int:
    """Tokens of the ranges that no other range holds."""
    return sum(tokens for lines, tokens in held.items() if not any(lines in o and o != lines for o in held))


def trace_of(rows: Sequence[Row], cited: Sequence[str] = ()) -> Trace | None:
    """The trace of one question; None where it never paged in."""
    if not any(row["event"] == "PageFault" for row in rows):
        return None
    reader = _Reader(rows)
    calls = tuple(reader.calls())
    faults = [row for row in rows if row["event"] == "PageFault"]
    evicted = tuple(page_id for row in rows if row["event"] == "Eviction" for page_id in row["page_ids"])
    happened = Happened(len(faults), sum(_arguments(row).get("refault") is True for row in faults), evicted)
    first = next(row["capacity"] for row in rows if row["capacity"])
    asked = {ask.page_id for call in calls for ask in call.asks}
    known = {row["page_ids"][0]: _place(row) for row in rows if row["event"] in ("PageFault", "PageHit", "Prefetch")}
    last_lines = dict.fromkeys(sorted(asked, key=lambda page_id: known[page_id]), 1)
    for call in calls:
        for ask in call.asks:
            last_lines[ask.page_id] = max(last_lines[ask.page_id], ask.lines.last)
    return Trace(rows[0]["question_id"], calls, first, happened, tuple(cited), rows[0].get("doc_id"), last_lines)


class _Reader:
    """Goes through one question's rows and says what was asked of memory."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._tokens: dict[tuple[str, str], int] = {}
        for row in rows:
            if row["event"] in ("PageIn", "Prefetch", "AdmissionRefused"):
                for page_id, tokens in zip(row["page_ids"], row["page_tokens"], strict=True):
                    self._tokens.setdefault((page_id, str(_arguments(row).get("lines"))), tokens)

    def calls(self) -> Iterator[Call]:
        at = 0
        while at < len(self._rows):
            taken, call = self._call(at)
            at += taken
            if call is not None:
                yield call

    def _call(self, at: int) -> tuple[int, Call | None]:
        """How many rows from here belong together, and what they say was done."""
        row = self._rows[at]
        pages = tuple(row["page_ids"] or ())
        match row["event"]:
            case "PageFault" | "PageHit":
                return self._page_in(at)
            case "Prefetch":
                return 1, Call("prefetch", (self._ask(row),))
            case "Search" | "Find" | "Noted" | "Calculated" | "Remembered":
                return 1, Call("touch", page_ids=pages) if pages else None
            case "PageOut":
                return 1, Call("page_out", page_ids=pages)
            case "Pin" | "Unpin":
                return 1, Call("pin" if row["event"] == "Pin" else "unpin", page_ids=pages)
            case "Resized":
                # It evicts only where what is resident no longer fits: evictions after another one are not its own.
                taken = 1 + (self._evictions(at + 1) if row["tokens_after"] > row["capacity"] else 0)
                return taken, Call("resize", tokens=row["capacity"])
            case "Eviction":
                return self._pressed(at)
            case "ModelCall":
                return 1, Call("send")
        return 1, None

    def _evictions(self, at: int) -> int:
        """How many rows from here are evictions and the reclaim that ends them."""
        end = at
        while end < len(self._rows) and self._rows[end]["event"] == "Eviction":
            end += 1
        if end > at and end < len(self._rows) and self._rows[end]["event"] == "Reclaim":
            end += 1
        return end - at

    def _page_in(self, at: int) -> tuple[int, Call]:
        """The pages of one call, up to where the next one begins."""
        number, end, asks = _arguments(self._rows[at]).get("call"), at, []
        while end < len(self._rows) and self._rows[end]["event"] in ("PageFault", "PageHit"):
            if _arguments(self._rows[end]).get("call") != number:
                break
            asks.append(self._ask(self._rows[end]))
            end += 1
        if end < len(self._rows) and _arguments(self._rows[end]).get("call") == number:
            end += self._evictions(end)
        while end < len(self._rows) and self._rows[end]["event"] in ("PageIn", "AdmissionRefused", "MemoryPressure"):
            end += 1
        return end - at, Call("page_in", tuple(asks))

    def _pressed(self, at: int) -> tuple[int, Call]:
        """Evictions that nothing asked for: room was needed for something else, or the context dropped pages."""
        taken = self._evictions(at)
        last, told = self._rows[at + taken - 1], _arguments(self._rows[at])
        gone = tuple(
            page_id for row in self._rows[at : at + taken] if row["event"] == "Eviction" for page_id in row["page_ids"]
        )
        if told.get("flushed"):
            return taken, Call("drop", page_ids=gone)
        if "kept" in told:
            return taken, Call("early", page_ids=tuple(told["kept"]), tokens=last["tokens_after"])
        return taken, Call("shed", tokens=last["tokens_after"])

    def _ask(self, row: Row) -> Ask:
        [page_id] = row["page_ids"]
        spelled = str(_arguments(row).get("lines"))
        first, _, last = spelled.partition("-")
        lines = LineRange(int(first), int(last or first))
        tokens = self._tokens.get((page_id, spelled))
        return Ask(page_id, lines, self._within(page_id, lines, row) if tokens is None else tokens)

    def _within(self, page_id: str, lines: LineRange, row: Row) -> int:
        """Tokens of lines that never came in alone: no more than those of the lines they came in with."""
        held = []
        for (known, spelled), tokens in self._tokens.items():
            first, _, last = spelled.partition("-")
            if known == page_id and first.isdigit() and lines in LineRange(int(first), int(last or first)):
                held.append(tokens)
        return min(held, default=int(row["page_tokens"][0]))


def _place(row: Row) -> int:
    """A page's place among those that were listed, as its handle says it."""
    return int(str(_arguments(row).get("handle", "p0")).removeprefix("p") or 0)


def _arguments(row: Row) -> dict[str, Any]:
    try:
        read = json.loads(row["arguments"] or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
