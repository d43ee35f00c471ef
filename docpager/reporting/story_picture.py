"""The paging story of a question as a picture: an SVG of memory over steps, with what happened below."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any

from docpager.reporting.assets import asset

Row = Mapping[str, Any]

LEFT, RIGHT, TOP = 104, 20, 34
CHART, LANE = 150, 20
LEAST_COLUMN, MOST_COLUMN, ROOM, LEAST_ROOM = 15.0, 64.0, 720.0, 360.0
COUNTED_FROM = 24.0
"""Columns this wide have room for a number beside a mark."""
LABEL_ROOM = 26.0

_SHAPES = {
    "search": "M-4-4h8v8h-8z",
    "fault": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "refault": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "in": "M0-5L5 4H-5z",
    "ahead": "M0-5L5 4H-5z",
    "evicted": "M0 5L5-4H-5z",
    "out": "M0 5L5-4H-5z",
    "pin": "M0-5L5 0L0 5L-5 0z",
    "unpin": "M0-5L5 0L0 5L-5 0z",
    "pressure": "M-1.5-5h3l-.7 6h-1.6zM-1.4 2.4h2.8v2.6h-2.8z",
    "refused": "M-4.5-3L-3-4.5L0-1.5L3-4.5L4.5-3L1.5 0L4.5 3L3 4.5L0 1.5L-3 4.5L-4.5 3L-1.5 0z",
}
_LANES = {
    "search": "searches",
    "fault": "faults",
    "refault": "refaults",
    "in": "page-ins",
    "ahead": "read ahead",
    "evicted": "evictions",
    "out": "page-outs",
    "pin": "pins",
    "unpin": "unpins",
    "pressure": "pressure",
    "refused": "refused",
}
_WORDS = {
    "search": ("search", "searches"),
    "fault": ("fault", "faults"),
    "refault": ("refault", "refaults"),
    "in": ("page-in", "page-ins"),
    "ahead": ("page read ahead", "pages read ahead"),
    "evicted": ("eviction", "evictions"),
    "out": ("page-out", "page-outs"),
    "pin": ("pin", "pins"),
    "unpin": ("unpin", "unpins"),
    "pressure": ("time under pressure", "times under pressure"),
    "refused": ("page refused", "pages refused"),
}
_KINDS = {
    "Search": "search",
    "Find": "search",
    "PageIn": "in",
    "Prefetch": "ahead",
    "Eviction": "evicted",
    "PageOut": "out",
    "Pin": "pin",
    "Unpin": "unpin",
    "MemoryPressure": "pressure",
    "AdmissionRefused": "refused",
}


@dataclass(slots=True)
class _Column:
    """One step: how memory went up and down in it, and how often each thing happened."""

    number: int
    tokens: list[int] = field(default_factory=list)
    capacity: int | None = None
    counts: dict[str, int] = field(default_factory=dict)


def story_svg(events: Sequence[Row], question: str) -> str:
    """The picture of one question's events, its colours left to the page it stands in."""
    columns, start = _columns(events)
    return _Drawing(columns, start, question).svg()


def standing_alone(svg: str) -> str:
    """A story's picture as a file of its own: with its colours, and paper below."""
    head, _, rest = svg.partition(">")
    return f'{head}><style>{asset("story.css")}</style><rect class="paper" width="100%" height="100%"/>{rest}\n'


def told_in_words(events: Sequence[Row]) -> str:
    """What the picture shows, for those who do not see it."""
    columns, _ = _columns(events)
    peak = max((tokens for column in columns for tokens in column.tokens), default=0)
    capacity = max((column.capacity or 0 for column in columns), default=0)
    sums = [(sum(c.counts.get(kind, 0) for c in columns), words) for kind, words in _WORDS.items()]
    told = [f"{times:,} {words[times != 1]}" for times, words in sums if times]
    steps = f"{len(columns):,} step{'' if len(columns) == 1 else 's'}"
    return f"{steps}; at most {peak:,} of {capacity:,} tokens of pages in memory; {', '.join(told) or 'no paging'}."


def _columns(events: Sequence[Row]) -> tuple[list[_Column], int]:
    columns: dict[int, _Column] = {}
    start = next((event["tokens_before"] for event in events if event["tokens_before"] is not None), 0)
    level = start
    for event in events:
        column = columns.setdefault(int(event["step"]), _Column(int(event["step"])))
        if event["tokens_after"] not in (None, level):
            level = event["tokens_after"]
            column.tokens.append(level)
        column.capacity = event["capacity"] or column.capacity
        if kind := _kind(event):
            # An event of several pages is as many; one of none, like a search, happened once.
            times = len(event["page_ids"] or ()) if kind not in ("search", "pressure") else 1
            column.counts[kind] = column.counts.get(kind, 0) + max(1, times)
    return [columns[number] for number in sorted(columns)], start


def _kind(event: Row) -> str | None:
    name = str(event["event"])
    if name != "PageFault":
        return _KINDS.get(name)
    try:
        arguments = json.loads(event["arguments"] or "{}")
    except ValueError:
        return "fault"
    return "refault" if isinstance(arguments, dict) and arguments.get("refault") is True else "fault"


