"""The main context: system message, question, an append-only log, and a tail that is rebuilt for each call.

The prefix only grows, except when pages are reclaimed or the log is trimmed: each such break of the provider's prompt
cache is paid for once, by a batch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from docpager.protocols import TokenCounter
from docpager.records import Message, ModelRequest, Role, ToolCall, ToolSpec
from docpager.tool_protocol import Exchange, ToolProtocol
from docpager.transcript import REACHED, fold

MESSAGE_OVERHEAD = 4
"""Tokens of a message's role and delimiters, as in OpenAI's account of its chat format (3 and the role)."""
CALL_OVERHEAD = 8
"""Tokens of a tool call's id, type and delimiters; an estimate, corrected by what an endpoint reports."""


EARLIER = "[notice] earlier: "
"""How a line begins that stands for a call which was moved out of the log."""
_HANDLE = re.compile(r"\bp\d+\b")
_FIRST = re.compile(r',?\s*"first":\s*\d+')


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

    def page_ids(self) -> set[str]:
        """Pages that stand in this entry."""
        return {part.page_id for result in self.results for part in result if part.page_id}

    def exchange(self) -> Exchange:
        """The entry as calls and result texts."""
        texts = tuple("\n".join(part.text for part in result if part.text) for result in self.results)
        return Exchange(self.calls, texts, self.text)


@dataclass(slots=True)
class MainContext:
    """What the model is sent."""

    system: str
    question: str
    tools: tuple[ToolSpec, ...]
    protocol: ToolProtocol
    counter: TokenCounter
    entries: list[LogEntry] = field(default_factory=list)
    summaries: dict[str, str] = field(default_factory=dict)
    read: dict[str, None] = field(default_factory=dict)
    """Handles of pages that entries which were moved out had asked for."""

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

    def messages(self, tail: str = "") -> tuple[Message, ...]:
        """All messages in order, the tail behind the last one."""
        head = "\n".join([self.question, *self._head()])
        messages = [Message(Role.SYSTEM, self.system), Message(Role.USER, head)]
        for entry in self.entries:
            messages += self.protocol.write(entry.exchange())
        messages[-1] = replace(messages[-1], content=messages[-1].content + tail)
        return tuple(messages)

    def request(self, tail: str, max_reply_tokens: int) -> ModelRequest:
        """The next call to the model."""
        tools, json_tools = self.protocol.request_tools(self.tools), self.protocol.json_tools(self.tools)
        return ModelRequest(self.messages(tail), tools, max_reply_tokens, json_tools)

    def log_tokens(self, page_tokens: int) -> int:
        """Tokens of the log without its pages, whose tokens are given."""
        messages = self.messages()
        return self._head_tokens() + sum(count_message(m, self.counter) for m in messages[2:]) - page_tokens

    def trim(self, wanted: int, page_tokens: int) -> list[str]:
        """Moves the oldest entries out until the log has at most ``wanted`` tokens; returns what stands for them.

        The newest entry stays, and so do pages that are resident: only the rest of their entry goes.
        """
        moved: list[str] = []
        summaries = wanted // 2
        for entry in list(self.entries[:-1]):
            if self.log_tokens(page_tokens) <= wanted - summaries:
                break
            if entry.page_ids():
                moved += [] if entry.trimmed else self._keep_pages_only(entry)
            else:
                moved += [] if entry.trimmed else self._summary_of(entry)
                self.entries.remove(entry)
        body = self.log_tokens(page_tokens) - self._head_tokens()
        self._summarise([line for line in moved if line], max(wanted // 3, wanted - body))
        return moved

    def _keep_pages_only(self, entry: LogEntry) -> list[str]:
        for result in entry.results:
            for part in result:
                if part.page_id is None:
                    part.text = ""
        entry.trimmed = True
        return self._summary_of(entry)

    def _summary_of(self, entry: LogEntry) -> list[str]:
        self.read.update(dict.fromkeys(entry.read))
        return entry.summary.split("\n")

    def _summarise(self, lines: Sequence[str], limit: int) -> None:
        """Adds lines for what was moved out; drops the oldest, then the pages asked for longest ago."""
        for line in lines:
            self.summaries.pop(_repeated(line), None)
            self.summaries[_repeated(line)] = line
        while self.summaries and self._head_tokens() > limit:
            del self.summaries[next(iter(self.summaries))]
        while self.read and self._head_tokens() > limit:
            del self.read[next(iter(self.read))]

    def _head(self) -> list[str]:
        """What stands behind the question for the entries that were moved out."""
        pages = json.dumps({"pages": list(self.read)}, separators=(",", ":"))
        return [*self.summaries.values(), *([f"{EARLIER}page_in {pages}"] if self.read else [])]

    def _head_tokens(self) -> int:
        head = self._head()
        return self.counter.count("\n".join(head)) if head else 0


def summary_with(before: str, call: ToolCall, told: str) -> str:
    """The lines that stand for some calls once the log has moved on; notes and pages stand elsewhere."""
    if call.name in ("note", "page_in"):
        return before
    line = f"{EARLIER}{call.name} {fold(call.arguments)}{told}"
    return f"{before}\n{line}" if before else line


def pages_asked_for(calls: Sequence[ToolCall]) -> tuple[str, ...]:
    """Handles of the pages that some calls asked for, without lines."""
    asked = (address.group() for c in calls if c.name == "page_in" for address in _HANDLE.finditer(c.arguments))
    return tuple(dict.fromkeys(asked))


def _repeated(line: str) -> str:
    """What lines of one search have in common, whatever page of its results they stand for."""
    return _FIRST.sub("", line.split(REACHED, 1)[0])


class MemoCounter:
    """A token counter that remembers what it counted: a prompt's prefix is counted again at every step."""

    def __init__(self, counter: TokenCounter, size: int = 512) -> None:
        self._counter = counter
        self._memo = lru_cache(maxsize=size)(counter.count)

    @property
    def name(self) -> str:
        """The name of the counter it asks."""
        return self._counter.name

    def count(self, text: str) -> int:
        """The number of tokens of ``text``."""
        return self._memo(text)


def count_message(message: Message, counter: TokenCounter) -> int:
    """Tokens of one message as it is sent."""
    calls = sum(counter.count(c.name) + counter.count(c.arguments) + CALL_OVERHEAD for c in message.tool_calls)
    return counter.count(message.content) + calls + MESSAGE_OVERHEAD


def common_prefix_tokens(before: Sequence[Message], after: Sequence[Message], counter: TokenCounter) -> int:
    """Tokens at the start of a request that equal the request before it: what a prompt cache could have served."""
    tokens = 0
    for old, new in zip(before, after, strict=False):
        if old == new:
            tokens += count_message(new, counter)
            continue
        if (old.role, old.tool_calls) == (new.role, new.tool_calls):
            tokens += counter.count(_common_prefix(old.content, new.content))
        break
    return tokens


def _common_prefix(a: str, b: str) -> str:
    length = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[:length]
