"""What is done when the window is too small, one rung after the other, each an event in the trace.

Reclaim by policy; grow, below the model's window; show only a page's lines that bear on the question; summarise the
log and give half of its share to pages; ask the model to write notes and unpin; answer with what is known. Admission
(``docpager.agent.paging``) goes as far as trimming lines on its own; here stand the request and the refault rate.
"""

from __future__ import annotations

from collections.abc import Sequence

from docpager.agent.counting import count_request
from docpager.agent.main_context import MainContext
from docpager.agent.queue_context import QueueContext
from docpager.agent.sizing import GROW_ABOVE
from docpager.agent.tail import state_of
from docpager.agent.workspace import Workspace
from docpager.errors import NoRoomError
from docpager.records import ModelRequest
from docpager.records.views import ErrorView
from docpager.transcript import render_view

LARGE_RESULT = 100
"""A result of fewer tokens is not worth taking back: saying so takes about a third of that."""
EARLY = 0.9
"""Where pages went, the log is trimmed with them above this share of what it may take, and not earlier: a list of
results that went before it was read has to be asked for again. Of 0.5, 0.75, 0.9 and 1 it cost least at 8k."""
THRASHING = 0.5
"""Half of the last references were to pages that had been evicted: the next rung is due."""


class Ladder:
    """Keeps one question's context within its window, and its memory from running in circles."""

    def __init__(self, work: Workspace, context: MainContext) -> None:
        self._work = work
        self._context = context
        self._is_broken = False
        """Whether a page has gone since the last request: from there on the prompt cache holds nothing."""
        self._rungs = iter((self._trim_lines, self._lend_log, self._ask_for_notes))

    def fitting_request(self) -> ModelRequest:
        """The next request, after the log was trimmed and pages reclaimed as far as the window asks for.

        Raises ``NoRoomError`` where that is not enough.
        """
        work, context = self._work, self._context
        if not context.flushes:
            self._keep_log_in_its_share()
        while True:
            request = context.request(state_of(work), work.plan.reply)
            over = self.count(request) - work.plan.request_limit
            if over <= 0:
                self._note_pressure(request)
                return request
            if not self._make_room(over):
                raise NoRoomError(self.count(request), work.plan.request_limit)

    def _keep_log_in_its_share(self) -> None:
        """Trims the log; together with pages, where both are nearly due: the prompt cache breaks once for both.

        Not where the built-in reader steers: nothing of this context is sent then, and its pages wait to be shown.
        """
        work, log = self._work, self._context.log_tokens(self._work.pager.resident_tokens)
        if log > work.plan.log and log + work.pager.resident_tokens > work.plan.log + work.plan.capacity:
            self._trim_log(work.plan.log // 2)
            if work.plan.short_prompt:
                return
            newest = self._context.newest_page_ids()
            events = work.pager.reclaim_early(newest)
            work.record(*events, kept=sorted(newest))
            self.bury([page_id for event in events for page_id in event.page_ids])
        elif self._is_broken and log > EARLY * work.plan.log:
            self._trim_log(work.plan.log // 2)
        self._is_broken = False

    def _note_pressure(self, request: ModelRequest) -> None:
        """Warns behind the next result where the request fills so much of the window, as in MemGPT's paper."""
        work = self._work
        was, limit = work.queue_is_full, work.settings.pressure_watermark * work.plan.request_limit
        work.queue_is_full = work.plan.flushes and self.count(request) > limit
        if work.queue_is_full and not was:
            work.note_event("MemoryPressure")

    def _make_room(self, over: int) -> bool:
        """Takes the first measure that frees anything; False where none is left."""
        if isinstance(self._context, QueueContext) and self._flush(self._context):
            return True
        return self._shed(over) or self._work.grow("request") or self._trim_log(0) or self._withhold_result()

    def count(self, request: ModelRequest) -> int:
        """Tokens of a request as it is sent."""
        return count_request(request, self._work.counter)

    def bury(self, page_ids: Sequence[str]) -> None:
        """Puts tombstones where evicted pages stood."""
        for page_id in page_ids:
            self._is_broken = True
            self._context.remove_page(page_id, render_view(self._work.tombstone(page_id)))

    def relieved(self) -> bool:
        """Takes the next rung where pages go and come back too fast; False when there is none left."""
        work = self._work
        rate = work.pager.working_set.refault_rate
        if rate > GROW_ABOVE and work.grow("refaults"):
            return True
        if rate < THRASHING:
            return True
        rung = next(self._rungs, None)
        action = rung.__name__.lstrip("_") if rung else "answer"
        work.record(work.pager.thrashing(action))
        if rung is None:
            return False
        rung()
        return True

    def _trim_lines(self) -> None:
        self._work.trims_refaults = True

    def _lend_log(self) -> None:
        self._work.resize(self._work.plan.with_less_log(), "log")
        self._trim_log(self._work.plan.log)

    def _ask_for_notes(self) -> None:
        self._work.asks_for_notes = True

    def _shed(self, over: int) -> bool:
        """Evicts at least ``over`` tokens of pages, or what is left; False when nothing was."""
        events = self._work.pager.shed(over)
        self._work.record(*events)
        self.bury([page_id for event in events for page_id in event.page_ids])
        return bool(events)

    def _flush(self, context: QueueContext) -> bool:
        """Moves the oldest half of the queue out, with the pages that stand in it; False where nothing can go."""
        flushed, pages = context.flush(self._work.plan.log // 2)
        events = self._work.pager.evict(pages)
        self._work.record(*events, flushed=True)
        self.bury([page_id for event in events for page_id in event.page_ids])
        return self._summarized(len(flushed))

    def _trim_log(self, wanted: int) -> bool:
        return self._summarized(self._context.trim(wanted, self._work.pager.resident_tokens))

    def _summarized(self, entries: int) -> bool:
        if entries:
            self._work.note_event("Summarized", {"by": "lines", "entries": entries})
        return bool(entries)

    def _withhold_result(self) -> bool:
        """Takes back the largest result of the newest calls, with a word on what to ask for instead."""
        newest = self._context.entries[-1].results if self._context.entries else []
        sizes = [(self._work.counter.count(part.text), part) for parts in newest for part in parts if not part.page_id]
        tokens, part = max(sizes, key=lambda size: size[0], default=(0, None))
        if part is None or tokens <= LARGE_RESULT:
            return False
        said = f"This result takes {tokens:,} tokens, more than the window has room for. Ask for less of it."
        part.text = render_view(ErrorView(said))
        self._work.note_event("Summarized", {"by": "lines", "entries": 0, "withheld_tokens": tokens})
        return True
