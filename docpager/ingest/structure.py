"""Finds headings, tables and paragraphs in paper pages that come as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docpager.ingest.heading_rules import (
    CAPITALS_LEVEL,
    NOTE_LEVEL,
    PART_LEVEL,
    Heading,
    names_an_office,
    strong_heading,
    weak_level,
)
from docpager.ingest.paper_lines import (
    Contents,
    Line,
    PaperLines,
    Role,
    folded,
    mark_contents,
    mark_running_lines,
    paper_lines,
)
from docpager.ingest.table_rules import mark_tables
from docpager.records import Block, BlockKind, OutlineHeading, ParsedPage

SHORT_LINE_SHARE = 0.8
LEAST_PROSE = 50
MOST_STACKED_HEADINGS = 1
COVER_PAGES = 2
LEAST_WRAPPED = 35
MOST_WRAPPED_LINES = 2
LEAST_FRAGMENTS = 3
LONGEST_FRAGMENT = 24
LAST_TITLE_LINE = 5

_BULLET = re.compile(r"[•●▪◦‣·]|[*–—-]\s|\(?[a-z\d]{1,3}\)\s|[ivx]{1,5}\.\s")
_REGISTRANT = re.compile(r"exact name of (?:the )?registrant|commission file n", re.I)
_BARE_PART = re.compile(r"part (?:\d|[ivx]+)")
_UNFINISHED = re.compile(r"(?:\b(?:of|and|the|in|to|for|comprehensive|financial|cash|common)|[,’'])$", re.I)
_ENDS = tuple('.:;!?)”"’')
_KINDS = {Role.ROW: BlockKind.TABLE_ROW, Role.HEAD: BlockKind.TABLE_HEAD}


def find_blocks(pages: Sequence[ParsedPage], outline: Sequence[OutlineHeading] = ()) -> list[tuple[Block, ...]]:
    """The blocks of each page, in order; together they hold every character that is not blank.

    Headings are numbered parts (items, notes, articles, sections), statement titles, entries of the document's own
    table of contents or outline, and short lines in capitals. What repeats on many pages is no heading.
    """
    papers = [paper_lines(page) for page in pages]
    mark_running_lines(papers)
    contents = mark_contents(papers)
    finder = _HeadingFinder(contents, outline)
    blocks: list[tuple[Block, ...]] = []
    for paper in papers:
        mark_tables(paper.lines)
        blocks.append(tuple(_assembled(paper, finder.find(paper))))
    return blocks


class _HeadingFinder:
    """Finds a page's headings, knowing which headings the page stands under."""

    def __init__(self, contents: Contents, outline: Sequence[OutlineHeading]) -> None:
        self._contents = contents
        self._outline = {(heading.page_number, folded(heading.title)): heading.level for heading in outline}
        self._beginnings = {title[:1] for _, title in self._outline} | {
            title[:1] for title in contents.numbers_by_title
        }
        self._stack: list[Heading] = []
        self._covers: dict[int, bool] = {}

    def find(self, paper: PaperLines) -> dict[int, tuple[int, int]]:
        """Of each heading's first line: its level and how many lines it takes."""
        found: dict[int, tuple[int, int]] = {}
        position = 0
        while position < len(paper.lines):
            taken = 1
            heading = self._heading(paper, position)
            if heading is not None and self._is_new(heading):
                self._stack = [entry for entry in self._stack if entry.level < heading.level] + [heading]
                taken = 1 + self._continuation(paper, position, heading)
                found[position] = (heading.level, taken)
                for line in paper.lines[position : position + taken]:
                    line.role = Role.HEADING
            position += taken
        return found

    def _is_new(self, heading: Heading) -> bool:
        """Whether the page does not stand under this heading already; a title makes a bare number new."""
        known = next((entry for entry in self._stack if entry.key == heading.key), None)
        return known is None or (known.is_bare and not heading.is_bare)

    def _heading(self, paper: PaperLines, position: int) -> Heading | None:
        line = paper.lines[position]
        if line.role in (Role.ROW, Role.HEAD, Role.CONTENTS) or len(line.text) < 4:
            return None
        announced = self._announced(paper, line)
        heading = self._strong(line.text, announced is not None)
        if heading is None and line.role is not Role.RUNNING:
            heading = announced or self._weak(paper, position)
        if heading is None or _is_mid_sentence(paper.lines, position, heading):
            return None
        # A column may be named Balance Sheet; a statement's bare title stands at the top of its page.
        if heading.is_bare and not heading.part and position > LAST_TITLE_LINE:
            return None
        return heading

    def _strong(self, text: str, is_announced: bool) -> Heading | None:
        heading = strong_heading(text)
        if heading is None or not heading.part.startswith("number "):
            return heading
        number = heading.part.removeprefix("number ")
        is_in_notes = any(entry.key.startswith("note") for entry in self._stack)
        if is_in_notes and "." not in number:
            return Heading(NOTE_LEVEL, f"note {number}", f"note {number}")
        if self._stack and self._stack[0].key.startswith("item "):
            # In a filing, numbers outside the notes count lists.
            return None
        return heading if is_announced or "." in number or text.upper() == text else Heading(heading.level, heading.key)

    def _announced(self, paper: PaperLines, line: Line) -> Heading | None:
        """The heading a line is by the outline or a table of contents."""
        # Of the few that begin as an announced title does, and of no others, the whole is folded.
        if len(line.text) > 200 or folded(line.text[:8])[:1] not in self._beginnings:
            return None
        key = folded(line.text)
        for page_number in (paper.page_number, paper.page_number - 1, paper.page_number + 1):
            if (page_number, key) in self._outline:
                return Heading(self._outline[page_number, key], key)
        numbers = self._contents.numbers_by_title.get(key)
        if (
            not numbers
            or _BARE_PART.fullmatch(key)
            or (paper.printed_number is not None and paper.printed_number not in numbers)
        ):
            return None
        return Heading(CAPITALS_LEVEL if self._contents.names_items else PART_LEVEL, key)

    def _weak(self, paper: PaperLines, position: int) -> Heading | None:
        line = paper.lines[position]
        level = weak_level(line.text)
        if level is None or self._is_cover(paper) or len(line.text) > max(40, SHORT_LINE_SHARE * paper.width):
            return None
        before = paper.lines[position - 1] if position else None
        following = [after for after in paper.lines[position + 1 : position + 6] if after.role is not Role.RUNNING]
        if not following or names_an_office(following[0].text):
            return None
        if before is not None and (before.role is Role.HEAD or (before.role is following[0].role is Role.ROW)):
            return None
        if _is_fragment(paper.lines, position):
            return None
        return Heading(level, folded(line.text)) if _leads(following, level) else None

    def _is_cover(self, paper: PaperLines) -> bool:
        """Whether the page is the cover of a filing, where nearly every line is short and capital."""
        if paper.page_number <= COVER_PAGES and paper.page_number not in self._covers:
            self._covers[paper.page_number] = any(_REGISTRANT.search(line.text) for line in paper.lines)
        return self._covers.get(paper.page_number, False)

    def _continuation(self, paper: PaperLines, position: int, heading: Heading) -> int:
        """How many further lines a long heading in capitals, or a long numbered one, runs on."""
        titles = self._contents.numbers_by_title
        lines, text = paper.lines, paper.lines[position].text
        for count in range(MOST_WRAPPED_LINES + 1):
            after = lines[position + count + 1] if position + count + 1 < len(lines) else None
            if after is None or text[-1] in ".:" or folded(text) in titles or after.role is not Role.PROSE:
                return count
            if strong_heading(after.text) is not None or not (
                folded(f"{text} {after.text}") in titles
                or _runs_on(lines[position + count].text, after.text, heading, paper.width)
            ):
                return count
            text = f"{text} {after.text}"
        return MOST_WRAPPED_LINES


