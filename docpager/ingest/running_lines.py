"""Running heads and feet: lines that repeat at the edges of paper pages and say nothing of what stands between."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from docpager.ingest.table_rules import trailing_cells
from docpager.lines import Span
from docpager.records import ParsedPage

EDGE_LINES = 4
"""So many lines at a page's top and at its foot may be running lines."""
LONGEST = 160
LEAST_PAGES = 3
"""A line that counts pages stands on so many; one that is the same on all on as many in a small document."""
LEAST_REPEATS = 5
LEAST_SHARE = 0.6
"""Of a small document's pages."""
LEAST_DENSITY = 0.4
"""Of the pages from one that bears a line to the fifth: left and right pages may differ, figures stand between."""
COLUMN_HEAD_SHARE = 0.8
"""A line above a table's rows on so many of its pages is taken for a column head."""

_FIGURE = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}")
_ROMAN_PARTS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_WORD = re.compile(r"[^\W\d_]{2,}")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# Repeated or not, these say how the figures below them are to be read.
_SAYS_HOW = re.compile(
    r"\b(?:millions?|thousands?|billions?|per share|unaudited|restated|pro ?forma|ended|ending|as (?:of|at)|mio|tsd)\b"
    r"|[$€£¥%]",
    re.I,
)
_FOOTNOTE = re.compile(r"[*†‡§]|\([a-z\d]{1,2}\)\s|n/?[am]\b|nm\b|.*[*†‡]$", re.I)
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|p|seite|página|pagina)?\W*(?:[A-Z]{1,2}-?)?[\divxlc]+(?:\s*(?:of|/|von|de|di|sur)\s*\d+)?\W*", re.I
)
_PERIOD_WORDS = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:fiscal|years?|fy|quarters?|months?|q)\b", re.I
)
_NAMED_PART = re.compile(
    r"\W*(?:exhibit|appendix|annex|item|note|part|chapter|section|article|schedule|figure|table|step|question|lesson"
    r"|unit|day|week|case|example|problem|rule|act|scene|volume|book)\W+[\divxlc]+\W*",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _EdgeLine:
    """A line near a page's edge."""

    page: int
    """Position among the document's pages."""
    start: int
    end: int
    text: str
    key: tuple[str, str]
    """Top or foot, and the text with its figures taken out."""
    figures: tuple[int, ...]
    above_row: bool
    """Whether the line below it ends in figures."""


def running_spans(pages: Sequence[ParsedPage]) -> list[tuple[Span, ...]]:
    """Of each page, the spans of its running lines, in order; a page of nothing else has none.

    A line is one where it stands at the edge of several pages and either counts them or is the same on all. Units,
    periods, footnotes and column heads are none, however often they repeat. The first of a line with words is none
    either: what it says stays to be found, once.
    """
    if len(pages) < LEAST_PAGES:
        return [()] * len(pages)
    edges = [_edges(number, page.text) for number, page in enumerate(pages)]
    repeats = _Repeats([line for top, foot, _ in edges for line in (*top, *foot)], len(pages))
    return [_marked(top, foot, count, repeats) for top, foot, count in edges]


def _marked(top: Sequence[_EdgeLine], foot: Sequence[_EdgeLine], count: int, repeats: _Repeats) -> tuple[Span, ...]:
    """From each edge inwards, up to the first line that is no running line."""
    spans: set[Span] = set()
    for lines in (top, foot):
        for line in lines:
            if not repeats.is_running(line) or repeats.is_first(line):
                break
            spans.add((line.start, line.end))
    return tuple(sorted(spans)) if len(spans) < count else ()


def _edges(number: int, text: str) -> tuple[list[_EdgeLine], list[_EdgeLine], int]:
    """The lines at a page's top, those at its foot from the last one up, and how many lines it has."""
    lines: list[Span] = []
    start = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        if stripped:
            begin = start + raw.index(stripped)
            lines.append((begin, begin + len(stripped)))
        start += len(raw) + 1
    top = [_edge_line("top", number, text, lines, at) for at in range(min(EDGE_LINES, len(lines)))]
    first_of_foot = max(len(lines) - EDGE_LINES, 0)
    foot = [_edge_line("foot", number, text, lines, at) for at in range(len(lines) - 1, first_of_foot - 1, -1)]
    return top, foot, len(lines)


def _edge_line(side: str, number: int, text: str, lines: Sequence[Span], at: int) -> _EdgeLine:
    start, end = lines[at]
    line = text[start:end]
    below = text[slice(*lines[at + 1])] if at + 1 < len(lines) else ""
    above_row = trailing_cells(below)[0] > 0
    roman = _roman_value(line)
    if roman is not None:
        return _EdgeLine(number, start, end, line, (side, "roman"), (roman,), above_row)
    figures = tuple(int(figure) for figure in _FIGURE.findall(line[:LONGEST]) if len(figure) < 9)
    key = " ".join(_FIGURE.sub("#", line.casefold()).split())
    return _EdgeLine(number, start, end, line, (side, key), figures, above_row)


def _roman_value(text: str) -> int | None:
    word = text.strip(" -–—.[]()").lower()
    if not _ROMAN.fullmatch(word):
        return None
    values = [_ROMAN_PARTS[letter] for letter in word]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0]))


