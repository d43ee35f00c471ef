"""What failures of an endpoint mean: every exception of the package, and what endpoints say in their own words."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from email.utils import formatdate

import httpx2
import openai
import pytest

from docpager import errors
from docpager.models.openai.connection import Connection
from docpager.models.openai.errors import MEANINGS, as_docpager_error, translate_openai_errors
from docpager.models.openai.refusals import Refusal, meaning_of, retry_after

KEY = "sk-live-0123456789"
CONNECTION = Connection("http://me:passw0rd@127.0.0.1:9/v1?api-key=inquery77", KEY, {"X-Team": "header-secret"})
REQUEST = httpx2.Request("POST", "http://127.0.0.1:9/v1/chat/completions")


def every_exception() -> Iterator[type[openai.OpenAIError]]:
    """All exceptions of the package, private modules included."""
    for module in pkgutil.walk_packages(openai.__path__, "openai."):
        if module.name.startswith(("openai._", "openai.lib")) and "__main__" not in module.name:
            with contextlib.suppress(ImportError, openai.OpenAIError):  # what needs a package that is not here
                importlib.import_module(module.name)
    waiting = [openai.OpenAIError]
    while waiting:
        kind = waiting.pop()
        yield kind
        waiting += kind.__subclasses__()


def test_every_exception_of_the_package_has_a_meaning_of_its_own():
    kinds = {kind.__name__ for kind in every_exception()}
    assert len(kinds) > 25
    assert kinds - set(MEANINGS) == set(), "give the new exception a row in MEANINGS"


def made(kind: type[openai.OpenAIError], status: int = 418) -> openai.OpenAIError:
    """One of its kind, made without its constructor's wishes."""
    error = kind.__new__(kind)
    Exception.__init__(error, f"told {KEY}")
    response = httpx2.Response(getattr(kind, "status_code", status), request=REQUEST, headers={"retry-after": "7"})
    for name, value in {"message": "m", "body": {"message": f"told {KEY}"}, "response": response}.items():
        setattr(error, name, value)
    error.status_code = response.status_code
    return error


def test_every_exception_becomes_an_error_of_ours_without_secrets():
    for kind in every_exception():
        error = as_docpager_error(made(kind), CONNECTION)
        assert isinstance(error, errors.ModelError | errors.ConfigurationError), kind
        for secret in (KEY, "passw0rd", "inquery77", "header-secret"):
            assert secret not in str(error), kind


def test_the_request_does_not_travel_with_the_error():
    with pytest.raises(errors.UnreachableError) as caught, translate_openai_errors(CONNECTION):
        raise openai.APIConnectionError(request=REQUEST)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def said(status: int, message: str, /, **fields: object) -> Refusal:
    return Refusal.of(status, {"error": {"message": message, **fields}}, {})


MEANT = [
    (said(401, "Incorrect API key"), errors.CredentialsError),
    (said(403, "Country not supported"), errors.CredentialsError),
    (said(403, "Your input was flagged"), errors.ContentFilterError),
    (said(402, "Insufficient Balance"), errors.QuotaError),
    (said(429, "You exceeded your current quota", code="insufficient_quota"), errors.QuotaError),
    (said(429, "You exceeded your current quota", status="RESOURCE_EXHAUSTED"), errors.RateLimitedError),
    (said(404, "The model `x` does not exist"), errors.UnknownModelError),
    (Refusal.of(404, "<html>nothing here</html>"), errors.UnknownModelError),
    (said(400, "m", code="context_length_exceeded"), errors.ContextLengthError),
    (said(500, "the request exceeds the available context size"), errors.ContextLengthError),
    (Refusal.of(413, ""), errors.ContextLengthError),
    (said(400, "m", code="content_filter"), errors.ContentFilterError),
    (said(400, "m", innererror={"code": "ResponsibleAIPolicyViolation"}), errors.ContentFilterError),
    (said(400, "messages: bad"), errors.RequestRefusedError),
    (said(422, "bad"), errors.RequestRefusedError),
    (said(307, "moved"), errors.RequestRefusedError),
    (said(408, "late"), errors.NoReplyError),
    (said(409, "conflict"), errors.NoReplyError),
    (said(429, "slow down"), errors.RateLimitedError),
    (said(500, "oops"), errors.NoReplyError),
    (Refusal.of(503, "no healthy upstream"), errors.NoReplyError),
    (Refusal.of(503, "", {"x-should-retry": "false"}), errors.RequestRefusedError),
    (said(200, "Provider returned error"), errors.NoReplyError),
]


