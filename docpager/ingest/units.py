"""Citable lines of a paper page with their place in its structure: what a segment is put together from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docpager.ingest.aside import without
from docpager.lines import Span, line_spans
from docpager.protocols import TokenCounter
from docpager.records import Block, BlockKind, ParsedPage, SegmentKind

MOST_HEADINGS = 4
LONGEST_HEADING = 120
LONGEST_HEADS = 600
NEAR_EDGE = 4
LONGEST_INTERRUPTION = 120

Path = tuple[str, ...]


@dataclass(slots=True)
class Unit:
    """A span of a paper page that no segment border cuts: a citable line, or part of one with too many tokens."""

    start: int
    end: int
    tokens: int
    """Of the text and a newline."""
    kind: BlockKind
    level: int
    starts_block: bool
    headings: Path
    heads: tuple[Span, str] | None
    """Of a table row: where its column heads stand on this page, and their text."""


class UnitReader:
    """Reads the units of a document's pages in order; headings and column heads stay in force over the pages."""

    def __init__(self, counter: TokenCounter, segment_tokens: int) -> None:
        self._counter = counter
        self._limit = segment_tokens
        self._counts: dict[str, int] = {}
        self._path: list[tuple[int, str]] = []
        self._carried_heads = ""

    def read(
        self, page: ParsedPage, blocks: Sequence[Block], kind: SegmentKind, aside: Sequence[Span] = ()
    ) -> list[Unit]:
        """The page's units; together they hold every character that is not blank, but for those set aside."""
        text = page.text
        table = _Table(self._carried_heads)
        units: list[Unit] = []
        for block in without(text, _without_gaps(text, blocks), aside):
            self._enter(text, block)
            headings = tuple(title for _, title in self._path[:MOST_HEADINGS])
            heads = table.heads_for(text, block, len(units))
            lines = line_spans(text[block.char_start : block.char_end], _line_kind(kind, block.kind))
            starts_block = True
            for start, end in lines:
                for begin, stop, tokens in self._bounded(text, block.char_start + start, block.char_start + end):
                    units.append(Unit(begin, stop, tokens, block.kind, block.level, starts_block, headings, heads))
                    starts_block = False
        self._carried_heads = table.carried(units)
        return units

    def _enter(self, text: str, block: Block) -> None:
        if block.kind is BlockKind.HEADING:
            title = " ".join(text[block.char_start : block.char_end].split()).lstrip("# ")
            self._path = [entry for entry in self._path if entry[0] < block.level]
            self._path.append((block.level, _shortened(title)))

    def _count(self, line: str) -> int:
        known = self._counts.get(line)
        if known is None:
            known = self._counts[line] = self._counter.count(line + "\n")
        return known

    def _bounded(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The span, split at blanks until every piece has few enough tokens, and the tokens of each."""
        tokens = self._count(text[start:end])
        if end - start < 2 or tokens <= self._limit:
            yield start, end, tokens
            return
        middle = (start + end) // 2
        cut = text.rfind(" ", start + 1, middle)
        if cut < 0:
            cut = middle
        yield from self._bounded(text, start, len(text[:cut].rstrip()) if text[cut] == " " else cut)
        while text[cut].isspace():
            cut += 1
        yield from self._bounded(text, cut, end)


class _Table:
    """The table a page's rows belong to, as its blocks go by."""

    def __init__(self, carried: str) -> None:
        self._carried = carried
        self._heads: tuple[Span, str] | None = None
        self._last = BlockKind.PARAGRAPH

    def heads_for(self, text: str, block: Block, units_before: int) -> tuple[Span, str] | None:
        """The column heads of a row, or of a further line of heads."""
        kind = block.kind
        if kind is BlockKind.TABLE_HEAD:
            begin = self._heads[0][0] if self._heads and self._last is BlockKind.TABLE_HEAD else block.char_start
            span = (begin, block.char_end)
            self._heads = (span, text[span[0] : span[1]][:LONGEST_HEADS])
            self._carried = ""
        elif kind is BlockKind.TABLE_ROW:
            if self._carried and units_before < NEAR_EDGE and self._heads is None:
                self._heads = ((0, 0), self._carried)
        else:
            if kind is BlockKind.HEADING or block.char_end - block.char_start > LONGEST_INTERRUPTION:
                self._heads = None
            if kind is BlockKind.HEADING or units_before >= NEAR_EDGE:
                self._carried = ""
        self._last = kind
        return self._heads if kind is BlockKind.TABLE_ROW else None

    def carried(self, units: Sequence[Unit]) -> str:
        """The heads a table at the page's foot hands to the next page."""
        for unit in reversed(units[-NEAR_EDGE:]):
            if unit.kind is BlockKind.TABLE_ROW:
                return unit.heads[1] if unit.heads else ""
        return ""


def _line_kind(kind: SegmentKind, block_kind: BlockKind) -> SegmentKind:
    is_row = block_kind in (BlockKind.TABLE_ROW, BlockKind.TABLE_HEAD)
    return SegmentKind.TABLE if is_row and kind is SegmentKind.TEXT else kind


def _without_gaps(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks in order, text between them as paragraphs."""
    position = 0
    for block in sorted(blocks, key=lambda block: block.char_start):
        start = max(position, block.char_start)
        if text[position:start].strip():
            yield Block(BlockKind.PARAGRAPH, position, start)
        if start < block.char_end:
            yield Block(block.kind, start, block.char_end, block.level)
            position = block.char_end
    if text[position:].strip():
        yield Block(BlockKind.PARAGRAPH, position, len(text))


def _shortened(title: str) -> str:
    if len(title) <= LONGEST_HEADING:
        return title
    cut = title.rfind(" ", LONGEST_HEADING // 2, LONGEST_HEADING)
    return title[: cut if cut > 0 else LONGEST_HEADING - 1].rstrip() + "…"