def _runs_on(text: str, after: str, heading: Heading, width: int) -> bool:
    """Whether a line looks like the rest of the heading above it."""
    if len(text) < LEAST_WRAPPED or len(after) > len(text):
        return False
    if text.upper() == text:
        in_capitals = after.upper() == after and any(c.isalpha() for c in after)
        return in_capitals and (bool(heading.part) or _UNFINISHED.search(text) is not None)
    is_full = len(text) >= SHORT_LINE_SHARE * width or _UNFINISHED.search(text) is not None
    return bool(heading.part) and is_full and after.upper() != after and weak_level(after.rstrip(".")) is not None


def _is_fragment(lines: Sequence[Line], position: int) -> bool:
    """Whether a line is one of three or more short ones in a row, as the heads of narrow columns come."""
    count = 0
    for step in (1, -1):
        at = position if step == 1 else position - 1
        while 0 <= at < len(lines) and abs(at - position) <= LEAST_FRAGMENTS and _is_short(lines[at]):
            count += 1
            at += step
    return count >= LEAST_FRAGMENTS


def _is_short(line: Line) -> bool:
    is_short = len(line.text) <= LONGEST_FRAGMENT and line.text[-1] not in ".:;"
    return is_short and line.role in (Role.PROSE, Role.HEAD) and not _BULLET.match(line.text)


