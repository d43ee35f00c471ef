"""What the readers of ``docpager.testing`` share: how they understand a request that may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from docpager.errors import TranscriptError
from docpager.models.scripted import call
from docpager.models.situation import Situation
from docpager.records import Message, ToolCall
from docpager.testing.replies import Reply, calling, read_request

_EARLIER = re.compile(r"\[notice\] earlier: \w+ (?=\{)")
NOT_A_QUESTION = "This reader answers only the questions of docpager's agent."


def situation_of(body: Mapping[str, Any]) -> Situation | None:
    """A request as a situation; None for one that is not the agent's, as a probe or a summary's."""
    request = read_request(body)
    if len(request.messages) < 2:
        return None
    try:
        return Situation.read(replace(request, messages=tuple(map(_readable, request.messages))))
    except (TranscriptError, ValueError):
        return None


def _readable(message: Message) -> Message:
    """The message without calls that cannot be parsed: a log keeps what a faulty endpoint made a model say."""
    calls = tuple(replace(call, arguments=_object(call)) for call in message.tool_calls)
    lines = [line for line in message.content.split("\n") if not _is_broken(line)]
    return replace(message, tool_calls=calls, content="\n".join(lines))


def _object(made: ToolCall) -> str:
    try:
        value = json.loads(made.arguments)
    except ValueError:
        return "{}"
    return made.arguments if isinstance(value, dict) else "{}"


def _is_broken(line: str) -> bool:
    match = _EARLIER.match(line)
    if match is None:
        return False
    try:
        json.JSONDecoder().raw_decode(line, match.end())
    except ValueError:
        return True
    return False


def digest(body: Mapping[str, Any]) -> Reply:
    """A reply to a request that is no question.

    The call of the only tool it offers; else its own last lines, shortened, as a summary would be.
    """
    request = read_request(body)
    if len(request.tools) == 1 and (tool := request.tools[0]).name:
        return calling(body, [call(tool.name, **dict.fromkeys(tool.parameters.get("required", ()), "ready"))])
    messages = request.messages
    text = messages[-1].content if messages else ""
    kept = [line for line in text.split("\n") if line.startswith("[notice] earlier: ")]
    return Reply("\n".join(kept)[:2000] or NOT_A_QUESTION)
