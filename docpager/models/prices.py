"""What model calls cost, by a table that a user can extend; a model that is in no table has no known cost."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, UsageError
from docpager.records import Usage

PER_TOKENS = 1_000_000
_VERSION = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview(?:-[\d-]+)?)$")
"""What names of one model end in: a date, a number, latest or preview."""
_FIELDS = {"input", "cached_input", "output"}


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float
    cached_input: float | None = None
    """What input costs that the endpoint had cached; as other input where it is not known."""

    def cost(self, usage: Usage) -> float | None:
        """The cost of a call in US dollars; None where the endpoint did not say what it used."""
        if not usage.prompt_tokens:
            return None
        cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        total = (usage.prompt_tokens - cached) * self.input + cached * cached_price
        return (total + usage.completion_tokens * self.output) / PER_TOKENS


class Prices:
    """Prices by the name of a model."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        self._table = dict(table)

    @classmethod
    def load(cls, path: str | None = None) -> Prices:
        """docpager's own table, and the user's on top of it.

        Raises ``MissingInputError`` where there is no such file, ``UsageError`` for one that is no table of prices.
        """
        own = files("docpager.models").joinpath("prices.toml").read_text(encoding="utf-8")
        table = _read(own, "prices.toml")
        if path is not None:
            try:
                text = Path(path).read_text(encoding="utf-8")
            except FileNotFoundError:
                raise MissingInputError(f"There is no table of prices at {path}.") from None
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"Cannot read the table of prices {path}: {error}.") from None
            table |= _read(text, path)
        return cls(table)

    def of(self, *names: str | None) -> Price | None:
        """The price of the first name that is known: as it is, without who serves it, or without its version."""
        for name in filter(None, names):
            plain = name.rpartition("/")[2]
            for form in (name, plain, _VERSION.sub("", plain)):
                if form in self._table:
                    return self._table[form]
        return None


def _read(text: str, where: str) -> dict[str, Price]:
    try:
        loaded = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is no TOML: {error}.") from None
    return {name: _price(name, values, where) for name, values in loaded.items()}


def _price(name: str, values: Any, where: str) -> Price:
    numbers = values if isinstance(values, Mapping) else {}
    usable = all(isinstance(value, int | float) and value >= 0 for value in numbers.values())
    if not {"input", "output"} <= set(numbers) <= _FIELDS or not usable:
        raise UsageError(
            f"The price of {name!r} in {where} is not understood. Write US dollars a million tokens, as in: "
            f'["{name}"] input = 2.5, cached_input = 1.25 (may be left out), output = 10.'
        )
    return Price(numbers["input"], numbers["output"], numbers.get("cached_input"))
