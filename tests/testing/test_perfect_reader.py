"""The perfect reader over real HTTP: it finds what is there, cites where it stands, and nothing else."""

from __future__ import annotations

import pytest
from loopback import ask_over_http, body_of
from worlds import FERRIES, WordCounter, long_archive

from docpager.analysis.nested_kv import nested_cases
from docpager.archive.in_memory import InMemoryArchive
from docpager.records import ExitStatus, Message, ModelRequest, Role, StopReason, VerifyStatus
from docpager.testing import Fault, FaultPlan, Gold, GoldAnswer, PerfectReader
from docpager.testing.perfect_reader import _first_gap, _lines_with
from docpager.testing.replies import read_request

BOTH_PROTOCOLS = pytest.mark.parametrize("window", [2048, 16_384])
"""In the smaller window calls are written as JSON, and results and pages leave the context."""


def reader(*rows):
    return PerfectReader(Gold([GoldAnswer.read(row) for row in rows]))


@BOTH_PROTOCOLS
def test_an_answer_cites_the_line_that_holds_it(window):
    question = "Who is the captain of the Alma?"
    replier = reader({"question": question, "answers": ["jon  DAHL"]})
    [answer] = ask_over_http(replier, FERRIES, question, context_tokens=window)
    [citation] = answer.citations
    assert answer.exit_status is ExitStatus.ANSWERED
    assert citation.quote == "The new captain is Jon Dahl."
    assert citation.verify_status is VerifyStatus.EXACT
    assert answer.usage.prompt_tokens > answer.usage.cached_tokens > 0


@BOTH_PROTOCOLS
def test_results_are_read_in_rank_order_and_turned_until_the_gold_is_shown(window):
    archive = long_archive(pages=40, sentences=10)
    question = "Which chapter speaks of a lantern and its keeper?"
    # The gold stands where no word of the question helps: only reading on finds it.
    replier = reader({"question": question, "answers": ["lantern number 2907"]})
    [answer] = ask_over_http(
        replier, archive, question, context_tokens=window, max_steps=120, read_tokens=100_000, readahead=0
    )
    assert answer.exit_status is ExitStatus.ANSWERED
    assert [c.doc_path for c in answer.citations] == ["book/chapter-29.txt"]
    assert answer.paging.searches > 1


@BOTH_PROTOCOLS
def test_every_listed_page_is_read_before_it_abstains(window):
    archive = long_archive(pages=24, sentences=6)
    question = "Which keeper of a lantern rings the bell?"
    replier = reader({"question": question, "answers": ["the bell hangs in the north tower"]})
    [answer] = ask_over_http(
        replier, archive, question, context_tokens=window, max_steps=120, read_tokens=100_000, readahead=0
    )
    assert (answer.exit_status, answer.abstain_reason) == (
        ExitStatus.ABSTAINED,
        "Search is exhausted, and no gold was shown.",
    )
    assert answer.coverage.stop_reason == StopReason.ALL_READ
    assert len(answer.coverage.read_segment_ids) == 24


def test_reading_ends_with_the_reading_budget():
    question = "Which chapter speaks of a lantern and its keeper?"
    replier = reader({"question": question, "answers": ["nowhere"]})
    [answer] = ask_over_http(replier, long_archive(), question, context_tokens=4096, read_tokens=1000, max_steps=60)
    assert answer.exit_status is ExitStatus.ABSTAINED
    assert answer.coverage.stop_reason == StopReason.READ_LIMIT


def test_a_page_larger_than_memory_is_read_to_its_end():
    sentences = [f"Sentence {n} of the log tells of wind from the west and calm water." for n in range(80)]
    archive = InMemoryArchive.of(
        {"log.txt": " ".join([*sentences, "The bell hangs in the north tower."])}, WordCounter()
    )
    question = "What wind was there?"
    replier = reader({"question": question, "answers": ["the bell hangs in the north tower"]})
    [answer] = ask_over_http(replier, archive, question, context_tokens=2048, max_steps=60)
    assert answer.exit_status is ExitStatus.ANSWERED
    assert [c.quote for c in answer.citations] == ["The bell hangs in the north tower."]


def test_a_gold_page_ends_the_search_whatever_its_text():
    archive = InMemoryArchive.of({"a.txt": ["Ships of the fleet.", "Ferries of the fleet."], "b.txt": ["The fleet."]})
    question = "What is in the fleet?"
    replier = reader({"question": question, "answers": ["12"], "pages": [{"document": "a.txt", "page_number": 2}]})
    [answer] = ask_over_http(replier, archive, question)
    assert [(c.doc_path, c.page_number, c.quote) for c in answer.citations] == [("a.txt", 2, "Ferries of the fleet.")]
    assert answer.answer == "12 [1]"


