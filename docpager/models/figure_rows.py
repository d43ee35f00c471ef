"""Figures in the rows of the pages shown: which row bears a concept, and its value in the year asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from docpager.figures import SCALE_NAMES, SCALES, stated_unit
from docpager.models.formulas import Operand
from docpager.models.stemming import WORD, stem
from docpager.models.vocabulary import Concept, Vocabulary
from docpager.records.views import PageView
from docpager.table_rows import TableRow, columns_of, table_row, years_above

LIKE_STATEMENT, OTHER_TABLE = 0.8, 0.75
"""A row below a heading like the statement's, and one in any other table, keep this share of their score."""
BY_SECTION = 0.85
"""A row that names a concept only together with the heading of its section keeps this share."""
EXTRA_WORD = 0.7
"""A word of a label beyond the concept's phrase weighs this much beside one of the phrase."""
PART_OF_A_YEAR = 0.6
"""A row of a table for half a year, a quarter or months keeps this share: a question's year is a whole one."""
LEAST = 0.4
"""A row with a lower score is not of the concept."""
UNDATED = 0.7
"""A row whose columns no year heads keeps this share, where only one value stands in it."""
TITLE_LINES = 8
"""A statement's title stands in the headings or in so many lines at the top."""
_FILLER = frozenset(
    map(
        stem,
        [
            "total",
            "net",
            "consolidated",
            "company",
            "group",
            "amount",
            "amounts",
            "reported",
            "year",
            "fiscal",
            "attributable",
            "benefit",
            "loss",
        ],
    )
)
_ARTICLES = frozenset(["a", "an", "the", "of", "and", "for", "in", "on", "at", "to", "from", "by", "its", "our", "s"])
_ASIDE = re.compile(r"\([^()]*\)|/\s*\([^()]*\)|\b(?:net )?of allowances? .*|\bless\b:?|\bnote \d+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A value of a concept: where it stands, and how surely it is that."""

    operand: Operand
    value: Decimal
    scale: int
    """What it is printed in: 1,000,000 in a table of millions; 1 where nothing says."""
    score: float
    """From 0 to 1: how much of the row's label is the concept, and whether it stands in the statement that shows it."""
    address: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with what stands around it."""

    row: TableRow
    address: str
    section: str
    years: dict[str, int]


def figures_on(page: PageView, operands: Sequence[Operand], vocabulary: Vocabulary) -> list[Found]:
    """The best value of each operand that a page shows."""
    rows = list(_rows(page))
    if not rows:
        return []
    top = [*page.headings, *(text for _, text in page.lines[:TITLE_LINES]), *page.columns]
    shown = {name: _is_shown(top, titles) for name, titles in vocabulary.statements.items()}
    part = PART_OF_A_YEAR if any(_PART_YEAR.search(line) and table_row(line) is None for line in top) else 1.0
    scale = _scale([*page.headings, *page.columns, *(text for _, text in page.lines)])
    best: dict[Operand, Found] = {}
    for operand in operands:
        place = shown.get(operand.concept.statement, 1.0) * part
        for row in rows:
            score, value = _read(row, operand, place)
            if score >= LEAST and (operand not in best or score > best[operand].score):
                amount = abs(value) if operand.concept.outflow else value
                best[operand] = Found(operand, amount, scale, round(score, 2), f"{page.handle}:{row.address}")
    return list(best.values())


def _read(row: _Row, operand: Operand, place: float) -> tuple[float, Decimal]:
    """How surely a row shows an operand, and its value; 0 where its columns do not tell the year."""
    at = row.years.get(operand.year) if operand.year else 0
    if at is None and not row.years and len(row.row.values) == 1:
        at, place = 0, place * UNDATED
    if at is None or (not operand.year and not row.years):
        return 0.0, Decimal(0)
    if row.row.printed[at].endswith("%"):
        return 0.0, Decimal(0)
    label = max(
        _match(row.row.label, operand.concept), BY_SECTION * _match(f"{row.section} {row.row.label}", operand.concept)
    )
    return label * place, row.row.values[at]


def _match(label: str, concept: Concept) -> float:
    """The share of a label that is the concept, by whichever of its phrases."""
    words = _label_words(_ASIDE.sub(" ", label))
    scores = [0.0]
    for phrase in _phrases(concept):
        if phrase <= words:
            extra = words - phrase - _FILLER
            scores.append(len(phrase) / (len(phrase) + EXTRA_WORD * len(extra)))
    return max(scores)


@lru_cache(maxsize=512)
def _phrases(concept: Concept) -> tuple[frozenset[str], ...]:
    return tuple(words for phrase in concept.phrases if (words := _label_words(phrase)))


def _label_words(text: str) -> frozenset[str]:
    """Stems of a label's words; all but articles count: tax before and after are two things."""
    return frozenset(stem(word) for word in WORD.findall(text) if word.lower() not in _ARTICLES)


def _rows(page: PageView) -> Iterator[_Row]:
    above: list[str] = list(page.columns)
    section, label = "", ""
    for number, text in page.lines:
        row = table_row(text)
        if row is None:
            section, label = text.rstrip(":"), text
        else:
            first = number
            if label and row.label[:1].islower() and not label.endswith((".", ":")):
                row, first = TableRow(f"{label} {row.label}", row.values, row.printed), number - 1
            columns = columns_of(row, years_above(above))
            yield _Row(row, f"{first}-{number}" if first < number else f"{number}", section, columns)
            label = ""
        above.append(text)


def _is_shown(lines: Sequence[str], titles: Sequence[str]) -> float:
    """What rows keep below these lines: all where one is the title of the statement they are looked for in."""
    words = [set(title_words(line)) for line in lines]
    titled = [w for w in words if len(w) <= MOST_TITLE_WORDS and any(set(title_words(title)) <= w for title in titles)]
    return 1.0 if any(w & STATEMENT_WORDS for w in titled) else LIKE_STATEMENT if titled else OTHER_TABLE


STATEMENT_WORDS = frozenset({"statement", "sheet", "account"})
"""A word of a statement's own title."""
MOST_TITLE_WORDS = 12
_PART_YEAR = re.compile(
    r"\b(?:half[- ]year|(?:first|second) half|quarter(?:ly)?|interim|(?:three|six|nine|3|6|9) months (?:ended|to))\b|"
    r"\b[QH][1-4] ?(?:19|20)\d\d",
    re.IGNORECASE,
)


def title_words(text: str) -> list[str]:
    """The words of a title, singular: a balance sheet is found in balance sheets."""
    return [re.sub(r"s$", "", word) for word in re.findall(r"[\w&]+", text.lower()) if word not in ("of", "and", "the")]


def _scale(lines: Sequence[str]) -> int:
    """What the table's numbers are printed in, by the first line that says so and states no amounts itself."""
    for line in lines:
        match = _IN_SCALE.search(line)
        if match and table_row(line) is None:
            return SCALES[(match["scale"] or match["bare"]).casefold()]
        unit = stated_unit(line) if len(line.split()) <= MOST_TITLE_WORDS else None
        if unit is not None and unit.scale > 1 and table_row(line) is None:
            return unit.scale
    return 1


_IN_SCALE = re.compile(
    rf"\b(?:in|of) (?:[\w.$€£]+ )?(?P<scale>{'|'.join(SCALES)})\b|\((?:\$ )?(?P<bare>{'|'.join(SCALES)})\)", re.I
)


def scale_name(scale: int) -> str:
    """The word for a scale; empty for units."""
    return SCALE_NAMES.get(scale, "")
