"""A chat model over plain HTTP, for tests of the loopback endpoint alone: no retries, no repairs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2 as httpx
from worlds import WordCounter

from docpager.agent.loop import Agent
from docpager.errors import ModelError
from docpager.protocols import Archive
from docpager.records import Answer, Message, ModelReply, ModelRequest, Question, ToolCall, Usage
from docpager.settings import AgentSettings
from docpager.testing import Endpoint, EndpointSettings, FaultPlan, Replier


class LoopbackModel:
    """Sends each request as it is; an error body is a ``ModelError``."""

    name = "loopback"

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def complete(self, request: ModelRequest) -> ModelReply:
        reply = (await self._client.post("chat/completions", json=body_of(request))).json()
        if "error" in reply:
            raise ModelError(reply["error"]["message"])
        [choice] = reply["choices"]
        message, usage = choice["message"], reply["usage"]
        calls = [
            ToolCall(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls", ())
        ]
        counted = Usage(
            usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"], usage["completion_tokens"]
        )
        return ModelReply(message["content"] or "", tuple(calls), counted, finish_reason=choice["finish_reason"])


def body_of(request: ModelRequest) -> dict[str, Any]:
    """A request as chat completions take it."""
    body: dict[str, Any] = {"model": "any", "messages": [_message(m) for m in request.messages]}
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
            for t in request.tools
        ]
    return body


def _message(message: Message) -> Mapping[str, Any]:
    told: dict[str, Any] = {"role": message.role.value, "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": c.call_id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    return told


def ask_over_http(
    replier: Replier, archive: Archive, *questions: str, faults: FaultPlan | None = None, **settings: Any
) -> list[Answer]:
    """Answers to questions that are all asked at once, over one endpoint."""

    async def asked(base_url: str) -> list[Answer]:
        async with httpx.AsyncClient(base_url=base_url, timeout=20) as client:
            agent = Agent(archive, LoopbackModel(client), WordCounter(), AgentSettings(**settings))
            return await asyncio.gather(
                *(agent.answer(Question(f"q{n}", n, question)) for n, question in enumerate(questions))
            )

    with Endpoint(replier, EndpointSettings(counter=WordCounter()), faults=faults) as endpoint:
        return asyncio.run(asked(endpoint.base_url))
