"""Which printed lines are rows of tables, and which are the column heads above them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docpager.ingest.heading_rules import is_strong_heading
from docpager.ingest.paper_lines import Line, Role

LONGEST_LABEL = 110
LONGEST_HEAD = 130
MOST_HEADS = 8
MOST_FRAGMENTS = 24
LEAST_FRAGMENTS = 3
LONGEST_FRAGMENT = 24
MOST_LABELS_BETWEEN = 3
MOST_LABELS_BELOW_HEADS = 2

_NEUTRAL = frozenset(["$", "€", "£", "¥", "%", ")", ")%", "|", "(", "pp", "bps", "x", "¢", "*", "+"])
_CELL = re.compile(
    r"[($€£¥+−–-]*\d(?:[\d,]*\d)?(?:\.\d+)?[)%x¢*]*(?:\([a-z\d]{1,2}\))?|[($]*\.\d+\)?%?|[$]?[—–−-]{1,3}[%)]*|n/?[am]\.?",
    re.I,
)
_NO_CELL_ENDS = frozenset("bcdefghijklnoqrtuvwyzBCDEFGHIJKLNOQRTUVWYZ,;:")
"""What neither a figure nor a neutral token ends in."""
_YEAR = re.compile(r"(?:19|20)\d\d[EAP]?(?:\([a-z\d]{1,2}\))?")
_MONTHS = r"(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_HEAD_WORDS = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:years?|months?|quarters?|weeks?|periods?)\b.*\bended\b|\bas (?:of|at)\b"
    r"|\bin (?:thousands|millions|billions)\b|\bexcept\b|\bunaudited\b|\bfiscal\b|\bended\b|\bchange\b"
    rf"|^{_MONTHS}\.? \d\d?\b|%|\bq[1-4]\b",
    re.I,
)
_COLUMN_WORDS = re.compile(
    r"\b(?:amounts?|values?|totals?|shares?|cost|rate|change|percent|gross|net|number|average)\b", re.I
)
_ENDS_IN_DATE = re.compile(rf"(?:\bended:?|{_MONTHS} \d\d?,?|\bas of:?)$", re.I)
_LOWER_WORD = re.compile(r"(?:^|\s)[a-z][a-z]{3,}")
_PARENTHESIS = re.compile(r"\([^)]*\)?")
_BULLET = re.compile(r"[•●▪◦*·–—-]\s?[^\W\d]|\(?[a-z\d]{1,2}\)\s")


def trailing_cells(text: str) -> tuple[int, bool]:
    """How many figures end a line, and whether all of them are years."""
    count = years = 0
    if text and text[-1] in _NO_CELL_ENDS:
        return 0, False
    for token in reversed(text.split()):
        if token in _NEUTRAL:
            continue
        if not _CELL.fullmatch(token):
            break
        count += 1
        years += bool(_YEAR.fullmatch(token))
    return count, years == count > 0


def mark_tables(lines: Sequence[Line]) -> None:
    """Marks rows and column heads of one page's tables: at least two rows, figures at their ends."""
    kinds = [_kind(line) for line in lines]
    position = 0
    while position < len(lines):
        if kinds[position] == "row" and _continues(kinds, position):
            _mark_heads(lines, kinds, position)
            position = _mark_rows(lines, kinds, position)
        else:
            position += 1


def _kind(line: Line) -> str:
    if line.role is not Role.PROSE or is_strong_heading(line.text):
        return "other"
    text = line.text
    cells, all_years = trailing_cells(text)
    if (all_years and (cells > 1 or _lower_count(text) <= 2)) or (cells < 2 and _is_head(text)):
        return "head"
    if cells >= 2 or (cells == 1 and len(text) <= LONGEST_LABEL and _has_figure(text)):
        return "row" if len(text) <= 2 * LONGEST_LABEL else "other"
    if text[-1] in ".;?!" or _BULLET.match(text) or len(text) > 2 * LONGEST_LABEL:
        return "other"
    return "label" if len(text) <= LONGEST_LABEL and text[-1] != "," else "long"


def _has_figure(text: str) -> bool:
    return not text[0].isdigit() and (text[0].isupper() or text[0] in "($") and _lower_count(text) <= 6


