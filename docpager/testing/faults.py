"""The faults of endpoints, by name: each takes the place of a reply, as bytes on the wire.

A fault does not use up a line of a script: the replier is asked only where its reply still arrives whole, for
``ABSENT_USAGE`` and ``SLOW_DRIP``.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from typing import Any

from docpager.records import ToolCall
from docpager.testing.replies import Reply
from docpager.testing.serving import Serving, error_response, json_response, not_the_key, too_long, unsupported
from docpager.testing.wire import Response, Wire


class Fault(StrEnum):
    """What can go wrong between a client and an endpoint."""

    RATE_LIMIT_SECONDS = "rate-limit-seconds"
    """429 with ``Retry-After`` in seconds."""
    RATE_LIMIT_DATE = "rate-limit-date"
    """429 with ``Retry-After`` as a date."""
    RATE_LIMIT = "rate-limit"
    """429 that says nothing of when to come back."""
    RATE_LIMIT_HOURS = "rate-limit-hours"
    """429 with ``Retry-After: 9999``: nearly three hours."""
    QUOTA = "quota"
    """429 ``insufficient_quota``: no money is left, waiting does not help."""
    BAD_KEY = "bad-key"
    """401 that repeats the key it was sent."""
    NO_MODEL = "no-model"
    """404 ``model_not_found``."""
    CONTEXT_LENGTH = "context-length"
    """400 ``context_length_exceeded``."""
    UNSUPPORTED_PARAMETER = "unsupported-parameter"
    """400 that names a parameter of the request, and ``max_completion_tokens`` where that was ``max_tokens``."""
    SERVER_ERROR = "server-error"
    """500 with an error in JSON."""
    UNAVAILABLE = "unavailable"
    """503 in plain text, as a load balancer sends it."""
    CONNECTION_REFUSED = "connection-refused"
    """Nothing listens for a while before this request. One that got through before that is reset."""
    RESET = "reset"
    """The head and half of the body, then a TCP reset."""
    STALL = "stall"
    """The request is taken, and nothing comes."""
    TRUNCATED_JSON = "truncated-json"
    """A 200 whose JSON breaks off in the middle."""
    HTML = "html"
    """A 200 with a web page, as a proxy sends it."""
    ERROR_BODY = "error-body"
    """A 200 whose JSON holds an error and no choices."""
    EMPTY_CHOICES = "empty-choices"
    """A 200 with an empty list of choices."""
    CONTENT_FILTER = "content-filter"
    """A reply that was withheld: ``finish_reason`` is ``content_filter``."""
    LENGTH_EMPTY = "length-empty"
    """All tokens of the reply went into reasoning: ``finish_reason`` is ``length``, and there is no content."""
    BAD_TOOL_JSON = "bad-tool-json"
    """A tool call whose arguments break off."""
    UNKNOWN_TOOL = "unknown-tool"
    """A call of a tool that was not offered."""
    ABSENT_USAGE = "absent-usage"
    """The reply, without ``usage``."""
    LARGE_BODY = "large-body"
    """A reply of 50 MB, valid JSON."""
    SLOW_DRIP = "slow-drip"
    """The reply, a few bytes at a time: no single read ever waits long."""


@dataclass(frozen=True, slots=True)
class FaultSizes:
    """How long and how large faults are."""

    retry_after_s: float = 1.0
    """What ``Retry-After`` says; as a date it is rounded up to whole seconds."""
    stall_s: float = 3600.0
    """A stall ends after this, or when the client goes."""
    refuse_s: float = 1.0
    """Connections are refused for so long."""
    drip_bytes: int = 1
    drip_interval_s: float = 0.5
    large_body_bytes: int = 50 * 2**20


class FaultPlan:
    """Which requests get which fault, by their number from 1.

    ``rule`` says it for the positions that ``at`` does not name.
    """

    def __init__(
        self,
        at: Mapping[int, Fault] | None = None,
        *,
        rule: Callable[[int], Fault | None] | None = None,
        sizes: FaultSizes | None = None,
    ) -> None:
        self._at = dict(at or {})
        self._rule = rule
        self.sizes = sizes or FaultSizes()

    @classmethod
    def every(cls, step: int, fault: Fault, *, sizes: FaultSizes | None = None) -> FaultPlan:
        """Each ``step``-th request gets the fault; 1 is every request."""
        return cls(rule=lambda number: fault if number % step == 0 else None, sizes=sizes)

    @classmethod
    def sometimes(
        cls, share: float, faults: Sequence[Fault], *, seed: int = 0, sizes: FaultSizes | None = None
    ) -> FaultPlan:
        """A share of the requests, spread by chance, gets one of the faults; the same ones for the same seed."""

        def rule(number: int) -> Fault | None:
            chance = random.Random(f"{seed}:{number}")
            return chance.choice(faults) if chance.random() < share else None

        return cls(rule=rule, sizes=sizes)

    def fault(self, number: int) -> Fault | None:
        """The fault for this request."""
        if number in self._at:
            return self._at[number]
        return self._rule(number) if self._rule is not None else None


@dataclass(frozen=True, slots=True)
class FaultyExchange:
    """A request that meets a fault, and what is needed to answer it."""

    serving: Serving
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    number: int
    sizes: FaultSizes

    def reply(self, reply: Reply) -> Response:
        """Some reply in the place of the replier's."""
        return self.serving.as_response(reply, self.body, self.number)


