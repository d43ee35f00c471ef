"""The model through real HTTP: what is sent, what is learned, what is tried again, and what stops a run."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from docpager import errors
from docpager.models.openai import Connection, OpenAIModel
from docpager.models.prices import Price, Prices
from docpager.records import Message, ModelReply, ModelRequest, Role, ToolCall, ToolSpec, Usage
from docpager.settings import AgentSettings
from docpager.testing import Dialect, Endpoint, EndpointSettings, Fault, FaultPlan, FaultSizes, Reply, Scripted, call

SEARCH = ToolSpec(
    "search",
    "Finds pages.",
    {
        "type": "object",
        "properties": {"query": {"type": "string"}, "first": {"type": ["integer", "null"]}},
        "required": ["query", "first"],
        "additionalProperties": False,
    },
)
ASKED = (Message(Role.SYSTEM, "Search."), Message(Role.USER, "Who?"))
NATIVE = ModelRequest(ASKED, (SEARCH,), 100)
IN_JSON = ModelRequest(ASKED, (), 100, (SEARCH,))
KEPT = EndpointSettings(keep_bodies=True)


def model_at(endpoint: Endpoint, *, key: str = "any", headers: Mapping[str, str] = {}, **settings: Any) -> OpenAIModel:
    times = {
        name: settings.pop(name) for name in ("request_timeout_seconds", "give_up_after_seconds") if name in settings
    }
    connection = Connection(
        endpoint.base_url, key, headers, **{"request_timeout_seconds": 2, "give_up_after_seconds": 2, **times}
    )
    return OpenAIModel(AgentSettings(model="loopback", **settings), connection, Prices({"loopback": Price(1, 2, 0.5)}))


def ask(model: OpenAIModel, *requests: ModelRequest, at_once: bool = False) -> list[ModelReply | Exception]:
    """Replies to requests, one after the other or all at once; an error in the place of a reply it took."""

    async def asked() -> list[Any]:
        try:
            if at_once:
                return await asyncio.gather(*map(model.complete, requests), return_exceptions=True)
            found: list[Any] = []
            for request in requests:
                try:
                    found.append(await model.complete(request))
                except errors.DocpagerError as error:
                    found.append(error)
            return found
        finally:
            await model.close()

    return asyncio.run(asked())


def bodies(endpoint: Endpoint) -> list[Mapping[str, Any]]:
    return [served.body for served in endpoint.log]


# What is sent


def test_a_call_comes_back_with_its_usage_and_cost():
    script = Scripted([Reply(tool_calls=(ToolCall("c1", "search", '{"query": "a"}'),), usage=Usage(1000, 400, 50, 20))])
    with Endpoint(script, KEPT) as endpoint:
        [reply] = ask(model_at(endpoint), NATIVE)
        [body] = bodies(endpoint)
    assert reply.tool_calls == (ToolCall("c1", "search", '{"query": "a"}'),)
    assert reply.usage == Usage(1000, 400, 50, 20, pytest.approx((600 * 1 + 400 * 0.5 + 50 * 2) / 1e6))
    assert reply.model_reported == "loopback"
    [tool] = body["tools"]
    assert tool["function"] == {
        "name": "search",
        "description": "Finds pages.",
        "parameters": SEARCH.parameters,
        "strict": True,
    }
    assert (body["model"], body["temperature"], body["max_tokens"], body["tool_choice"]) == (
        "loopback",
        0,
        100,
        "required",
    )
    assert body["messages"] == [{"role": "system", "content": "Search."}, {"role": "user", "content": "Who?"}]


def test_json_replies_are_held_to_a_schema_of_all_calls():
    with Endpoint(Scripted(["{}"]), KEPT) as endpoint:
        ask(model_at(endpoint), IN_JSON)
        [body] = bodies(endpoint)
    assert "tools" not in body
    [choice] = body["response_format"]["json_schema"]["schema"]["anyOf"]
    assert choice["properties"]["tool"] == {"const": "search"}
    assert choice["properties"]["arguments"]["required"] == ["query"]
    assert choice["properties"]["arguments"]["properties"]["first"] == {"type": "integer"}


def test_key_headers_and_more_fields_are_sent_and_nothing_of_this_machine():
    with Endpoint(Scripted(["x"]), EndpointSettings(keep_bodies=True, api_key="sk-123456")) as endpoint:
        ask(
            model_at(endpoint, key="sk-123456", headers={"X-Team": "blue"}, extra_body='{"seed": 7, "temperature": 1}'),
            NATIVE,
        )
        [served] = endpoint.log
    assert served.headers["authorization"] == "Bearer sk-123456"
    assert served.headers["x-team"] == "blue"
    assert not [name for name in served.headers if "stainless" in name]
    assert (served.body["seed"], served.body["temperature"]) == (7, 1)


def test_a_header_of_ones_own_takes_the_place_of_the_keys():
    with Endpoint(Scripted(["x"]), KEPT) as endpoint:
        ask(model_at(endpoint, headers={"Authorization": "Token t-1"}), NATIVE)
        [served] = endpoint.log
    assert served.headers["authorization"] == "Token t-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"tools": []}', "sets tools"),
        ('{"stream": true}', "sets stream"),
    ],
)
def test_fields_that_are_docpagers_own_cannot_be_set(text, message):
    with pytest.raises(errors.UsageError, match=message):
        OpenAIModel(AgentSettings(model="m", extra_body=text), Connection("http://127.0.0.1:9/v1"), Prices({}))


def test_a_log_with_broken_calls_and_empty_messages_can_be_sent():
    messages = (
        *ASKED,
        Message(Role.ASSISTANT, "", (ToolCall("c1", "search", '{"query": "bre'),)),
        Message(Role.TOOL, "[error] \ud800", tool_call_id="c1"),
        Message(Role.ASSISTANT, ""),
        Message(Role.USER, "go on"),
    )
    with Endpoint(Scripted(["x"]), KEPT) as endpoint:
        [reply] = ask(model_at(endpoint), ModelRequest(messages, (SEARCH,), 100))
        [body] = bodies(endpoint)
    assert reply.text == "x"
    assert body["messages"][2]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert body["messages"][3] == {"role": "tool", "content": "[error] ?", "tool_call_id": "c1"}
    assert body["messages"][4]["content"] == "(nothing)"


def test_reasoning_is_counted_and_not_kept():
    script = Scripted([Reply('{"tool": "search"}', reasoning="Let me think. " * 30, usage=Usage(10, None, 99))])
    with Endpoint(script) as endpoint:
        [reply] = ask(model_at(endpoint), NATIVE)
    assert reply.text == '{"tool": "search"}'
    assert reply.usage.reasoning_tokens == pytest.approx(120, abs=10)


# What is learned

REFUSED = [
    ({"max_tokens": "max_completion_tokens"}, NATIVE, {"max_completion_tokens": 100}, {"max_tokens"}),
    ({"max_tokens": None, "max_completion_tokens": None}, NATIVE, {}, {"max_tokens", "max_completion_tokens"}),
    ({"temperature": None, "tool_choice": None}, NATIVE, {}, {"temperature", "tool_choice"}),
    ({"response_format": None, "temperature": None}, IN_JSON, {}, {"response_format", "temperature"}),
]


@pytest.mark.parametrize(("refused", "request_", "there", "gone"), REFUSED)
def test_refused_parameters_are_dropped_or_renamed_and_remembered(refused, request_, there, gone):
    settings = EndpointSettings(keep_bodies=True, refused_parameters=refused)
    with Endpoint(Scripted(["a", "b", "c"]), settings) as endpoint:
        first, second = ask(model_at(endpoint), request_, request_)
        sent = bodies(endpoint)
    assert (first.text, second.text) == ("a", "b")
    assert sent[-1] == sent[-2], "the second request has nothing to learn"
    assert there.items() <= sent[-1].items()
    assert not gone & set(sent[-1])


def test_many_calls_at_once_learn_one_lesson():
    settings = EndpointSettings(refused_parameters={"max_tokens": "max_completion_tokens"}, keep_bodies=True)
    with Endpoint(Scripted(["a"] * 20), settings) as endpoint:
        model = model_at(endpoint)
        model.health.succeeded()  # so that all of them are sent at once
        replies = ask(model, *[NATIVE] * 8, at_once=True)
        last = bodies(endpoint)[-1]
    assert [reply.text for reply in replies] == ["a"] * 8
    assert "max_completion_tokens" in last
    assert len(model.dialect.lessons) == 1


SAID = [
    ("Invalid schema for function 'search': strict mode is not supported", "tools[0].function.strict", "strict"),
    ("System role not supported", "messages", "system"),
    ("Conversation roles must alternate user/assistant/user/assistant/...", None, "system"),
    ("Extra inputs are not permitted: tool_choice", None, "tool_choice"),
]


@pytest.mark.parametrize(("message", "parameter", "what"), SAID)
def test_what_endpoints_say_in_words_is_understood(message, parameter, what):
    from docpager.models.openai.dialect import Dialect as Ways
    from docpager.models.openai.refusals import Refusal
    from docpager.models.openai.requests import body_of

    ways = Ways()
    write = lambda: body_of(NATIVE, ways, model="m", temperature=0, extra={})  # noqa: E731
    assert ways.learn(Refusal.of(400, {"error": {"message": message, "param": parameter}}), write())
    body = write()
    match what:
        case "strict":
            assert "strict" not in body["tools"][0]["function"]
        case "system":
            assert body["messages"] == [{"role": "user", "content": "Search.\n\nWho?"}]
        case _:
            assert what not in body


def test_a_refusal_that_names_nothing_of_ours_is_an_error_at_once():
    settings = EndpointSettings(refused_parameters={"seed": None})
    with Endpoint(Scripted(["a"]), settings) as endpoint:
        [error] = ask(model_at(endpoint, extra_body='{"seed": 7}'), NATIVE)
        assert endpoint.count == 1
    assert type(error) is errors.RequestRefusedError
    assert "'seed' is not supported" in str(error)


# What is tried again

PASSING = [
    Fault.RATE_LIMIT_SECONDS,
    Fault.RATE_LIMIT,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.CONNECTION_REFUSED,
    Fault.RESET,
    Fault.STALL,
    Fault.TRUNCATED_JSON,
    Fault.HTML,
    Fault.ERROR_BODY,
    Fault.EMPTY_CHOICES,
    Fault.LARGE_BODY,
    Fault.SLOW_DRIP,
]
SMALL = FaultSizes(retry_after_s=0.2, refuse_s=0.2, drip_interval_s=0.01, large_body_bytes=20 * 2**20)


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(fault):
    with Endpoint(Scripted(["a", "b"]), faults=FaultPlan({1: fault}, sizes=SMALL)) as endpoint:
        [reply] = ask(model_at(endpoint, request_timeout_seconds=0.6), NATIVE)
    assert isinstance(reply, ModelReply), reply


def test_retry_after_is_obeyed_by_all_calls():
    sizes = FaultSizes(retry_after_s=1.0)
    with Endpoint(Scripted(["a"] * 9), faults=FaultPlan({1: Fault.RATE_LIMIT_DATE}, sizes=sizes)) as endpoint:
        model = model_at(endpoint, give_up_after_seconds=5)
        model.health.succeeded()
        started = time.monotonic()

        async def asked() -> None:
            first = asyncio.create_task(model.complete(NATIVE))
            await asyncio.sleep(0.3)
            await asyncio.gather(first, model.complete(NATIVE))
            await model.close()

        asyncio.run(asked())
        after = [served.arrived - started for served in endpoint.log]
    assert len(after) == 3
    assert min(after[1:]) >= 0.9


def test_a_wait_that_is_too_long_is_not_waited_for():
    with Endpoint(Scripted(["a", "b"]), faults=FaultPlan({1: Fault.RATE_LIMIT_HOURS})) as endpoint:
        started = time.monotonic()
        first, second = ask(model_at(endpoint), NATIVE, NATIVE)
        took = time.monotonic() - started
    assert type(first) is errors.RateLimitedError
    assert second.text == "a"
    assert took < 2


def test_calls_that_are_all_told_to_wait_for_hours_end_the_run():
    with Endpoint(Scripted([]), faults=FaultPlan.every(1, Fault.RATE_LIMIT_HOURS)) as endpoint:
        found = ask(model_at(endpoint), *[NATIVE] * 5)
        assert endpoint.count == 3
    assert [type(error) for error in found] == [errors.RateLimitedError] * 2 + [errors.EndpointDownError] * 3


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.STALL])
def test_an_endpoint_that_is_down_ends_the_run_when_patience_ends(fault):
    with Endpoint(Scripted([]), faults=FaultPlan.every(1, fault)) as endpoint:
        started = time.monotonic()
        first, second = ask(model_at(endpoint, give_up_after_seconds=1.5, request_timeout_seconds=0.5), NATIVE, NATIVE)
        took = time.monotonic() - started
        count = endpoint.count
    assert isinstance(first, errors.EndpointDownError)
    assert str(first).startswith(f"The endpoint at {endpoint.base_url} gave no successful reply for ")
    assert second is first, "nothing more is sent"
    assert 1.4 < took < 4
    assert 2 < count < 10


# What cannot succeed

STOPPING = [
    (Fault.BAD_KEY, errors.CredentialsError),
    (Fault.NO_MODEL, errors.UnknownModelError),
    (Fault.QUOTA, errors.QuotaError),
]


@pytest.mark.parametrize(("fault", "kind"), STOPPING)
def test_what_cannot_succeed_stops_after_one_call_however_many_are_made(fault, kind):
    with Endpoint(Scripted([]), faults=FaultPlan.every(1, fault)) as endpoint:
        found = ask(model_at(endpoint, key="sk-very-secret"), *[NATIVE] * 9, at_once=True)
        assert endpoint.count == 1
    assert {type(error) for error in found} == {kind}
    assert "sk-very-secret" not in str(found[0])


def test_a_withheld_reply_is_not_asked_for_again():
    with Endpoint(Scripted(["a"]), faults=FaultPlan({1: Fault.CONTENT_FILTER})) as endpoint:
        first, second = ask(model_at(endpoint), NATIVE, NATIVE)
        assert endpoint.count == 2
    assert type(first) is errors.ContentFilterError
    assert second.text == "a"


def test_a_request_that_is_too_long_says_the_endpoints_figures():
    with Endpoint(Scripted(["a"]), EndpointSettings(context_tokens=120)) as endpoint:
        [error] = ask(model_at(endpoint), NATIVE)
    assert isinstance(error, errors.ContextLengthError)
    assert error.limit == 120
    assert error.sent > 120


# What an endpoint says of itself


def facts_of(endpoint: Endpoint, what: str) -> Any:
    async def asked() -> Any:
        model = model_at(endpoint)
        try:
            return await getattr(model, what)()
        finally:
            await model.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("dialect", [Dialect.VLLM, Dialect.LLAMA_CPP])
def test_the_window_is_read_where_it_is_stated(dialect):
    with Endpoint(Scripted([]), EndpointSettings(dialect=dialect, context_tokens=5120)) as endpoint:
        assert facts_of(endpoint, "stated_window") == 5120
        assert endpoint.count == 0


def test_a_window_that_is_stated_nowhere_is_unknown():
    with Endpoint(Scripted([]), EndpointSettings(context_tokens=5120)) as endpoint:
        assert facts_of(endpoint, "stated_window") is None


PROBED = [
    (call("report_word", word="ready"), {}, True),
    ("I cannot call tools.", {}, False),
    (Reply('{"tool": "report_word"}'), {}, False),
    (Reply(finish_reason="length", reasoning="hm"), {}, True),
    (Reply(tool_calls=(ToolCall("c", "report_word", '{"word": '),)), {}, False),
    ("never asked", {"tools": None}, False),
]


@pytest.mark.parametrize(("line", "refused", "native"), PROBED)
def test_a_probe_tells_who_calls_tools(line, refused, native):
    with Endpoint(Scripted([line]), EndpointSettings(refused_parameters=refused)) as endpoint:
        probe = facts_of(endpoint, "probe_tools")
        assert endpoint.count == 1
    assert probe.native is native
    assert (probe.usage.prompt_tokens > 0) is not bool(refused)


def test_a_model_lives_in_one_event_loop_after_another():
    with Endpoint(Scripted(["a", "b"])) as endpoint:
        model = model_at(endpoint)
        assert [asyncio.run(model.complete(NATIVE)).text for _ in "ab"] == ["a", "b"]


def test_requests_are_json_without_what_json_cannot_hold():
    with Endpoint(Scripted(["a"]), KEPT) as endpoint:
        ask(model_at(endpoint), ModelRequest((Message(Role.USER, "\ud83d ü ✓"),), (), 10))
        [body] = bodies(endpoint)
    assert json.dumps(body)
    assert body["messages"][0]["content"] == "? ü ✓"
