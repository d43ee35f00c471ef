"""Shares with their intervals, and how numbers of many questions spread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z_95 = 1.959964
"""The normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @classmethod
    def where(cls, marks: Iterable[bool | None]) -> Share:
        """How many marks are true, of those that are not None."""
        known = [mark for mark in marks if mark is not None]
        return cls(sum(known), len(known))

    @property
    def value(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval after Wilson (1927), which stays between 0 and 1 for few questions too."""
        if not self.of:
            return 0.0, 1.0
        n, p, z = self.of, self.count / self.of, Z_95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        # At 0 and 1 the bounds are the share itself, but for a last digit.
        return max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))

    def as_record(self) -> dict[str, float | int | None]:
        """The share as JSON has it."""
        low, high = self.interval
        value = None if self.value is None else round(self.value, 4)
        return {"share": value, "count": self.count, "of": self.of, "low": round(low, 4), "high": round(high, 4)}


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, 95th percentile and largest of some numbers; zeros of none."""

    mean: float
    p95: float
    largest: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """The spread of numbers; the percentile is the smallest number that 95 % do not exceed."""
        if not numbers:
            return cls(0.0, 0.0, 0.0)
        ordered = sorted(numbers)
        return cls(sum(ordered) / len(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1], ordered[-1])
