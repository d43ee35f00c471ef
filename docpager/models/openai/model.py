"""The model: one request, one reply, whatever the endpoint does in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import httpx2
import openai

from docpager.errors import (
    ContentFilterError,
    RequestRefusedError,
    UnreachableError,
    UsageError,
)
from docpager.models.openai import facts
from docpager.models.openai.connection import Connection
from docpager.models.openai.dialect import Dialect, refuses_tools
from docpager.models.openai.errors import refusal_of, translate_openai_errors
from docpager.models.openai.gate import CallGate, Passage
from docpager.models.openai.lanes import Lanes
from docpager.models.openai.refusals import Refusal, meaning_of
from docpager.models.openai.replies import parsed, read, refusal_in
from docpager.models.openai.requests import body_of
from docpager.models.openai.retries import Health, with_retries
from docpager.models.prices import Prices
from docpager.models.tokens import counter_for_model
from docpager.protocols import TokenCounter, ToolProbe
from docpager.records import ModelReply, ModelRequest
from docpager.settings import AgentSettings

MOST_LESSONS = 12
"""A request is changed so often at most after refusals that name a parameter."""
OVERLOADED = frozenset({429, 503, 504, 529})
"""Refusals for which fewer calls at once are the answer."""
CHARACTERS_A_TOKEN = 4
"""Of English prose, in common tokenizers."""
COMPLETIONS = "/chat/completions"
_OURS = frozenset({"model", "messages", "tools", "stream", "n"})
"""Fields of a request that are docpager's to set."""


class OpenAIModel:
    """A chat model behind an endpoint; one for any number of calls at once.

    What the endpoint refuses is learned, what passes is tried again, and what cannot succeed stops all calls.
    """

    def __init__(
        self, settings: AgentSettings, connection: Connection, prices: Prices, counter: TokenCounter | None = None
    ) -> None:
        self.name = settings.model
        self.connection = connection
        self.gate = CallGate()
        """What all calls go through."""
        self.health = Health(connection.shown, connection.give_up_after_seconds)
        self.dialect = Dialect("max_completion_tokens" if connection.is_openai else "max_tokens")
        self._temperature = settings.temperature
        self._extra = _object(settings.extra_body)
        self._prices = prices
        self.has_price = prices.of(self.name) is not None
        """Whether what its calls cost is known before one is made."""
        self._counter = counter or counter_for_model(settings.model)
        self._session: Lanes | None = None

    async def complete(self, request: ModelRequest) -> ModelReply:
        """One reply.

        Raises ``ModelError`` where there is none for this request, and ``ConfigurationError`` or ``EndpointDownError``
        where there can be none for any.
        """
        session = self._current()
        if not self.health.answered:
            # What is wrong with key, model or parameters shows in one call, and not in as many as there are questions.
            async with session.first:
                if not self.health.answered:
                    return await with_retries(lambda: self._attempt(session, request), self.health)
        return await with_retries(lambda: self._attempt(session, request), self.health)

    async def stated_window(self) -> int | None:
        """The window of the model in its own tokens, where the endpoint states it."""
        if self.connection.is_openai:
            return None
        with self.client() as client:
            return await facts.stated_window(client, self.name)

    async def probe_tools(self) -> ToolProbe:
        """Whether the model calls tools natively, by one small request; raises as ``complete`` does."""
        session = self._current()
        try:
            reply = await with_retries(lambda: self._attempt(session, facts.PROBE, probing=True), self.health)
        except ContentFilterError:
            raise
        except RequestRefusedError:
            return ToolProbe(native=False)
        return ToolProbe(facts.calls_natively(reply), reply.usage)

    def client(self) -> AbstractContextManager[openai.AsyncOpenAI]:
        """A client of the running event loop, for one request."""
        return self._current().client()

    async def close(self) -> None:
        """Closes the connections of this event loop."""
        if self._session is not None and self._session.loop is asyncio.get_running_loop():
            await self._session.close()
            self._session = None

    def _current(self) -> Lanes:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.loop is not loop:
            self._session = Lanes(loop, self.connection.client)
        return self._session

    async def _attempt(self, session: Lanes, request: ModelRequest, *, probing: bool = False) -> ModelReply:
        """A reply, or the error that is in its place; sent again where a refusal says what to change."""
        for _ in range(MOST_LESSONS):
            body = self._body(request)
            async with self.gate.passage(_about_tokens(request)) as passage:
                with session.client() as client:
                    outcome = await self._send(client, body)
                if not isinstance(outcome, Refusal):
                    return self._passed(self._reply(outcome), passage)
                passage.is_refused = outcome.status in OVERLOADED
            if body == self._body(request) and not self.dialect.learn(outcome, body):
                break
        if probing and refuses_tools(outcome):
            raise RequestRefusedError(f"The endpoint at {self.connection.shown} takes no tools.")
        raise meaning_of(outcome, self.connection, self.name, answered=self.health.answered)

    def _passed(self, reply: ModelReply, passage: Passage) -> ModelReply:
        passage.is_answered = True
        if reply.usage.prompt_tokens:
            passage.used_tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
        return reply

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return body_of(request, self.dialect, model=self.name, temperature=self._temperature, extra=self._extra)

    async def _send(self, client: openai.AsyncOpenAI, body: Mapping[str, Any]) -> Any:
        """What came back, as JSON, or the refusal in its place; raises ``NoReplyError`` for what is neither."""
        seconds = self.connection.request_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                with translate_openai_errors(self.connection):
                    try:
                        response = await client.post(COMPLETIONS, body=body, cast_to=httpx2.Response)
                    except openai.APIStatusError as error:
                        return refusal_of(error)
        except TimeoutError:
            raise UnreachableError(
                f"The endpoint at {self.connection.shown} gave no whole reply within {seconds:g} s (--request-timeout)."
            ) from None
        data = parsed(response.content, self.connection.shown)
        return refusal_in(data) or data

    def _reply(self, data: Any) -> ModelReply:
        found = read(data, self.connection.shown)
        usage = found.reply.usage
        if usage.reasoning_tokens is None and found.reasoning:
            usage = replace(usage, reasoning_tokens=self._counter.count(found.reasoning))
        price = self._prices.of(found.reply.model_reported, self.name)
        return replace(found.reply, usage=replace(usage, cost_usd=price.cost(usage) if price else None))


def _about_tokens(request: ModelRequest) -> float:
    """About what a request and its reply take, before the endpoint says so."""
    characters = sum(len(message.content) for message in request.messages)
    return characters / CHARACTERS_A_TOKEN + request.max_reply_tokens / 2


def _object(text: str | None) -> dict[str, Any]:
    """The user's own fields of a request; raises ``UsageError``."""
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--extra-body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise UsageError('--extra-body is not a JSON object, as in {"seed": 1}.')
    if taken := sorted(_OURS & set(value)):
        raise UsageError(f"--extra-body sets {', '.join(taken)}, which docpager sets itself. Leave it out.")
    return value
