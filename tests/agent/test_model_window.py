"""The window as the endpoint has it: stated, refused, counted otherwise; tools probed; replies cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from worlds import FERRIES, WordCounter, long_archive

from docpager.agent.loop import Agent
from docpager.agent.model_window import LARGEST_RATIO, ModelWindow
from docpager.errors import ContextLengthError, ModelError, WindowTooSmallError
from docpager.models.scripted import ScriptedModel, call
from docpager.protocols import ToolProbe
from docpager.records import Answer, ExitStatus, ModelReply, ModelRequest, Question, Usage
from docpager.settings import AgentSettings


class Endpointed(ScriptedModel):
    """A scripted model with an endpoint's facts, that takes requests up to ``takes`` tokens, counted at ``ratio``."""

    def __init__(self, script: list, *, window=None, native=True, takes=10**9, ratio=1.0, says=True) -> None:
        super().__init__(script, name="endpointed")
        self.window, self.native, self.takes, self.ratio, self.says = window, native, takes, ratio, says
        self.refused = self.probes = 0

    async def stated_window(self) -> int | None:
        return self.window

    async def probe_tools(self) -> ToolProbe:
        self.probes += 1
        await asyncio.sleep(0.01)
        return ToolProbe(self.native, Usage(50, None, 5))

    def tokens(self, request: ModelRequest) -> int:
        count = WordCounter().count
        texts = [m.content + "".join(c.name + c.arguments for c in m.tool_calls) for m in request.messages]
        return int(self.ratio * sum(count(text) + 4 for text in texts))

    async def complete(self, request: ModelRequest) -> ModelReply:
        sent = self.tokens(request) + request.max_reply_tokens
        if sent > self.takes:
            self.refused += 1
            raise ContextLengthError("too long", *((self.takes, sent) if self.says else ()))
        reply = await super().complete(request)
        return ModelReply(reply.text, reply.tool_calls, Usage(self.tokens(request), None, 10), "m", reply.finish_reason)


def agent_of(model: ScriptedModel, archive=FERRIES, **settings) -> Agent:
    facts = model if isinstance(model, Endpointed) else None
    return Agent(archive, model, WordCounter(), AgentSettings(model="endpointed", **settings), facts=facts)


def answered(agent: Agent, question: str = "Who is the captain?") -> Answer:
    return asyncio.run(agent.answer(Question("q1", 0, question)))


def reading(pages: int) -> list:
    """Searches, reads so many pages one by one, and answers."""
    script = [call("search", query="lantern keeper")]
    script += [call("page_in", pages=[f"p{n}"]) for n in range(1, pages + 1)]
    return [*script, call("answer", statements=[{"text": "lantern", "addresses": ["p1:1"]}])]


# What is stated and probed


def test_a_stated_window_is_the_limit():
    model = Endpointed(reading(1), window=5000)
    agent = agent_of(model, long_archive(), context_tokens=16000)
    answer = answered(agent)
    assert agent.terms.window.largest == 5000
    assert answer.exit_status is ExitStatus.ANSWERED
    assert answer.tool_protocol == "json", "schemas do not fit into 5,000 tokens"
    assert model.probes == 0


def test_a_stated_window_is_where_auto_may_grow_to():
    agent = agent_of(Endpointed(reading(1), window=30_000), long_archive(), context_tokens="auto")
    answered(agent)
    assert agent.terms.window.largest == 30_000
    named = agent_of(Endpointed(reading(1), window=30_000), long_archive(), context_tokens="auto", window_tokens=9000)
    answered(named)
    assert named.terms.window.largest == 9000


def test_a_stated_window_that_holds_no_page_stops_the_run():
    with pytest.raises(WindowTooSmallError):
        answered(agent_of(Endpointed([], window=600)))


@pytest.mark.parametrize(
    ("protocol", "native", "spoken", "probes"),
    [
        ("auto", True, "native", 1),
        ("auto", False, "json", 1),
        ("native", False, "native", 0),
        ("json", True, "json", 0),
    ],
)
def test_tools_are_probed_once_a_run_where_nothing_is_set(protocol, native, spoken, probes):
    model = Endpointed([call("abstain", reason="x")] * 9, native=native)
    agent = agent_of(model, context_tokens=16000, tool_protocol=protocol)

    async def three() -> list[Answer]:
        return await asyncio.gather(*(agent.answer(Question(f"q{n}", n, "Who?")) for n in range(3)))

    answers = asyncio.run(three())
    assert {answer.tool_protocol for answer in answers} == {spoken}
    assert model.probes == probes
    assert all(bool(request.tools) == (spoken == "native") for request in model.requests)
    assert all(bool(request.json_tools) == (spoken == "json") for request in model.requests)
    prompts = sum(answer.usage.prompt_tokens for answer in answers)
    assert prompts == sum(model.tokens(request) for request in model.requests) + 50 * probes


def test_a_probe_that_fails_fails_one_question_and_is_made_again():
    class Shy(Endpointed):
        async def probe_tools(self) -> ToolProbe:
            if not self.probes:
                self.probes += 1
                raise ModelError("not now")
            return await super().probe_tools()

    agent = agent_of(Shy([call("abstain", reason="x")] * 3), context_tokens=16000)
    first, second = answered(agent), answered(agent)
    assert (first.exit_status, first.error_message) == (ExitStatus.MODEL_ERROR, "not now")
    assert second.exit_status is ExitStatus.ABSTAINED


# What is refused as too long


