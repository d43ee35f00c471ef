"""What goes to a chat model and comes back: messages, tool specifications, requests and replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from docpager.records.questions import Usage


class Role(StrEnum):
    """Who a message is from, in the words of OpenAI's chat completions."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call one tool. ``arguments`` is the JSON text exactly as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request. A tool's result names the call it answers."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it: name, one sentence, and a strict JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call to a chat model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    max_reply_tokens: int
    json_tools: tuple[ToolSpec, ...] = ()
    """Tools of which the reply's text has to call one, as a JSON object; only where ``tools`` is empty."""


class ReplyOrigin(StrEnum):
    """Where a reply came from."""

    MODEL = "model"
    JOURNAL = "journal"
    """The cache: the question asked for it itself, in the same run, before it was interrupted."""
    CACHE = "cache"
    """The cache: another run or another question had asked for it."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What came back. A model that calls no tool has said ``text``."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model_reported: str | None = None
    finish_reason: str | None = None
    sent: tuple[SentRequest, ...] | None = None
    """What was sent in the place of the request, by a model that only steers another; None where it was sent itself."""
    remarks: tuple[Remark, ...] = ()
    """What the trace is to say of this reply."""
    origin: ReplyOrigin = ReplyOrigin.MODEL


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that went to a model, and what came back."""

    request: ModelRequest
    reply: ModelReply
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Remark:
    """An event that a model adds to the trace."""

    event: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
