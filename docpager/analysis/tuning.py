"""The smallest window, and its policy, that would have kept refaults of a run within a bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from docpager.analysis.replay import Outcome, Setup, replay
from docpager.analysis.replay_curves import RunTraces
from docpager.memory import REPLACEMENT_POLICIES

STEPS = 14
"""Budgets tried, each so much larger than the one before that the last holds every question's pages."""
CLOSE = 32
"""Tokens between the smallest budget found and one that is too small."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a window divides: what is not for pages is the log's share, and a rest that does not grow with it."""

    context_tokens: int
    capacity: int
    log_share: float

    def holding(self, capacity: int) -> int:
        """The window that has so much room for pages."""
        fixed = self.context_tokens * (1 - self.log_share) - self.capacity
        return math.ceil((capacity + max(0.0, fixed)) / (1 - self.log_share))


@dataclass(frozen=True, slots=True)
class Tried:
    """One policy at one budget."""

    policy: str
    capacity: int
    outcome: Outcome

    def as_record(self, window: Window) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "record": "tried",
            "policy": self.policy,
            "context_tokens": window.holding(self.capacity),
            "page_tokens": self.capacity,
            "references": self.outcome.references,
            "cold_misses": self.outcome.cold,
            "refaults": self.outcome.refaults,
            "refaults_per_reference": round(self.outcome.refault_rate, 6),
            "cost_tokens": round(self.outcome.cost),
        }


@dataclass(frozen=True, slots=True)
class Tuned:
    """The advice, and everything that was tried."""

    best: Tried
    tried: Sequence[Tried]
    """By policy, then by budget."""


def tuned(found: RunTraces, most: float) -> Tuned:
    """The smallest budget from which on a policy keeps refaults per reference within ``most``, the cheapest if equal.

    The budget that holds all pages of every question has none, so there always is one.
    """
    smallest = max(trace.largest_call for trace in found.traces)
    largest = max(smallest, *(math.ceil(t.working_set_tokens / found.setup.watermarks.high) for t in found.traces))
    tried: list[Tried] = []
    chosen: list[Tried] = []
    for policy in REPLACEMENT_POLICIES:
        curve = [_try(found, policy, capacity) for capacity in _budgets(smallest, largest)]
        at = len(curve) - 1
        while at > 0 and curve[at - 1].outcome.refault_rate <= most:
            at -= 1
        # Between two budgets tried there may be a smaller one that will do.
        curve[at:at] = list(_closer(found, most, curve[at - 1], curve[at])) if at else []
        chosen.append(next(t for t in curve[at:] if t.outcome.refault_rate <= most))
        tried += curve
    best = min(chosen, key=lambda t: (t.capacity // CLOSE, t.outcome.cost, t.policy != found.setup.policy))
    return Tuned(best, tried)


def _budgets(smallest: int, largest: int) -> list[int]:
    growth = (largest / smallest) ** (1 / STEPS)
    return sorted({*(round(smallest * growth**n) for n in range(STEPS)), largest})


def _closer(found: RunTraces, most: float, too_small: Tried, enough: Tried) -> Iterator[Tried]:
    """Budgets that will do between one that is too small and one that does, halving the distance; smallest first."""
    low, high = too_small.capacity, enough.capacity
    good: list[Tried] = []
    while high - low > CLOSE:
        one = _try(found, enough.policy, (low + high) // 2)
        if one.outcome.refault_rate <= most:
            good.append(one)
            high = one.capacity
        else:
            low = one.capacity
    yield from sorted(good, key=lambda t: t.capacity)


def _try(found: RunTraces, policy: str, capacity: int) -> Tried:
    setup = Setup(policy, found.setup.watermarks)
    return Tried(policy, capacity, sum((replay(trace, setup, capacity) for trace in found.traces), Outcome()))
