"""What an endpoint can do, found out by a few small calls: for a person who sets it up."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from docpager.errors import ModelError
from docpager.loose_json import first_object
from docpager.models.openai import facts
from docpager.models.openai.model import OpenAIModel
from docpager.protocols import TokenCounter
from docpager.records import Message, ModelReply, ModelRequest, Role

_LINE = "On day {n} the harbour master counted the ships, wrote their names into the book and went home."
PROMPT_LINES = 60
"""Lines of the prompt that measures reading: about 1,300 tokens, more than the smallest piece a cache keeps."""
WRITTEN_TOKENS = 64
CLOSE_COUNT = 1.05
"""A count of tokens that is further from ours is worth a word."""
Result = TypeVar("Result")
_JSON_PROBE = ModelRequest(
    (
        Message(Role.SYSTEM, 'Reply with one JSON object only: {"tool": NAME, "arguments": {...}}.'),
        Message(Role.USER, "Call the tool report_word with the word ready."),
    ),
    (),
    max_reply_tokens=256,
    json_tools=(facts.PROBE_TOOL,),
)


@dataclass(slots=True)
class Checkup:
    """What was found. None is what could not be found out."""

    address: str
    model: str
    listed_models: list[str] = field(default_factory=list)
    window: int | None = None
    native_tools: bool | None = None
    json_replies: bool | None = None
    reports_usage: bool | None = None
    caches_prompts: bool | None = None
    """Whether the second of two equal prompts was told to be cached; None where the endpoint does not tell."""
    count_ratio: float | None = None
    """Its count of tokens for one of ours, of a long prompt."""
    read_tokens_per_second: float | None = None
    write_tokens_per_second: float | None = None
    price_known: bool = False
    lessons: list[str] = field(default_factory=list)
    """What the endpoint refused, and what is sent instead."""
    problems: list[str] = field(default_factory=list)


async def listed_models(model: OpenAIModel) -> list[str]:
    """The names of the models that the endpoint lists."""
    with model.client() as client:
        listing = await facts.look_up(client, "/models")
    return sorted(str(entry.get("id")) for entry in facts.models_in(listing) if entry.get("id"))


async def examine(model: OpenAIModel, counter: TokenCounter) -> Checkup:
    """Finds out what the endpoint can do, in five calls and two look-ups.

    Raises ``ConfigurationError`` and ``EndpointDownError`` where none can succeed.
    """
    found = Checkup(model.connection.shown, model.name, await listed_models(model), await model.stated_window())
    probe = await _tried(found, "calls of tools", model.probe_tools())
    found.native_tools = None if probe is None else probe.native
    reply = await _tried(found, "replies in JSON", model.complete(_JSON_PROBE))
    found.json_replies = None if reply is None or _only_thought(reply) else _is_call(reply)
    await _read_twice(model, counter, found)
    await _write(model, found)
    found.lessons = list(model.dialect.lessons)
    return found


async def _tried(found: Checkup, what: str, call: Awaitable[Result]) -> Result | None:
    """What a call gives; one that fails is one more problem, and not the end."""
    try:
        return await call
    except ModelError as error:
        found.problems.append(f"{what}: {error}")
        return None


def _only_thought(reply: ModelReply) -> bool:
    return reply.finish_reason == "length" and not reply.text


def _is_call(reply: ModelReply) -> bool:
    value = first_object(reply.text)
    return value is not None and value.get("tool") == facts.PROBE_TOOL.name and isinstance(value.get("arguments"), dict)


async def _read_twice(model: OpenAIModel, counter: TokenCounter, found: Checkup) -> None:
    """Sends one long prompt twice: how fast it is read, how it is counted, and whether it is cached."""
    # A line that no prompt before had comes first, so that the first reading is not served from a cache.
    lines = [f"Checked at {time.time_ns()}.", *(_LINE.format(n=n) for n in range(1, PROMPT_LINES + 1))]
    messages = (Message(Role.USER, "\n".join([*lines, "Say: yes"])),)
    request = ModelRequest(messages, (), max_reply_tokens=16)
    clock = time.monotonic()
    first = await _tried(found, "a long prompt", model.complete(request))
    seconds = time.monotonic() - clock
    if first is None:
        return
    found.price_known = first.usage.cost_usd is not None
    tokens = first.usage.prompt_tokens
    found.reports_usage = bool(tokens)
    if tokens:
        found.read_tokens_per_second = tokens / max(seconds, 1e-6)
        found.count_ratio = tokens / counter.count(messages[0].content)
    second = await _tried(found, "the same prompt again", model.complete(request))
    if second is not None and second.usage.cached_tokens is not None:
        found.caches_prompts = second.usage.cached_tokens > 0


async def _write(model: OpenAIModel, found: Checkup) -> None:
    """Asks for many words after a short prompt: how fast they are written."""
    asked = Message(Role.USER, "Count from 1 to 100 in digits, separated by blanks.")
    clock = time.monotonic()
    reply = await _tried(found, "a long reply", model.complete(ModelRequest((asked,), (), WRITTEN_TOKENS)))
    seconds = time.monotonic() - clock
    if reply is not None and reply.usage.completion_tokens >= WRITTEN_TOKENS // 4:
        found.write_tokens_per_second = reply.usage.completion_tokens / max(seconds, 1e-6)


def advice(found: Checkup, *, window: int, reply_tokens: int, request_timeout_seconds: float) -> list[str]:
    """What to set, as a list of sentences; empty where nothing needs to be.

    ``window`` and ``reply_tokens`` are what a run would use.
    """
    said = []
    if found.native_tools is False and found.json_replies is False:
        said.append("The model neither calls tools nor keeps to JSON: expect poor answers, or use --model extractive.")
    elif found.native_tools is False:
        said.append("The model does not call tools: --tool-protocol json saves the probe that finds it out.")
    if found.window is None:
        said.append("The endpoint does not state its window: set --context-tokens to at most the model's own.")
    elif found.window < window:
        said.append(f"The window is {found.window:,} tokens: --context-tokens of {window:,} becomes as many.")
    if not found.reports_usage:
        said.append("The endpoint reports no usage: token counts are ours alone, and cost stays unknown.")
    if found.count_ratio is not None and found.count_ratio > CLOSE_COUNT:
        share = found.count_ratio - 1
        said.append(f"It counts {share:.0%} more tokens than docpager does: pages get so much less of the window.")
    if found.reports_usage and not found.price_known:
        said.append("The price is not known, so cost_usd stays null: give it in a file with --prices.")
    return [*said, *_too_slow(found, window, reply_tokens, request_timeout_seconds)]


def _too_slow(found: Checkup, window: int, reply_tokens: int, timeout_seconds: float) -> list[str]:
    if not found.read_tokens_per_second or not found.write_tokens_per_second:
        return []
    window = min(window, found.window or window)
    seconds = window / found.read_tokens_per_second + reply_tokens / found.write_tokens_per_second
    if seconds <= timeout_seconds:
        return []
    return [
        f"A full request takes about {seconds:.0f} s at this speed: set --request-timeout to {2 * seconds:.0f}s and "
        f"--question-timeout to {20 * seconds:.0f}s, or a smaller --context-tokens."
    ]