@pytest.mark.parametrize(("refusal", "kind"), MEANT)
def test_what_an_endpoint_says_has_one_meaning(refusal, kind):
    assert type(meaning_of(refusal, CONNECTION, "gpt-x", answered=False)) is kind


def test_a_403_stops_no_run_whose_key_has_worked():
    refusal = said(403, "Request blocked")
    assert isinstance(meaning_of(refusal, CONNECTION, "m", answered=False), errors.CredentialsError)
    assert isinstance(meaning_of(refusal, CONNECTION, "m", answered=True), errors.RequestRefusedError)


def test_errors_say_where_what_and_what_to_do():
    there = Connection("http://127.0.0.1:9/v1", KEY)
    told = {
        401: f"Incorrect API key provided: {KEY}.",
        404: "The model `gpt-x` does not exist.",
    }
    messages = {
        status: str(meaning_of(said(status, words), there, "gpt-x", answered=True)) for status, words in told.items()
    }
    assert messages == {
        401: "The endpoint at http://127.0.0.1:9/v1 refused the key (401: Incorrect API key provided: ***.). "
        "Set DOCPAGER_API_KEY or OPENAI_API_KEY, or --api-key-file.",
        404: "The endpoint at http://127.0.0.1:9/v1 has no model 'gpt-x' (404: The model `gpt-x` does not exist.). "
        "Set --model to one that it has.",
    }


FIGURES = [
    (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        (8192, 9000),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4500 in the messages, "
        "500 in the completion).",
        (4096, 5000),
    ),
    ("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", (4096, 5000)),
    ("the request exceeds the available context size.", (None, None)),
    ("prompt is too long: 215000 tokens > 200000 maximum", (200000, 215000)),
    ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", (1048576, 1200000)),
    ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", (32768, 40000)),
    ("The decoder prompt (length 5000) is longer than the maximum model length of 4,096.", (4096, 5000)),
]


@pytest.mark.parametrize(("message", "figures"), FIGURES)
def test_the_endpoints_own_figures_are_read(message, figures):
    error = meaning_of(said(400, message), CONNECTION, "m", answered=True)
    assert isinstance(error, errors.ContextLengthError)
    assert (error.limit, error.sent) == figures


def test_llama_cpp_tells_its_figures_in_fields():
    refusal = said(400, "too long", type="exceed_context_size_error", n_ctx=2048, n_prompt_tokens=2300)
    error = meaning_of(refusal, CONNECTION, "m", answered=True)
    assert isinstance(error, errors.ContextLengthError)
    assert (error.limit, error.sent) == (2048, 2300)


NOW = 1_700_000_000.0
AFTER = [
    ({}, None),
    ({"retry-after": "7"}, 7.0),
    ({"retry-after": "0.5"}, 0.5),
    ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
    ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
    ({"retry-after": "-3"}, 0.0),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": ""}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), AFTER)
def test_retry_after_is_read_as_seconds_and_as_a_date(headers, seconds):
    assert retry_after(headers, lambda: NOW) == seconds


@pytest.mark.parametrize(
    "body", [None, "", "text", [], {}, [{"error": {"message": "m"}}], {"detail": [{"loc": ["a"]}]}, 7]
)
def test_an_error_body_may_have_any_form(body):
    refusal = Refusal.of(400, body)
    assert isinstance(meaning_of(refusal, CONNECTION, "m", answered=True), errors.RequestRefusedError)
    list(refusal.strings())
