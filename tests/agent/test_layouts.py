"""Both layouts of the main context: what one keeps for prompt caches, the other has as MemGPT's paper lays it out."""

import asyncio
from itertools import pairwise

import pytest
from worlds import FERRIES, WordCounter, ask, long_archive

from docpager.agent.counting import count_message, count_request
from docpager.agent.loop import Agent
from docpager.errors import UsageError
from docpager.models.extractive import ExtractiveModel
from docpager.models.scripted import ScriptedModel, call
from docpager.models.situation import Situation
from docpager.records import ExitStatus, ModelRequest, Question, VerifyStatus
from docpager.settings import LAYOUTS, AgentSettings
from docpager.transcript import tail_delimiter

BOTH = pytest.mark.parametrize("layout", LAYOUTS)
DELIMITER = tail_delimiter("docpager")
BOOK = long_archive()
FOUND = [call("search", query="captain"), call("page_in", pages=["p1"])]
NOTED = call("note", text="A captain retired.", addresses=["p1:1"])
END = call("abstain", reason="x")
READ_ALL = [
    *[call("search", query="lantern keeper", first=first) for first in (1, 4, 7, 10, 13)],
    *[call("page_in", pages=[f"p{n}"]) for n in range(1, 13)],
]


def requests_of(script: list, layout: str, **settings) -> list[ModelRequest]:
    model = ScriptedModel([*script, END, END])
    ask(model, layout=layout, max_steps=len(script) + 2, **settings)
    return model.requests


@BOTH
def test_built_in_reader_reads_either_and_cites_what_it_read(layout):
    settings = AgentSettings(layout=layout)
    agent = Agent(FERRIES, ExtractiveModel(settings.abstain_threshold), WordCounter(), settings)
    question = Question("q1", 0, "How many passengers did the Alma carry in 2024?")
    answer = asyncio.run(agent.answer(question))
    assert answer.exit_status is ExitStatus.ANSWERED
    assert "14,100" in answer.answer
    assert {citation.verify_status for citation in answer.citations} == {VerifyStatus.EXACT}


@BOTH
def test_reader_finds_notes_pages_budget_and_question_in_either(layout):
    at = Situation.read(requests_of([*FOUND, NOTED], layout)[3])
    assert at.question == "Who is the captain?"
    assert [(note.handle, note.addresses, note.text) for note in at.tail.notes] == [
        ("n1", ("p1:1",), "A captain retired.")
    ]
    assert [page.handle for page in at.tail.pages] == ["p1"]
    assert at.tail.budget.steps_left == 5 - 4
    assert [name for name, _ in at.calls] == ["search", "page_in", "note"]


@BOTH
def test_requests_stay_within_the_window_however_much_is_read(layout):
    for request in requests_of(READ_ALL, layout, archive=BOOK, context_tokens=2048, read_tokens=10**6):
        assert count_request(request, WordCounter()) + 256 <= 2048


def test_notes_stand_in_the_system_prompt_and_change_it_only_when_one_is_made():
    system = [request.messages[0].content for request in requests_of([*FOUND, NOTED, *FOUND], "memgpt")]
    assert system[0] == system[1] == system[2] != system[3]
    assert system[3] == system[4] == system[5]
    assert system[0].endswith(f"\n{DELIMITER}\nnotes:")
    assert system[3] == f"{system[0]}\nn1 | p1:1 | A captain retired."


def test_what_is_said_of_memory_stays_behind_each_result():
    requests = requests_of(FOUND, "memgpt")
    for before, after in pairwise(requests):
        assert after.messages[: len(before.messages)] == before.messages
        assert DELIMITER not in after.messages[-1].content
        assert after.messages[-1].content.split("\n")[-1].startswith("[status] resident ")
    assert "3 steps left" in requests[0].messages[1].content


def test_overflow_flushes_the_oldest_half_of_the_queue_with_its_pages():
    model = ScriptedModel([*READ_ALL, END, END])
    answer = ask(
        model, archive=BOOK, layout="memgpt", context_tokens=2048, read_tokens=10**6, max_steps=len(READ_ALL) + 2
    )
    flushes = [event for event in answer.events if event.event == "Summarized"]
    assert len(flushes) >= 3
    evicted = {page_id for event in answer.events if event.event == "Eviction" for page_id in event.page_ids}
    assert len(evicted) >= 6
    for before, after in pairwise(model.requests):
        if len(after.messages) < len(before.messages):
            kept = [m for m in before.messages[2:] if m in after.messages]
            queue, left = (sum(count_message(m, WordCounter()) for m in ms) for ms in (before.messages[2:], kept))
            assert before.messages[-len(kept) :] == tuple(kept)
            assert left <= 0.75 * queue  # what came in since the last request belongs to the half that stays


def test_what_was_flushed_stands_behind_the_question_as_lines():
    last = requests_of(READ_ALL, "memgpt", archive=BOOK, context_tokens=2048, read_tokens=10**6)[-1]
    question, *lines = last.messages[1].content.split("\n")
    assert question == "Question: Who is the captain?"
    assert any(line.startswith('[notice] earlier: search {"query": "lantern keeper"') for line in lines)
    assert lines[-2].startswith("[notice] earlier: page_in ")


def test_queue_has_no_frames_to_pin_or_page_out():
    requests = requests_of([*FOUND, call("pin", pages=["p1"])], "memgpt")
    assert {"pin", "unpin", "page_out"}.isdisjoint(tool.name for tool in requests[0].tools)
    assert "[error] There is no tool 'pin'." in requests[3].messages[-1].content


def test_warning_follows_the_request_that_fills_so_much_of_the_window():
    requests = requests_of(READ_ALL, "memgpt", archive=BOOK, context_tokens=4096, read_tokens=10**6)
    limit = 4096 - 512
    for before, after in pairwise(requests):
        if len(after.messages) > len(before.messages):
            pressed = count_request(before, WordCounter()) > 0.7 * limit
            assert ("memory is nearly full" in after.messages[-1].content) is pressed


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("layout", "stack", "layout is one of log, memgpt, not 'stack'."),
        ("summaries", "none", "summaries is one of auto, model, extractive, not 'none'."),
    ],
)
def test_what_is_no_layout_or_summary_is_refused(setting, value, message):
    with pytest.raises(UsageError, match=message):
        AgentSettings(**{setting: value})
