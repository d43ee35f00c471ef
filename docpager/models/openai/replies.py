"""From the JSON of a chat completion to a reply: whatever form it has, one reply or a named error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docpager.errors import BadReplyError, ContentFilterError
from docpager.models.openai.refusals import Refusal
from docpager.records import ModelReply, ToolCall, Usage

MOST_CALLS = 16
"""A reply's calls beyond these are left out: no step of reading needs more."""
MOST_TEXT = 200_000
"""A reply's text is cut here, in characters."""
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHT = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    """A reply, and the reasoning that came with it: counted, and then forgotten."""

    reply: ModelReply
    reasoning: str = ""


def parsed(content: bytes, where: str) -> Any:
    """A body as JSON; raises ``BadReplyError``."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        start = content[:60].decode("utf-8", "replace")
        kind = "a web page" if start.lstrip().startswith("<") else "no whole JSON"
        raise BadReplyError(f"What came from {where} is no reply: {kind}, {len(content):,} bytes.") from None


def refusal_in(data: Any) -> Refusal | None:
    """The error in a body that came with 200, where there is one in the place of a reply."""
    if not isinstance(data, Mapping) or data.get("choices") or not data.get("error"):
        return None
    error = data["error"]
    code = error.get("code") if isinstance(error, Mapping) else None
    number = int(str(code)) if str(code).isdecimal() else 0
    status = number if 400 <= number <= 599 else 200
    return Refusal.of(status, data)


def read(data: Any, where: str) -> Read:
    """The first choice of a chat completion.

    Raises ``BadReplyError`` for what is none, ``ContentFilterError`` for a reply that was withheld.
    """
    choices = data.get("choices") if isinstance(data, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise BadReplyError(f"What came from {where} is no reply: it has no choices.")
    text, thought = without_thoughts(_text(message.get("content")) or str(message.get("refusal") or ""))
    calls = _calls(message)
    reason = choice.get("finish_reason")
    if reason == "content_filter" and not calls and not text:
        raise ContentFilterError(f"The endpoint at {where} withheld its reply (content filter).")
    model = data.get("model")
    reply = ModelReply(
        text[:MOST_TEXT],
        calls,
        usage_of(data.get("usage")),
        model if isinstance(model, str) else None,
        reason if isinstance(reason, str) else None,
    )
    stated = (message.get(name) for name in ("reasoning_content", "reasoning"))
    return Read(reply, thought + "".join(_text(value) for value in stated if value))


def without_thoughts(text: str) -> tuple[str, str]:
    """A text without its ``<think>`` blocks, and what stood in them; a block that never ends is all thought."""
    thoughts: list[str] = []

    def take(match: re.Match[str]) -> str:
        thoughts.append(match.group())
        return ""

    # Templates that open the block themselves send only its end.
    if "<think" not in text.split("</think", 1)[0].lower():
        text = _END_OF_THOUGHT.sub(take, text)
    text = _THOUGHT.sub(take, text)
    return (text.strip() if thoughts else text), "".join(thoughts)


def _text(content: Any) -> str:
    """Content as text: a string, or the text of its parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part for part in content if isinstance(part, Mapping))
    return "".join(str(part.get("text") or "") for part in parts if part.get("type", "text") in ("text", "output_text"))


def _calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The calls of a message, each with an id of its own; one that repeats another is left out."""
    told = message.get("tool_calls") or []
    if not told and isinstance(legacy := message.get("function_call"), Mapping):
        told = [{"function": legacy}]
    calls: dict[tuple[str, str], ToolCall] = {}
    ids: set[str] = set()
    for item in told if isinstance(told, list) else []:
        function = item.get("function") if isinstance(item, Mapping) else None
        if not isinstance(function, Mapping) or not function.get("name"):
            continue
        name = str(function["name"]).strip().removeprefix("functions.")
        arguments = _arguments(function.get("arguments"))
        call_id = str(item.get("id") or "")
        if not call_id or call_id in ids:
            call_id = f"call_{len(ids) + 1}"
        if (name, arguments) not in calls:
            ids.add(call_id)
            calls[name, arguments] = ToolCall(call_id, name, arguments)
    return tuple(calls.values())[:MOST_CALLS]


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value or "{}"
    return json.dumps(value or {}, ensure_ascii=False)


def usage_of(told: Any) -> Usage:
    """The tokens an endpoint says it counted; what it does not say is unknown."""
    if not isinstance(told, Mapping):
        return Usage()
    prompt = _details(told, "prompt_tokens_details")
    completion = _details(told, "completion_tokens_details")
    cached = _count(prompt.get("cached_tokens"))
    return Usage(
        prompt_tokens=_count(told.get("prompt_tokens")) or 0,
        cached_tokens=_count(told.get("prompt_cache_hit_tokens")) if cached is None else cached,
        completion_tokens=_count(told.get("completion_tokens")) or 0,
        reasoning_tokens=_count(completion.get("reasoning_tokens")),
    )


def _details(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    details = told.get(name)
    return details if isinstance(details, Mapping) else {}


def _count(value: Any) -> int | None:
    """A count of tokens; None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