@pytest.mark.parametrize("says", [True, False])
def test_a_request_that_is_too_long_shrinks_the_window_and_the_question_goes_on(says):
    model = Endpointed(reading(20), takes=5000, says=says)
    agent = agent_of(model, long_archive(), context_tokens=9000, tool_protocol="json")
    answer = answered(agent)
    assert model.refused >= 1
    assert answer.exit_status is ExitStatus.ANSWERED
    assert answer.citations[0].verify_status == "exact"
    assert any(e.event == "Resized" and e.arguments["reason"] == "context_length" for e in answer.events)


def test_what_one_question_learned_spares_the_next():
    model = Endpointed([*reading(20), *reading(20)], takes=5000)
    agent = agent_of(model, long_archive(), context_tokens=9000, tool_protocol="json")
    answered(agent)
    before = model.refused
    answered(agent)
    assert model.refused == before


def test_pinned_pages_do_not_lose_the_question():
    script = [call("search", query="lantern"), call("page_in", pages=["p1", "p2", "p3", "p4"])]
    script += [call("pin", pages=["p1", "p2", "p3", "p4"]), *[call("page_in", pages=[f"p{n}"]) for n in range(5, 9)]]
    script += [call("answer", statements=[{"text": "lantern", "addresses": ["p1:1"]}])]
    model = Endpointed(script, takes=4000)
    answer = answered(agent_of(model, long_archive(), context_tokens=9000, tool_protocol="json"))
    assert model.refused
    assert answer.exit_status is ExitStatus.ANSWERED


def once(error: Exception) -> Callable[[ModelRequest], ModelReply]:
    def line(_: ModelRequest) -> ModelReply:
        raise error

    return line


def test_one_refusal_that_cannot_be_meant_loses_nothing():
    script = [once(ContextLengthError("too long", 300, 400)), call("abstain", reason="x")]
    agent = agent_of(ScriptedModel(script))
    assert answered(agent).exit_status is ExitStatus.ABSTAINED
    assert agent.terms.window.largest == 8192


def test_an_endpoint_that_finds_everything_too_long_ends_the_question_with_what_is_known():
    model = Endpointed([], takes=10, says=False)
    answer = answered(agent_of(model, tool_protocol="json"))
    assert answer.exit_status is ExitStatus.TOKEN_LIMIT
    assert "tokens" in answer.error_message
    assert model.refused == 5


# What is counted otherwise


def test_an_endpoint_that_counts_more_gets_shorter_requests():
    model = Endpointed(reading(25), takes=9000, ratio=1.4)
    agent = agent_of(model, long_archive(), context_tokens=9000, tool_protocol="json", read_tokens=10**6)
    answer = answered(agent)
    assert answer.exit_status is ExitStatus.ANSWERED
    assert model.refused == 0, "the first replies said how it counts"
    assert agent.terms.window.ratio == pytest.approx(1.4, rel=0.02)
    assert answer.count_error == pytest.approx(1 - 1 / 1.4, abs=0.02)
    assert answer.counted_tokens == pytest.approx(answer.usage.prompt_tokens / 1.4, rel=0.02)


def test_the_largest_ratio_is_kept_and_nonsense_is_bounded():
    window = ModelWindow(AgentSettings(context_tokens=9000))
    for ours, theirs in ((1000, 900), (1000, 1200), (1000, 1100), (0, 50)):
        window.counted(ours, theirs)
    assert (window.ratio, window.largest) == (1.2, 7500)
    window.counted(10, 10**9)
    assert window.ratio == LARGEST_RATIO


def test_a_limit_below_what_was_taken_before_is_not_believed():
    window = ModelWindow(AgentSettings(context_tokens=9000))
    window.counted(5000, 5000)
    window.refused(3000, 4000, 4000)
    assert window.largest == 9000
    window.refused(8000, 8500, 8500)
    assert window.largest == 8000


def test_a_model_that_reports_no_usage_is_counted_by_us_alone():
    answer = answered(agent_of(ScriptedModel([call("abstain", reason="x")])))
    assert answer.counted_tokens is None
    assert answer.count_error is None


# Replies that are cut short


def cut(text: str = "") -> ModelReply:
    return ModelReply(text, usage=Usage(100, None, 1024, 1024), finish_reason="length")


def test_a_reply_that_ends_before_it_says_anything_gets_twice_the_room_once_a_run():
    model = ScriptedModel([cut(), call("abstain", reason="x"), cut(), call("abstain", reason="y")])
    agent = agent_of(model)
    first, second = answered(agent), answered(agent)
    assert [request.max_reply_tokens for request in model.requests] == [1024, 2048, 2048, 2048]
    assert (first.exit_status, second.exit_status) == (ExitStatus.ABSTAINED, ExitStatus.ABSTAINED)
    assert first.usage.completion_tokens >= 1024, "what was lost is paid for too"
    assert first.paging.steps == 1
    assert second.paging.steps == 2, "the second time the model is told"


def test_a_reply_that_was_cut_in_the_middle_is_told_to_the_model():
    broken = ModelReply('{"tool": "search", "arguments": {"query": "cap', finish_reason="length")
    model = ScriptedModel([broken, call("abstain", reason="x")])
    answer = answered(agent_of(model))
    assert answer.exit_status is ExitStatus.ABSTAINED
    assert "[error] Your reply was cut off" in model.requests[1].messages[-1].content


def test_a_window_without_room_for_twice_the_reply_keeps_its_reserve():
    model = ScriptedModel([cut(), call("abstain", reason="x")])
    answer = answered(agent_of(model, context_tokens=2600, reply_tokens=800))
    assert [request.max_reply_tokens for request in model.requests] == [800, 800]
    assert answer.exit_status is ExitStatus.ABSTAINED
