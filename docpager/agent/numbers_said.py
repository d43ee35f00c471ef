"""The number in an answer: which of those that its words and its tables' rows hold was asked for, and in what unit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from docpager.figures import Figure, Unit, figures, spelled_figures, stated_unit
from docpager.table_rows import YEAR, hidden, is_prose, is_row, is_year
from docpager.transcript import fold

LETTERS = 5
"""Words are the same when so many of their first letters are."""
LEAST_SHARED = 2
"""Words a number's clause shares with the question's first sentence before it is taken from among several."""
_CHANGE = re.compile(
    r"\bby how m|\bdifference\b|\bhow (?:much|many) (?:more|less|fewer|later|earlier|longer)\b|\bchanged?\b|\bgrow|"
    r"\bgrew\b|\bhow many \w+ (?:after|before|between)\b|\bcombined\b|\bratio\b|\baverage\b|\bmargin\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\bhow many (?:of the (?:[\d,]+ )?)?(?P<noun>[a-z][a-z-]*(?: hours)?)", re.IGNORECASE)
_MEASURES = """
kilowatt hours|megawatt hours|kWh|MWh|GWh|kilowatts?|megawatts?|MW|kW|hours?|days?|weeks?|months?|years?|minutes?|
seconds?|knots?|nautical miles?|miles?|kilometres?|kilometers?|km|metres?|meters?|cm|mm|tonnes?|tons?|kg|litres?|
liters?|barrels?|square metres?|square feet|feet|hectares?|acres?|degrees?|shares?|employees
""".replace("\n", "")
_MEASURE = re.compile(rf"\s?(?P<measure>{_MEASURES})\b")
_ASKED_MEASURE = re.compile(rf"\bin (?P<measure>{_MEASURES})\b")
_SENTENCE = re.compile(r"[?!]|\.\s")
_PERCENT = re.compile(
    r"%|\bper\s?cent|\bpercentage\b|\bmargin\b|\b(?:growth|tax|interest) rate\b|\bwhat share\b", re.IGNORECASE
)
_ASIDE = re.compile(r"\([^()]*[^\W\d_][^()]*\)|\([^()]*\d\s[-+*/×−–]\s[^()]*\)")
_STOP_WORDS = "the a an of in on at to for and or was were is are did does do by how many much what which with"
_STOP = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A cited quote and the lines above it, nearest last: headings, column heads, table rows."""

    quote: str
    above: tuple[str, ...] = ()
    copied: bool = True
    """The document's words, not the model's own."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement's words and the quotes it rests on."""

    text: str
    quotes: tuple[Quoted, ...] = ()

    @property
    def repeated(self) -> Quoted | None:
        """The quote that the statement only repeats, if it does."""
        folded = fold(self.text)
        return next((q for q in self.quotes if fold(q.quote) and folded.endswith(fold(q.quote))), None)


def texts(said: Sequence[Said]) -> Iterator[Quoted]:
    """The texts to read, in order: the statements' own words, each with what stands above where it is a quote."""
    for statement in said:
        above = statement.quotes[0].above if statement.quotes else ()
        yield statement.repeated or Quoted(statement.text, above, copied=False)
    for statement in said:
        if statement.repeated is None:
            yield from statement.quotes


def number_said(question: str, said: Sequence[Said]) -> tuple[Figure | None, str | None]:
    """The number that answers, and its unit; nothing where the first text that has numbers leaves a choice."""
    asked = _Asked.of(question)
    read = [(quoted, figure) for quoted in texts(said) if (figure := _figure_of(quoted, asked)) is not _NO_NUMBER]
    first, figure = read[0] if read else (Quoted(""), None)
    if figure is None:
        return None, None
    rows = [other for quoted, other in read if quoted.copied and other and _label(quoted) == _label(first)]
    if _is_table_row(first) and any(other.value != figure.value for other in rows):
        return None, None  # the same row of two tables, and nothing says which of them is meant
    return figure, _unit(first, figure, asked)


_NO_NUMBER = Figure(Decimal(0), Unit(), -1, -1)
"""Stands for a text that has no number which could answer."""


def _figure_of(quoted: Quoted, asked: _Asked) -> Figure | None:
    """The number that a text answers with; None where it leaves a choice."""
    candidates = _candidates(quoted.quote, asked)
    if not candidates:
        return _NO_NUMBER
    return _row_figure(quoted, asked) if _is_table_row(quoted) else _prose_figure(quoted, candidates, asked)


