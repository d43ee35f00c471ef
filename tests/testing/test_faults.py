"""Every fault as a client sees it: the status, the headers and the bytes that really arrive."""

from __future__ import annotations

import json
import socket
import struct
import time
from email.utils import parsedate_to_datetime

import httpx2 as httpx
import pytest

from docpager.testing import Endpoint, EndpointSettings, Fault, FaultPlan, FaultSizes, Reply, Scripted

SIZES = FaultSizes(
    retry_after_s=0.2, stall_s=30, refuse_s=0.3, drip_bytes=20, drip_interval_s=0.01, large_body_bytes=3 * 2**20
)
BODY = {
    "model": "any",
    "max_tokens": 100,
    "messages": [{"role": "system", "content": "Read."}, {"role": "user", "content": "Who is the captain? " * 20}],
}
TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}]
SAID = "Jon Dahl is the captain."


def always_says(*_):
    return Reply(SAID)


def endpoint_with(fault, replier=always_says):
    return Endpoint(replier, EndpointSettings(keep_bodies=True), faults=FaultPlan({2: fault}, sizes=SIZES))


def post(client, endpoint, **more):
    headers = {"authorization": "Bearer sk-planted"}
    return client.post(f"{endpoint.base_url}/chat/completions", json={**BODY, **more}, headers=headers)


def content(response):
    return response.json()["choices"][0]["message"]["content"]


def error(response):
    return response.json()["error"]


def retry_after_seconds(response):
    return (parsedate_to_datetime(response.headers["retry-after"]).timestamp()) - time.time()


def choice(response):
    [only] = response.json()["choices"]
    return only


RESPONSES = {
    Fault.RATE_LIMIT_SECONDS: (429, lambda r: r.headers["retry-after"] == "0.2"),
    Fault.RATE_LIMIT_DATE: (429, lambda r: 0 < retry_after_seconds(r) <= 1.3),
    Fault.RATE_LIMIT: (429, lambda r: "retry-after" not in r.headers and error(r)["code"] == "rate_limit_exceeded"),
    Fault.RATE_LIMIT_HOURS: (429, lambda r: r.headers["retry-after"] == "9999"),
    Fault.QUOTA: (429, lambda r: error(r)["code"] == "insufficient_quota"),
    Fault.BAD_KEY: (401, lambda r: error(r)["code"] == "invalid_api_key" and "sk-planted" in error(r)["message"]),
    Fault.NO_MODEL: (404, lambda r: error(r)["code"] == "model_not_found"),
    Fault.CONTEXT_LENGTH: (400, lambda r: error(r)["code"] == "context_length_exceeded"),
    Fault.UNSUPPORTED_PARAMETER: (400, lambda r: error(r)["param"] == "max_tokens"),
    Fault.SERVER_ERROR: (500, lambda r: error(r)["type"] == "server_error"),
    Fault.UNAVAILABLE: (503, lambda r: r.text == "no healthy upstream"),
    Fault.HTML: (200, lambda r: r.headers["content-type"].startswith("text/html") and r.text.startswith("<!DOCTYPE")),
    Fault.ERROR_BODY: (200, lambda r: error(r)["code"] == 502 and "choices" not in r.json()),
    Fault.EMPTY_CHOICES: (200, lambda r: r.json()["choices"] == []),
    Fault.CONTENT_FILTER: (200, lambda r: choice(r)["finish_reason"] == "content_filter" and content(r) is None),
    Fault.LENGTH_EMPTY: (
        200,
        lambda r: (
            choice(r)["finish_reason"] == "length"
            and content(r) is None
            and r.json()["usage"]["completion_tokens_details"]["reasoning_tokens"] > 100
        ),
    ),
    Fault.ABSENT_USAGE: (200, lambda r: content(r) == SAID and "usage" not in r.json()),
    Fault.LARGE_BODY: (200, lambda r: len(r.content) == 3 * 2**20 and set(content(r)) == {"x"}),
}
"""Fault -> the status a client sees, and what is true of the response."""


@pytest.mark.parametrize("fault", RESPONSES)
def test_a_fault_that_is_a_whole_response(fault):
    status, holds = RESPONSES[fault]
    with endpoint_with(fault) as endpoint, httpx.Client() as client:
        assert content(post(client, endpoint)) == SAID
        response = post(client, endpoint)
        assert response.status_code == status
        assert holds(response)
        assert content(post(client, endpoint)) == SAID
    assert [line.fault for line in endpoint.log] == [None, fault, None]


def broken(response):
    with pytest.raises(ValueError, match=r"Unterminated|delimiter|Expecting"):
        response.json()
    return len(response.content) == int(response.headers["content-length"])


def test_truncated_json_arrives_whole_as_http_and_breaks_off_as_json():
    with endpoint_with(Fault.TRUNCATED_JSON) as endpoint, httpx.Client() as client:
        post(client, endpoint)
        response = post(client, endpoint)
        assert response.status_code == 200
        assert broken(response)


