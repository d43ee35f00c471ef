"""Tool calls in messages: both protocols can be read back."""

import json

import pytest

from docpager.errors import ToolError
from docpager.models.scripted import call
from docpager.records import ModelReply, ToolCall, ToolSpec
from docpager.tool_protocol import TOOL_PROTOCOLS, Exchange, JsonTools, NativeTools, read_exchanges, signature

EXCHANGES = [
    Exchange((call("search", query="ünit"),), ("results",)),
    Exchange((call("note", text="a"), call("page_in", pages=["p1"])), ("noted", "page")),
    Exchange((), ("[error] no tool",), "I wonder."),
]


@pytest.fixture(params=TOOL_PROTOCOLS.values(), ids=TOOL_PROTOCOLS)
def protocol(request):
    return request.param


def test_log_gives_back_its_calls_and_results(protocol):
    messages = [message for exchange in EXCHANGES for message in protocol.write(exchange)]
    read = read_exchanges(messages)
    for written, found in zip(EXCHANGES, read, strict=True):
        assert [(c.name, json.loads(c.arguments)) for c in found.calls] == [
            (c.name, json.loads(c.arguments)) for c in written.calls
        ]
        assert "\n".join(found.results) == "\n".join(written.results)


def test_native_calls_are_taken_as_they_are_and_written_json_too(protocol):
    native = ModelReply(tool_calls=(call("outline"),))
    written = ModelReply(text='Sure: {"tool": "outline", "arguments": {}} done')
    for reply in (native, written):
        assert [c.name for c in protocol.read_calls(reply)] == ["outline"]


@pytest.mark.parametrize("text", ["", "no call", "{broken", "[1, 2]", "{tool: x}"])
def test_talk_holds_no_call(protocol, text):
    assert protocol.read_calls(ModelReply(text=text)) == ()


def test_json_without_a_tool_name_is_refused():
    with pytest.raises(ToolError, match="names no tool"):
        JsonTools().read_calls(ModelReply(text='{"query": "x"}'))


def test_schemas_go_with_the_request_or_as_one_line_each():
    schema = {"properties": {"query": {"type": "string"}, "first": {"type": ["integer", "null"]}}}
    tool = ToolSpec("search", "Finds pages.", schema)
    assert signature(tool) == "search(query, first?): Finds pages."
    assert NativeTools().system_text("Work.", [tool]) == "Work."
    assert NativeTools().request_tools([tool]) == (tool,)
    assert "search(query, first?): Finds pages." in JsonTools().system_text("Work.", [tool])
    assert JsonTools().request_tools([tool]) == ()


SLIPS = [
    '```json\n{"tool": "search", "arguments": {"query": "pier"}}\n```',
    '{"tool": "search", "arguments": {"query": "pier",},}',
    "{'tool': 'search', 'arguments': {'query': 'pier', 'documents': None}}",
    '{"name": "search", "parameters": {"query": "pier"}}',
    '{"tool": "search", "arguments": "{\\"query\\": \\"pier\\"}"}',
    'I look. {"tool": "search", "arguments": {"query": "pier"}} {"tool": "pin", "arguments": {}}',
]


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_of_the_pen_does_not_cost_a_step(text):
    [found] = JsonTools().read_calls(ModelReply(text=text))
    assert found.name == "search"
    assert json.loads(found.arguments)["query"] == "pier"


def test_a_call_with_broken_arguments_is_written_and_read_back_without_them(protocol):
    broken = ToolCall("c1", "search", '{"query": "breaks off')
    [exchange] = read_exchanges(protocol.write(Exchange((broken,), ("[error] not valid JSON",))))
    assert [c.name for c in exchange.calls] == ["search"]
    assert exchange.results == ("[error] not valid JSON",)
