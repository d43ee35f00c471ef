"""Keeps a question within the model's window while more is learned of it: refusals, other counts, replies cut short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from docpager.agent.budget import SMALLEST_PAGE
from docpager.agent.model_window import ModelWindow
from docpager.agent.workspace import Workspace
from docpager.errors import ContextLengthError
from docpager.records import ModelReply

SHRINK = 0.8
"""What is left of a request that was refused as too long by an endpoint that does not say what it takes."""
MARGIN = 0.98
LEAST_STEP = 64


class WindowKeeper:
    """Keeps one question within the window, as more is learned of it."""

    def __init__(self, work: Workspace, window: ModelWindow, bury: Callable[[Sequence[str]], None]) -> None:
        self._work = work
        self._window = window
        self._bury = bury

    def keep(self) -> None:
        """Takes over what other questions learned."""
        if self._work.plan.window > self._window.largest:
            self._resize(self._window.largest, "recount")

    def refused(self, tokens: int, error: ContextLengthError) -> None:
        """Makes the window smaller after a request of so many tokens was too long.

        Where that would leave no room for a page nothing changes: an endpoint that took more before may yet take it.
        """
        total = tokens + self._work.plan.reply
        limit, sent = error.limit, error.sent
        if limit is not None and sent is not None and sent > limit:
            smaller = total * limit / sent * MARGIN
        elif limit is not None and limit / self._window.ratio < total:
            smaller = limit / self._window.ratio
        else:
            smaller = total * SHRINK
        if self._resize(min(int(smaller), self._work.plan.window - LEAST_STEP), "context_length"):
            self._window.refused(limit, total, sent)

    def makes_room_for(self, reply: ModelReply) -> bool:
        """Doubles the reserve, once a run, where a reply ended before it said anything; False where it stays."""
        if reply.finish_reason != "length" or reply.text or reply.tool_calls:
            return False
        work = self._work
        plan = replace(work.plan, reply=2 * work.plan.reply)
        known = self._window.settings.reply_tokens
        if plan.capacity < SMALLEST_PAGE or not (known > work.plan.reply or self._window.grow_reserve(plan.reply)):
            return False
        work.settings = replace(work.settings, reply_tokens=self._window.settings.reply_tokens)
        return self._resize(work.plan.window, "reply")

    def _resize(self, window: int, reason: str) -> bool:
        work = self._work
        plan = work.plan.resized(work.settings, window)
        if plan.capacity < SMALLEST_PAGE:
            return False
        for frame in list(work.pager.table.frames()):
            if work.pager.pinned_tokens <= plan.capacity:
                break
            if frame.pinned:
                work.record(work.pager.unpin(frame.page_id))
        if work.pager.pinned_tokens > plan.capacity:
            return False
        self._bury(work.resize(plan, reason))
        return True
