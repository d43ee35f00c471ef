"""Puts a document's lines together into segments that follow its structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from docpager.ingest.aside import apart, set_aside, visible_text
from docpager.ingest.broken_words import BrokenWords
from docpager.ingest.running_lines import running_spans
from docpager.ingest.structure import find_blocks
from docpager.ingest.units import Path, Unit, UnitReader
from docpager.protocols import TokenCounter
from docpager.records import (
    Block,
    BlockKind,
    PaperPage,
    ParsedDocument,
    ParsedPage,
    Segment,
    SegmentKind,
    hex_id,
    sha256_hex,
)

MOST_UNITS = 128
"""The most lines of one segment; keeps the work linear where lines are very short."""

# Costs of a way to divide a page, in segments: one more segment costs 1. A border before a heading gives some of it
# back; a border inside a paragraph or table, right below a heading, or a major heading amid a segment costs more.
_NEW_SEGMENT = 1.0
_HALF_EMPTY = 0.6
_TINY = 0.8
_MAJOR_LEVEL = 3
_MAJOR_HEADING = -1.2
_MINOR_HEADING = -0.5
_TABLE_BEGINS = -0.4
_INSIDE_PARAGRAPH = 0.3
_INSIDE_TABLE = 0.35
_BELOW_HEADS = 1.5
_BELOW_HEADING = 2.0
_LATE_MAJOR_HEADING = 1.5
_EARLY_MAJOR_HEADING = 0.2


def segment_document(
    parsed: ParsedDocument, doc_id: str, title: str | None, counter: TokenCounter, segment_tokens: int
) -> tuple[list[PaperPage], list[Segment]]:
    """The document's paper pages and segments, in order.

    Each segment is a span of one page with at most ``segment_tokens`` tokens; together they hold every character that
    is not blank, but for hidden text and running lines. ``title`` (a path where there is none) goes into
    ``search_text``.
    """
    builder = _SegmentBuilder(doc_id, title, counter, BrokenWords(page.text for page in parsed.pages))
    reader = UnitReader(counter, segment_tokens)
    has_blocks = any(page.blocks for page in parsed.pages)
    seen = [replace(page, text=visible_text(page)) if page.hidden else page for page in parsed.pages]
    found = None if has_blocks else find_blocks(seen, parsed.outline)
    running = running_spans(seen) if found is not None else [()] * len(parsed.pages)
    for position, page in enumerate(parsed.pages):
        blocks: Sequence[Block] = page.blocks if found is None else found[position]
        kind = SegmentKind.LAYOUT if found is not None else SegmentKind.TEXT
        aside = set_aside(page, blocks, running[position])
        for units in apart(reader.read(page, blocks, kind, aside), aside):
            for run in _divided(units, segment_tokens):
                builder.add(page, run, kind, segment_tokens)
    return [_paper_page(page, doc_id) for page in parsed.pages], builder.segments


class _SegmentBuilder:
    """Makes segments of runs of units and numbers them."""

    def __init__(self, doc_id: str, title: str | None, counter: TokenCounter, broken: BrokenWords) -> None:
        self.segments: list[Segment] = []
        self._doc_id = doc_id
        self._title = title or ""
        self._counter = counter
        self._broken = broken
        self._occurrences: Counter[str] = Counter()

    def add(self, page: ParsedPage, run: Sequence[Unit], kind: SegmentKind, limit: int) -> None:
        """Adds a run as one segment, or as more where its tokens are more than the sum of its lines'."""
        start, end = run[0].start, run[-1].end
        text = page.text[start:end]
        tokens = self._counter.count(text)
        if tokens > limit and len(run) > 1:
            self.add(page, run[: len(run) // 2], kind, limit)
            self.add(page, run[len(run) // 2 :], kind, limit)
            return
        digest = sha256_hex(text)
        headings = _headings(run)
        prefix = _prefix(run)
        # Twice, for both rankings: what stands above a segment says more of it than as many words inside.
        heads = [part for part in (self._title, *headings, prefix) if part] * 2
        joined = [" ".join(words)] if (words := self._broken.joined(text)) else []
        self.segments.append(
            Segment(
                segment_id=hex_id(self._doc_id, digest, self._occurrences[digest]),
                doc_id=self._doc_id,
                ordinal=len(self.segments),
                page_number=page.page_number,
                char_start=start,
                char_end=end,
                kind=_kind(run, kind),
                text=text,
                text_sha256=digest,
                headings=headings,
                prefix=prefix,
                search_text="\n".join([*heads, text, *joined]),
                token_count=tokens,
            )
        )
        self._occurrences[digest] += 1


def _paper_page(page: ParsedPage, doc_id: str) -> PaperPage:
    return PaperPage(
        doc_id=doc_id,
        page_number=page.page_number,
        text=page.text,
        text_sha256=sha256_hex(page.text),
        page_label=page.page_label,
        status=page.status,
        error_message=page.error_message,
    )


def _kind(run: Sequence[Unit], kind: SegmentKind) -> SegmentKind:
    if kind is SegmentKind.TEXT and all(u.kind in (BlockKind.TABLE_ROW, BlockKind.TABLE_HEAD) for u in run):
        return SegmentKind.TABLE
    return kind


def _headings(run: Sequence[Unit]) -> Path:
    """The headings most of a run stands under."""
    weights: Counter[Path] = Counter()
    for unit in run:
        weights[unit.headings] += unit.tokens
    return weights.most_common(1)[0][0]


def _prefix(run: Sequence[Unit]) -> str:
    """The column heads of a run's first table, where they stand outside the run."""
    first_row = next((unit for unit in run if unit.kind is BlockKind.TABLE_ROW), None)
    if first_row is None or first_row.heads is None:
        return ""
    (start, end), heads = first_row.heads
    stands_inside = end > 0 and start >= run[0].start
    return "" if stands_inside else heads


def _divided(units: Sequence[Unit], limit: int) -> Iterator[Sequence[Unit]]:
    """The cheapest division of a page's units into runs of at most ``limit`` tokens."""
    sums = [0]
    for unit in units:
        sums.append(sums[-1] + unit.tokens)
    borders = [_border_cost(units, position) for position in range(len(units))]
    majors = [_is_major(unit) for unit in units]
    bases: list[float] = []
    cost, origins = 0.0, [0]
    for end in range(1, len(units) + 1):
        bases.append(cost + borders[end - 1] + _NEW_SEGMENT)
        cost, origin = _cheapest(end, sums, bases, majors, limit)
        origins.append(origin)
    ends = [len(units)]
    while ends[-1] > 0:
        ends.append(origins[ends[-1]])
    for start, end in zip(ends[:0:-1], ends[-2::-1]):
        yield units[start:end]


def _cheapest(
    end: int, sums: Sequence[int], bases: Sequence[float], majors: Sequence[bool], limit: int
) -> tuple[float, int]:
    """The least cost of dividing the units before ``end``, and where its last run begins.

    ``bases``: by unit, the cost of dividing all before it, with the border there and the segment that it begins.
    """
    best, origin = float("inf"), end - 1
    inside: list[int] = []
    total = sums[end]
    for start in range(end - 1, max(-1, end - 1 - MOST_UNITS), -1):
        tokens = total - sums[start]
        # The newline after the last unit is counted but not part of a segment.
        if tokens > limit + 1 and start < end - 1:
            break
        cost = bases[start]
        # What is added below is never negative: most beginnings are out already.
        if cost < best:
            if tokens * 2 < limit:
                cost += _HALF_EMPTY * (1 - tokens * 2 / limit) + (_TINY if tokens * 8 < limit else 0)
            for major in inside:
                cost += _LATE_MAJOR_HEADING if (sums[major] - sums[start]) * 4 > limit else _EARLY_MAJOR_HEADING
            if cost < best:
                best, origin = cost, start
        if majors[start]:
            inside.append(start)
    return best, origin


def _is_major(unit: Unit) -> bool:
    return unit.kind is BlockKind.HEADING and unit.starts_block and unit.level <= _MAJOR_LEVEL


def _border_cost(units: Sequence[Unit], position: int) -> float:
    """What a segment border before a unit costs, beside the segment itself."""
    if position == 0:
        return 0.0
    unit, before = units[position], units[position - 1]
    if before.kind is BlockKind.HEADING:
        return _BELOW_HEADING
    if before.kind is BlockKind.TABLE_HEAD:
        return _BELOW_HEADS
    if unit.kind is BlockKind.HEADING and unit.starts_block:
        return _MAJOR_HEADING if _is_major(unit) else _MINOR_HEADING
    if unit.kind is BlockKind.TABLE_ROW and before.kind is BlockKind.TABLE_ROW:
        return _INSIDE_TABLE
    if unit.kind is BlockKind.TABLE_HEAD:
        return _TABLE_BEGINS
    return 0.0 if unit.starts_block else _INSIDE_PARAGRAPH
