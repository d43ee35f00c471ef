"""The printed lines of paper pages: which are page furniture, which belong to a table of contents."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from docpager.ingest.heading_rules import is_strong_heading
from docpager.records import ParsedPage

TOP_LINES = 3
BOTTOM_LINES = 2
LONGEST_RUNNING_LINE = 120
LEAST_REPEATS = 3
REPEATING_SHARE = 0.02
LEAST_CONTENTS_LINES = 4
LONGEST_CONTENTS_LINE = 300

_NOT_WORDS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:page\s+)?[-–—\[(]?\s*([A-Z]{1,2}-?\d{1,4}|\d{1,4}|[ivxl]{1,6})\s*[-–—\])]?(?:\s*(?:of|/)\s*\d+)?", re.I
)
_NUMBER_AT_EDGE = re.compile(r"(?:^(\d{1,4})\s|\s(\d{1,4})$)")
_CONTENTS_NUMBER = re.compile(r"(?:[A-Z]-)?\d{1,4}$")
_CONTENTS_TITLE = re.compile(r"(?:(?:table\s+of\s+)?conte\s?nts|index\b.*|(?:table|list) of .*)", re.I)
_NAMED_PART = re.compile(r"(?:item|note|part|chapter|section|article|appendix|schedule|exhibit)\s+[\dIVX]", re.I)
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}")


class Role(Enum):
    """What a printed line is to its page."""

    PROSE = "prose"
    RUNNING = "running"
    CONTENTS = "contents"
    ROW = "row"
    HEAD = "head"
    HEADING = "heading"


@dataclass(slots=True)
class Line:
    """A printed line: ``page.text[start:end]``, without blanks at its ends."""

    start: int
    end: int
    text: str
    role: Role = Role.PROSE


@dataclass(slots=True)
class PaperLines:
    """The lines of one paper page."""

    page_number: int
    lines: list[Line]
    printed_number: str | None = None
    """The page number that is printed on it."""
    width: int = field(default=0)
    """Characters of a long line: the ninth of ten by length."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the tables of contents announce: printed page numbers by folded title."""

    numbers_by_title: dict[str, set[str]] = field(default_factory=dict)
    titles_by_part: dict[str, str] = field(default_factory=dict)
    """As in ``item 7a``: the whole entry."""

    @property
    def names_items(self) -> bool:
        """Whether it is the table of a filing, whose parts are called items."""
        return sum(part.startswith("item ") for part in self.titles_by_part) >= 3


def folded(text: str) -> str:
    """Letters and digits of a title in lower case, words set apart by one blank."""
    return _NOT_WORDS.sub(" ", text.casefold()).strip()


def paper_lines(page: ParsedPage) -> PaperLines:
    """The page's lines that are not blank."""
    lines: list[Line] = []
    start = 0
    for raw in page.text.split("\n"):
        text = raw.strip()
        if text:
            begin = start + raw.index(text[0])
            lines.append(Line(begin, begin + len(text), text))
        start += len(raw) + 1
    lengths = sorted(len(line.text) for line in lines)
    width = lengths[len(lengths) * 9 // 10] if lengths else 0
    return PaperLines(page.page_number, lines, width=width)


def mark_running_lines(pages: Sequence[PaperLines]) -> None:
    """Marks what repeats at the top or foot of pages, and page numbers; notes the number each page bears."""
    counts = Counter(key for page in pages for key in {_running_key(line.text) for line in _edges(page)})
    least = max(LEAST_REPEATS, int(len(pages) * REPEATING_SHARE))
    for page in pages:
        for line in _edges(page):
            if len(line.text) > LONGEST_RUNNING_LINE:
                continue
            number = _PAGE_NUMBER.fullmatch(line.text)
            repeats = counts[_running_key(line.text)] >= least
            if number or repeats:
                line.role = Role.RUNNING
                page.printed_number = page.printed_number or _printed_number(line.text, number)


def _edges(page: PaperLines) -> list[Line]:
    if len(page.lines) <= TOP_LINES + BOTTOM_LINES:
        return page.lines
    return page.lines[:TOP_LINES] + page.lines[-BOTTOM_LINES:]


def _running_key(text: str) -> str:
    return _DIGITS.sub("#", text.casefold())


def _printed_number(text: str, number: re.Match[str] | None) -> str | None:
    if number:
        return number.group(1).upper()
    edge = _NUMBER_AT_EDGE.search(text)
    return (edge.group(1) or edge.group(2)) if edge else None


def mark_contents(pages: Sequence[PaperLines]) -> Contents:
    """Marks the lines of tables of contents and returns what they announce."""
    contents = Contents()
    for page in pages:
        entries = _contents_entries(page, len(pages))
        if not entries:
            continue
        for line in page.lines[entries[0][0] : entries[-1][0] + 1]:
            line.role = Role.CONTENTS
        for _, title, number in entries:
            contents.numbers_by_title.setdefault(folded(title), set()).add(number)
            part = re.match(r"(item|note)\s+(\d{1,2}[a-c]?)\b", title, re.I)
            if part:
                contents.titles_by_part.setdefault(f"{part.group(1)} {part.group(2)}".casefold(), title)
    return contents


def _contents_entries(page: PaperLines, page_count: int) -> list[tuple[int, str, str]]:
    """Positions, titles and printed page numbers of a contents page's entries; none where it is no such page."""
    entries: list[tuple[int, str, str]] = []
    names = 0
    is_titled = False
    for position, line in enumerate(page.lines):
        title, number = _contents_entry(line.text)
        if title and _page_value(number) <= page_count * 2 + 20:
            entries.append((position, title, number))
            names += bool(_NAMED_PART.match(title) or _LEADERS.search(line.text) or is_strong_heading(title))
        elif line.role is not Role.RUNNING or position > 1:
            is_titled = is_titled or bool(_CONTENTS_TITLE.fullmatch(line.text))
    if len(entries) < LEAST_CONTENTS_LINES or not (is_titled or names >= LEAST_CONTENTS_LINES - 1):
        return []
    return entries if _rises([number for _, _, number in entries]) else []


def _contents_entry(text: str) -> tuple[str, str]:
    """A line's title and page number; empty where it does not end in a number, or has no title."""
    match = _CONTENTS_NUMBER.search(text) if text[-1].isdigit() and len(text) < LONGEST_CONTENTS_LINE else None
    if match is None or match.start() == 0 or text[match.start() - 1].isalnum():
        return "", ""
    title = _LEADERS.sub(" ", text[: match.start()]).strip(" .·…_\t")
    return (title, match.group()) if any(c.isalpha() for c in title) else ("", "")


def _page_value(number: str) -> int:
    return int(number.rpartition("-")[2])


def _rises(numbers: Sequence[str]) -> bool:
    values = [_page_value(number) for number in numbers]
    rising = sum(a <= b for a, b in itertools.pairwise(values))
    return rising >= 0.85 * (len(values) - 1) and len(set(values)) > 2
