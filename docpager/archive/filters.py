"""Conditions for the database: the one place where a value becomes part of a ``where`` string."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

IDS_AT_ONCE = 500
"""Ids named in one condition; longer lists are asked for in turns."""


def quoted(value: str) -> str:
    """A value as an SQL string literal. Nothing but the quote is special inside one; no lone surrogate gets through."""
    return "'" + cleaned(value).replace("'", "''") + "'"


def cleaned(value: str) -> str:
    """The value with each lone surrogate as ``?``, for it cannot be UTF-8."""
    return value.encode("utf-8", "replace").decode()


def one_of(column: str, values: Iterable[str]) -> str:
    """``column`` is one of ``values``; never true for none."""
    listed = ", ".join(quoted(value) for value in dict.fromkeys(values))
    return f"{column} IN ({listed})" if listed else "false"


def holds_text(column: str, text: str) -> str:
    """``column`` holds ``text``, upper and lower case being one."""
    return f"contains(lower({column}), lower({quoted(text)}))"


def matches(column: str, expression: str) -> str:
    """``column`` matches a regular expression somewhere (Rust's: linear time, no look-around, no back-references)."""
    # Without a flag DataFusion turns simple expressions into LIKE, and loses their backslashes. U (lazy and greedy
    # change places) cannot change whether there is a match.
    return f"regexp_like({column}, {quoted(expression)}, 'U')"


def both(*conditions: str | None) -> str | None:
    """All of the conditions that are there; None where there is none."""
    present = [f"({condition})" for condition in conditions if condition]
    return " AND ".join(present) or None


def turns(values: Sequence[str], size: int = IDS_AT_ONCE) -> Iterator[list[str]]:
    """The different values, ``size`` at a time."""
    rest = iter(dict.fromkeys(values))
    while turn := list(islice(rest, size)):
        yield turn
