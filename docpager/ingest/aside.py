"""What of a page's text stays out of its segments: what cannot be seen, and what runs along at its edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from docpager.ingest.running_lines import at_edges
from docpager.lines import Span
from docpager.records import Block, BlockKind, ParsedPage


class _Spanned(Protocol):
    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


Piece = TypeVar("Piece", bound=_Spanned)


def set_aside(page: ParsedPage, blocks: Sequence[Block], running: Sequence[Span]) -> tuple[Span, ...]:
    """The page's hidden spans and its running lines, in order; a running line that begins a section is none."""
    if running:
        headings = [(b.char_start, b.char_end) for b in blocks if b.kind is BlockKind.HEADING]
        running = at_edges(page.text, running, headings)
    return tuple(sorted((*page.hidden, *running)))


def without(text: str, blocks: Iterable[Block], aside: Sequence[Span]) -> Iterator[Block]:
    """The blocks, what is set aside cut out of them."""
    for block in blocks:
        position = block.char_start
        for start, end in aside:
            if end <= position or start >= block.char_end:
                continue
            if text[position:start].strip():
                yield replace(block, char_start=position, char_end=start)
            position = end
        if position == block.char_start or text[position : block.char_end].strip():
            yield replace(block, char_start=position) if position != block.char_start else block


def apart(units: Sequence[Piece], aside: Sequence[Span]) -> list[Sequence[Piece]]:
    """The units in runs between which something set aside stands: no segment goes across it."""
    runs: list[Sequence[Piece]] = []
    first = 0
    for at in range(1, len(units)):
        if any(units[at - 1].end <= start < units[at].start for start, _ in aside):
            runs.append(units[first:at])
            first = at
    return [*runs, units[first:]] if units else []
