"""The main context: system message, question, an append-only log, and a tail that is rebuilt for each call.

The prefix only grows, except when pages are reclaimed or the log is trimmed: each such break of the provider's prompt
cache is paid for once, by a batch.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from docpager.agent.counting import count_message
from docpager.agent.earlier import Earlier
from docpager.protocols import TokenCounter
from docpager.records import Message, ModelRequest, Role, ToolCall, ToolSpec
from docpager.records.views import TailView
from docpager.tool_protocol import Exchange, ToolProtocol
from docpager.transcript import render_tail


@dataclass(slots=True)
class Part:
    """A piece of a tool's result. One that shows a page is replaced by its tombstone when the page goes."""

    text: str
    page_id: str | None = None


@dataclass(slots=True)
class LogEntry:
    """One exchange of the log, its results in parts."""

    calls: tuple[ToolCall, ...]
    results: list[list[Part]]
    text: str = ""
    summary: str = ""
    """The lines that stand for this entry once it is moved out."""
    read: tuple[str, ...] = ()
    """Handles of the pages it asked for; those of all entries moved out share one line."""
    trimmed: bool = False
    status: str = ""
    """What was said of memory behind its last result, where that stays."""

    def page_ids(self) -> set[str]:
        """Pages that stand in this entry."""
        return {part.page_id for result in self.results for part in result if part.page_id}

    def exchange(self) -> Exchange:
        """The entry as calls and result texts."""
        texts = ["\n".join(part.text for part in result if part.text) for result in self.results]
        if self.status and texts:
            texts[-1] = "\n".join(filter(None, [texts[-1], self.status]))
        return Exchange(self.calls, tuple(texts), self.text)

    def text_without(self, page_ids: Collection[str]) -> str:
        """What it said and was told, without those pages."""
        said = [self.text, *(f"{call.name} {call.arguments}" for call in self.calls)]
        told = [part.text for result in self.results for part in result if part.page_id not in page_ids]
        return "\n".join(filter(None, [*said, *told]))


class MainContext:
    """What the model is sent, as ``--layout log`` has it."""

    flushes = False
    """Whether it is the oldest exchanges that make room, pages and all, instead of pages by policy."""

    def __init__(
        self,
        system: str,
        question: str,
        tools: tuple[ToolSpec, ...],
        protocol: ToolProtocol,
        counter: TokenCounter,
        *,
        nonce: str,
    ) -> None:
        self.system = system
        self.question = question
        self.tools = tools
        self.protocol = protocol
        self.counter = counter
        self.nonce = nonce
        self.entries: list[LogEntry] = []
        self.earlier = Earlier(counter)

    def append(self, entry: LogEntry) -> None:
        """Adds an exchange at the log's end."""
        self.entries.append(entry)

    def remove_page(self, page_id: str, tombstone: str) -> None:
        """Puts a tombstone where a page stood first, and nothing where it stood again."""
        left = tombstone
        for entry in self.entries:
            for result in entry.results:
                for part in result:
                    if part.page_id == page_id:
                        part.text, part.page_id, left = left, None, ""

    def request(self, state: TailView, max_reply_tokens: int) -> ModelRequest:
        """The next call to the model, with the state of memory behind its last message."""
        *before, last = self.messages()
        tail = render_tail(state, self.nonce)
        return self._request((*before, replace(last, content=last.content + tail)), max_reply_tokens)

    def _request(self, messages: tuple[Message, ...], max_reply_tokens: int) -> ModelRequest:
        tools, json_tools = self.protocol.request_tools(self.tools), self.protocol.json_tools(self.tools)
        return ModelRequest(messages, tools, max_reply_tokens, json_tools)

    def messages(self) -> list[Message]:
        """All messages in order, without what is only sent once."""
        messages = [Message(Role.SYSTEM, self.system), Message(Role.USER, "\n".join(self._head()))]
        for entry in self.entries:
            messages += self.protocol.write(entry.exchange())
        return messages

    def _head(self) -> list[str]:
        return [self.question, *self.earlier.head()]

    def log_tokens(self, page_tokens: int) -> int:
        """Tokens of the log without its pages, whose tokens are given."""
        return self.earlier.tokens + sum(count_message(m, self.counter) for m in self.messages()[2:]) - page_tokens

    def trim(self, wanted: int, page_tokens: int) -> int:
        """Moves the oldest entries out until the log has at most ``wanted`` tokens; returns how many it touched.

        The newest entry stays, and so do pages that are resident: only the rest of their entry goes.
        """
        moved = 0
        summaries = wanted // 2
        for entry in list(self.entries[:-1]):
            if self.log_tokens(page_tokens) <= wanted - summaries:
                break
            moved += not entry.trimmed
            self._move_out(entry, keep_pages=True)
        body = self.log_tokens(page_tokens) - self.earlier.tokens
        self.earlier.bound(max(wanted // 3, wanted - body))
        return moved

    def _move_out(self, entry: LogEntry, *, keep_pages: bool) -> None:
        """Leaves a summary of an entry, and of the entry its pages, if any and wanted."""
        pages = entry.page_ids() if keep_pages else set()
        if not entry.trimmed:
            self.earlier.untold.append(entry.text_without(pages))
            self.earlier.add(entry.summary.split("\n"), entry.read)
        if not pages:
            self.entries.remove(entry)
            return
        for result in entry.results:
            for part in result:
                if part.page_id is None:
                    part.text = ""
        entry.trimmed = True
