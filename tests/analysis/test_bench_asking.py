"""What is counted of a question that was asked."""

import asyncio

import pytest
from worlds import FERRIES, WordCounter

from docpager.agent.loop import Agent
from docpager.analysis.bench_asking import ask, every, failed
from docpager.archive.in_memory import InMemoryArchive
from docpager.models.extractive import ExtractiveModel
from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus, Question
from docpager.settings import AgentSettings


def asked(model, archive=FERRIES, **settings):
    agent = Agent(archive, model, WordCounter(), AgentSettings(**settings))
    return asyncio.run(ask(agent, Question("q1", 0, "Who is the captain?")))


def test_document_text_shown_is_what_the_requests_carried():
    script = [
        call("search", query="captain"),
        call("page_in", pages=["p1"]),
        call("page_in", pages=["p1"]),
        call("abstain", reason="No."),
    ]
    result = asked(ScriptedModel(script))
    searched = asked(ScriptedModel([script[0], script[3], script[3]]))
    [page] = [hit.segment for hit in FERRIES.search("captain", limit=1)]
    assert searched.shown_tokens > 0
    assert result.shown_tokens - searched.shown_tokens == pytest.approx(WordCounter().count(page.text), abs=2)
    assert result.answer.events == result.answer.transcript == ()


@pytest.mark.parametrize("window", [2048, 8192])
def test_text_shown_agrees_with_the_agents_own_account(window):
    texts = {
        f"book/{n}.txt": " ".join(
            f"Chapter {n} speaks of lantern number {n * 100 + s} and its keeper." for s in range(12)
        )
        for n in range(40)
    }
    archive = InMemoryArchive.of(texts, WordCounter())
    agent = Agent(archive, ExtractiveModel(), WordCounter(), AgentSettings(context_tokens=window, read_tokens=3000))
    question = Question("q1", 0, "Who is the keeper of lantern number 1203?")
    answer = asyncio.run(agent.answer(question))
    last = str(answer.transcript[-1]["messages"][-1]["content"])
    told = int(last.rpartition("; read ")[2].split()[0])
    shown = asyncio.run(ask(agent, question)).shown_tokens
    assert told > 1000
    assert shown == pytest.approx(told, rel=0.05)


def test_cached_tokens_cost_a_tenth():
    result = asked(ExtractiveModel())
    prompt, cacheable = result.answer.usage.prompt_tokens, result.answer.cacheable_tokens
    assert 0 < cacheable < prompt
    assert result.cost_tokens == pytest.approx(prompt - cacheable + 0.1 * cacheable)
    assert 0 < result.model_seconds < result.seconds


def test_an_abstention_says_how_sure_it_was():
    result = asked(ExtractiveModel(abstain_below=3.0))
    assert result.answer.exit_status is ExitStatus.ABSTAINED
    assert 0 < result.answer.confidence <= 1


def test_a_worker_that_died_leaves_an_answer_that_says_so():
    result = failed(Question("q7", 3, "?"), "WorkerCrash", "the worker process was ended")
    assert (result.answer.question_id, result.answer.exit_status) == ("q7", ExitStatus.INTERNAL_ERROR)
    assert result.answer.error_message == "the worker process was ended"


def test_questions_are_chosen_by_every_and_limit():
    assert every(range(10), 3, None) == [0, 3, 6, 9]
    assert every(range(10), 3, 2) == [0, 3]
