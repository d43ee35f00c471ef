"""Which tools a reply in JSON may call: none that was just called in vain, and at the end only an ending."""

from worlds import ask, long_archive

from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus

SEARCH = call("search", query="lantern keeper")
JSON = {"archive": long_archive(), "tool_protocol": "json", "context_tokens": 8192}


def offered(model: ScriptedModel) -> list[set[str]]:
    """The tools that each request let the reply call."""
    return [{tool.name for tool in request.json_tools} for request in model.requests]


def run(calls, **settings) -> tuple[list[set[str]], ExitStatus]:
    model = ScriptedModel([*calls, *[call("abstain", reason="x")] * 2])
    answer = ask(model, **{**JSON, **settings})
    return offered(model), answer.exit_status


def test_a_call_made_again_withholds_its_tool_for_one_reply():
    (first, second, third, fourth, *_), _ = run([SEARCH, SEARCH, call("note", text="x", addresses=["p1:1"])])
    assert "search" in first & second & fourth
    assert third == first - {"search"}


def test_the_same_tool_with_other_words_is_not_withheld():
    other = call("search", query="chapter 3")
    (first, *later), _ = run([SEARCH, other])
    assert all(tools == first for tools in later)


def test_a_refused_ending_may_be_tried_again():
    (*_, last), status = run([SEARCH, call("abstain", reason="x")])
    assert "abstain" in last
    assert status is ExitStatus.ABSTAINED


def test_the_last_steps_allow_only_an_ending():
    looks = [call("search", query=f"lantern number {n}") for n in range(4)]
    tools, status = run(looks, max_steps=6)
    assert [len(names) > 2 for names in tools] == [True] * 4 + [False]
    assert tools[-1] == {"answer", "abstain"}
    assert status is ExitStatus.ABSTAINED


def test_few_steps_in_all_are_not_taken_for_the_last():
    tools, _ = run([], max_steps=2)
    assert all("search" in names for names in tools)


def test_schemas_that_stand_in_the_prompt_stay_as_they_are():
    model = ScriptedModel([SEARCH, SEARCH, SEARCH, call("abstain", reason="x"), call("abstain", reason="x")])
    ask(model, archive=long_archive(), tool_protocol="native")
    assert all(request.tools == model.requests[0].tools for request in model.requests)
    assert all(request.json_tools == () for request in model.requests)