def _label(quoted: Quoted) -> str:
    """The words that begin a row."""
    found = figures(hidden(quoted.quote))
    return fold(quoted.quote[: found[0].start] if found else quoted.quote).casefold()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question says of the number it wants."""

    words: frozenset[str]
    years: frozenset[str]
    values: frozenset[object]
    unit: Unit | None
    noun: str | None
    computed: bool
    """It asks for a change, a difference or a share, which no single printed number need be."""

    @classmethod
    def of(cls, question: str) -> _Asked:
        counted, measure = _COUNTED.search(question), _ASKED_MEASURE.search(question)
        noun = counted["noun"] if counted else measure["measure"] if measure else None
        unit = Unit("%") if _PERCENT.search(question) else stated_unit(question)
        years = frozenset(YEAR.findall(question))
        values = frozenset(figure.value for figure in figures(question))
        return cls(
            _stems(_SENTENCE.split(question)[0]), years, values, unit, noun, _CHANGE.search(question) is not None
        )

    def wants(self, figure: Figure, text: str) -> bool:
        """Whether a figure has the unit asked for, or is followed by what is counted."""
        if self.unit is not None and figure.unit.name is not None and figure.unit.name == self.unit.name:
            return True
        following = _stems(text[figure.end : figure.end + 40].split(",")[0])
        return self.noun is not None and bool(_stems(self.noun) & following)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:LETTERS] for word in _WORD.findall(text.lower()) if word not in _STOP)


def _candidates(text: str, asked: _Asked) -> list[Figure]:
    """Numbers that can be the answer: no dates and years, nothing the question itself says."""
    found = [f for f in figures(hidden(text)) if not is_year(f, text) and f.value not in asked.values]
    return found or [f for f in spelled_figures(text) if f.value not in asked.values and asked.wants(f, text)]


def _is_table_row(quoted: Quoted) -> bool:
    """Whether the columns above say what a text's numbers are; in a model's own words one number needs no column."""
    return is_row(quoted.quote) and (quoted.copied or len(figures(hidden(quoted.quote))) > 1)


def _row_figure(quoted: Quoted, asked: _Asked) -> Figure | None:
    """The figure in the column that the question names by its year or its words; the only one, where there is one."""
    found = [f for f in figures(hidden(quoted.quote)) if not is_year(f, quoted.quote)]
    if asked.computed:
        return None
    if " | " in quoted.quote:
        return _cell_figure(quoted, asked)
    by_year = row_by_year(quoted)
    if by_year:
        named = [by_year[year] for year in by_year if year in asked.years]
        return named[0] if len(named) == 1 else None
    return found[0] if len(found) == 1 else None


def row_by_year(quoted: Quoted) -> dict[str, Figure]:
    """A row's figures by the years that stand above them; empty where no line above names each column's year once."""
    found = figures(hidden(quoted.quote))
    for line in reversed(quoted.above):
        years = YEAR.findall(line)
        if is_prose(line):
            break
        if len(years) >= 2 or (years and len(found) == 1):
            aligned = len(set(years)) == len(years) <= len(found) <= len(years) + 1
            return dict(zip(years, found[-len(years) :], strict=True)) if aligned else {}
    return {}


def _cell_figure(quoted: Quoted, asked: _Asked) -> Figure | None:
    """The figure of the one cell whose column head shares most words with the question."""
    cells = quoted.quote.split(" | ")
    starts = [sum(len(cell) + 3 for cell in cells[:n]) for n in range(len(cells))]
    numeric = {n: found[0] for n, cell in enumerate(cells) if len(found := _cell_figures(cell, starts[n])) == 1}
    heads = _cell_heads(quoted, len(cells), numeric)
    if heads is None:
        return next(iter(numeric.values())) if len(numeric) == 1 else None
    shared = {n: len(_stems(heads[n]) & asked.words) + len(asked.years & set(YEAR.findall(heads[n]))) for n in numeric}
    best = max(shared.values(), default=0)
    chosen = [n for n, count in shared.items() if count == best]
    if len(chosen) != 1 or not (best or len(numeric) == 1):
        return None
    return _with_head_unit(numeric[chosen[0]], heads[chosen[0]])


def _cell_figures(cell: str, offset: int) -> list[Figure]:
    """A cell's figures, placed in its row; none where the cell has words before its number."""
    found = [f for f in figures(hidden(cell)) if not cell[: f.start].strip()]
    return [replace(f, start=f.start + offset, end=f.end + offset) for f in found]


