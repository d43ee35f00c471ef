"""How tool calls travel in messages: natively, or as JSON in the text for models and windows that cannot carry schemas.

Both ways can be written and read back, so that a reader of the log sees the same calls and results either way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from docpager.errors import ToolError
from docpager.loose_json import first_object, loads
from docpager.records import Message, ModelReply, Role, ToolCall, ToolSpec


@dataclass(frozen=True, slots=True)
class Exchange:
    """One reply of the model and the results of the calls in it."""

    calls: tuple[ToolCall, ...]
    results: tuple[str, ...]
    text: str = ""


class ToolProtocol(Protocol):
    """Writes exchanges as messages and reads them back."""

    name: str

    def system_text(self, instructions: str, tools: Sequence[ToolSpec]) -> str:
        """The system message."""

    def request_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """The tool schemas that go with each request."""

    def json_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """The tools of which the reply's text has to call one."""

    def read_calls(self, reply: ModelReply) -> tuple[ToolCall, ...]:
        """The calls in a reply; none if it only talks. Raises ``ToolError`` for a call that cannot be read."""

    def write(self, exchange: Exchange) -> list[Message]:
        """An exchange as messages of the log."""


class NativeTools:
    """Chat completions' own tool calls."""

    name = "native"

    def system_text(self, instructions: str, tools: Sequence[ToolSpec]) -> str:
        """The instructions alone: schemas go with the request."""
        del tools
        return instructions

    def request_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """All of them."""
        return tuple(tools)

    def json_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """None: calls do not stand in the text."""
        del tools
        return ()

    def read_calls(self, reply: ModelReply) -> tuple[ToolCall, ...]:
        """The native calls; a model that writes JSON instead is understood too."""
        return reply.tool_calls or JsonTools().read_calls(reply)

    def write(self, exchange: Exchange) -> list[Message]:
        """The assistant's message, then one tool message a call."""
        if not exchange.calls:
            said = Message(Role.ASSISTANT, exchange.text)
            return [said, *(Message(Role.USER, result) for result in exchange.results)]
        assistant = Message(Role.ASSISTANT, exchange.text, tool_calls=exchange.calls)
        results = zip(exchange.calls, exchange.results, strict=True)
        return [assistant, *(Message(Role.TOOL, text, tool_call_id=call.call_id) for call, text in results)]


class JsonTools:
    """Calls as one JSON object in the reply's text: ``{"tool": "search", "arguments": {"query": "..."}}``."""

    name = "json"

    def system_text(self, instructions: str, tools: Sequence[ToolSpec]) -> str:
        """The instructions, then one line a tool."""
        how = 'Reply with one JSON object only: {"tool": NAME, "arguments": {...}}. Arguments with ? may be left out.'
        return "\n".join([instructions, "", how, "Tools:", *map(signature, tools)])

    def request_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """None: they are described in the system message."""
        del tools
        return ()

    def json_tools(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """All of them."""
        return tuple(tools)

    def read_calls(self, reply: ModelReply) -> tuple[ToolCall, ...]:
        """The first JSON object in the text that names a tool."""
        if reply.tool_calls:
            return reply.tool_calls
        found = first_object(reply.text)
        if found is None:
            return ()
        name = next((found[key] for key in _TOOL if key in found), None)
        arguments: Any = next((found[key] for key in _ARGUMENTS if key in found), {})
        if not isinstance(name, str):
            raise ToolError('This JSON names no tool. Reply with {"tool": NAME, "arguments": {...}}.')
        if isinstance(arguments, str):
            return (ToolCall("json", name, arguments),)
        return (ToolCall("json", name, json.dumps(arguments, ensure_ascii=False)),)

    def write(self, exchange: Exchange) -> list[Message]:
        """The assistant's JSON, then all results in one user message: templates demand alternation."""
        said = "\n".join(_as_json(call) for call in exchange.calls) or exchange.text
        return [Message(Role.ASSISTANT, said), Message(Role.USER, "\n".join(exchange.results))]


_TOOL, _ARGUMENTS = ("tool", "name"), ("arguments", "parameters")
"""What models call the two fields: ours, and those of the formats they were trained on."""
TOOL_PROTOCOLS: dict[str, ToolProtocol] = {"native": NativeTools(), "json": JsonTools()}


def read_exchanges(messages: Iterable[Message]) -> list[Exchange]:
    """The exchanges of a log, from its messages in either protocol."""
    exchanges: list[Exchange] = []
    calls: tuple[ToolCall, ...] = ()
    text = ""
    results: list[str] | None = None
    for message in messages:
        if message.role is Role.ASSISTANT:
            if results is not None:
                exchanges.append(Exchange(calls, tuple(results), text))
            calls, text, results = message.tool_calls or _calls_in(message.content), message.content, []
        elif results is not None:
            results.append(message.content)
    if results is not None:
        exchanges.append(Exchange(calls, tuple(results), text))
    return exchanges


def signature(tool: ToolSpec) -> str:
    """A tool in one line, as in ``search(query, documents?): Finds pages.``"""
    types = tool.parameters["properties"]
    arguments = ", ".join(name + ("?" if _optional(schema) else "") for name, schema in types.items())
    return f"{tool.name}({arguments}): {tool.description}"


def _optional(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type")
    return isinstance(kinds, list) and "null" in kinds


def _as_json(call: ToolCall) -> str:
    try:
        arguments = loads(call.arguments)
    except ValueError:
        arguments = {}  # the error that answers it says what was wrong
    return json.dumps({"tool": call.name, "arguments": arguments}, ensure_ascii=False)


def _calls_in(content: str) -> tuple[ToolCall, ...]:
    calls = []
    for line in content.split("\n"):
        found = first_object(line)
        if found is not None and isinstance(found.get("tool"), str):
            calls.append(ToolCall("json", found["tool"], json.dumps(found.get("arguments", {}), ensure_ascii=False)))
    return tuple(calls)
