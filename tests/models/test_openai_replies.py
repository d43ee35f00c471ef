"""From the JSON of a chat completion to a reply, whatever its form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import BadReplyError, ContentFilterError
from docpager.models.openai.replies import MOST_CALLS, parsed, read, refusal_in, usage_of, without_thoughts
from docpager.records import Usage


def completion(message: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"message": message, "finish_reason": "stop"}], **more}


def function(name: str, arguments: Any, call_id: str | None = None) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls_of(*made: Any) -> list[tuple[str, str, str]]:
    reply = read(completion({"content": None, "tool_calls": list(made)}), "here").reply
    return [(call.call_id, call.name, call.arguments) for call in reply.tool_calls]


def test_text_model_and_finish_reason_are_taken_as_they_are():
    reply = read(completion({"content": " yes\n"}), "here").reply
    assert (reply.text, reply.model_reported, reply.finish_reason, reply.tool_calls) == (" yes\n", "m-1", "stop", ())


def test_content_may_be_parts_and_a_refusal_is_text():
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}, 7]
    assert read(completion({"content": parts}), "here").reply.text == "ab"
    assert read(completion({"content": None, "refusal": "I can't."}), "here").reply.text == "I can't."


def test_calls_get_ids_of_their_own_and_repeated_ones_are_left_out():
    same = function("search", '{"query": "a"}', "x")
    assert calls_of(same, same, function("find", {"text": "b"}, "x"), function("functions.pin", None)) == [
        ("x", "search", '{"query": "a"}'),
        ("call_2", "find", '{"text": "b"}'),
        ("call_3", "pin", "{}"),
    ]


def test_what_is_no_call_is_passed_over_and_far_too_many_are_cut():
    assert calls_of(None, {}, {"function": {"name": ""}}, {"function": 3}) == []
    assert len(calls_of(*(function("search", f'{{"query": "{n}"}}') for n in range(100)))) == MOST_CALLS


def test_the_older_form_of_one_call_is_read():
    reply = read(completion({"content": None, "function_call": {"name": "pin", "arguments": "{}"}}), "here").reply
    assert [call.name for call in reply.tool_calls] == ["pin"]


THOUGHTS = [
    ("<think>a</think>b", ("b", "<think>a</think>")),
    ("<THINKING>a\n</THINKING>\n\nb", ("b", "<THINKING>a\n</THINKING>")),
    ("a</think>\n{}", ("{}", "a</think>")),
    ("<think>cut off", ("", "<think>cut off")),
    ("x <think>a</think> y", ("x  y", "<think>a</think>")),
    (" no thought <b>at all</b> ", (" no thought <b>at all</b> ", "")),
]


@pytest.mark.parametrize(("text", "parts"), THOUGHTS)
def test_thoughts_are_taken_out_of_the_text(text, parts):
    assert without_thoughts(text) == parts


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_is_told_apart_and_stands_in_no_reply(name):
    found = read(completion({"content": "b", name: "long thought"}), "here")
    assert found.reasoning == "long thought"
    assert "thought" not in repr(found.reply)


USAGES = [
    (None, Usage()),
    ({}, Usage()),
    ({"prompt_tokens": 10, "completion_tokens": 2}, Usage(10, None, 2)),
    (
        {
            "prompt_tokens": 10,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 7},
        },
        Usage(10, 0, 9, 7),
    ),
    ({"prompt_tokens": 10, "completion_tokens": 2, "prompt_cache_hit_tokens": 8}, Usage(10, 8, 2)),
    ({"prompt_tokens": "10", "completion_tokens": -2, "prompt_tokens_details": None}, Usage()),
]


@pytest.mark.parametrize(("told", "usage"), USAGES)
def test_what_the_endpoint_does_not_say_is_unknown(told, usage):
    assert usage_of(told) == usage


@pytest.mark.parametrize(
    "data", [None, 3, [], {}, {"choices": None}, {"choices": []}, {"choices": [3]}, {"choices": [{"message": None}]}]
)
def test_what_has_no_choice_is_no_reply(data):
    with pytest.raises(BadReplyError, match="What came from here is no reply: it has no choices"):
        read(data, "here")


def test_a_reply_that_was_withheld_is_no_reply_but_a_part_of_one_is():
    withheld = completion({"content": ""})
    withheld["choices"][0]["finish_reason"] = "content_filter"
    with pytest.raises(ContentFilterError):
        read(withheld, "here")
    withheld["choices"][0]["message"]["content"] = "half"
    assert read(withheld, "here").reply.text == "half"


BODIES = [
    (b"<!DOCTYPE html><html>", "a web page"),
    (b'{"choices": [', "no whole JSON"),
    (b"", "no whole JSON"),
    (b"\xff\xfe\x00", "no whole JSON"),
    (b"[" * 100_000, "no whole JSON"),
]


@pytest.mark.parametrize(("content", "kind"), BODIES)
def test_a_body_that_is_no_json_is_a_bad_reply(content, kind):
    with pytest.raises(BadReplyError, match=kind):
        parsed(content, "here")


def test_an_error_in_a_200_is_told_from_a_reply():
    refusal = refusal_in({"error": {"message": "upstream", "code": 502}})
    assert refusal is not None
    assert (refusal.status, refusal.message) == (502, "upstream")
    assert refusal_in({"error": "text"}).status == 200
    assert refusal_in({"error": None, "choices": []}) is None
    assert refusal_in(completion({"content": "x"}, error={"message": "late"})) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "tool_calls", "function", "name", "arguments", "usage", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_a_reply_or_a_named_error(data):
    data = json.loads(json.dumps({"choices": [{"message": data}], "usage": data}))
    try:
        reply = read(data, "here").reply
    except (BadReplyError, ContentFilterError):
        return
    assert isinstance(reply.text, str)
    assert all(isinstance(call.name, str) and isinstance(call.arguments, str) for call in reply.tool_calls)