def _leads(following: Sequence[Line], level: int) -> bool:
    """Whether lines begin what a heading can stand above: text, a table, or at most two more headings and those."""
    for number, line in enumerate(following):
        if line.role in (Role.ROW, Role.HEAD) or _is_prose(line.text) or strong_heading(line.text) is not None:
            return True
        is_heading_too = weak_level(line.text) is not None
        if not is_heading_too or (number == MOST_STACKED_HEADINGS + (level == CAPITALS_LEVEL)):
            return False
    return False


def _is_mid_sentence(lines: Sequence[Line], position: int, heading: Heading) -> bool:
    """Whether the line above seems to go on in this one."""
    before = lines[position - 1] if position else None
    text = lines[position].text
    if before is None or before.role is not Role.PROSE or text.upper() == text or len(before.text) < LEAST_PROSE:
        return False
    goes_on = before.text[-1] in ",–—-" or before.text.rpartition(" ")[2].islower()
    return goes_on if heading.part else not before.text.endswith(_ENDS)


def _is_prose(text: str) -> bool:
    return len(text) >= LEAST_PROSE or text.endswith(_ENDS) or bool(_BULLET.match(text))


def _assembled(paper: PaperLines, headings: dict[int, tuple[int, int]]) -> list[Block]:
    blocks: list[Block] = []
    position = 0
    while position < len(paper.lines):
        line = paper.lines[position]
        if position in headings:
            level, taken = headings[position]
            blocks.append(Block(BlockKind.HEADING, line.start, paper.lines[position + taken - 1].end, level))
            position += taken
            continue
        kind = _KINDS.get(line.role, BlockKind.LIST_ITEM if _BULLET.match(line.text) else BlockKind.PARAGRAPH)
        end = position
        if kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            end = _paragraph_end(paper, position)
        blocks.append(Block(kind, line.start, paper.lines[end].end))
        position = end + 1
    return blocks


def _paragraph_end(paper: PaperLines, position: int) -> int:
    """The last line of the paragraph that begins here: it ends a sentence early, or another kind of line follows."""
    lines = paper.lines
    if lines[position].role is not Role.PROSE:
        return position
    while position + 1 < len(lines):
        line, after = lines[position], lines[position + 1]
        ends_early = len(line.text) < SHORT_LINE_SHARE * paper.width
        if after.role is not Role.PROSE or _BULLET.match(after.text) or (ends_early and line.text.endswith(_ENDS)):
            break
        position += 1
    return position
