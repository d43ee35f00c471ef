"""Map and reduce: each part is read by itself, and the answer is made of what the parts gave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

from docpager.agent.arguments import Arguments
from docpager.agent.paging import page_out
from docpager.agent.strategies.choosing import text_in_order
from docpager.agent.strategies.given_pages import GivenPages
from docpager.agent.tool_result import Ending
from docpager.errors import ToolError
from docpager.memory import LineRange, Page
from docpager.records import Address, ExitStatus, Segment
from docpager.transcript import render_view

CITED_TOKENS = 10
"""What naming some lines of a page in a call takes."""


class Summarize(GivenPages):
    """Documents in order as far as may be read, a windowful at a time: each says what it holds for the question, with
    addresses; then those statements, and the lines they cite, are all that the answer is made of."""

    def choose(self) -> Iterator[Segment]:
        """The text, up to what may be read; the lines cited are read twice."""
        left = max(self.work.settings.read_tokens - self.work.pager.capacity, self.work.pager.capacity)
        for segment in text_in_order(self.work):
            left -= segment.token_count
            if left < 0:
                return
            yield segment

    async def until_ended(self) -> Ending | ExitStatus:
        """The last prompt's answer."""
        parts = await asyncio.to_thread(lambda: list(self.prompts_of(self.choose())))
        if len(parts) == 1:
            return await self.answer_from([page.handle for page in parts[0]])
        said: dict[Address, None] = {}
        for part in parts:
            ending = await self._read_part(part)
            if isinstance(ending, Ending):
                said |= dict.fromkeys(self._noted(ending))
            elif ending is not ExitStatus.STEP_LIMIT:
                return ending
        if not said:
            return Ending(abstain_reason=f"None of the {len(parts)} parts that were read holds an answer.")
        return await self.answer_from(list(self._fitting(said)))

    def _fitting(self, said: Iterable[Address]) -> Iterator[str]:
        """The first of the lines cited, as many as one prompt holds."""
        left = self.work.pager.capacity
        for address in said:
            page = self.work.pager.table.by_handle(address.handle).page
            lines = LineRange(address.first_line, address.last_line)
            left -= self.work.counter.count(render_view(self.work.page_view(page.page_id, lines))) + CITED_TOKENS
            if left < 0:
                return
            yield str(address)

    async def _read_part(self, part: list[Page]) -> Ending | ExitStatus:
        """What the model says to one part, which leaves memory behind it."""
        ending = await self.answer_from([page.handle for page in part])
        resident = [entry.page.handle for entry in self.work.pager.table if entry.frame is not None]
        page_out(self.work, Arguments("page_out", json.dumps({"pages": resident})))
        return ending

    def _noted(self, ending: Ending) -> Iterator[Address]:
        """The lines that a part's statements cite; the statements are noted, as many as the notebook holds."""
        for statement in ending.statements:
            cited = tuple(address for address in statement.addresses if not self.work.never_shown(address))
            yield from cited
            with suppress(ToolError):
                note = self.work.notebook.add(statement.text, cited)
                self.work.note_event("Noted", {"note": note.handle, "addresses": list(note.addresses)})
