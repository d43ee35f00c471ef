"""Dates as documents print them: whole days only, and only where day and month cannot be taken for each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May|MAY)|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
"""A month by its English name or the start of it; a small ``may`` is a verb."""
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WHOLE = re.compile(
    rf"(?<![\w/.-])(?:(?P<iso>\d{{4}}-\d\d-\d\d)(?!\d)|(?P<words>{_DAY}(?:\s+of)?[\s-]+{MONTH},?[\s-]+\d{{4}}|"
    rf"{MONTH}\s+{_DAY},?\s+\d{{4}})\b|(?P<a>\d{{1,2}})(?P<mark>[./-])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})(?![\w/-]))",
    re.IGNORECASE,
)
LONGEST_MONTH = 12
"""The largest number that can be a month."""


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """A day that stands in a text: ``text[start:end]``."""

    day: date
    start: int
    end: int


def dates(text: str) -> list[PrintedDate]:
    """Every whole date in a text, in order.

    17 July 2023, July 17th, 2023, 2023-07-17, 17.07.2023 (dots are day first) and 7/17/2023 are dates; 03/04/2023 is
    none, because it is read as March here and as April there, and neither are a month, a year or a day without a year.
    """
    found = ((match, _day(match)) for match in _WHOLE.finditer(text))
    return [PrintedDate(day, match.start(), match.end()) for match, day in found if day is not None]


def _day(match: re.Match[str]) -> date | None:
    if match["words"]:
        return _in_words(re.sub(r"\bof\b", "", match["words"]))
    if match["iso"]:
        year, month, day = map(int, match["iso"].split("-"))
        return _valid(year, month, day)
    a, b, year = int(match["a"]), int(match["b"]), int(match["year"])
    if match["mark"] == "." or a > LONGEST_MONTH:
        return _valid(year, b, a)
    return _valid(year, a, b) if b > LONGEST_MONTH or a == b else None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_words(text: str) -> date | None:
    from dateutil.parser import ParserError, parse

    try:
        moment: datetime = parse(text)
    except (ParserError, OverflowError):
        return None
    return moment.date()
