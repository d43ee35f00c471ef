"""A printed table row: its label, its figures, and the years that stand above them.

Rows come without cell borders, as PDFs print them (``Total current assets $ 7,292 $ 6,106``), so the columns are told
from the line above that names as many years as the row has figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from docpager.dates import MONTH
from docpager.figures import DIGITS, Figure, Unit, figures

MOST_HEAD_WORDS = 14
"""A line above a table with more words is a sentence, not a head of columns."""
SMALL = 100
"""A whole number below this in front of larger figures refers to a note."""
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DATE_PARTS = re.compile(
    rf"\b\d{{1,2}}(?:\s?(?:and|to|[-–])\s?\d{{1,2}})?(?:st|nd|rd|th)?\s{MONTH}(?:,?\s\d{{4}})?\b|"
    rf"\b{MONTH}\s\d{{1,2}}(?:,?\s\d{{4}})?\b|\b{MONTH},?\s\d{{4}}\b|\b\d{{4}}-\d\d-\d\d\b|"
    r"\b\d{1,2}[.:]\d\d\s?(?:[ap]\.?m\b|h\b)",
    re.IGNORECASE,
)
_TIME = re.compile(r"\bat\s\d{1,2}\.\d\d\b", re.IGNORECASE)
_ENUMERATOR = re.compile(r"^\W*(?:\d+(?:\.\d+)+|\d{1,2}[.)])\s+(?=[A-Z])|\[\d+\]")
_REFERENCE = re.compile(
    r"\b(?:note|notes|article|section|clause|page|item|no\.|paragraph|figure|table|step)\s\d[\d.]*", re.I
)
_HEAD_WORDS = re.compile(
    rf"{MONTH}|\b\d{{1,2}}(?= (?:weeks|months))|\b(?:at|as|of|the|and|for|in|on|fiscal|calendar|financial|years?|"
    r"months?|weeks?|twelve|fifty-two|fifty-three|periods?|quarters?|ended|ending|end|dollars?|usd|millions?|thousands?|billions?|except|per|"
    r"share|shares|data|amounts?|restated|unaudited|audited|actual|note|notes)\b|[^\w\s]",
    re.IGNORECASE,
)
_CELL = re.compile(rf"[-−–]?[$€£]?\(?[$€£]?-?(?:{DIGITS})\)?%?|[—–-]")
_BETWEEN = frozenset(["$", "€", "£", "|", "%", ")", "pts"])
"""Marks that stand by themselves between a row's values."""
_SIGNS = re.compile(r"[\s$€£|]+")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A label and the values behind it, left to right; a dash is 0."""

    label: str
    values: tuple[Decimal, ...]
    printed: tuple[str, ...]
    """The values as they stand in the row, without currency signs."""


def hidden(text: str) -> str:
    """The text with dates, times, enumerators and references blanked out, every offset kept."""
    for pattern in (_DATE_PARTS, _TIME, _ENUMERATOR, _REFERENCE):
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return text


def is_year(figure: Figure, text: str) -> bool:
    """Whether a figure of ``text`` is written as a year."""
    return figure.unit == Unit() and YEAR.fullmatch(text[figure.start : figure.end].strip("( )")) is not None


def is_row(text: str) -> bool:
    """Whether a text is one row of a table: a label, and then nothing but numbers."""
    if "\n" in text.strip() or text.rstrip().endswith("."):
        return False
    blanked = hidden(text)
    found = figures(blanked)
    if not found:
        return False
    if " | " in text:
        return True
    rest = blanked[found[0].start :]
    for figure in reversed(found):
        at = figure.start - found[0].start
        rest = rest[:at] + rest[at + figure.end - figure.start :]
    return not re.search(r"[^\W\d_]|[=+*/]", rest)


def table_row(text: str) -> TableRow | None:
    """A line as a row: the numbers and dashes it ends with are its values. None where it ends with a word or a date."""
    cells: list[str] = []
    start = len(text)
    for token in reversed(list(re.finditer(r"\S+", hidden(text)))):
        if _CELL.fullmatch(token.group()):
            cells.insert(0, token.group())
        elif token.group() not in _BETWEEN:
            break
        start = token.start()
    label = _SIGNS.sub(" ", text[:start]).strip()
    values = [_value(cell) for cell in cells]
    is_head = all(YEAR.fullmatch(cell) for cell in cells)
    if is_head or not re.search(r"[^\W\d_]", label) or all(value is None for value, _ in values):
        return None
    return TableRow(label, tuple(v or Decimal(0) for v, _ in values), tuple(p for _, p in values))


def _value(cell: str) -> tuple[Decimal | None, str]:
    printed = _SIGNS.sub("", cell)
    found = figures(printed)
    return (found[0].value if found else None), (printed if found else "0")


def years_above(lines: Sequence[str]) -> tuple[str, ...]:
    """The years that head the columns of what stands below these lines, nearest last; empty where none do.

    They stand on one line, or on lines of one year each, as narrow columns are printed.
    """
    stacked: list[str] = []
    for line in reversed(lines):
        years = YEAR.findall(line)
        if len(years) >= 2 and len(set(years)) == len(years) and not stacked and _is_head(line):
            return tuple(years)
        if len(years) == 1 and _is_head(line):
            stacked.insert(0, years[0])
        elif _ends_table(line) if not stacked else not _is_head(line):
            break
    return tuple(stacked) if len(set(stacked)) == len(stacked) else ()


def _ends_table(line: str) -> bool:
    """Whether a line is the end of a sentence; a long label that runs on into the next line is none."""
    return is_prose(line) and line.endswith(".")


def _is_head(line: str) -> bool:
    """Whether nothing but years, dates and the words for periods and units stands in a line."""
    rest = _HEAD_WORDS.sub(" ", YEAR.sub(" ", hidden(line)))
    return not is_prose(line) and not re.search(r"\d", rest) and len(re.findall(r"\w{2,}", rest)) <= 1


def is_prose(line: str) -> bool:
    """Whether a line is a sentence or a part of one."""
    words = line.split()
    return len(words) > MOST_HEAD_WORDS or (len(words) >= 3 and line.endswith("."))


def columns_of(row: TableRow, years: Sequence[str]) -> dict[str, int]:
    """Year -> place of its value in the row; empty where they cannot be told apart.

    A row may have a reference to a note in front of its values, or changes behind them.
    """
    count = len(row.values)
    if not years or count < len(years):
        return {}
    first = 0
    if count > len(years) and _is_note(row):
        first = 1
    return {year: first + n for n, year in enumerate(years)} if count - first >= len(years) else {}


def _is_note(row: TableRow) -> bool:
    reference, *rest = row.values
    return 0 < reference < SMALL and row.printed[0].isdigit() and any(abs(value) >= SMALL for value in rest)
