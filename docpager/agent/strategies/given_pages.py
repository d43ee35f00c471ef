"""One prompt with the pages that were chosen for it: the model answers from them, and cannot look further."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from docpager.agent.arguments import Arguments
from docpager.agent.main_context import LogEntry
from docpager.agent.paging import page_in
from docpager.agent.sitting import Sitting
from docpager.agent.strategies.choosing import best_passages, text_in_order
from docpager.agent.tool_result import Ending
from docpager.memory import Page
from docpager.records import ExitStatus, Segment, ToolCall

STEPS = 3
"""Calls for one prompt: the answer, a calculation before it, and one correction."""
CALL_TOKENS = 4
"""What naming a page in a call takes."""


class GivenPages(Sitting):
    """Work on one question with pages that are chosen beforehand."""

    @abstractmethod
    def choose(self) -> Iterable[Segment]:
        """What to show, the most important first; as much of it as fits is shown."""

    async def until_ended(self) -> Ending | ExitStatus:
        """The model's answer to one prompt."""
        pages = await asyncio.to_thread(lambda: next(self.prompts_of(self.choose()), []))
        return await self.answer_from([page.handle for page in pages])

    async def answer_from(self, handles: Sequence[str]) -> Ending | ExitStatus:
        """What the model says to a prompt that shows these pages, or these lines of pages (``p7:3-5``)."""
        self.begin_context()
        await asyncio.to_thread(self._show, handles)
        self.work.settings = replace(self.work.settings, max_steps=self.work.step + STEPS)
        return await super().until_ended()

    def _show(self, handles: Sequence[str]) -> None:
        call = ToolCall("given", "page_in", json.dumps({"pages": list(handles)}))
        result = page_in(self.work, Arguments(call.name, call.arguments))
        self.context.append(LogEntry((call,), [result.parts]))

    def prompts_of(self, segments: Iterable[Segment]) -> Iterator[list[Page]]:
        """Segments as pages, as many in a row as fit into one prompt."""
        pages: list[Page] = []
        left = capacity = self.work.pager.capacity
        for segment in segments:
            page = self.work.list_page(segment)
            size = page.token_count + CALL_TOKENS
            if pages and size > left:
                yield pages
                pages, left = [], capacity
            pages.append(page)
            left -= size
        if pages:
            yield pages


class TopK(GivenPages):
    """As many of one search's best passages as fit into the window."""

    def choose(self) -> Iterable[Segment]:
        """The passages, best first."""
        return (hit.segment for hit in best_passages(self.work))


class Truncate(GivenPages):
    """Documents from their start, cut where the window ends; the document of the best passage first."""

    def choose(self) -> Iterable[Segment]:
        """Their text."""
        return islice(text_in_order(self.work), self.work.pager.capacity)
