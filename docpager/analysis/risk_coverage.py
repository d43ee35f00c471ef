"""What an abstention threshold buys: how often answers are wrong, by how many questions are answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Answering only where the confidence is at least ``confidence``."""

    confidence: float
    answered: int
    wrong: int
    of: int
    """Questions in all."""

    @property
    def coverage(self) -> float:
        """The share of questions that are answered."""
        return self.answered / self.of

    @property
    def risk(self) -> float:
        """The share of wrong answers among those given."""
        return self.wrong / self.answered


def risk_coverage(judged: Iterable[tuple[float | None, bool]]) -> list[RiskPoint]:
    """The curve of (confidence, right) pairs, the most confident first; answers of one confidence come together.

    A confidence of None is a question that is answered at no threshold.
    """
    pairs = list(judged)
    known = sorted(((confidence, right) for confidence, right in pairs if confidence is not None), reverse=True)
    points: list[RiskPoint] = []
    answered = wrong = 0
    for confidence, group in groupby(known, key=lambda pair: pair[0]):
        marks = [right for _, right in group]
        answered += len(marks)
        wrong += len(marks) - sum(marks)
        points.append(RiskPoint(confidence, answered, wrong, len(pairs)))
    return points


def at_coverages(points: list[RiskPoint], coverages: Iterable[float]) -> list[RiskPoint]:
    """For each coverage the first point that reaches it; those that none reaches are left out."""
    reached = (next((point for point in points if point.coverage >= wanted), None) for wanted in coverages)
    return list(dict.fromkeys(point for point in reached if point is not None))


def area(points: list[RiskPoint]) -> float | None:
    """The mean risk over all coverages (the area under the curve); None of no answer."""
    if not points:
        return None
    before, total = 0, 0.0
    for point in points:
        total += point.risk * (point.answered - before)
        before = point.answered
    return total / points[-1].answered
