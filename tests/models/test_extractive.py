"""The reader without a language model, through the same messages as one."""

import asyncio

import pytest
from worlds import ask, long_archive

from docpager.archive.in_memory import InMemoryArchive
from docpager.errors import ModelError
from docpager.models.extractive import ExtractiveModel
from docpager.records import ExitStatus, Message, ModelRequest, Role


@pytest.mark.parametrize("window", [2048, 4096, 8192])
@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("How many passengers did the Alma carry in 2024?", "The Alma carried 14,100 passengers in 2024."),
        ("How many passengers did the Alma carry in 2023?", "The Alma carried 12,400 passengers in 2023."),
        ("Who retired in May 2023?", "Captain Ines Holm retired in May 2023."),
        ("Who is the harbour master?", "The harbour master is Ole Brand."),
    ],
)
def test_cites_the_line_that_bears_the_answer(question, quote, window):
    answer = ask(ExtractiveModel(), question, context_tokens=window)
    assert answer.exit_status is ExitStatus.ANSWERED
    assert answer.citations[0].quote == quote


def test_abstains_from_what_no_document_says():
    answer = ask(ExtractiveModel(), "What is the price of tea in Norhaven?")
    assert answer.exit_status is ExitStatus.ABSTAINED
    assert answer.answer is None
    assert answer.abstain_reason.startswith("No line read bears enough of the question")


def test_reads_through_evictions_in_a_window_smaller_than_the_archive():
    answer = ask(
        ExtractiveModel(), "Which keeper has lantern number 2711?", archive=long_archive(), context_tokens=2048
    )
    assert answer.paging.evictions > 0
    assert "lantern number 2711" in answer.citations[0].quote


def test_limits_its_search_to_the_documents_the_question_names():
    reports = {
        f"reports/{name}_{year}.txt": f"Total revenue of the year {year} was {n + 3} million crowns."
        for n, name in enumerate(["NORTHLINE", "EASTHARBOUR", "WESTQUAY"])
        for year in (2022, 2023)
    }
    answer = ask(
        ExtractiveModel(), "What was the total revenue of East Harbour in 2023?", archive=InMemoryArchive.of(reports)
    )
    assert [c.doc_path for c in answer.citations] == ["reports/EASTHARBOUR_2023.txt"]


def test_orders_in_a_document_change_nothing():
    answer = ask(ExtractiveModel(), "Who is the new captain?")
    assert "HACKED" not in answer.answer
    assert "Jon Dahl" in answer.answer


def test_says_what_it_is():
    answer = ask(ExtractiveModel(), "Who is the new captain?")
    assert (answer.model, answer.model_reported) == ("extractive", "extractive")
    assert answer.usage.cost_usd == 0
    assert answer.usage.prompt_tokens > 0


def test_same_request_gets_the_same_reply_whatever_came_before():
    pairs = []

    class Recorder(ExtractiveModel):
        async def complete(self, request):
            reply = await super().complete(request)
            pairs.append((request, reply))
            return reply

    ask(Recorder(), "How many passengers did the Alma carry in 2024?")
    for request, reply in reversed(pairs):
        assert asyncio.run(ExtractiveModel().complete(request)) == reply


def test_request_that_is_not_ours_is_refused():
    request = ModelRequest((Message(Role.SYSTEM, "Hi"), Message(Role.USER, "Hello")), (), 10)
    with pytest.raises(ModelError, match="cannot read this request: The system message names no memory delimiter"):
        asyncio.run(ExtractiveModel().complete(request))


def test_summarised_log_is_still_understood():
    archive = long_archive(pages=40)
    answer = ask(
        ExtractiveModel(), "Which keeper has lantern number 3911?", archive=archive, context_tokens=2048, log_share=0.2
    )
    assert any(event.event == "Summarized" for event in answer.events)
    assert answer.exit_status is ExitStatus.ANSWERED


def test_identifier_is_found_letter_for_letter_at_once():
    pairs = {f"k{n:03}-{n * 7919 % 1000:03}x": f"v{n * 104729 % 10**6:06}" for n in range(300)}
    lines = [f"{key}: {value}" for key, value in pairs.items()]
    archive = InMemoryArchive.of({"pairs.txt": "\n\n".join("\n".join(lines[n : n + 10]) for n in range(0, 300, 10))})
    for key in list(pairs)[::60]:
        answer = ask(ExtractiveModel(), f"What is the value of {key}?", archive=archive, context_tokens=2048)
        assert [citation.quote for citation in answer.citations] == [f"{key}: {pairs[key]}"]
        assert answer.paging.steps <= 4


def test_running_heads_are_no_answers_and_overlapping_passages_are():
    said = "The lighthouse of Norhaven was finished by the masons of the town in the autumn of 1843, after nine years."
    head = "Norhaven lighthouse"
    pages = {f"book-{n}.txt": f"{head}\n\n{said} Page {n} goes on about lamps." for n in range(3)}
    answer = ask(ExtractiveModel(), "When was the lighthouse of Norhaven finished?", archive=InMemoryArchive.of(pages))
    assert answer.citations[0].quote == said
