"""Two checks of words that code can make: whether quotes hold what a claim says, and whether two of them disagree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from docpager.dates import dates
from docpager.figures import Figure, Unit, figures, spelled_figures, stated_unit
from docpager.transcript import fold

LEAST_LETTERS = 12
"""Two quotes say the same of another number where, the number aside, they share so many letters or more."""
CONSTANTS = frozenset(map(Decimal, (1, 2, 3, 4, 5, 6, 7, 10, 12, 24, 52, 60, 100, 360, 365, 366, 1000)))
"""Numbers of averages, percentages and calendars: no line need hold them when they only stand in a calculation."""
_NAME = re.compile(r"(?<![\w'’])[A-Z][\w'’-]*[^\W_]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(])(?=[A-Z])")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_CITED = re.compile(r"\[\d+\]")
_YES_NO = frozenset({"yes", "no"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote with what stands above it: headings, column heads, the document's title, path and period."""

    quote: str
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calculation:
    """A result and the numbers it was worked out from."""

    result: Decimal
    operands: tuple[Decimal, ...]


def supported(claim: str, evidence: Sequence[Evidence], calculated: Sequence[Calculation] = ()) -> list[bool | None]:
    """For each quote of a claim, whether it helps to hold all that the claim names; a check of words, not of meaning.

    What a claim names are its whole dates, its other numbers in digits, and its capitalised words but those that only
    begin a sentence. It is held where the quotes, with what stands above them, have: that day; that number (an equal
    amount in another scale and a rounding are the same number, and the result of a calculation stands for the numbers
    it came from); that word. A quote is True where its claim is held as a whole and it has itself at least one of what
    is named, or is the claim itself, False otherwise. None for every quote where the claim names nothing.
    """
    wanted = list(_named(claim))
    if not wanted:
        return [None] * len(evidence)
    held = [_Held.of(item, item.above) for item in evidence]
    whole = [item.quote.split() == claim.split() for item in evidence]
    everything = any(whole) or all(any(h.holds(w, calculated) for h in held) for w in wanted)
    alone = [_Held.of(item, ()) for item in evidence]
    return [same or (everything and any(h.holds(w, calculated) for w in wanted)) for same, h in zip(whole, alone)]


_Wanted = date | Figure | str


def _named(claim: str) -> Iterator[_Wanted]:
    rest = _CITED.sub(" ", claim)
    for printed in dates(claim):
        yield printed.day
        rest = rest[: printed.start] + " " * (printed.end - printed.start) + rest[printed.end :]
    yield from figures(rest)
    starts = {match.end() for match in _SENTENCE_START.finditer(rest)}
    names = list(_NAME.finditer(rest))
    for n, match in enumerate(names):
        goes_on = n + 1 < len(names) and rest[match.end() : names[n + 1].start()] == " "
        if match.group().lower() not in _YES_NO and (match.start() not in starts or goes_on):
            yield _word(match.group())


def _word(text: str) -> str:
    return re.sub(r"['’]s$", "", text).casefold()


@dataclass(frozen=True, slots=True)
class _Held:
    """What a quote has."""

    words: frozenset[str]
    days: frozenset[date]
    amounts: frozenset[Decimal]

    @classmethod
    def of(cls, evidence: Evidence, above: Iterable[str]) -> _Held:
        """The quote, read with some of what stands above it; its scale is always that of what stands above."""
        quote, text = evidence.quote, " \n ".join([evidence.quote, *above])
        scale = next((u.scale for line in reversed(evidence.above) if (u := stated_unit(line))), 1)
        found = figures(quote)
        amounts = {a for f in [*figures(text), *spelled_figures(quote)] for a in (f.amount, f.value, abs(f.value))}
        amounts |= {f.value * scale for f in found if f.unit.scale == 1} | {Decimal(y) for y in _YEAR.findall(text)}
        words = frozenset(_word(word) for word in re.findall(r"[\w'’-]+", text))
        return cls(
            words | {part for word in words for part in word.split("-")},
            frozenset(printed.day for printed in dates(text)),
            frozenset(amounts),
        )

    def holds(self, wanted: _Wanted, calculated: Sequence[Calculation]) -> bool:
        if isinstance(wanted, str):
            return wanted in self.words or set(wanted.split("-")) <= self.words
        if isinstance(wanted, date):
            return wanted in self.days
        return any(_same(wanted, amount) for amount in self.amounts) or any(
            self.amounts.intersection(c.operands) and _is_of(wanted, c) for c in calculated
        )


def _is_of(claimed: Figure, calculation: Calculation) -> bool:
    """Whether a number is a calculation's result, or one of the constants it was worked out with."""
    is_constant = claimed.value in CONSTANTS and claimed.value in calculation.operands
    return is_constant or _same(claimed, calculation.result) or _same(claimed, calculation.result / 100)


def _same(claimed: Figure, amount: Decimal) -> bool:
    if amount in (claimed.amount, claimed.value):
        return True
    # A number rounded to at least one decimal place, or to a whole in a larger scale, still names the same amount.
    unit = Decimal(1) / 100 if claimed.unit.name == "%" else Decimal(claimed.unit.scale)
    return (claimed.places > 0 or unit != 1) and round(amount / unit, claimed.places) == claimed.value


@dataclass(frozen=True, slots=True)
class Dated:
    """A verified citation as ``disagreements`` compares it."""

    n: int
    quote: str
    path: str
    published: date | None
    by_year: tuple[tuple[str, Figure], ...] = ()
    """The figures of a table's row by the years above them."""


def disagreements(citations: Sequence[Dated]) -> list[tuple[Dated, Dated, str]]:
    """Pairs of citations (the later document's first) that give different numbers for the same, each with a sentence.

    The same are: a sentence letter for letter but for one number, or rows of one label in a column of the same year.
    Only documents whose dates are known and differ are compared, because else none is the later.
    """
    found = []
    for n, a in enumerate(citations):
        for b in citations[n + 1 :]:
            if a.published and b.published and a.published != b.published and a.path != b.path:
                later, earlier = (a, b) if a.published > b.published else (b, a)
                found += [(later, earlier, sentence) for sentence in _differences(later, earlier)]
    return found


def _differences(later: Dated, earlier: Dated) -> Iterator[str]:
    old = dict(_facts(earlier))
    for what, figure in _facts(later):
        other = old.get(what)
        if other is not None and other.unit == figure.unit and other.amount != figure.amount:
            yield f"{what.strip()}: {_told(figure, later)}; {_told(other, earlier)}"


def _facts(citation: Dated) -> Iterator[tuple[str, Figure]]:
    """What a quote gives a number for, and the number."""
    quote = fold(citation.quote)
    if citation.by_year:
        label = fold(citation.quote[: min(figure.start for figure in figures(citation.quote))]).rstrip(" |")
        if label:
            yield from ((f"{label}, {year}", figure) for year, figure in citation.by_year)
        return
    found = [f for f in figures(quote) if not (f.unit == Unit() and _YEAR.fullmatch(quote[f.start : f.end]))]
    if len(found) == 1 and sum(map(str.isalpha, quote)) >= LEAST_LETTERS:
        yield f"{quote[: found[0].start]}...{quote[found[0].end :]}", found[0]


def _told(figure: Figure, citation: Dated) -> str:
    value = f"{figure.value:,}" + (f" {figure.unit}" if str(figure.unit) else "")
    return f"{value} ({citation.path}, {citation.published}) [{citation.n}]"