async def send_fault(fault: Fault, wire: Wire, at: FaultyExchange) -> None:
    """Answers a request with a fault."""
    sizes = at.sizes
    match fault:
        case Fault.CONNECTION_REFUSED:
            wire.reset()
        case Fault.RESET:
            await wire.send_cut(at.reply(Reply("This reply never arrives whole. " * 40)))
        case Fault.STALL:
            await wire.stall(sizes.stall_s)
        case Fault.LARGE_BODY:
            await wire.send_padded(at.reply(Reply(_PADDING)), _PADDING.encode(), sizes.large_body_bytes)
        case Fault.SLOW_DRIP:
            whole = at.serving.completed(at.body, at.number)
            await wire.send_slowly(whole, sizes.drip_bytes, sizes.drip_interval_s)
        case _:
            await wire.send(_RESPONSES[fault](at))


_PADDING = "docpager-padding"
_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"


def _rate_limited(retry_after: str | None) -> Response:
    told = error_response(429, "Rate limit reached for requests.", kind="requests", code="rate_limit_exceeded")
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Response(told.status, told.body, headers)


def _date_after(seconds: float) -> str:
    return formatdate(math.ceil(time.time() + seconds), usegmt=True)


def _quota(_: FaultyExchange) -> Response:
    message = "You exceeded your current quota, please check your plan and billing details."
    return error_response(429, message, kind="insufficient_quota", code="insufficient_quota")


def _no_model(at: FaultyExchange) -> Response:
    message = f"The model `{at.body.get('model')}` does not exist or you do not have access to it."
    return error_response(404, message, code="model_not_found")


def _unsupported(at: FaultyExchange) -> Response:
    wanted = ("max_tokens", "temperature", "seed", "parallel_tool_calls", "response_format", "tools")
    named = next((name for name in wanted if name in at.body), "max_completion_tokens")
    return unsupported(named, "max_completion_tokens" if named == "max_tokens" else None)


def _context_length(at: FaultyExchange) -> Response:
    """Says that the model takes three quarters of what was sent."""
    letters = len(json.dumps(at.body.get("messages") or []))
    return too_long(max(1, letters * 3 // 16), max(1, letters // 4))


def _truncated(at: FaultyExchange) -> Response:
    whole = at.reply(Reply("This reply never arrives whole. " * 40))
    return Response(whole.status, whole.body[: len(whole.body) // 2])


def _tool_reply(at: FaultyExchange, name: str, arguments: str) -> Response:
    """A call with these arguments, letter for letter, in the protocol of the request."""
    if at.body.get("tools"):
        return at.reply(Reply(tool_calls=(ToolCall(f"call_{at.number}", name, arguments),)))
    return at.reply(Reply(f'{{"tool": "{name}", "arguments": {arguments}}}'))


def _bad_tool_json(at: FaultyExchange) -> Response:
    return _tool_reply(at, "search", '{"query": "breaks off, "first": ')


def _unknown_tool(at: FaultyExchange) -> Response:
    return _tool_reply(at, "open_url", '{"url": "https://example.invalid/"}')


_RESPONSES: dict[Fault, Callable[[FaultyExchange], Response]] = {
    Fault.RATE_LIMIT_SECONDS: lambda at: _rate_limited(f"{at.sizes.retry_after_s:g}"),
    Fault.RATE_LIMIT_DATE: lambda at: _rate_limited(_date_after(at.sizes.retry_after_s)),
    Fault.RATE_LIMIT: lambda _: _rate_limited(None),
    Fault.RATE_LIMIT_HOURS: lambda _: _rate_limited("9999"),
    Fault.QUOTA: _quota,
    Fault.BAD_KEY: lambda at: not_the_key(at.headers.get("authorization", "").removeprefix("Bearer ")),
    Fault.NO_MODEL: _no_model,
    Fault.CONTEXT_LENGTH: _context_length,
    Fault.UNSUPPORTED_PARAMETER: _unsupported,
    Fault.SERVER_ERROR: lambda _: error_response(
        500, "The server had an error while processing your request.", kind="server_error"
    ),
    Fault.UNAVAILABLE: lambda _: Response(503, b"no healthy upstream", content_type="text/plain"),
    Fault.TRUNCATED_JSON: _truncated,
    Fault.HTML: lambda _: Response(200, _PAGE.encode(), content_type="text/html; charset=utf-8"),
    Fault.ERROR_BODY: lambda _: json_response(
        {"error": {"message": "Provider returned error", "code": 502, "type": "upstream_error"}}
    ),
    Fault.EMPTY_CHOICES: lambda at: json_response(
        {"id": f"chatcmpl-{at.number}", "object": "chat.completion", "created": 1, "model": "loopback", "choices": []}
    ),
    Fault.CONTENT_FILTER: lambda at: at.reply(Reply(finish_reason="content_filter")),
    Fault.LENGTH_EMPTY: lambda at: at.reply(Reply(finish_reason="length", reasoning="Let me think. " * 50)),
    Fault.BAD_TOOL_JSON: _bad_tool_json,
    Fault.UNKNOWN_TOOL: _unknown_tool,
    Fault.ABSENT_USAGE: lambda at: at.serving.completed(at.body, at.number, with_usage=False),
}
"""The faults that are whole responses."""
