"""The account of what was asked, ranked, read and left, why reading stopped, and when an abstention is refused."""

import pytest
from worlds import FERRIES, ask

from docpager.agent.coverage import CoverageLedger
from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus, StopReason
from docpager.tool_protocol import read_exchanges

SEARCH = call("search", query="captain")
FIRST = call("page_in", pages=["p1"])
BOTH = call("page_in", pages=["p1", "p2"])
ABSTAIN = call("abstain", reason="not there")
ANSWER = call("answer", statements=[{"text": "It is so.", "addresses": ["p1:1"]}])


def test_queries_are_told_in_order_each_once_with_the_documents_they_were_limited_to():
    answer = ask(
        [
            SEARCH,
            call("search", query="captain", first=11),
            call("search", query="Ines  Holm", documents=["report-2023.txt"]),
            call("find", text="12,400"),
            call("find", text="14,[0-9]+", regex=True, documents=["d1", "d2"]),
            BOTH,
            ANSWER,
        ]
    )
    assert answer.coverage.queries == (
        "captain",
        "Ines Holm in ferries/report-2023.txt",
        "find: 12,400",
        "find regex: 14,[0-9]+ in ferries/report-2023.txt, ferries/report-2024.txt",
    )


@pytest.mark.parametrize(
    ("script", "settings", "reason", "unread"),
    [
        ([SEARCH, BOTH, ANSWER], {}, "all_read", 0),
        ([SEARCH, FIRST, ANSWER], {}, "answered", 1),
        ([SEARCH, FIRST, ANSWER], {"read_tokens": 28}, "read_limit", 1),
        ([SEARCH, FIRST, ABSTAIN, ABSTAIN], {}, "abstained", 1),
        ([SEARCH, BOTH, ABSTAIN], {}, "all_read", 0),
        ([SEARCH, FIRST], {"max_steps": 2}, "step_limit", 1),
        ([SEARCH, "hm", "hm", "hm"], {}, "model_error", 2),
    ],
)
def test_stop_reason_says_what_ended_reading_and_what_was_left(script, settings, reason, unread):
    coverage = ask(script, **settings).coverage
    assert (coverage.stop_reason, coverage.ranked_unread) == (reason, unread)
    assert len(coverage.ranked_segment_ids) == 2
    assert set(coverage.read_segment_ids) <= set(coverage.ranked_segment_ids)


def test_stop_reasons_are_a_closed_set_that_covers_every_way_a_question_ends():
    limits = {s.value for s in ExitStatus if s.value.endswith("_limit") or s in ("thrashing", "model_error")}
    assert {reason.value for reason in StopReason} == limits | {"answered", "abstained", "all_read", "read_limit"}
    with pytest.raises(ValueError, match="bored"):
        CoverageLedger().account("bored")


def refusals(script, **settings) -> list[str]:
    model = ScriptedModel(script)
    answer = ask(model, **settings)
    assert answer.exit_status is ExitStatus.ABSTAINED
    refused = [e for e in answer.events if e.event == "AbstainRefused"]
    texts = [text for e in read_exchanges(model.requests[-1].messages) for text in e.results]
    assert len(refused) == sum(text.startswith("[error] Not yet") for text in texts)
    return [FERRIES.segments(event.page_ids)[0].text for event in refused]


def test_abstention_is_refused_once_though_top_results_stay_unread():
    assert refusals([SEARCH, ABSTAIN, ABSTAIN]) == ["The new captain is Jon Dahl."]
    assert len(refusals([SEARCH, FIRST, ABSTAIN, SEARCH, ABSTAIN])) == 1


def test_abstention_is_accepted_where_nothing_is_left_to_read_or_to_read_with():
    assert refusals([ABSTAIN]) == []
    assert refusals([SEARCH, BOTH, ABSTAIN]) == []
    assert refusals([SEARCH, ABSTAIN], read_tokens=18) == []
    assert refusals([SEARCH, ABSTAIN], max_steps=2) == []
    assert refusals([SEARCH, ABSTAIN], max_steps=3, read_tokens=18) == []


def test_refusal_leaves_a_step_to_read_and_one_to_end():
    assert len(refusals([SEARCH, ABSTAIN, BOTH, ABSTAIN], max_steps=4)) == 1
