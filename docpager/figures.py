"""Numbers as people print them: thousands separators, parentheses for negatives, per cent, currencies, scales."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "thousands": 1_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "mn": 1_000_000,
    "billion": 1_000_000_000,
    "billions": 1_000_000_000,
    "bn": 1_000_000_000,
    "trillion": 1_000_000_000_000,
    "trillions": 1_000_000_000_000,
}
"""Words that multiply the number before them."""
SCALE_NAMES = {100: "hundred", 1_000: "thousand", 10**6: "million", 10**9: "billion", 10**12: "trillion"}

_SYMBOLS = {
    "US$": "USD",
    "C$": "CAD",
    "A$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
}
_CODE_WORDS = "USD EUR GBP JPY CHF CNY INR SEK NOK DKK ISK CAD AUD NZD HKD SGD BRL MXN KRW ZAR PLN CZK HUF"
_CODES = {code: code for code in _CODE_WORDS.split()}
_WORDS = {
    "US dollars": "USD",
    "U.S. dollars": "USD",
    "dollars": "USD",
    "dollar": "USD",
    "euros": "EUR",
    "euro": "EUR",
    "pounds sterling": "GBP",
    "yen": "JPY",
    "yuan": "CNY",
    "rupees": "INR",
    "crowns": "crowns",
    "crown": "crowns",
    "kroner": "kroner",
    "kronor": "kronor",
    "francs": "francs",
    "pesos": "pesos",
}
_CURRENCIES = {name.casefold(): unit for name, unit in {**_SYMBOLS, **_CODES, **_WORDS}.items()}
_ONES_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: n for n, word in enumerate(_ONES_WORDS.split())}
_TENS = dict(zip(_TENS_WORDS.split(), range(20, 100, 10), strict=True))


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SYMBOL = rf"(?:{_any_of(_SYMBOLS)})"
_SCALE = rf"(?:{_any_of(SCALES)})\b"
_CURRENCY = rf"(?:{_SYMBOL}|\b(?:{_any_of([*_CODES, *_WORDS])})\b)"
_THOUSANDS_MARK = "[,\u00a0\u202f\u2009’']"
DIGITS = rf"(?:\d{{1,3}}(?:{_THOUSANDS_MARK}\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
"""A number's digits: 1,234.5, 1234.5 and .5; the mark between thousands is a comma, an apostrophe or a narrow blank."""
_FIGURE = re.compile(
    rf"""(?<![\w.,:/])(?P<open>\()?\s?(?P<minus>[-−–](?=[\d.$€£¥₹]))?(?P<before>{_SYMBOL}|(?:{_any_of(_CODES)})\b)?\s?(?P<inner>[-−(])?
    (?<![\w.,:/])(?<!\w[-–−])(?P<digits>{DIGITS})(?:(?P<glued>mn|bn)\b)?(?![\w:/]|[.,]\d)(?P<close>\s?\))?
    (?:\s?(?P<percent>%|per\ cent\b|percent\b))?
    (?:[\s-](?P<scale>{_SCALE}))?
    (?(before)|(?:\s(?:of\s)?(?P<after>{_CURRENCY})(?!\s?\d)(?:\s(?P<scale_after>{_SCALE}))?)?)""",
    re.VERBOSE | re.IGNORECASE,
)
_STATED = re.compile(
    rf"(?<!\d)(?<!\d\s)(?P<first>{_CURRENCY})\s?(?:in\s)?(?P<scale>{_SCALE})"
    rf"|\bin\s(?P<scale_alone>{_SCALE})(?:\sof\s(?P<of>{_CURRENCY}))?|\bin\s(?P<alone>{_CURRENCY})(?:\s(?P<alone_scale>{_SCALE}))?"
    rf"|(?<!\d)(?<!\d\s)\b(?P<scale_of>{_SCALE})\s(?:of\s)?(?P<second>{_CURRENCY})",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{_any_of(_TENS)})(?:[\s-](?P<ones>{_any_of(_ONES)}))?|(?P<small>{_any_of(_ONES)}))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts: a currency or ``%``, and the scale it is stated in; either can be unknown."""

    name: str | None = None
    scale: int = 1

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, SCALE_NAMES.get(self.scale)) if part)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a text: ``text[start:end]``, with what its own words say of its unit."""

    value: Decimal
    """As stated: 1.2 of ``$1.2 million``, -980 of ``(980)``."""
    unit: Unit
    start: int
    end: int
    places: int = 0
    """Digits behind the decimal point."""
    spelled: bool = False
    """Written as a word."""

    @property
    def amount(self) -> Decimal:
        """The value times its stated scale; a percentage as a share of one."""
        return self.value / 100 if self.unit.name == "%" else self.value * self.unit.scale


def figures(text: str) -> list[Figure]:
    """Every number written in digits, in order; parts of codes, times, versions and numbers with dots are none."""
    return [_figure(match) for match in _FIGURE.finditer(text)]


def _figure(match: re.Match[str]) -> Figure:
    digits = re.sub(_THOUSANDS_MARK, "", match["digits"])
    in_parentheses = (match["open"] or match["inner"] == "(") and match["close"]
    negative = bool(match["minus"] or match["inner"] in ("-", "−") or in_parentheses)
    name = match["before"] or match["after"]
    scale = match["glued"] or match["scale"] or match["scale_after"]
    return Figure(
        -Decimal(digits) if negative else Decimal(digits),
        Unit("%" if match["percent"] else currency(name), SCALES[scale.casefold()] if scale else 1),
        match.start() + len(match.group()) - len(match.group().lstrip()),
        match.end(),
        len(digits.partition(".")[2]),
    )


def spelled_figures(text: str) -> list[Figure]:
    """Every whole number below a hundred that is written as a word."""
    found = []
    for match in _SPELLED.finditer(text):
        tens = _TENS.get((match["tens"] or "").lower(), 0)
        ones = _ONES.get((match["ones"] or match["small"] or "").lower(), 0)
        found.append(Figure(Decimal(tens + ones), Unit(), match.start(), match.end(), spelled=True))
    return found


def currency(name: str | None) -> str | None:
    """The unit of a symbol, a code or a word for money; None for anything else."""
    return _CURRENCIES.get(name.casefold()) if name else None


def stated_unit(text: str) -> Unit | None:
    """The unit that a heading, a column head or a question names, as in ``(USD millions)`` or ``in thousands``.

    A figure's own unit does not count. None where none is named.
    """
    best: Unit | None = None
    for match in _STATED.finditer(text):
        scale = match["scale"] or match["scale_of"] or match["scale_alone"] or match["alone_scale"]
        unit = Unit(
            currency(match["first"] or match["second"] or match["of"] or match["alone"]),
            SCALES[scale.casefold()] if scale else 1,
        )
        if best is None or (best.name is None or best.scale == 1) < (unit.name is not None and unit.scale != 1):
            best = unit
    return best
