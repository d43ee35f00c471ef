"""What is done when memory is too small: one rung after the other, each an event."""

import pytest
from worlds import FERRIES, ask, long_archive

from docpager.archive.in_memory import InMemoryArchive
from docpager.memory import ResidentSet
from docpager.models.scripted import ScriptedModel, call
from docpager.records import Answer, ExitStatus, VerifyStatus
from docpager.transcript import split_tail

BOOK = long_archive()
LISTED = [call("search", query="lantern keeper", first=first) for first in (1, 11, 21)]
NOTED = [call("page_in", pages=["p1"]), call("note", text="Chapter one names its keeper.", addresses=["p1:1"])]


def cycle(pages: int, times: int = 120) -> list:
    """Lists pages, notes one line, and then reads so many pages round and round."""
    return [*LISTED, *NOTED, *[call("page_in", pages=[f"p{n % pages + 1}"]) for n in range(times)]]


def actions(answer: Answer) -> list[str]:
    return [e.arguments["action"] for e in answer.events if e.event == "Thrashing"]


def tails_of(model: ScriptedModel) -> list:
    return [split_tail(request.messages[-1].content, "docpager")[1] for request in model.requests]


def test_question_that_runs_in_circles_ends_as_thrashing_with_an_answer_from_its_notes():
    model = ScriptedModel(cycle(24))
    answer = ask(model, archive=BOOK, read_tokens=10**6, max_steps=100)
    pages = {e.page_ids[0]: e.page_tokens[0] for e in answer.events if e.event == "PageIn"}
    assert sum(pages.values()) > 1.8 * answer.events[0].capacity
    assert answer.exit_status is ExitStatus.THRASHING
    assert answer.answer == "Chapter one names its keeper. [1]"
    assert [c.verify_status for c in answer.citations] == [VerifyStatus.EXACT]
    assert answer.coverage.stop_reason == "thrashing"
    assert actions(answer) == ["trim_lines", "lend_log", "ask_for_notes", "answer"]
    # 5 steps to list and note, 23 to read each page once, 4 refaults for each rung
    assert answer.paging.steps == 5 + 23 + 1 + 16
    assert answer.paging.refaults == 16


def test_model_is_asked_to_note_and_unpin_before_the_end():
    model = ScriptedModel(cycle(24))
    ask(model, archive=BOOK, read_tokens=10**6, max_steps=100)
    asked = ["you page in again and again" in tail.warning for tail in tails_of(model)]
    assert sum(asked) == 4
    assert all(asked[-4:])


def test_half_of_the_logs_share_becomes_room_for_pages():
    answer = ask(cycle(24), archive=BOOK, read_tokens=10**6, max_steps=100)
    [lent] = [e for e in answer.events if e.event == "Resized"]
    assert lent.arguments["reason"] == "log"
    assert lent.capacity - lent.arguments["capacity_before"] == 8192 // 4 // 2
    step = next(e.step for e in answer.events if e.event == "Thrashing" and e.arguments["action"] == "lend_log")
    assert [e.event for e in answer.events if e.step == step][-3:] == ["Thrashing", "Resized", "Summarized"]


def test_working_set_that_fits_once_its_pages_are_trimmed_goes_on():
    answer = ask(
        cycle(12, 60), "Which keeper has lantern number 512?", archive=BOOK, context_tokens=4096, read_tokens=10**6,
        max_steps=60,
    )  # fmt: skip
    assert answer.exit_status is ExitStatus.STEP_LIMIT
    assert actions(answer)[0] == "trim_lines"
    assert "answer" not in actions(answer)
    assert any(e.event == "LinesTrimmed" for e in answer.events)


def test_rereading_one_page_in_a_while_is_no_thrashing():
    script = [*LISTED, *[call("page_in", pages=["p1" if n % 4 == 0 else f"p{n + 1}"]) for n in range(28)]]
    answer = ask([*script, "x"], archive=BOOK, context_tokens=2048)
    assert answer.paging.refaults > 4
    assert actions(answer) == []


def test_events_of_a_trace_tell_what_is_resident_at_every_step():
    answer = ask(cycle(24), archive=BOOK, read_tokens=10**6, max_steps=100)
    resident = ResidentSet()
    for event in answer.events:
        resident.apply(event.event, event.page_ids, event.page_tokens, event.capacity)
        if event.event not in ("PageFault", "PageHit"):
            assert resident.token_count == event.tokens_after
            assert resident.token_count <= resident.capacity