@pytest.mark.parametrize(
    ("fault", "name", "valid"), [(Fault.BAD_TOOL_JSON, "search", False), (Fault.UNKNOWN_TOOL, "open_url", True)]
)
def test_tool_faults_come_in_the_protocol_of_the_request(fault, name, valid):
    for more in ({"tools": TOOLS}, {}):
        with endpoint_with(fault) as endpoint, httpx.Client() as client:
            post(client, endpoint)
            message = choice(post(client, endpoint, **more))["message"]
        if more:
            [call] = message["tool_calls"]
            assert call["function"]["name"] == name
            said = call["function"]["arguments"]
        else:
            assert f'"tool": "{name}"' in message["content"]
            said = message["content"]
        try:
            json.loads(said)
        except ValueError:
            assert not valid
        else:
            assert valid


def test_reset_comes_after_half_of_the_body():
    with endpoint_with(Fault.RESET) as endpoint, socket.create_connection(address(endpoint), timeout=5) as client:
        ask(client)
        assert SAID.encode() in received(client)
        ask(client)
        head, body = until_reset(client).split(b"\r\n\r\n")
    assert len(body) == promised(head) // 2 > 0


def address(endpoint):
    url = httpx.URL(endpoint.base_url)
    return url.host, url.port


def ask(client):
    body = json.dumps(BODY).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: loopback\r\nContent-Length: {len(body)}\r\n\r\n"
    client.sendall(head.encode() + body)


def received(client):
    """The body of one whole response."""
    head, body = b"", b""
    while not head or len(body) < promised(head):
        data = client.recv(65536)
        assert data
        body += data
        if not head and b"\r\n\r\n" in body:
            head, _, body = body.partition(b"\r\n\r\n")
    return body


def until_reset(client):
    """What arrives before a reset; an orderly end fails."""
    got = b""
    while True:
        try:
            data = client.recv(65536)
        except ConnectionResetError:
            return got
        assert data, "the connection ended in order"
        got += data


def promised(head):
    return int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def test_stall_sends_nothing_and_ends_when_the_client_goes():
    with endpoint_with(Fault.STALL) as endpoint, httpx.Client(timeout=0.3) as client:
        post(client, endpoint)
        started = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            post(client, endpoint)
        assert 0.25 < time.monotonic() - started < 2
        assert content(post(client, endpoint)) == SAID


def test_slow_drip_beats_a_timeout_of_each_read():
    with endpoint_with(Fault.SLOW_DRIP) as endpoint, httpx.Client(timeout=0.2) as client:
        post(client, endpoint)
        started = time.monotonic()
        response = post(client, endpoint)
    assert content(response) == SAID
    assert time.monotonic() - started > 0.15


@pytest.mark.parametrize("position", [1, 2])
def test_connections_are_refused_before_the_request_and_accepted_later(position):
    plan = FaultPlan({position: Fault.CONNECTION_REFUSED}, sizes=SIZES)
    with Endpoint(always_says, faults=plan) as endpoint, httpx.Client() as client:
        for _ in range(1, position):
            assert content(post(client, endpoint)) == SAID
        with pytest.raises(httpx.ConnectError, match="refused"):
            post(client, endpoint)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            time.sleep(0.05)
            try:
                assert content(post(client, endpoint)) == SAID
                break
            except httpx.ConnectError:
                continue
        else:
            pytest.fail("the endpoint did not listen again")
        assert content(post(client, endpoint)) == SAID
    assert endpoint.count == position + 1


def test_every_fault_is_shown_to_a_client_here():
    others = {
        Fault.TRUNCATED_JSON,
        Fault.BAD_TOOL_JSON,
        Fault.UNKNOWN_TOOL,
        Fault.RESET,
        Fault.STALL,
        Fault.SLOW_DRIP,
        Fault.CONNECTION_REFUSED,
    }
    assert RESPONSES.keys() | others == set(Fault)
    assert len(Fault) == 25


def test_a_fault_uses_up_no_line_of_a_script():
    with endpoint_with(Fault.SERVER_ERROR, Scripted(["one", "two"])) as endpoint, httpx.Client() as client:
        first, failed, second = (post(client, endpoint) for _ in range(3))
    assert (content(first), failed.status_code, content(second)) == ("one", 500, "two")


def test_every_kth_request_gets_the_fault():
    plan = FaultPlan.every(3, Fault.HTML)
    assert [n for n in range(1, 10) if plan.fault(n) is Fault.HTML] == [3, 6, 9]


def test_faults_by_chance_are_the_same_for_a_seed_and_as_many_as_asked():
    faults = [Fault.HTML, Fault.RESET]
    drawn = [[FaultPlan.sometimes(0.1, faults, seed=seed).fault(n) for n in range(1, 2001)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 140 < sum(fault is not None for fault in drawn[0]) < 260
    assert set(drawn[0]) == {None, *faults}


def test_a_client_that_resets_leaves_the_endpoint_serving():
    with endpoint_with(Fault.LARGE_BODY) as endpoint:
        with socket.create_connection(address(endpoint)) as client:
            ask(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with httpx.Client() as client:
            assert post(client, endpoint).status_code == 200
