"""The model's window in docpager's own tokens: what settings and endpoint say, corrected by what the endpoint counts.

A tokenizer that is not known counts otherwise than ours. The largest ratio seen in a run is kept, so that requests
are rather too short than too long; and what an endpoint refuses as too long makes the window smaller, for this question
and for those after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from docpager.settings import AUTO, AgentSettings

LARGEST_RATIO = 3.0
"""An endpoint that counts more than so many tokens where we count one counts something else."""


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What is known of the model's window at one moment."""

    limit: int
    """The most tokens of the endpoint's that a request and its reply may have together."""
    ratio: float = 1.0
    accepted: int = 0
    """The most tokens of the endpoint's that it took."""
    reply_tokens: int = 0
    reserve_grew: bool = False


class ModelWindow:
    """What is known of the model's window, by a run or by one question. In our tokens where nothing else is said.

    What a question learns, the run does too (``parent``); what others learn meanwhile changes nothing of a question.
    """

    def __init__(self, settings: AgentSettings, parent: ModelWindow | None = None) -> None:
        self.settings = settings
        """As given; the reply's reserve grows where the model needs more."""
        self.ratio = 1.0
        """The most of its own tokens that the endpoint counted where we counted one."""
        self._limit = settings.largest_window
        self._accepted = 0
        self._reserve_grew = False
        self._parent = parent

    @property
    def facts(self) -> WindowFacts:
        """What is known now."""
        return WindowFacts(self._limit, self.ratio, self._accepted, self.settings.reply_tokens, self._reserve_grew)

    def with_facts(self, facts: WindowFacts) -> ModelWindow:
        """A question's window, of which so much is known as it begins."""
        window = ModelWindow(replace(self.settings, reply_tokens=facts.reply_tokens), self)
        window.ratio, window._limit = facts.ratio, facts.limit
        window._accepted, window._reserve_grew = facts.accepted, facts.reserve_grew
        return window

    @property
    def largest(self) -> int:
        """The most tokens a request and its reply may have together."""
        return int(self._limit / self.ratio)

    def stated(self, tokens: int) -> None:
        """Takes the window that the endpoint states, in its tokens: as the limit, or where nothing else is set."""
        is_open = self.settings.context_tokens == AUTO and not self.settings.window_tokens
        self._limit = tokens if is_open else min(self._limit, tokens)

    def counted(self, ours: int, theirs: int) -> None:
        """Notes how many tokens we and the endpoint counted in one request that it took."""
        if self._parent is not None:
            self._parent.counted(ours, theirs)
        self._accepted = max(self._accepted, theirs)
        self._correct(ours, theirs)

    def refused(self, limit: int | None, ours: int, theirs: int | None) -> None:
        """Notes that a request was too long, in our count and in the endpoint's; it may have said its limit.

        A limit below what it has taken before is not believed for other questions.
        """
        if self._parent is not None:
            self._parent.refused(limit, ours, theirs)
        if theirs is not None:
            self._correct(ours, theirs)
        if limit is not None and limit > self._accepted:
            self._limit = min(self._limit, limit)

    def _correct(self, ours: int, theirs: int) -> None:
        if ours > 0:
            self.ratio = max(self.ratio, min(LARGEST_RATIO, theirs / ours))

    def grow_reserve(self, tokens: int) -> bool:
        """Keeps so much free for each reply from now on; False where the reserve has grown before."""
        if self._reserve_grew:
            return False
        if self._parent is not None:
            self._parent.grow_reserve(tokens)
        self._reserve_grew = True
        self.settings = replace(self.settings, reply_tokens=tokens)
        return True