class _Drawing:
    def __init__(self, columns: list[_Column], start: int, question: str) -> None:
        self.columns, self.start, self.question = columns, start, question
        self.step = min(MOST_COLUMN, max(LEAST_COLUMN, ROOM / max(1, len(columns))))
        self.lanes = [kind for kind in _LANES if any(kind in column.counts for column in columns)]
        self.width = LEFT + max(LEAST_ROOM, self.step * len(columns)) + RIGHT
        self.height = TOP + CHART + 14 + LANE * len(self.lanes) + 34
        most = max((max([column.capacity or 0, *column.tokens]) for column in columns), default=0)
        self.most = max(1, self.start, most)

    def svg(self) -> str:
        peak = max([self.start, *(tokens for column in self.columns for tokens in column.tokens)])
        title = f"Memory over the steps of: {self.question}"
        label = escape(f"{title}. {len(self.columns)} steps, at most {peak:,} tokens of pages.", quote=True)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="story" role="img" aria-label="{label}" '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}">'
        ]
        parts += [*self._scale(), *self._memory(), *self._lanes(), *self._steps(), "</svg>"]
        return "".join(parts)

    def _x(self, index: float) -> float:
        return LEFT + self.step * index

    def _y(self, tokens: float) -> float:
        return TOP + CHART * (1 - tokens / self.most)

    def _scale(self) -> Iterator[str]:
        yield '<text class="head" x="8" y="18">tokens in memory</text>'
        for tokens in _round_numbers(self.most):
            y = _n(self._y(tokens))
            yield f'<path class="grid" d="M{LEFT} {y}H{_n(self.width - RIGHT)}"/>'
            yield f'<text class="tick" x="{LEFT - 8}" y="{y}" dy="4">{tokens:,}</text>'

    def _memory(self) -> Iterator[str]:
        line, capacity = [f"M{LEFT} {_n(self._y(self.start))}"], list[str]()
        for index, column in enumerate(self.columns):
            for n, tokens in enumerate(column.tokens):
                line.append(f"H{_n(self._x(index + (n + 0.5) / len(column.tokens)))}V{_n(self._y(tokens))}")
            line.append(f"H{_n(self._x(index + 1))}")
            if column.capacity:
                jump = "V" if capacity else f"M{LEFT} "
                capacity.append(f"{jump}{_n(self._y(column.capacity))}H{_n(self._x(index + 1))}")
        floor = _n(self._y(0))
        yield f'<path class="memory" d="{"".join(line)}V{floor}H{LEFT}z"/>'
        yield f'<path class="level" d="{"".join(line)}"/>'
        if capacity:
            yield f'<path class="capacity" d="{"".join(capacity)}"/>'
            last = next(column.capacity for column in reversed(self.columns) if column.capacity)
            words = f"room for pages: {last:,} tokens"
            yield f'<text class="head capacity-words" x="{_n(self.width - RIGHT)}" y="18">{words}</text>'

    def _lanes(self) -> Iterator[str]:
        for n, kind in enumerate(self.lanes):
            y = TOP + CHART + 14 + LANE * n + LANE / 2
            yield f'<text class="lane" x="{LEFT - 8}" y="{_n(y)}" dy="4">{_LANES[kind]}</text>'
            yield f'<path class="grid" d="M{LEFT} {_n(y)}H{_n(self.width - RIGHT)}"/>'
            for index, column in enumerate(self.columns):
                if times := column.counts.get(kind):
                    numbered = times > 1 and self.step >= COUNTED_FROM
                    x = self._x(index + 0.5) - (5 if numbered else 0)
                    yield f'<path class="{kind}" transform="translate({_n(x)} {_n(y)})" d="{_SHAPES[kind]}"/>'
                    if numbered:
                        yield f'<text class="times" x="{_n(x + 8)}" y="{_n(y)}" dy="4">{times}</text>'

    def _steps(self) -> Iterator[str]:
        y = TOP + CHART + 14 + LANE * len(self.lanes) + 16
        yield f'<text class="lane" x="{LEFT - 8}" y="{_n(y)}">step</text>'
        every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 1000, 10**9) if n * self.step >= LABEL_ROOM)
        for index, column in enumerate(self.columns):
            until_next = (every - column.number % every) * self.step
            if column.number % every == 0 or (index == 0 and until_next >= LABEL_ROOM):
                yield f'<text class="step" x="{_n(self._x(index + 0.5))}" y="{_n(y)}">{column.number}</text>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _round_numbers(most: int) -> list[int]:
    """0 and up to five round numbers up to the most."""
    size = 10 ** max(0, len(str(most)) - 2)
    step = next(size * n for n in (1, 2, 5, 10, 20, 50) if most / (size * n) <= 5)
    return list(range(0, most + 1, step))


def by_question(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[tuple[str, str | None], list[dict[str, Any]]]]:
    """Trace rows, as they stand in the table, in groups of one question asked of one document or of the archive."""
    for key, group in groupby(rows, key=lambda row: (row["question_id"], row.get("doc_id"))):
        yield key, list(group)
