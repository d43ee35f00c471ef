"""What an endpoint answers to each request, as whole responses: no sockets here."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from docpager.models.tokens import TiktokenCounter
from docpager.protocols import TokenCounter
from docpager.records import Usage
from docpager.testing.prefix_cache import PrefixCache, PromptCounter
from docpager.testing.replies import Replier, Reply, completion
from docpager.testing.wire import Request, Response


class Dialect(StrEnum):
    """Whose ways an endpoint has where servers differ: how it states its context length."""

    OPENAI = "openai"
    """Not at all."""
    VLLM = "vllm"
    """``max_model_len`` in ``/v1/models``."""
    LLAMA_CPP = "llama.cpp"
    """``n_ctx`` in ``/props``."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """How an endpoint behaves when nothing is wrong."""

    model: str = "loopback"
    """The name of its only model. Requests for another name are served too."""
    port: int = 0
    """0 takes a free one."""
    api_key: str | None = None
    """With a key, requests without it get a 401."""
    latency_s: float = 0.0
    """Each completion takes so long from the request's arrival; longer where the replier does."""
    capacity: int | None = None
    """Completions at once; those beyond get a 429."""
    dialect: Dialect = Dialect.OPENAI
    """How the context length is stated."""
    context_tokens: int | None = None
    """Requests of more tokens, prompt and ``max_tokens`` together, get a 400; None takes any."""
    refused_parameters: Mapping[str, str | None] = field(default_factory=dict)
    """Parameters that get a 400, each with the one to use instead: ``{"max_tokens": "max_completion_tokens"}``."""
    usage: bool = True
    """Whether replies say what they used, cached tokens too."""
    counter: TokenCounter = field(default_factory=TiktokenCounter)
    """Counts what is used."""
    cached_prompts: int = 512
    """The prompt cache remembers so many; 0 caches nothing."""
    requests_kept: int = 1000
    """The log keeps the last so many requests."""
    keep_bodies: bool = False
    """Whether the log keeps headers and bodies too."""


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A line of an endpoint's log."""

    number: int
    """Counts completion requests from 1."""
    arrived: float
    """In seconds of ``time.monotonic``."""
    fault: str | None
    """The fault that took the reply's place."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


def json_response(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def error_response(
    status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> Response:
    """An error the way chat completions tell it."""
    return json_response({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)


def too_long(limit: int, tokens: int) -> Response:
    """The 400 for a request that is longer than the model's context."""
    message = (
        f"This model's maximum context length is {limit} tokens. However, your request has {tokens} tokens. "
        "Please reduce the length of the messages or completion."
    )
    return error_response(400, message, param="messages", code="context_length_exceeded")


def unsupported(parameter: str, instead: str | None) -> Response:
    """The 400 for a parameter the model does not take."""
    message = f"Unsupported parameter: '{parameter}' is not supported with this model."
    message += f" Use '{instead}' instead." if instead else ""
    return error_response(400, message, param=parameter, code="unsupported_parameter")


def not_the_key(sent: str) -> Response:
    """The 401 for a key that is not right; it repeats what was sent, as some endpoints do."""
    return error_response(401, f"Incorrect API key provided: {sent}.", code="invalid_api_key")


class Serving:
    """Turns requests into responses: models, properties and completions."""

    def __init__(self, replier: Replier, settings: EndpointSettings) -> None:
        self._replier = replier
        self._settings = settings
        self._prompts = PromptCounter(settings.counter)
        self._cache = PrefixCache(self._prompts, prompts=settings.cached_prompts)

    def refusal(self, request: Request) -> Response | None:
        """A 401 for a request without the key."""
        key = self._settings.api_key
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if key is None or sent == key else not_the_key(sent)

    def looked_up(self, request: Request) -> Response:
        """What a request that asks for no completion gets."""
        if request.method == "GET" and request.path.rstrip("/") in ("/v1/models", f"/v1/models/{self._settings.model}"):
            model = self._model()
            listed = request.path.rstrip("/").endswith("/v1/models")
            return json_response({"object": "list", "data": [model]} if listed else model)
        if request.method == "GET" and request.path == "/props" and self._settings.dialect is Dialect.LLAMA_CPP:
            settings = {"n_ctx": self._settings.context_tokens or 4096}
            return json_response({"default_generation_settings": settings, "total_slots": 1})
        if request.method == "GET" and request.path == "/health":
            return json_response({"status": "ok"})
        return error_response(404, f"There is no {request.method} {request.path} here.", code="not_found")

    def _model(self) -> dict[str, Any]:
        told = {"id": self._settings.model, "object": "model", "created": 1, "owned_by": "docpager"}
        if self._settings.dialect is Dialect.VLLM and self._settings.context_tokens:
            told["max_model_len"] = self._settings.context_tokens
        return told

    def completed(self, body: Mapping[str, Any], number: int, *, with_usage: bool | None = None) -> Response:
        """The replier's reply, or the 400 that says why there is none."""
        for parameter, instead in self._settings.refused_parameters.items():
            if parameter in body:
                return unsupported(parameter, instead)
        if body.get("stream"):
            return unsupported("stream", None)
        limit = self._settings.context_tokens
        if limit is not None and (tokens := self._asked_tokens(body)) > limit:
            return too_long(limit, tokens)
        try:
            reply = self._replier(body, number)
        except Exception as error:
            return error_response(400, f"{type(error).__name__}: {error}", kind="replier_error")
        return self.as_response(reply, body, number, with_usage=with_usage)

    def as_response(
        self, reply: Reply, body: Mapping[str, Any], number: int, *, with_usage: bool | None = None
    ) -> Response:
        """A reply as a whole response, with its usage where settings or ``with_usage`` say so."""
        told = self._settings.usage if with_usage is None else with_usage
        usage = (reply.usage or self._used(reply, body)) if told else None
        model = body.get("model") if isinstance(body.get("model"), str) else self._settings.model
        created = int(time.time())
        return json_response(completion(reply, number=number, created=created, model=str(model), usage=usage))

    def _used(self, reply: Reply, body: Mapping[str, Any]) -> Usage:
        pieces = self._prompts.pieces(body)
        return Usage(
            prompt_tokens=self._prompts.tokens(pieces),
            cached_tokens=self._cache.look_up(pieces) if self._settings.cached_prompts else 0,
            completion_tokens=self._prompts.reply_tokens(reply),
            reasoning_tokens=self._prompts.text_tokens(reply.reasoning) if reply.reasoning else None,
        )

    def _asked_tokens(self, body: Mapping[str, Any]) -> int:
        wanted = body.get("max_completion_tokens") or body.get("max_tokens") or 0
        return self._prompts.tokens(self._prompts.pieces(body)) + (wanted if isinstance(wanted, int) else 0)
