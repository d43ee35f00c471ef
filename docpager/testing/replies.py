"""What a replier is, what it says, and how requests and replies look in chat completions' own JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from docpager.errors import ModelError
from docpager.records import Message, ModelReply, ModelRequest, Role, ToolCall, ToolSpec, Usage

_ROLES = {"developer": Role.SYSTEM, "function": Role.TOOL, **{role.value: role for role in Role}}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a replier says to one request."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    """``tool_calls`` or ``stop``, as the reply has calls or not, where none is given."""
    usage: Usage | None = None
    """Reported in the place of the endpoint's own count."""
    reasoning: str = ""
    """Sent as ``reasoning_content``, and counted as reasoning tokens."""


class Replier(Protocol):
    """Replies to a request: its body as sent, and the number of the request, from 1.

    Runs in the endpoint's thread, one request at a time. An exception becomes a 400 that tells its message.
    """

    def __call__(self, body: Mapping[str, Any], number: int, /) -> Reply:
        """The reply."""


Line = Reply | ModelReply | ToolCall | list[ToolCall] | str | Callable[[Mapping[str, Any], int], Reply]
"""One reply of a script: whole, as calls, as plain text, or made from the request."""


class Scripted:
    """Replies with the lines of a script, one a request.

    The script starts anew for each question when ``restart`` is true: a request without a log begins one.
    """

    def __init__(self, script: Iterable[Line], *, restart: bool = False) -> None:
        self._script = list(script)
        self._next = 0
        self._restart = restart

    def __call__(self, body: Mapping[str, Any], number: int, /) -> Reply:
        """The script's next line; raises ``ModelError`` at its end."""
        if self._restart and len(body.get("messages") or ()) <= 2:
            self._next = 0
        if self._next >= len(self._script):
            raise ModelError(f"The script has {len(self._script)} lines and was asked for one more.")
        line = self._script[self._next]
        self._next += 1
        return _said(line, body, number)


def _said(line: Line, body: Mapping[str, Any], number: int) -> Reply:
    match line:
        case Reply():
            return line
        case ModelReply():
            usage = line.usage if line.usage != Usage() else None
            return Reply(line.text, line.tool_calls, line.finish_reason, usage)
        case ToolCall():
            return calling(body, [line])
        case str():
            return Reply(line)
        case list():
            return calling(body, line)
    return line(body, number)


def calling(body: Mapping[str, Any], calls: Sequence[ToolCall]) -> Reply:
    """A reply with calls the way the request can carry them: natively where it offers tools, else as JSON text.

    docpager reads one JSON object of a text, so of several calls only the first is written then.
    """
    if body.get("tools"):
        named = enumerate(calls, start=len(body.get("messages") or ()))
        return Reply(tool_calls=tuple(replace(call, call_id=f"call_{n}") for n, call in named))
    said = [json.dumps({"tool": c.name, "arguments": _parsed(c.arguments)}, ensure_ascii=False) for c in calls[:1]]
    return Reply("".join(said))


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def read_request(body: Mapping[str, Any]) -> ModelRequest:
    """A request's body as docpager's own record. What it lacks is empty; it never raises for a body of JSON."""
    messages = tuple(_message(item) for item in _dicts(body.get("messages")))
    tools = tuple(_tool(item.get("function") or {}) for item in _dicts(body.get("tools")))
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    return ModelRequest(messages, tools, limit if isinstance(limit, int) else 0)


def _message(item: Mapping[str, Any]) -> Message:
    calls = tuple(
        ToolCall(str(call.get("id") or ""), str(function.get("name") or ""), str(function.get("arguments") or "{}"))
        for call in _dicts(item.get("tool_calls"))
        for function in [call.get("function") or {}]
    )
    role = _ROLES.get(str(item.get("role")), Role.USER)
    return Message(role, text_of(item.get("content")), calls, item.get("tool_call_id"))


def text_of(content: Any) -> str:
    """The text of a message's content: a string, parts of text, or nothing."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in _dicts(content))


def _tool(function: Mapping[str, Any]) -> ToolSpec:
    return ToolSpec(
        str(function.get("name") or ""), str(function.get("description") or ""), function.get("parameters") or {}
    )


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def completion(reply: Reply, *, number: int, created: int, model: str, usage: Usage | None) -> dict[str, Any]:
    """A reply as a chat completion; without ``usage`` where none is given."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": c.call_id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in reply.tool_calls
        ]
    reason = reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    return answer if usage is None else {**answer, "usage": _usage(usage)}


def _usage(usage: Usage) -> dict[str, Any]:
    told: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
    if usage.cached_tokens is not None:
        told["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens is not None:
        told["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return told
