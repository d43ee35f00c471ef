"""How the window is divided before a question is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from docpager.errors import WindowTooSmallError
from docpager.settings import MEMGPT, SUMMARIZE, AgentSettings

COMPACT_BELOW = 8192
"""Below this window tools are described in one line each instead of by their schemas: 310 tokens instead of 1,190,
which at 4,096 leaves twice the room for pages."""
SMALLEST_PAGE = 160
"""A window is too small when fewer tokens than this are left for pages: about one paragraph with its addresses."""


ROUND_TO = 64
"""The window named to someone whose window is too small is a multiple of this."""


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """The window's parts, in tokens. What no other part needs is for pages."""

    window: int
    reply: int
    system: int
    question: int
    log: int
    page_table: int
    notebook: int
    tail_fixed: int
    """The tail's own words: delimiter, budget line, warning, and the second copy of the question."""
    flushes: bool = False
    """Whether calls, results and pages share one queue, and the tail is no part of a request."""
    short_prompt: int = 0
    """What the model is sent beside pages and question where the built-in reader reads the rest for it; else 0."""

    @property
    def tail(self) -> int:
        """All that the tail may take."""
        return self.page_table + self.notebook + self.tail_fixed

    @property
    def apart(self) -> int:
        """What the built-in reader reads in the model's place; it takes nothing of the model's window."""
        return self.system + self.log + self.tail - self.short_prompt if self.short_prompt else 0

    @property
    def summary(self) -> int:
        """What stands for a part of the log that was moved out may take so much."""
        return self.log // 2

    @property
    def fixed(self) -> int:
        """All that pages cannot have."""
        if self.flushes:
            return self.reply + self.system + self.question + self.notebook - self.apart
        return self.reply + self.system + self.question + self.log + self.tail - self.apart

    @property
    def capacity(self) -> int:
        """Tokens for pages."""
        return self.window - self.fixed

    @property
    def request_limit(self) -> int:
        """The most tokens a request may have: of the model, or of the reader that steers it."""
        return self.window + self.apart - self.reply

    @classmethod
    def divide(
        cls, settings: AgentSettings, *, system: int, question: int, window: int | None = None, short_prompt: int = 0
    ) -> WindowPlan:
        """Divides a window, the largest the settings allow where none is given.

        Raises ``WindowTooSmallError`` when no page would fit.
        """
        plan = cls._of(window or settings.largest_window, settings, system, question, short_prompt)
        if plan.capacity < SMALLEST_PAGE:
            smallest = plan.window
            while cls._of(smallest, settings, system, question, short_prompt).capacity < SMALLEST_PAGE:
                smallest += ROUND_TO - smallest % ROUND_TO
            raise WindowTooSmallError(plan.window, plan.fixed, SMALLEST_PAGE, smallest)
        return plan

    def resized(self, settings: AgentSettings, window: int) -> WindowPlan:
        """The same question in another window."""
        return self._of(window, settings, self.system, self.question, self.short_prompt)

    def with_less_log(self) -> WindowPlan:
        """The same window, where half of the log's share is for pages."""
        return replace(self, log=self.log // 2)

    @classmethod
    def _of(cls, window: int, settings: AgentSettings, system: int, question: int, short_prompt: int) -> WindowPlan:
        if settings.reads_as_given:
            log, page_table = window // 16, 0
            notebook = window // 4 if settings.strategy == SUMMARIZE else 0
        else:
            log, page_table = int(window * settings.log_share), min(600, window // 20)
            notebook = min(1500, window // 16)
        return cls(
            window=window,
            reply=settings.reply_tokens or min(1024, max(200, window // 8)),
            system=system,
            question=question,
            log=log,
            page_table=page_table,
            notebook=notebook,
            tail_fixed=question + 90,
            flushes=settings.layout == MEMGPT,
            short_prompt=short_prompt,
        )
