"""What an endpoint says instead of a reply, and what it means for the request and for the run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from docpager.errors import (
    ConfigurationError,
    ContentFilterError,
    ContextLengthError,
    CredentialsError,
    DocpagerError,
    NoReplyError,
    QuotaError,
    RateLimitedError,
    RequestRefusedError,
    UnknownModelError,
)
from docpager.models.openai.connection import KEY_VARIABLES, Connection

MOST_WORDS = 300
"""So many characters of an endpoint's own words are told."""
PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which the same request may succeed."""
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"})
_FILTERED = frozenset(
    {"content_filter", "content_policy_violation", "moderation_blocked", "responsibleaipolicyviolation"}
)
_MODERATED = re.compile(r"moderation|flagged|content (?:policy|filter|management)", re.IGNORECASE)
_TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|maximum (?:model length|prompt length|number of tokens)|prompt is too long|"
    r"input is too long|input token count|too many tokens",
    re.IGNORECASE,
)
_NUMBER = r"(\d[\d,]{2,})"
_LIMITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:maximum|available) (?:context|model)[ _]?(?:length|size|window)?(?: is| of|:)?\s*\(?{_NUMBER}",
        rf"maximum number of tokens allowed\s*\(?{_NUMBER}",
        rf"> {_NUMBER} maximum",
        rf"{_NUMBER} (?:tokens? )?maximum context",
        rf"context (?:length|size|window) of (?:only )?{_NUMBER}",
        rf"n_ctx\D{{1,4}}{_NUMBER}",
    )
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an endpoint said instead of a reply: an HTTP error, or an error in a body that came with 200."""

    status: int
    message: str
    codes: frozenset[str] = frozenset()
    """Its code and its type, in lower case."""
    parameter: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Refusal:
        """Reads an error of any form."""
        told = body[0] if isinstance(body, list) and body else body
        told = told.get("error", told) if isinstance(told, Mapping) else told
        if not isinstance(told, Mapping):
            return cls(status, _words(told), body=body, headers=headers or {})
        codes = frozenset(str(told[name]).lower() for name in ("code", "type", "status") if told.get(name))
        message = told.get("message") or told.get("detail") or told
        return cls(status, _words(message), codes, str(told.get("param") or ""), body, headers or {})

    @property
    def retry_after(self) -> float | None:
        """How many seconds the endpoint asks to be left alone."""
        return retry_after(self.headers)

    def strings(self) -> Iterator[str]:
        """Every piece of text in it."""
        yield from _strings(self.body)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _words(told: Any) -> str:
    if isinstance(told, str) and told.lstrip()[:1] == "<":
        return "a web page"
    words = " ".join(str(told).split()) if told else ""
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]} ..."


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """The seconds of a ``Retry-After`` header, given as seconds or as a date; None where there is none to be read."""
    try:
        if text := headers.get("retry-after-ms"):
            return _seconds(float(text) / 1000)
        if not (text := headers.get("retry-after")):
            return None
        try:
            return _seconds(float(text))
        except ValueError:
            return _seconds(parsedate_to_datetime(text).timestamp() - now())
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(value: float) -> float | None:
    return max(0.0, value) if value == value else None


def meaning_of(refusal: Refusal, connection: Connection, model: str, *, answered: bool) -> DocpagerError:
    """The error that a refusal is. ``answered`` says whether this endpoint has given a reply before."""
    said = connection.hide(f"{refusal.status}: {refusal.message}" if refusal.message else str(refusal.status))
    where = f"The endpoint at {connection.shown}"
    if stopping := _stopping(refusal, where, said, model, answered):
        return stopping
    if _is_filtered(refusal):
        return ContentFilterError(f"{where} withheld its reply ({said}).")
    if _is_too_long(refusal):
        limit, sent = _figures(refusal)
        return ContextLengthError(f"{where} takes fewer tokens than were sent ({said}).", limit, sent)
    if refusal.status == 429:
        return RateLimitedError(f"{where} gets more requests than it takes ({said}).", refusal.retry_after)
    if _may_pass(refusal):
        return NoReplyError(f"{where} failed ({said}).", refusal.retry_after)
    return RequestRefusedError(f"{where} refused the request ({said}).")


def _stopping(refusal: Refusal, where: str, said: str, model: str, answered: bool) -> ConfigurationError | None:
    """The error that stops a run, where no request can succeed."""
    if refusal.status == 402 or (refusal.codes & _QUOTA and refusal.status in (200, 403, 429)):
        return QuotaError(f"{where} says that nothing is left to spend ({said}). Raise the account's limit.")
    if refusal.status == 404 or "model_not_found" in refusal.codes:
        return _not_there(refusal, where, said, model)
    # Filters and firewalls answer with 403 too: once the key has worked, it ends one request and not the run.
    if refusal.status == 401 or (refusal.status == 403 and not answered and not _is_filtered(refusal)):
        names = " or ".join(KEY_VARIABLES)
        return CredentialsError(f"{where} refused the key ({said}). Set {names}, or --api-key-file.")
    return None


def _not_there(refusal: Refusal, where: str, said: str, model: str) -> UnknownModelError:
    if isinstance(refusal.body, Mapping) and "model" in refusal.message.lower():
        return UnknownModelError(f"{where} has no model {model!r} ({said}). Set --model to one that it has.")
    return UnknownModelError(
        f"{where} has no chat completions, or no model {model!r} ({said}). "
        "Check --base-url, which mostly ends in /v1, and --model."
    )


def _is_filtered(refusal: Refusal) -> bool:
    inner = " ".join(refusal.strings()).lower() if isinstance(refusal.body, Mapping) else ""
    return bool(
        refusal.codes & _FILTERED
        or "responsibleaipolicyviolation" in inner
        or (refusal.status in (400, 403) and _MODERATED.search(refusal.message))
    )


def _is_too_long(refusal: Refusal) -> bool:
    return refusal.status == 413 or bool(
        refusal.codes & _TOO_LONG_CODES
        or (refusal.status in (200, 400, 422, 500) and _TOO_LONG.search(refusal.message))
    )


def _figures(refusal: Refusal) -> tuple[int | None, int | None]:
    """The endpoint's limit and how many tokens it was sent, where it says them."""
    told = refusal.body.get("error", refusal.body) if isinstance(refusal.body, Mapping) else {}
    if isinstance(told, Mapping) and isinstance(told.get("n_ctx"), int):
        sent = told.get("n_prompt_tokens")
        return told["n_ctx"], sent if isinstance(sent, int) else None
    limit = next((_number(m[1]) for p in _LIMITS if (m := p.search(refusal.message))), None)
    if limit is None:
        return None, None
    larger = [n for text in re.findall(_NUMBER, refusal.message) if (n := _number(text)) > limit]
    return limit, max(larger, default=None)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _may_pass(refusal: Refusal) -> bool:
    if refusal.headers.get("x-should-retry") == "false":
        return False
    return refusal.status in PASSING or refusal.status >= 500 or refusal.status == 200
