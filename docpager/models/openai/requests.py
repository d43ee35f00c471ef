"""From a request to the JSON body of a chat completion, in the dialect its endpoint takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from docpager.models.openai.dialect import Dialect
from docpager.models.openai.reply_schema import response_formats
from docpager.records import Message, ModelRequest, Role, ToolCall, ToolSpec
from docpager.transcript import NOTHING


def body_of(
    request: ModelRequest, dialect: Dialect, *, model: str, temperature: float, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of one call; ``extra`` is the user's own and wins."""
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request.messages, dialect),
        "temperature": temperature,
    }
    if dialect.max_tokens is not None:
        body[dialect.max_tokens] = request.max_reply_tokens
    if request.tools:
        body["tools"] = [_tool(tool, strict=dialect.strict) for tool in request.tools]
        body["tool_choice"] = "required"
    elif request.json_tools:
        formats = response_formats(request.json_tools)
        if (chosen := formats[min(dialect.format_rank, len(formats) - 1)]) is not None:
            body["response_format"] = chosen
    kept = {name: value for name, value in body.items() if name not in dialect.dropped or name == dialect.max_tokens}
    return {**kept, **extra}


def _tool(tool: ToolSpec, *, strict: bool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": {**function, "strict": True} if strict else function}


def _messages(messages: Sequence[Message], dialect: Dialect) -> list[dict[str, Any]]:
    """The messages as JSON; neighbours of one speaker are one message where templates demand alternation."""
    told = [_message(message) for message in messages]
    if dialect.system_apart:
        return told
    merged: list[dict[str, Any]] = []
    for message in told:
        role = "user" if message["role"] == "system" else message["role"]
        if merged and role == merged[-1]["role"] == "user":
            merged[-1]["content"] += "\n\n" + message["content"]
        else:
            merged.append({**message, "role": role})
    return merged


def _message(message: Message) -> dict[str, Any]:
    content = _clean(message.content)
    told: dict[str, Any] = {"role": message.role.value, "content": content or NOTHING}
    if message.role is Role.ASSISTANT and message.tool_calls:
        told["content"] = content or None
        told["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    return told


def _call(call: ToolCall) -> dict[str, Any]:
    """A call of the log; broken arguments are told as none, because templates parse them and fail."""
    try:
        arguments = call.arguments if isinstance(json.loads(call.arguments), dict) else "{}"
    except ValueError:
        arguments = "{}"
    function = {"name": _clean(call.name), "arguments": _clean(arguments)}
    return {"id": call.call_id, "type": "function", "function": function}


def _clean(text: str) -> str:
    """Text that can be sent: a lone surrogate becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
