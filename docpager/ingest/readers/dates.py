"""Dates as documents write them in their metadata."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d?))?$")
_FORMATS = ("%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y", "%Y/%m/%d")


def parse_date(value: object) -> datetime | None:
    """A point in time in UTC, from a datetime, ISO 8601, a mail's date or a date in words; None for anything else."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    text = str(value or "").strip()
    if not text or len(text) > 80:
        return None
    for attempt in (datetime.fromisoformat, _partial, _words, parsedate_to_datetime):
        try:
            found = attempt(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        if found is not None:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return None


def _partial(text: str) -> datetime | None:
    match = _PARTIAL.match(text)
    return datetime(int(match[1]), int(match[2] or 1), 1) if match else None


def _words(text: str) -> datetime | None:
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None
