"""The working set: which pages the last references were to, and how often they had to come back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Reference:
    page_id: str
    token_count: int
    refault: bool


class WorkingSet:
    """Denning's W(t, T) over the last ``window`` references, and the refault rate among them.

    A rate, not single failures: a loop that evicts and reads the same three pages again succeeds at each step.
    """

    def __init__(self, window: int = 8) -> None:
        if window < 1:
            raise ValueError(f"A working set over {window} references is none.")
        self.window = window
        self.peak_tokens = 0
        """The most tokens the working set had so far."""
        self._references: deque[_Reference] = deque(maxlen=window)
        self._counted: deque[bool] = deque(maxlen=window)

    def note(self, page_id: str, token_count: int, *, refault: bool) -> None:
        """Adds a reference to ``token_count`` tokens of a page."""
        self._references.append(_Reference(page_id, token_count, refault))
        self._counted.append(refault)
        self.peak_tokens = max(self.peak_tokens, self.token_count)

    def __len__(self) -> int:
        return len({reference.page_id for reference in self._references})

    @property
    def token_count(self) -> int:
        """Tokens of its pages, each counted as it was last referenced."""
        return sum({reference.page_id: reference.token_count for reference in self._references}.values())

    @property
    def refault_rate(self) -> float:
        """Refaults among the last ``window`` references, as a share of ``window``: one refault is never a rate of 1."""
        return sum(self._counted) / self.window

    def count_anew(self) -> None:
        """Forgets the refaults, not the pages: something was done about them, and has to show its effect first."""
        self._counted.clear()
