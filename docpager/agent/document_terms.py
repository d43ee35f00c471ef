"""Filters over what is known of documents: language, dates, period, path and title, in one set of words for all."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from docpager.records import Document

_TERM = re.compile(r"\s*(language|since|until|period|path|title)\s*:\s*(.*\S)\s*", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


@dataclass(frozen=True, slots=True)
class DocumentTerms:
    """What documents have to meet, all of it; None asks nothing. What is not known of a document meets no term."""

    language: str | None = None
    """An ISO 639-1 code."""
    since: date | None = None
    """Published on this day or later."""
    until: date | None = None
    """Published on this day or earlier."""
    period: str | None = None
    """Part of the period, in any case, as in FY2019."""
    path: str | None = None
    """A glob in any case; ``*`` is any characters, slashes too."""
    title: str | None = None
    """Part of the title, in any case."""

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) is not None for field in fields(self))

    def __str__(self) -> str:
        held = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{name}:{value}" for name, value in held if value is not None)

    def matches(self, document: Document) -> bool:
        """Whether a document meets all terms."""
        return (
            (self.language is None or _code(document.language) == _code(self.language))
            and _is_within(document.published_at, self.since, self.until)
            and (self.period is None or _holds(document.period, self.period))
            and (self.title is None or _holds(document.title, self.title))
            and (self.path is None or fnmatchcase(document.path.casefold(), self.path.casefold()))
        )

    def among(self, documents: Iterable[Document]) -> list[Document]:
        """The documents that meet all terms."""
        return [document for document in documents if self.matches(document)]


def read_terms(names: Sequence[str], terms: DocumentTerms = DocumentTerms()) -> tuple[DocumentTerms, list[str]]:
    """The terms among names, as in ``language:de`` or ``since:2021-06``, beside others; and the names that are none.

    Raises ``ValueError`` for a date that is none.
    """
    others: list[str] = []
    for name in names:
        match = _TERM.fullmatch(name)
        if match is None:
            others.append(name)
            continue
        word, value = match[1].lower(), match[2]
        read: str | date = first_day(value) if word == "since" else last_day(value) if word == "until" else value
        terms = replace(terms, **{word: read})  # type: ignore[arg-type]  # dates for the two that are dates
    return terms, others


def first_day(text: str) -> date:
    """The first day of a year, a month or a day, as in 2021, 2021-06, 2021-06-30; raises ``ValueError``."""
    year, month, day = _parts(text)
    return date(year, month or 1, day or 1)


def last_day(text: str) -> date:
    """The last day of a year, a month or a day; raises ``ValueError``."""
    year, month, day = _parts(text)
    return date(year, month or 12, day or monthrange(year, month or 12)[1])


def _parts(text: str) -> tuple[int, int, int]:
    match = _DATE.fullmatch(text.strip())
    if match is None or match[2] == "00" or match[3] == "00":
        raise ValueError(f"{text!r} is no date: write 2021, 2021-06 or 2021-06-30.")
    year, month, day = (int(part or 0) for part in match.groups())
    try:
        date(year, month or 1, day or 1)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date: {error}.") from None
    return year, month, day


def _code(language: str | None) -> str | None:
    return re.split("[-_]", language.strip().lower())[0] if language else None


def _is_within(moment: datetime | None, since: date | None, until: date | None) -> bool:
    if since is None and until is None:
        return True
    if moment is None:
        return False
    day = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).date()
    return (since is None or since <= day) and (until is None or day <= until)


def _holds(text: str | None, wanted: str) -> bool:
    return " ".join(wanted.split()).casefold() in " ".join((text or "").split()).casefold()
