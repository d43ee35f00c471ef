"""Two results of one benchmark, as ``docpager bench NAME --json`` wrote them, side by side as ratios."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, QuestionFileError

_SIZES = ("context_tokens", "capacity", "workers", "at_once", "hops")
"""Numbers that say what was measured, not what came of it."""
_BESIDE_A_SHARE = frozenset({"low", "high", "of", "count"})
_WORDS = "summary"
"""What is said of a whole result: it holds its time, so it names nothing."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both results."""

    measured: str
    """What it is of, as in ``cyclic, clock, capacity 2358``; empty where a result is of one thing."""
    figure: str
    old: float
    new: float

    @property
    def ratio(self) -> float | None:
        """New by old; 1 where both are the same, None where only the old one is 0."""
        if self.new == self.old:
            return 1.0
        return self.new / self.old if self.old else None

    def as_record(self) -> dict[str, Any]:
        """As JSON has it."""
        named = {"measured": self.measured, "figure": self.figure}
        return named | {"old": self.old, "new": self.new, "ratio": self.ratio}


def compare(old: Path, new: Path) -> list[Compared]:
    """The figures that both results have, in the new one's order.

    Raises ``MissingInputError`` for a file that is not there, ``QuestionFileError`` for one that is no result.
    """
    before, after = _results(old), _results(new)
    if len(before) == len(after) == 1:  # of one thing, whatever it is called
        before = dict(zip(after, before.values(), strict=True))
    return [
        Compared(measured, figure, before[measured][figure], value)
        for measured, figures in after.items()
        if measured in before
        for figure, value in figures.items()
        if figure in before[measured]
    ]


def _results(path: Path) -> dict[str, dict[str, float]]:
    if not path.is_file():
        raise MissingInputError(f"There is no result {path}. docpager bench NAME --json > FILE writes one.")
    found: dict[str, dict[str, float]] = {}
    try:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise QuestionFileError(f"{path} holds no result of a benchmark: {error}") from None
    for record in _whole(records):
        found.setdefault(_measured(record), {}).update(_figures(record))
    if not found:
        raise QuestionFileError(f"{path} holds no result of a benchmark.")
    return found


def _whole(records: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The records of what was measured: not those of single questions; those in a list one by one."""
    for record in records:
        if not isinstance(record, Mapping) or "question_id" in record:
            continue
        lists = [value for value in record.values() if isinstance(value, list) and all(map(_is_record, value))]
        yield from (inner for value in lists for inner in value)
        rest = {name: value for name, value in record.items() if not isinstance(value, list)}
        if any(True for _ in _figures(rest)):
            yield rest


def _is_record(value: Any) -> bool:
    return isinstance(value, Mapping)


def _measured(record: Mapping[str, Any]) -> str:
    words = [value for name, value in record.items() if isinstance(value, str) and name != _WORDS]
    sizes = [f"{name} {record[name]}" for name in _SIZES if isinstance(record.get(name), int)]
    return ", ".join([*words, *sizes])


def _figures(record: Mapping[str, Any], above: str = "") -> dict[str, float]:
    figures: dict[str, float] = {}
    is_share = "share" in record
    for name, value in record.items():
        if isinstance(value, Mapping):
            figures |= _figures(value, f"{above}{name} / ")
        elif not isinstance(value, int | float) or isinstance(value, bool):
            continue
        elif is_share and name == "share":
            figures[above.removesuffix(" / ")] = float(value)
        elif not (is_share and name in _BESIDE_A_SHARE) and (above or name not in _SIZES):
            figures[above + name] = float(value)
    return figures