def test_a_gold_string_that_only_a_snippet_shows_is_no_answer():
    question = "Who is the captain?"
    replier = reader({"question": question, "answers": ["Jon Dahl"]})
    [answer] = ask_over_http(replier, FERRIES, question, max_steps=2)
    assert answer.exit_status is not ExitStatus.ANSWERED


def test_a_question_without_gold_is_abstained_from():
    [answer] = ask_over_http(reader({"question": "Other?", "answers": ["x"]}), FERRIES, "Who is the captain?")
    assert (answer.exit_status, answer.abstain_reason) == (
        ExitStatus.ABSTAINED,
        "The gold file has no such question.",
    )


def test_many_questions_at_once_do_not_disturb_each_other():
    archive = long_archive(pages=12)
    questions = {f"Which keeper has lantern number {n * 100 + n}?": f"lantern number {n * 100 + n}" for n in range(12)}
    replier = reader(*({"question": q, "answers": [gold]} for q, gold in questions.items()))
    answers = ask_over_http(replier, archive, *questions, context_tokens=4096, max_steps=60)
    assert [a.exit_status for a in answers] == [ExitStatus.ANSWERED] * 12
    assert [a.citations[0].doc_path for a in answers] == [f"book/chapter-{n:02}.txt" for n in range(12)]


def test_calls_that_a_fault_broke_do_not_disturb_it():
    question = "Who is the captain of the Alma?"
    faults = FaultPlan({1: Fault.BAD_TOOL_JSON, 2: Fault.UNKNOWN_TOOL})
    replier = reader({"question": question, "answers": ["Jon Dahl"]})
    [answer] = ask_over_http(replier, FERRIES, question, context_tokens=16_384, faults=faults)
    assert answer.exit_status is ExitStatus.ANSWERED


@BOTH_PROTOCOLS
@pytest.mark.parametrize("hops", [0, 3, 6])
def test_keys_are_followed_to_the_value_that_is_no_key(window, hops):
    pairs = [(f"key-{n:04x}-{n * 7919 % 9973:04}", f"val-{n:04x}-{n * 6007 % 9973:04}") for n in range(60)]
    for case in nested_cases(pairs, hops=[hops], orderings=2):
        archive = InMemoryArchive.of({"pairs.txt": case.text}, WordCounter())
        [answer] = ask_over_http(reader(case.gold()), archive, case.question, context_tokens=window)
        assert answer.answer == f"{case.answer} [1]"
        assert case.answer in answer.citations[0].quote
        assert answer.paging.steps == hops + 4


def test_a_first_key_that_is_nowhere_is_abstained_from():
    replier = reader({"question": "Where does k-1 lead?", "follow": "k-1"})
    [answer] = ask_over_http(replier, FERRIES, "Where does k-1 lead?")
    assert (answer.exit_status, answer.abstain_reason) == (ExitStatus.ABSTAINED, "No line holds the value of k-1.")


@pytest.mark.parametrize(
    ("lines", "answer", "found"),
    [
        ([(1, "It rained."), (2, "Jon Dahl came.")], "jon dahl", (2, 2)),
        ([(4, "Captain Jon"), (5, "Dahl came.")], "Jon Dahl", (4, 5)),
        ([(4, "a"), (5, "b c"), (6, "d"), (7, "e")], "c d e", (5, 7)),
        ([(1, "In 12,400 cases.")], "400", None),
        ([(1, "In 12,400 cases.")], "12400", (1, 1)),
        ([], "x", None),
    ],
)
def test_an_answer_is_found_by_letters_and_digits_across_lines(lines, answer, found):
    assert _lines_with(lines, answer) == found


@pytest.mark.parametrize(
    ("shown", "done", "count", "gap"),
    [
        ({1, 2, 3}, 3, 9, (4, 9)),
        ({1, 2, 6, 7}, 2, 9, (3, 5)),
        ({1, 2, 3}, 3, 3, None),
        (set(), 0, 2, (1, 2)),
    ],
)
def test_what_is_left_of_a_page(shown, done, count, gap):
    assert _first_gap(shown, done, count) == gap


def test_a_request_that_is_no_question_gets_a_few_words():
    body = body_of(ModelRequest((Message(Role.SYSTEM, "x"), Message(Role.USER, "Jon Dahl")), (), 100))
    said = reader({"question": "q", "answers": ["Jon Dahl"]})(body, 1)
    assert said.text == "This reader answers only the questions of docpager's agent."


def test_a_request_that_holds_anything_is_read_without_an_error():
    odd = {
        "messages": [None, 3, {"role": "x", "content": [{"text": "a"}, 7]}, {"tool_calls": [{}, "y"]}],
        "tools": [{}],
    }
    request = read_request(odd)
    assert [message.content for message in request.messages] == ["a", ""]
    for body in ({}, odd, {"messages": "no list"}):
        assert reader({"question": "q", "answers": ["a"]})(body, 1).text
