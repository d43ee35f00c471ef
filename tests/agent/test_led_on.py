"""What becomes of names that mean no document, and of searches made again."""

import pytest
from worlds import FERRIES, ask, long_archive

from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus, Role
from docpager.tool_protocol import read_exchanges
from docpager.transcript import split_tail

SEARCH = call("search", query="captain")
END = [call("abstain", reason="x")] * 2


def results(calls, **asked) -> list[str]:
    """What each call of a script was told."""
    model = ScriptedModel([*calls, *END])
    ask(model, **asked)
    exchanges = read_exchanges(model.requests[-1].messages)
    return [split_tail(text, "docpager")[0] for e in exchanges for text in e.results]


@pytest.mark.parametrize(
    ("named", "scope", "told"),
    [
        (["nowhere.pdf"], "in all documents", "No document matches 'nowhere.pdf': looked in all documents."),
        (["handle: 1234", "p9"], "in all documents", "No document matches 'handle: 1234', 'p9': looked in all"),
        (["report 1999"], "in all documents", "Near: ferries/report-2023.txt, ferries/report-2024.txt."),
        (["nowhere.pdf", "d2"], "in d2", "No document matches 'nowhere.pdf': looked in the others only."),
        (["d2 ferries/report-2024.txt | page 1"], "in d2", ""),
        (["p1"], "in d2", ""),
        (["handle: d2"], "in d2", ""),
        (["a treatise on d2"], "in all documents", "No document matches 'a treatise on d2'"),
        (["d99"], "in all documents", "No document matches 'd99'"),
    ],
)
@pytest.mark.parametrize("tool", ["search", "find"])
def test_names_limit_a_search_as_far_as_they_mean_documents(tool, named, scope, told):
    key = "text" if tool == "find" else "query"
    _, found, *_ = results([SEARCH, call(tool, **{key: "captain"}, documents=named)])
    head, *others = found.split("\n")
    assert f"| {scope} |" in head
    assert "p1 |" in found
    assert told in others[-1]
    assert found.count("[notice]") == bool(told)


def test_names_that_mean_nothing_never_widen_a_question_limited_to_documents():
    first, *_ = results(
        [call("search", query="captain", documents=["report-2023.txt"])], documents=("report-2024.txt",)
    )
    assert "report-2023" not in first.split("\n[notice]")[0]
    assert "looked in all documents of this question." in first


@pytest.mark.parametrize("words", [None, "report"])
def test_outline_of_no_document_lists_documents(words):
    first, *_ = results([call("outline", document="report of the ferries", words=words)])
    assert "d1 | ferries/report-2023.txt" in first
    assert "[notice] No document matches 'report of the ferries'" in first


def test_search_made_again_shows_what_it_listed_and_nobody_read():
    answer = ask([SEARCH, SEARCH, call("answer", statements=[{"text": "Jon Dahl.", "addresses": ["p1:1"]}])])
    assert answer.exit_status is ExitStatus.ANSWERED
    assert [e.event for e in answer.events].count("Search") == 1
    assert answer.coverage.queries == ("captain",)


def test_search_made_again_and_again_shows_all_its_pages_and_then_the_next_results():
    again = call("search", query="lantern keeper", documents=[], first=1)
    plain = call("search", query="lantern keeper")
    told = results([plain, *[again, plain] * 3], archive=long_archive(), results_per_page=4, context_tokens=16384)
    assert [text.split("\n")[0].split(".")[0] for text in told[1:6]] == [
        "[notice] You made this search before; its results stand above",
        "[notice] You made this search before; its results stand above",
        "[notice] You made this search before and have read what it listed; these are its next results",
        "[notice] You made this search before; its results stand above",
        "[notice] You made this search before; its results stand above",
    ]
    assert "p1 p2" in told[1]
    assert "p3 p4" in told[2]
    assert "results 5-8" in told[3]
    assert "[page p5 |" in told[4]
    assert "[page p7 |" in told[5]


def test_search_made_again_after_all_was_read_is_told_so():
    *_, last = results([SEARCH, SEARCH, SEARCH])[:3]
    assert "have read all it lists: answer from the pages shown, or abstain." in last


def test_search_is_made_again_where_its_results_no_longer_stand():
    model = ScriptedModel(
        [
            SEARCH,
            *[call("search", query=f"lantern keeper number {n}", first=n) for n in range(1, 12)],
            SEARCH,
            *END,
        ]
    )
    answer = ask(model, archive=long_archive(), context_tokens=2048, max_steps=20)
    assert [e.arguments["query"] for e in answer.events if e.event == "Search"].count("captain") == 2
    assert all(message.role is not Role.TOOL or message.content for message in model.requests[-1].messages)


def test_other_words_scope_or_rank_are_another_search():
    told = results(
        [
            SEARCH,
            call("search", query="captain", documents=["d2"]),
            call("find", text="captain"),
            call("search", query="captain", first=2),
        ],
        archive=FERRIES,
    )
    assert not any("before" in text for text in told[:4])
