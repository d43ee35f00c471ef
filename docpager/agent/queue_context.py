"""The main context as MemGPT's paper lays it out: the yardstick for the layout of ``docpager.agent.main_context``.

After Packer et al., MemGPT: Towards LLMs as Operating Systems (arXiv 2310.08560), sections 2.1 and 2.2: the working
context stands in the system prompt and changes when the model edits it; messages form a FIFO queue; where the prompt
overflows, half of the queue is flushed, and a recursive summary of all that was flushed stands first in it.
"""

from __future__ import annotations

from dataclasses import replace

from docpager.agent.counting import count_message
from docpager.agent.main_context import LogEntry, MainContext
from docpager.records import ModelRequest
from docpager.records.views import StatusView, TailView
from docpager.transcript import render_view
from docpager.working_context import render_working_context

FLUSHED = 0.5
"""The share of the queue that is flushed at once, as in the paper."""


class QueueContext(MainContext):
    """What the model is sent, as ``--layout memgpt`` has it. The question stays in front of the queue."""

    flushes = True
    _opening = ""
    """What was said of memory behind the question, before any exchange."""

    def request(self, state: TailView, max_reply_tokens: int) -> ModelRequest:
        """The next call to the model; what it says of memory stays behind the newest message for good."""
        status = render_view(StatusView(state.budget, state.warning))
        if self.entries:
            self.entries[-1].status = self.entries[-1].status or status
        else:
            self._opening = self._opening or status
        system, *queue = self.messages()
        notes = render_working_context(state.notes, self.nonce)
        return self._request((replace(system, content=system.content + notes), *queue), max_reply_tokens)

    def _head(self) -> list[str]:
        return [*super()._head(), *filter(None, [self._opening])]

    def trim(self, wanted: int, page_tokens: int) -> int:
        """Nothing: calls and results have no share of their own."""
        del wanted, page_tokens
        return 0

    def flush(self, summary_tokens: int) -> tuple[list[LogEntry], set[str]]:
        """Moves out the oldest half of the queue, by tokens, pages and all; the newest exchange stays.

        Returns what went, and the ids of the pages in it.
        """
        left = FLUSHED * sum(count_message(message, self.counter) for message in self.messages()[2:])
        flushed: list[LogEntry] = []
        for entry in self.entries[:-1]:
            if left <= 0:
                break
            left -= sum(count_message(message, self.counter) for message in self.protocol.write(entry.exchange()))
            flushed.append(entry)
        pages = {page_id for entry in flushed for page_id in entry.page_ids()}
        for entry in flushed:
            self._move_out(entry, keep_pages=False)
        self.earlier.bound(summary_tokens)
        return flushed, pages
