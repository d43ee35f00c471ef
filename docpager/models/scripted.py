"""A model that says what it was told to say: for tests, examples and replays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from docpager.errors import ModelError
from docpager.records import ModelReply, ModelRequest, ToolCall

Line = ModelReply | ToolCall | list[ToolCall] | str | Callable[[ModelRequest], ModelReply]
"""One reply of a script: whole, as calls, as plain text, or made from the request."""


def call(name: str, **arguments: Any) -> ToolCall:
    """A tool call, as a model makes it.

    >>> call("page_in", pages=["p1"])
    ToolCall(call_id='call-page_in', name='page_in', arguments='{"pages": ["p1"]}')
    """
    return ToolCall(f"call-{name}", name, json.dumps(arguments, ensure_ascii=False))


class ScriptedModel:
    """Replies with the lines of a script, one a call, and keeps the requests it was sent.

    The script starts anew for each question when ``restart`` is true: a request without a log begins one.

    >>> from docpager import ask_question
    >>> found = [call("search", query="captain"), call("page_in", pages=["p1"])]
    >>> said = call("answer", statements=[{"text": "Jon Dahl.", "addresses": ["p1:1"]}])
    >>> ask_question("Who is the new captain?", archive="ferries.lancedb", model=ScriptedModel([found, said])).answer
    'Jon Dahl. [1]'
    """

    def __init__(self, script: Iterable[Line], *, name: str = "scripted", restart: bool = False) -> None:
        self._script = list(script)
        self._next = 0
        self._restart = restart
        self.name = name
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The script's next line; raises ``ModelError`` at its end."""
        self.requests.append(request)
        if self._restart and len(request.messages) <= 2:
            self._next = 0
        if self._next >= len(self._script):
            raise ModelError(f"The script has {len(self._script)} lines and was asked for one more.")
        line = self._script[self._next]
        self._next += 1
        return _reply(line, request)


def _reply(line: Line, request: ModelRequest) -> ModelReply:
    match line:
        case ModelReply():
            return line
        case ToolCall():
            return ModelReply(tool_calls=(line,))
        case list():
            return ModelReply(tool_calls=tuple(line))
        case str():
            return ModelReply(text=line)
    return line(request)
