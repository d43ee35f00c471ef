"""What an endpoint says of a model without being asked to complete anything, and the request that probes for tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import openai

from docpager.records import Message, ModelReply, ModelRequest, Role, ToolSpec

LOOK_UP_SECONDS = 10.0
SMALLEST_WINDOW, LARGEST_WINDOW = 256, 100_000_000
"""A figure outside of these is not a window."""
_WINDOW_FIELDS = ("max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length")
"""What vLLM and SGLang, LM Studio, OpenRouter, Groq and others call it."""
PROBE_TOOL = ToolSpec(
    "report_word",
    "Reports one word.",
    {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
)
PROBE = ModelRequest(
    (
        Message(Role.SYSTEM, "You act by calling tools."),
        Message(Role.USER, "Call the tool report_word with the word ready."),
    ),
    (PROBE_TOOL,),
    max_reply_tokens=256,
)
"""Asks for one native call. A model that has thought for so long without a word is one of those that call tools."""


def calls_natively(reply: ModelReply) -> bool:
    """Whether the reply to ``PROBE`` is a call that can be read; a model that only thought so far may yet call."""
    if not reply.tool_calls:
        return reply.finish_reason == "length" and not reply.text
    try:
        arguments = json.loads(reply.tool_calls[0].arguments)
    except ValueError:
        return False
    return isinstance(arguments, dict)


async def look_up(client: openai.AsyncOpenAI, path: str) -> Any:
    """The JSON at a path below the endpoint's address, or at a whole address; None where there is none."""
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            response = await client.get(path, cast_to=httpx2.Response)
        return json.loads(response.content)
    except (openai.OpenAIError, httpx2.HTTPError, TimeoutError, ValueError, RecursionError):
        return None


async def stated_window(client: openai.AsyncOpenAI, model: str) -> int | None:
    """The window of a model where ``/models`` states it (vLLM and others) or ``/props`` does (llama.cpp)."""
    listed = models_in(await look_up(client, "/models"))
    of_model = [entry for entry in listed if entry.get("id") == model] or (listed if len(listed) == 1 else [])
    if window := next((w for entry in of_model for name in _WINDOW_FIELDS if (w := _window(entry.get(name)))), None):
        return window
    root = str(client.base_url.copy_with(path="/props", query=None))
    props = await look_up(client, root)
    settings = props.get("default_generation_settings") if isinstance(props, Mapping) else None
    return _window(settings.get("n_ctx")) if isinstance(settings, Mapping) else None


def models_in(listing: Any) -> list[Mapping[str, Any]]:
    """The entries of a list of models."""
    return list(_entries(listing.get("data") if isinstance(listing, Mapping) else listing))


def _entries(data: Any) -> Iterator[Mapping[str, Any]]:
    yield from (entry for entry in data if isinstance(entry, Mapping)) if isinstance(data, list) else ()


def _window(value: Any) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if SMALLEST_WINDOW <= value <= LARGEST_WINDOW else None
