"""Counts what is sent: messages, tool schemas, and how much of a request repeats the one before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from docpager.protocols import TokenCounter
from docpager.records import Message, ModelRequest, ToolSpec

MESSAGE_OVERHEAD = 4
"""Tokens of a message's role and delimiters, as in OpenAI's account of its chat format (3 and the role)."""
CALL_OVERHEAD = 8
"""Tokens of a tool call's id, type and delimiters; an estimate, corrected by what an endpoint reports."""
MOST_TOOLS = 1024
_TOOLS: dict[tuple[int, str], tuple[ToolSpec, int]] = {}
"""Tokens of schemas that were counted: the same ones go with every request of every question."""


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


def count_request(request: ModelRequest, counter: TokenCounter) -> int:
    """Tokens of a request as it is sent."""
    messages = sum(count_message(message, counter) for message in request.messages)
    return messages + sum(count_tool(spec, counter) for spec in request.tools)


def count_message(message: Message, counter: TokenCounter) -> int:
    """Tokens of one message as it is sent."""
    calls = sum(counter.count(c.name) + counter.count(c.arguments) + CALL_OVERHEAD for c in message.tool_calls)
    return counter.count(message.content) + calls + MESSAGE_OVERHEAD


def count_tool(spec: ToolSpec, counter: TokenCounter) -> int:
    """Tokens of one tool schema as it is sent with a request."""
    key = id(spec), counter.name
    if (known := _TOOLS.get(key)) is not None and known[0] is spec:
        return known[1]
    if len(_TOOLS) >= MOST_TOOLS:
        _TOOLS.clear()
    told = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    tokens = counter.count(json.dumps(told)) + CALL_OVERHEAD
    _TOOLS[key] = spec, tokens
    return tokens


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