def _lower_count(text: str) -> int:
    return len(_LOWER_WORD.findall(text))


def _is_head(text: str) -> bool:
    ends_in_date = _ends_in_date(text)
    if text[-1] in ".;,:" or ends_in_date:
        return len(text) <= 60 and ends_in_date
    if len(text) > LONGEST_HEAD or _BULLET.match(text):
        return False
    # The words last: looking for them takes longest, and prose has been turned away.
    named = _PARENTHESIS.sub("", text) if "(" in text else text
    return _lower_count(named) <= 2 and bool(_HEAD_WORDS.search(text))


def _ends_in_date(text: str) -> bool:
    last = text.rpartition(" ")[2].rstrip(",:")
    # Most lines end in neither; a look at the last word is much quicker than the search.
    may = (last.isdecimal() and len(last) <= 2) or last[-5:].lower() == "ended" or last[-2:].lower() == "of"
    return may and bool(_ENDS_IN_DATE.search(text))


def _continues(kinds: Sequence[str], position: int) -> bool:
    """Whether another row follows, with at most a few labels between."""
    for kind in kinds[position + 1 : position + 2 + MOST_LABELS_BETWEEN]:
        if kind != "label":
            return kind == "row"
    return False


def _mark_rows(lines: Sequence[Line], kinds: Sequence[str], position: int) -> int:
    while True:
        lines[position].role = Role.ROW
        following = position + 1
        while following < len(lines) and kinds[following] == "label" and following - position <= MOST_LABELS_BETWEEN:
            following += 1
        if following + 1 < len(lines) and kinds[following] == "long" and kinds[following + 1] == "row":
            following += 1
        if following >= len(lines) or kinds[following] != "row":
            return position + 1
        for between in range(position + 1, following):
            lines[between].role = Role.ROW
        position = following


def _mark_heads(lines: Sequence[Line], kinds: Sequence[str], first_row: int) -> None:
    """Marks the heads right above a table; labels between them and the first row belong to the rows.

    Heads that were set on several lines come as fragments of one or two words: three of those are heads too.
    """
    position = first_row - 1
    while position >= 0 and not _tops(lines, kinds, position):
        if kinds[position] != "label" or first_row - position > MOST_LABELS_BELOW_HEADS:
            break
        position -= 1
    lowest = _lowest_fragment(lines, kinds, first_row)
    if position >= 0 and _tops(lines, kinds, position) and position - lowest < MOST_HEADS:
        for label in range(position + 1, first_row):
            lines[label].role = Role.ROW
    elif first_row - lowest >= LEAST_FRAGMENTS:
        position = first_row - 1
    else:
        return
    while position >= lowest or (
        position >= 0 and first_row - position <= MOST_HEADS and _tops(lines, kinds, position)
    ):
        lines[position].role = Role.HEAD
        position -= 1


def _tops(lines: Sequence[Line], kinds: Sequence[str], position: int) -> bool:
    return kinds[position] == "head" or (kinds[position] == "label" and _names_columns(lines[position].text))


def _names_columns(text: str) -> bool:
    """Whether a line repeats itself or is made of the words that columns are named with."""
    words = text.lower().split()
    has_repeats = len(set(words)) <= len(words) * 2 // 3 and len(words) > 2
    return _lower_count(text) == 0 and (has_repeats or len(_COLUMN_WORDS.findall(text)) >= 2)


def _lowest_fragment(lines: Sequence[Line], kinds: Sequence[str], first_row: int) -> int:
    """Where the run of heads and fragments of heads above a table begins."""
    lowest = first_row
    while lowest > 0 and first_row - lowest < MOST_FRAGMENTS:
        kind, text = kinds[lowest - 1], lines[lowest - 1].text
        is_fragment = kind == "label" and len(text) <= LONGEST_FRAGMENT and len(text.split()) <= 3
        if not (is_fragment or kind == "head" or (kind == "label" and _names_columns(text))):
            break
        lowest -= 1
    while lowest < first_row and kinds[lowest] != "head" and first_row - lowest < LEAST_FRAGMENTS:
        lowest += 1
    return lowest
