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


def with_hidden(page: ParsedPage, hidden: str) -> ParsedPage:
    """The page with text that cannot be seen on it set below what can, marked as hidden."""
    if not hidden:
        return page
    start = len(page.text) + 1 if page.text else 0
    text = f"{page.text}\n{hidden}" if page.text else hidden
    return replace(page, text=text, hidden=(*page.hidden, (start, len(text))))


def visible_text(page: ParsedPage) -> str:
    """The page's text with blanks where it is hidden, so that places in it stay the same."""
    if not page.hidden:
        return page.text
    pieces, position = [], 0
    for start, end in page.hidden:
        pieces += [page.text[position:start], " " * (end - start)]
        position = end
    return "".join([*pieces, page.text[position:]])


def hidden_note(pages: Sequence[ParsedPage]) -> str | None:
    """What is to be said of a document whose pages have hidden text; None where none has."""
    numbers = [str(page.page_number) for page in pages if page.hidden]
    if not numbers:
        return None
    if len(pages) == 1:
        return "Hidden text was left out of search."
    listed = ", ".join(numbers[:8]) + (", ..." if len(numbers) > 8 else "")
    which = f"page {listed}" if len(numbers) == 1 else f"{len(numbers)} pages: {listed}"
    return f"Hidden text was left out of search on {which}."


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