class _Repeats:
    """How often each line stands at an edge, and how its figures go on from page to page."""

    def __init__(self, lines: Sequence[_EdgeLine], page_count: int) -> None:
        self._least = max(LEAST_PAGES, min(LEAST_REPEATS, math.ceil(LEAST_SHARE * page_count)))
        self._same: dict[object, list[_EdgeLine]] = defaultdict(list)
        self._first: dict[str, int] = {}
        seen: set[tuple[object, int]] = set()
        for line in lines:
            self._same[line.key, line.figures].append(line)
            self._first.setdefault(line.key[1], line.page)
            seen.update((figure, line.page) for figure in (*_counts(line), *_constants(line)))
        self._pages = Counter(figure for figure, _ in seen)

    def is_first(self, line: _EdgeLine) -> bool:
        """Whether the document has not said this before."""
        if _PAGE_NUMBER.fullmatch(line.text) or not _WORD.search(line.text):
            return False
        return self._first[line.key[1]] == line.page

    def is_running(self, line: _EdgeLine) -> bool:
        """Whether a line counts pages, or is the same on most pages of a part of the document."""
        if len(line.text) > LONGEST:
            return False
        places = dict(enumerate(zip(_counts(line), _constants(line))))
        is_number = _PAGE_NUMBER.fullmatch(line.text) is not None
        least = LEAST_PAGES if is_number else self._least
        counts = {place for place, (counting, _) in places.items() if self._pages[counting] >= least}
        stays = {place for place, (_, constant) in places.items() if self._pages[constant] >= LEAST_PAGES}
        if counts and counts | stays == places.keys():
            return is_number or not (trailing_cells(line.text)[0] > 2 or _NAMED_PART.fullmatch(line.text))
        return self._repeats(line) and _is_plain(line.text)

    def _repeats(self, line: _EdgeLine) -> bool:
        """Whether just this line stands on most pages of a part, and not as a table's head."""
        same = self._same[line.key, line.figures]
        if not _is_dense(sorted({other.page for other in same}), line.page, self._least):
            return False
        return line.key[0] == "foot" or sum(o.above_row for o in same) < COLUMN_HEAD_SHARE * len(same)


def _is_dense(on: Sequence[int], page: int, least: int) -> bool:
    """Whether ``least`` of the pages it stands on, this page among them, are close enough together."""
    at = on.index(page)
    runs = ((first, first + least - 1) for first in range(max(0, at - least + 1), at + 1))
    return any(last < len(on) and least >= LEAST_DENSITY * (on[last] - on[first] + 1) for first, last in runs)


def at_edges(text: str, spans: Sequence[Span], kept: Sequence[Span] = ()) -> tuple[Span, ...]:
    """Those of a page's running lines that nothing else stands outside of, ``kept`` spans among it."""
    free = [span for span in spans if not any(start < span[1] and span[0] < end for start, end in kept)]
    top, foot = 0, len(text)
    found: set[Span] = set()
    for start, end in free:
        if not text[top:start].strip():
            found.add((start, end))
            top = end
    for start, end in reversed(free):
        if not text[end:foot].strip():
            found.add((start, end))
            foot = start
    return tuple(sorted(found))


def _counts(line: _EdgeLine) -> list[object]:
    return [(line.key, place, "from page", figure - line.page) for place, figure in enumerate(line.figures)]


def _constants(line: _EdgeLine) -> list[object]:
    return [(line.key, place, "is", figure) for place, figure in enumerate(line.figures)]


def _is_plain(text: str) -> bool:
    """Whether a line that repeats says nothing of units, periods or footnotes, and is no row of figures."""
    if _SAYS_HOW.search(text) or _FOOTNOTE.match(text) or _NAMED_PART.fullmatch(text):
        return False
    if len(_YEAR.findall(text)) > 1 or trailing_cells(text)[0] > 1:
        return False
    return bool(_WORD.search(_PERIOD_WORDS.sub(" ", text)))
