"""What was shown earlier for a question can be searched, whatever has left the context."""

from worlds import ask, long_archive

from docpager.agent.recall_storage import RecallStorage
from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus
from docpager.tool_protocol import read_exchanges
from docpager.transcript import split_tail


def results_of(model: ScriptedModel) -> list[str]:
    exchanges = read_exchanges(model.requests[-1].messages)
    return [split_tail(text, "docpager")[0] for exchange in exchanges for text in exchange.results]


def test_line_of_a_page_that_was_evicted_and_summarised_is_recalled():
    script = [
        call("search", query="lantern number 203 keeper"),
        call("page_in", pages=["p1"]),
        *[call("search", query=f"lantern number {n} keeper", first=n) for n in range(2, 12)],
        call("recall", query="lantern 203"),
        call("abstain", reason="done"),
        call("abstain", reason="done"),
    ]
    model = ScriptedModel(script)
    answer = ask(model, archive=long_archive(), context_tokens=2048)
    recalled = next(text for text in results_of(model) if "Recalled" in text)
    assert "lantern number 203" in recalled.split("\n")[0]
    assert recalled.startswith("[notice] step ")
    [event] = [event for event in answer.events if event.event == "Recalled"]
    assert event.arguments["query"] == "lantern 203"
    assert answer.exit_status is ExitStatus.ABSTAINED


def test_what_is_recalled_is_paginated_and_bounded_by_the_logs_share():
    script = [
        call("search", query="lantern"),
        call("page_in", pages=["p1"]),
        call("recall", query="lantern"),
        call("recall", query="lantern", first=4),
        call("recall", query="zebra"),
    ]
    model = ScriptedModel([*script, call("abstain", reason="x"), call("abstain", reason="x")])
    ask(model, archive=long_archive(), context_tokens=16_384)
    first, second, nothing = (text for text in results_of(model) if "Recalled" in text)
    assert "more: recall with first" in first
    assert first.split("\n")[3] == second.split("\n")[0]
    assert nothing == "[notice] Recalled 0 lines; nothing found."


def test_reading_budget_counts_what_is_recalled():
    before, after = (
        ask(
            [call("search", query="captain"), *extra, call("abstain", reason="x"), call("abstain", reason="x")]
        ).transcript[-1]["messages"][-1]["content"]
        for extra in ([], [call("recall", query="captain")])
    )
    read = [int(text.split("; read ")[1].split(" of")[0]) for text in (before, after)]
    assert read[1] > read[0]


def test_one_questions_recollections_never_reach_another():
    storage, other = RecallStorage(), RecallStorage()
    storage.add(1, call("search", query="secret"), "The secret is 9.")
    assert [kept.line for kept in storage.search("secret")] == ["The secret is 9."]
    assert list(other.search("secret")) == []


def test_line_that_shares_more_words_comes_first_and_each_line_once():
    storage = RecallStorage()
    storage.add(1, call("find", text="a"), "The Alma carried 12 passengers.\nThe Alma sails.")
    storage.add(2, call("find", text="b"), "The Alma sails.")
    assert [kept.line for kept in storage.search("Alma passengers")] == [
        "The Alma carried 12 passengers.",
        "The Alma sails.",
    ]
