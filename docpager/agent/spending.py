"""What the model calls of a run used, and where they stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from docpager.errors import BudgetReachedError
from docpager.records import ExitStatus, Usage
from docpager.settings import AgentSettings


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a run may use; None where it is not limited."""

    tokens: int | None = None
    """Prompt and completion tokens over all sittings."""
    cost_usd: float | None = None
    """Over all sittings."""
    seconds: float | None = None
    """Wall-clock time of one sitting."""


@dataclass(slots=True)
class Spending:
    """The account of a run's calls. One for a run: all questions at once are charged to it, call by call."""

    budget: Budget = field(default_factory=Budget)
    tokens: int = 0
    cost_usd: float = 0.0
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def begin(self, budget: Budget, *, tokens: int = 0, cost_usd: float = 0.0) -> None:
        """Starts a sitting, with what earlier ones used."""
        self.budget, self.tokens, self.cost_usd, self.started = budget, tokens, cost_usd, self.clock()

    def charge(self, usage: Usage) -> None:
        """Adds a call."""
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.cost_usd += usage.cost_usd or 0.0

    def check(self) -> None:
        """Raises ``BudgetReachedError`` where no further call may be made."""
        budget = self.budget
        if budget.tokens is not None and self.tokens >= budget.tokens:
            raise BudgetReachedError("--max-tokens", f"{budget.tokens:,} tokens", f"{self.tokens:,} tokens were used")
        if budget.cost_usd is not None and self.cost_usd >= budget.cost_usd:
            raise BudgetReachedError("--max-cost", f"${budget.cost_usd:,.2f}", f"${self.cost_usd:,.4f} was spent")
        if budget.seconds is not None and self.clock() - self.started >= budget.seconds:
            raise BudgetReachedError("--max-time", f"{budget.seconds:,.0f} s", "the time of this sitting is over")


def limit_reached(settings: AgentSettings, usage: Usage) -> ExitStatus | None:
    """The limit of its own that a question has used up; None while there is some left."""
    if settings.question_tokens and usage.prompt_tokens + usage.completion_tokens >= settings.question_tokens:
        return ExitStatus.TOKEN_LIMIT
    if settings.question_cost and (usage.cost_usd or 0.0) >= settings.question_cost:
        return ExitStatus.COST_LIMIT
    return None