def _cell_heads(quoted: Quoted, count: int, numeric: Collection[int]) -> list[str] | None:
    """The cells of the nearest line above that has as many and holds years or words where the row holds numbers."""
    for line in reversed(quoted.above):
        cells = line.split(" | ")
        if len(cells) == count and not any(
            f for n in numeric for f in _cell_figures(cells[n], 0) if not is_year(f, cells[n])
        ):
            return cells
    return None


def _with_head_unit(figure: Figure, head: str) -> Figure:
    """A cell's figure with the unit its column head names in brackets or behind ``in``, as in ``Depth (metres)``."""
    if figure.unit != Unit():
        return figure
    measure = re.search(rf"(?:\(|\bin )(?P<measure>{_MEASURES})\b", head)
    unit = stated_unit(head) or (Unit(measure["measure"]) if measure else None)
    return replace(figure, unit=unit) if unit else figure


def _prose_figure(quoted: Quoted, candidates: Sequence[Figure], asked: _Asked) -> Figure | None:
    """The only number; else the only one of the unit asked for; else the one whose clause alone names what is asked."""
    if asked.computed and quoted.copied:
        return None
    candidates = _meant(quoted.quote, candidates, asked)
    if asked.noun is not None:
        candidates = [f for f in candidates if f.unit.name is None]
    wanted = [f for f in candidates if asked.wants(f, quoted.quote)]
    if asked.noun is not None and not wanted and len(candidates) != 1:
        return None
    wanted = wanted or list(candidates)
    if len({f.amount for f in wanted}) == 1:
        return wanted[0]
    if asked.computed:
        return None
    shares = [len(_clause(quoted.quote, figure, candidates) & asked.words) for figure in wanted]
    best = max(shares)
    chosen = {f.amount: f for f, share in zip(wanted, shares, strict=True) if 2 * share > best}
    return next(iter(chosen.values())) if best >= LEAST_SHARED and len(chosen) == 1 else None


def _meant(text: str, candidates: Sequence[Figure], asked: _Asked) -> list[Figure]:
    """The numbers without those that only explain: before an ``=``, in brackets, shares where none was asked for."""
    if "=" in text:
        return [f for f in candidates if f.start > text.rindex("=")][:1]
    asides = [match.span() for match in _ASIDE.finditer(text)]
    plain = [
        f for f in candidates if not any(a <= f.start and f.end <= b and (a, b) != (f.start, f.end) for a, b in asides)
    ]
    if asked.unit is None or asked.unit.name != "%":
        plain = [f for f in plain if f.unit.name != "%"] or plain
    return plain or list(candidates)


def _clause(text: str, figure: Figure, candidates: Sequence[Figure]) -> frozenset[str]:
    """The words between the number before and this one, within its sentence, and those up to the next mark."""
    before = max((f.end for f in candidates if f.end <= figure.start), default=0)
    before = max(before, text.rfind(". ", 0, figure.start) + 1)
    after = re.search(r"[,.;:]\s|$", text[figure.end :])
    end = figure.end + (after.start() if after else 0)
    following = min((f.start for f in candidates if f.start >= figure.end), default=end)
    return _stems(text[before : figure.start]) | _stems(text[figure.end : min(end, following)])


def _unit(quoted: Quoted, figure: Figure, asked: _Asked) -> str | None:
    """The figure's own unit; what it leaves open comes from above its table, then from the question."""
    unit = figure.unit
    if unit.name == "%":
        return "%"
    if unit.name is None:
        measure = _MEASURE.match(quoted.quote, figure.end)
        counted = measure["measure"] if measure else asked.noun
        if counted:
            return f"{unit} {counted}".strip()
    above = None
    if _is_table_row(quoted):
        above = next((u for line in reversed(quoted.above) if (u := _head_unit(line))), None)
        unit = _filled(unit, above, with_scale=True)
    # What the question names is the unit of an answer that names none; where it names one, the scale is its own.
    return str(_filled(unit, asked.unit, with_scale=unit.name is None and above is None)) or None


def _filled(unit: Unit, other: Unit | None, *, with_scale: bool) -> Unit:
    if other is None or other.name == "%":
        return unit
    return Unit(unit.name or other.name, other.scale if with_scale and unit.scale == 1 else unit.scale)


def _head_unit(line: str) -> Unit | None:
    """The unit that a line above a table names; a line that states amounts of its own is none."""
    return None if any(not is_year(f, line) for f in figures(hidden(line))) else stated_unit(line)
