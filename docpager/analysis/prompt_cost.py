"""What the prompts of some questions cost, where a provider's cache serves what repeats the request before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from docpager.analysis.bench_asking import Asked

LONG = 15
"""A question of so many steps or more is a long one: what a layout saves shows there."""


@dataclass(frozen=True, slots=True)
class PromptCost:
    """Means per question; ``cacheable`` is the share of all prompt tokens together."""

    questions: int
    steps: float
    cacheable: float
    uncached_tokens: float
    cost_tokens: float
    """Uncached tokens and a tenth of those cached."""

    @classmethod
    def of(cls, answers: Sequence[Asked]) -> PromptCost | None:
        """The cost of some questions; None of none."""
        count = len(answers)
        prompt = sum(asked.answer.usage.prompt_tokens for asked in answers)
        if not prompt:
            return None
        cached = sum(asked.answer.cacheable_tokens or 0 for asked in answers)
        return cls(
            count,
            sum(asked.answer.paging.steps for asked in answers) / count,
            cached / prompt,
            (prompt - cached) / count,
            sum(asked.cost_tokens for asked in answers) / count,
        )

    @classmethod
    def of_long(cls, answers: Sequence[Asked]) -> PromptCost | None:
        """The cost of the questions of ``LONG`` steps or more."""
        return cls.of([asked for asked in answers if asked.answer.paging.steps >= LONG])

    def as_record(self) -> dict[str, Any]:
        """The figures as JSON has them."""
        return {name: round(value, 4) for name, value in asdict(self).items()}
