"""How large a window a question starts with, and the steps in which it grows: ``--context-tokens auto``.

A ratchet on the page-fault frequency (after Chu and Opderbeck): the window never shrinks inside a question, because a
ceiling that isn't reached costs nothing and shrinking breaks the prompt cache.
"""

from __future__ import annotations

import math

from docpager.agent.model_window import ModelWindow
from docpager.settings import AUTO, AgentSettings

STEPS = 8
"""The model's window is so many steps; a question starts at a whole number of them."""
QUANTILE = 0.75
"""A question starts with what so many of the earlier ones needed."""
GROW_ABOVE = 0.25
"""The refault rate of the last references above which the window grows by a step."""


class WindowSizes:
    """What the questions of a run needed, in tokens of the whole window.

    Only questions further up in the file count, so that where a question starts does not depend on which later one
    ended sooner. What remains: with several questions at once, or in a run that was resumed, some of the earlier ones
    may not have ended here yet. Whole steps keep most of that from showing; ``trace`` has the capacity at each event.
    """

    def __init__(
        self, settings: AgentSettings, window: ModelWindow | None = None, *, fixed_start: int | None = None
    ) -> None:
        self._window = window or ModelWindow(settings)
        self.growing = settings.context_tokens == AUTO
        self._needs: list[tuple[int, int]] = []
        self._fixed_start = fixed_start

    @property
    def largest(self) -> int:
        """The model's window, as far as it is known now."""
        return self._window.largest

    @property
    def step(self) -> int:
        """By so many tokens a window grows."""
        return max(1, self.largest // STEPS)

    def start(self, row: int) -> int:
        """The window with which the question in this row of the file starts."""
        if not self.growing:
            return self.largest
        if self._fixed_start is not None:
            return min(self.largest, self._fixed_start)
        needs = sorted(tokens for earlier, tokens in self._needs if earlier < row)
        wanted = needs[math.ceil(QUANTILE * len(needs)) - 1] if needs else self.largest // 2
        return min(self.largest, self.step * math.ceil(wanted / self.step))

    def above(self, window: int) -> int | None:
        """The next larger window; None at the largest."""
        return min(self.largest, window + self.step) if window < self.largest else None

    def ended(self, row: int, tokens: int) -> None:
        """Notes what a question needed: its largest request with the reply, or the window it had grown to."""
        self._needs.append((row, tokens))
