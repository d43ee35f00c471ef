"""The loopback endpoint, seen through the openai client and raw HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2 as httpx
import openai
import pytest

from docpager import testing
from docpager.records import ModelReply, Usage
from docpager.testing import Dialect, Endpoint, EndpointSettings, Reply, Scripted, call

TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}]
WHO = [{"role": "system", "content": "Read with care. " * 30}, {"role": "user", "content": "Who is the captain?"}]


def client_of(endpoint, key="any"):
    return openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0)


def ask(client, messages=WHO, **more):
    return client.chat.completions.create(model="any", messages=messages, **more)


def refused_as(message):
    return pytest.raises(openai.BadRequestError, match=message)


def connected(endpoint):
    return socket.create_connection(("127.0.0.1", httpx.URL(endpoint.base_url).port), timeout=5)


def says(*_):
    return Reply("Jon Dahl.")


def test_scripted_replies_reach_the_openai_client():
    script = Scripted([call("search", query="captain"), "It is done.", ModelReply("Cut", finish_reason="length")])
    with Endpoint(script) as endpoint, client_of(endpoint) as client:
        first, second, third = ask(client, tools=TOOLS), ask(client), ask(client)
    [asked] = first.choices[0].message.tool_calls
    assert (asked.function.name, asked.function.arguments) == ("search", '{"query": "captain"}')
    assert first.choices[0].finish_reason == "tool_calls"
    assert second.choices[0].message.content == "It is done."
    assert (second.choices[0].finish_reason, second.model) == ("stop", "any")
    assert third.choices[0].finish_reason == "length"
    assert endpoint.count == 3


def test_calls_are_written_as_json_where_the_request_offers_no_tools():
    with Endpoint(Scripted([call("page_in", pages=["p1"])])) as endpoint, client_of(endpoint) as client:
        said = ask(client).choices[0].message.content
    assert json.loads(said) == {"tool": "page_in", "arguments": {"pages": ["p1"]}}


def test_a_script_that_has_ended_is_a_400_that_says_so():
    message = "The script has 0 lines and was asked for one more"
    with Endpoint(Scripted([])) as endpoint, client_of(endpoint) as client, refused_as(message):
        ask(client)


def test_a_script_can_start_anew_for_each_question():
    with Endpoint(Scripted(["one", "two"], restart=True)) as endpoint, client_of(endpoint) as client:
        said = [ask(client, [*WHO, *log]).choices[0].message.content for log in ([], WHO, [], [])]
    assert said == ["one", "two", "one", "one"]


def test_reasoning_is_sent_apart_and_counted():
    with Endpoint(lambda *_: Reply("Yes.", reasoning="Let me think about it.")) as endpoint, client_of(endpoint) as c:
        reply = ask(c)
    assert reply.choices[0].message.reasoning_content == "Let me think about it."
    assert reply.usage.completion_tokens_details.reasoning_tokens == 6
    assert reply.usage.completion_tokens == 8


def test_usage_counts_the_prompt_and_what_a_prompt_cache_would_have_served():
    longer = [*WHO, {"role": "assistant", "content": "I search."}, {"role": "user", "content": "Found nothing."}]
    with Endpoint(says) as endpoint, client_of(endpoint) as client:
        used = [ask(client, messages).usage for messages in (WHO, longer, [WHO[1]], WHO)]
    cached = [usage.prompt_tokens_details.cached_tokens for usage in used]
    whole = used[0].prompt_tokens
    assert whole > 120
    assert cached[0] == cached[2] == 0
    assert whole - 16 - 3 < cached[1] <= whole
    assert cached[3] == cached[1] < used[1].prompt_tokens
    assert all(tokens % 16 == 0 for tokens in cached)


def test_a_reply_s_own_usage_is_reported_as_it_is():
    said = ModelReply("Yes.", usage=Usage(1000, 900, 7, 3))
    with Endpoint(Scripted([said])) as endpoint, client_of(endpoint) as client:
        usage = ask(client).usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens) == (1000, 900, 7)


def test_usage_can_be_left_out():
    with Endpoint(says, EndpointSettings(usage=False)) as endpoint, client_of(endpoint) as client:
        assert ask(client).usage is None


@pytest.mark.parametrize(
    ("dialect", "path", "stated"),
    [
        (Dialect.VLLM, "/v1/models", lambda told: told["data"][0]["max_model_len"] == 4096),
        (Dialect.LLAMA_CPP, "/props", lambda told: told["default_generation_settings"]["n_ctx"] == 4096),
        (Dialect.LLAMA_CPP, "/v1/models", lambda told: "max_model_len" not in told["data"][0]),
        (Dialect.OPENAI, "/v1/models", lambda told: told["data"][0]["id"] == "tiny"),
        (Dialect.OPENAI, "/v1/models/tiny", lambda told: told["id"] == "tiny" and "max_model_len" not in told),
        (Dialect.OPENAI, "/props", lambda told: told["error"]["code"] == "not_found"),
    ],
)
def test_the_context_length_is_stated_the_way_servers_do(dialect, path, stated):
    with Endpoint(says, EndpointSettings(model="tiny", dialect=dialect, context_tokens=4096)) as endpoint:
        assert stated(httpx.get(endpoint.base_url.removesuffix("/v1") + path).json())


def test_a_request_longer_than_the_context_is_refused():
    with Endpoint(says, EndpointSettings(context_tokens=200)) as endpoint, client_of(endpoint) as client:
        assert ask(client, max_tokens=50)
        with pytest.raises(openai.BadRequestError, match="maximum context length is 200 tokens") as refused:
            ask(client, max_tokens=150)
    assert refused.value.code == "context_length_exceeded"


def test_parameters_are_refused_by_name_every_time():
    refused = EndpointSettings(refused_parameters={"max_tokens": "max_completion_tokens", "temperature": None})
    with Endpoint(says, refused) as endpoint, client_of(endpoint) as client:
        for more, message in (
            ({"max_tokens": 5}, "Use 'max_completion_tokens' instead"),
            ({"temperature": 0}, "'temperature' is not supported with this model.$"),
        ):
            with pytest.raises(openai.BadRequestError) as error:
                ask(client, **more)
            assert error.value.code == "unsupported_parameter"
            assert error.value.param == next(iter(more))
            assert message.rstrip("$") in error.value.message
        assert ask(client, max_completion_tokens=5)


def test_the_key_is_asked_for_everywhere():
    with Endpoint(says, EndpointSettings(api_key="sk-right")) as endpoint:
        with client_of(endpoint, "sk-right") as client:
            assert ask(client)
            assert client.models.list().data[0].id == "loopback"
        with client_of(endpoint, "sk-wrong") as client:
            for attempt in (lambda: ask(client), lambda: client.models.list()):
                with pytest.raises(openai.AuthenticationError, match="sk-wrong"):
                    attempt()
    assert endpoint.count == 1


def test_latency_is_from_arrival_to_reply():
    with Endpoint(says, EndpointSettings(latency_s=0.15)) as endpoint, client_of(endpoint) as client:
        ask(client)
        started = time.monotonic()
        ask(client)
        assert 0.14 < time.monotonic() - started < 0.6


def test_hundreds_of_connections_are_served_at_once():
    async def all_at_once(url, count):
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=30) as client:
            body = {"model": "any", "messages": WHO}
            replies = await asyncio.gather(*(client.post(f"{url}/chat/completions", json=body) for _ in range(count)))
            return [reply.status_code for reply in replies]

    with Endpoint(says, EndpointSettings(latency_s=1.0, requests_kept=50)) as endpoint:
        started = time.monotonic()
        assert asyncio.run(all_at_once(endpoint.base_url, 300)) == [200] * 300
        assert time.monotonic() - started < 12
    assert endpoint.count == 300
    assert len(endpoint.log) == 50


def test_a_connection_is_kept_for_the_next_request():
    with Endpoint(says) as endpoint:
        client = http.client.HTTPConnection("127.0.0.1", httpx.URL(endpoint.base_url).port, timeout=5)
        client.connect()
        with client.sock as connection:
            for _ in range(3):
                client.request("GET", "/health")
                assert json.loads(client.getresponse().read()) == {"status": "ok"}
                assert client.sock is connection


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is no HTTP\r\n\r\n", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nHost: l\r\nContent-Length: 3\r\n\r\n{{{", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n[]", b"400"),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n{}", b"404"),
        (b"GET /v1/chat/completions HTTP/1.1\r\nHost: l\r\n\r\n", b"404"),
    ],
)
def test_what_it_does_not_serve_gets_an_error_and_no_reply(sent, status):
    with Endpoint(says) as endpoint:
        with connected(endpoint) as client:
            client.sendall(sent)
            assert client.recv(65536).split(b" ")[1] == status
        assert endpoint.count == 0


def test_a_stream_is_refused_by_name():
    with Endpoint(says) as endpoint, client_of(endpoint) as client, refused_as("'stream' is not supported"):
        ask(client, stream=True)


def test_an_error_of_a_replier_is_told_and_the_endpoint_goes_on():
    def broken(body, number):
        if number == 1:
            raise KeyError("gold")
        return Reply("fine")

    with Endpoint(broken) as endpoint, client_of(endpoint) as client:
        with pytest.raises(openai.BadRequestError, match="KeyError: 'gold'"):
            ask(client)
        assert ask(client).choices[0].message.content == "fine"


def test_the_log_keeps_bodies_only_when_asked():
    for keep in (True, False):
        with Endpoint(says, EndpointSettings(keep_bodies=keep)) as endpoint, client_of(endpoint) as client:
            ask(client)
        [line] = endpoint.log
        assert (line.number, line.fault) == (1, None)
        assert bool(line.body) == bool(line.headers) == keep


def test_nothing_is_left_when_it_ends():
    before = set(threading.enumerate())
    with httpx.Client() as client:
        with Endpoint(says) as endpoint:
            client.get(f"{endpoint.base_url}/models")
        assert set(threading.enumerate()) == before
        with pytest.raises(httpx.ConnectError):
            client.get(f"{endpoint.base_url}/models")


def test_a_port_in_use_is_an_error_at_once():
    with Endpoint(says) as endpoint, pytest.raises(OSError, match="in use"):
        Endpoint(says, EndpointSettings(port=httpx.URL(endpoint.base_url).port)).__enter__()


def serve(*arguments):
    command = [sys.executable, "-m", "docpager.testing", *arguments, "--port", "0"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def base_url(process):
    return process.stdout.readline().split(" serves at ")[1].split(" ")[0]


def resident_kib(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_body_of_50_mb_is_streamed_in_flat_memory():
    process = serve("obedient", "--fault", "large-body", "--every", "2")
    try:
        url = base_url(process)
        with httpx.Client(timeout=30) as client:
            post = lambda: client.post(f"{url}/chat/completions", json={"messages": WHO})  # noqa: E731
            assert post().status_code == 200
            before = resident_kib(process)
            assert len(post().content) == 50 * 2**20
            assert resident_kib(process) - before < 10 * 1024
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
    assert said == "2 requests were served.\n"
    assert process.returncode == 0


def test_the_command_serves_a_script_until_it_is_interrupted(tmp_path):
    script = tmp_path / "script.jsonl"
    script.write_text('{"tool": "search", "arguments": {"query": "captain"}}\n"It is done."\n')
    process = serve("scripted", "--script", str(script), "--api-key", "sk-mine", "--context-tokens", "999")
    try:
        with openai.OpenAI(base_url=base_url(process), api_key="sk-mine", max_retries=0) as client:
            assert json.loads(ask(client).choices[0].message.content)["tool"] == "search"
            assert client.models.list().data[0].max_model_len == 999
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["perfect"], 2, "A perfect reader needs the answers. Name their file: --gold FILE."),
        (["perfect", "--gold", "nowhere.jsonl"], 66, "Cannot read the gold file nowhere.jsonl: No such file"),
        (["scripted"], 2, "A script is needed."),
        (["obedient", "--fault", "stal@3"], 2, "There is no fault 'stal@3'. Write NAME or NAME@NUMBER;"),
        (["obedient", "--fault", "stall@x"], 2, "There is no fault 'stall@x'."),
    ],
)
def test_the_command_says_what_is_wrong(arguments, code, message, capsys):
    from docpager.testing.__main__ import main

    assert main(arguments) == code
    assert message in capsys.readouterr().err


def test_every_public_name_is_there():
    assert {name for name in testing.__all__ if getattr(testing, name) is None} == set()
    assert set(testing.__all__) <= set(dir(testing))