# Lines instead of pages

WIDE = long_archive(3, sentences=120)


def test_page_too_large_is_shown_by_the_lines_that_bear_on_the_question_and_says_so():
    model = ScriptedModel(
        [call("search", query="lantern keeper"), call("page_in", pages=["p1"]), call("abstain", reason="x"), "x"]
    )
    answer = ask(model, "Which keeper has sentence 88?", archive=WIDE, context_tokens=2048)
    [trimmed] = [e for e in answer.events if e.event == "LinesTrimmed"]
    shown = model.requests[-1].messages[-3].content
    assert "sentence 88 speaks" in "".join(m.content for m in model.requests[-1].messages), shown
    assert trimmed.arguments["asked"].startswith("1-")
    text = "".join(m.content for m in model.requests[-1].messages)
    assert "p1 is too large to show whole: these are lines " in text
    assert "sentence 60 speaks" not in text


@pytest.mark.parametrize(
    ("question", "pages"),
    [("What did the minister say?", "p1"), ("Which keeper has sentence 30?", "p1:2-110")],
)
def test_where_no_line_bears_or_a_range_was_asked_for_the_first_lines_are_shown(question, pages):
    model = ScriptedModel(
        [call("search", query="lantern keeper"), call("page_in", pages=[pages]), call("abstain", reason="x"), "x"]
    )
    answer = ask(model, question, archive=WIDE, context_tokens=2048)
    [trimmed] = [e for e in answer.events if e.event == "LinesTrimmed"]
    first = "2" if ":" in pages else "1"
    assert trimmed.arguments["lines"].split("-")[0] == first
    assert "," not in trimmed.arguments["lines"]


def test_refused_page_is_no_trimmed_page():
    pinned = [call("page_in", pages=["p1"]), call("pin", pages=["p1"]), call("page_in", pages=["p2"])]
    model = ScriptedModel([*LISTED[:1], *pinned, "x"])
    answer = ask(model, "Which keeper has sentence 88?", archive=WIDE, context_tokens=2048)
    assert "Unpin one first." in "".join(m.content for m in model.requests[-1].messages)
    [trimmed] = [e for e in answer.events if e.event == "LinesTrimmed"]
    assert trimmed.page_ids == next(e.page_ids for e in answer.events if e.event == "PageIn")


def test_call_too_large_for_the_window_ends_the_question_with_what_is_known():
    script = [call("search", query="captain"), NOTED, call("search", query="captain " * 1500)]
    answer = ask(script, archive=FERRIES, context_tokens=2048)
    assert answer.exit_status is ExitStatus.TOKEN_LIMIT
    assert answer.error_message.startswith("The request needs ")
    assert answer.answer == "Chapter one names its keeper. [1]"


def test_result_too_large_for_the_window_is_taken_back_and_the_question_goes_on():
    heading = "of lanterns and their many keepers on the islands to the north of here, of which there are some"
    text = "\n\n".join(f"# Chapter {n} {heading}\n\nText {n}." for n in range(40))
    model = ScriptedModel([call("outline", document="d1"), call("page_in", pages=["p3"]), "x"])
    answer = ask(model, archive=InMemoryArchive.of({"book.txt": text}), context_tokens=1500, log_share=0.3)
    assert "[error] This result takes" in model.requests[1].messages[-1].content
    assert answer.paging.page_ins == 1
    [event] = [e for e in answer.events if "withheld_tokens" in e.arguments]
    assert event.event == "Summarized"


# Calls of one reply


def test_page_that_a_later_call_of_the_same_reply_evicts_leaves_its_tombstone():
    calls = [call("page_in", pages=[f"p{n}"]) for n in range(1, 10)]
    model = ScriptedModel([*LISTED, calls, "x"])
    answer = ask(model, archive=BOOK, context_tokens=2048, max_steps=5)
    assert answer.paging.evictions > 0
    shown = "".join(m.content for m in model.requests[-1].messages)
    assert shown.count("[evicted p") == answer.paging.evictions
    assert shown.count("[end p") == answer.paging.page_ins - answer.paging.evictions
