"""The usual set-ups: one prompt or map and reduce, over the archive, limits and citations of the paged agent."""

import pytest
from worlds import FERRIES, ask, long_archive

from docpager.archive.in_memory import InMemoryArchive
from docpager.errors import UsageError
from docpager.models.extractive import ExtractiveModel
from docpager.models.scripted import call
from docpager.records import VERIFIED_STATUSES, ExitStatus
from docpager.settings import BASELINES, STRATEGIES, AgentSettings
from docpager.transcript import parse

LANTERN = "Which lantern number has sentence 3 of chapter 17?"


def pages_read(answer):
    """The documents' pages, in the order they were shown."""
    return list(answer.coverage.read_segment_ids)


def prompts(answer):
    """The handles of the pages that each request showed."""
    return [
        [view.handle for message in step["messages"] for view in pages_in(message["content"])]
        for step in answer.transcript
    ]


def pages_in(text):
    return (
        [view for view in parse(text.split("<<<memory")[0]) if hasattr(view, "line_count")] if "[page" in text else []
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("window", [2048, 4096])
def test_every_strategy_answers_with_verified_citations_within_its_window(strategy, window):
    answer = ask(
        ExtractiveModel(0.2), "Who is the new captain?", archive=FERRIES, strategy=strategy, context_tokens=window
    )
    assert answer.exit_status is ExitStatus.ANSWERED
    assert {citation.verify_status for citation in answer.citations} <= VERIFIED_STATUSES
    assert "Jon Dahl" in answer.answer
    assert answer.paging.context_peak_tokens <= window


@pytest.mark.parametrize("strategy", BASELINES)
def test_a_baseline_never_goes_beyond_its_window(strategy):
    answer = ask(ExtractiveModel(0.2), LANTERN, archive=long_archive(), strategy=strategy, context_tokens=2048)
    assert 1000 < answer.paging.context_peak_tokens <= 2048


def test_top_k_shows_the_best_passages_in_one_prompt():
    archive = long_archive()
    answer = ask(ExtractiveModel(0.0), LANTERN, archive=archive, strategy="top-k", context_tokens=2048)
    ranked = [hit.segment.segment_id for hit in archive.search(LANTERN, limit=30)]
    assert len(answer.transcript) == 1
    assert pages_read(answer) == ranked[: len(pages_read(answer))]
    assert len(pages_read(answer)) > 1
    assert answer.coverage.ranked_unread == len(ranked) - len(pages_read(answer))


def test_truncate_shows_the_best_document_from_its_start():
    long_text = "\n\n".join(f"Paragraph {n} tells nothing about anything, at some length. " * 6 for n in range(60))
    archive = InMemoryArchive.of(
        {"a.txt": "Nothing.", "b.txt": f"{long_text}\n\nThe keeper of the lantern is Ines Holm."}
    )
    answer = ask(
        ExtractiveModel(),
        "Who is the keeper of the lantern?",
        archive=archive,
        strategy="truncate",
        context_tokens=2048,
    )
    document = next(document for document in archive.documents() if document.path == "b.txt")
    from_its_start = [segment.segment_id for segment in archive.segments_of(document.doc_id)]
    assert pages_read(answer) == from_its_start[: len(pages_read(answer))]
    assert answer.exit_status is ExitStatus.ABSTAINED


def test_summarize_reads_part_after_part_and_answers_from_what_they_gave():
    archive = long_archive()
    answer = ask(
        ExtractiveModel(0.2), LANTERN, archive=archive, strategy="summarize", context_tokens=2048, read_tokens=100_000
    )
    *parts, last = prompts(answer)
    assert len(parts) > 3
    assert len(set(pages_read(answer))) == 30
    assert sorted(handle for part in parts for handle in part) == sorted({h for part in parts for h in part})
    assert {citation.verify_status for citation in answer.citations} == {"exact"}
    assert "Chapter 17" in answer.answer
    assert len(last) <= sum(event.event == "Noted" for event in answer.events) * 3


def test_summarize_reads_no_more_than_may_be_read():
    answer = ask(
        ExtractiveModel(0.0),
        LANTERN,
        archive=long_archive(),
        strategy="summarize",
        context_tokens=2048,
        read_tokens=3000,
    )
    assert 1 < len(pages_read(answer)) < 30


@pytest.mark.parametrize("strategy", BASELINES)
def test_the_model_of_a_baseline_cannot_look_further(strategy):
    answer = ask(
        [call("search", query="captain"), call("page_in", pages=["p2"]), call("abstain", reason="Not here.")],
        strategy=strategy,
    )
    assert answer.exit_status is ExitStatus.ABSTAINED
    told = [message["content"] for message in answer.transcript[-1]["messages"]]
    assert sum("There is no tool" in text for text in told) == 2


@pytest.mark.parametrize("strategy", BASELINES)
def test_a_baseline_stays_within_the_documents_of_the_question(strategy):
    answer = ask(ExtractiveModel(0.2), "Who is the captain?", documents=("ferries/report-2023.txt",), strategy=strategy)
    assert {citation.doc_path for citation in answer.citations} == {"ferries/report-2023.txt"}


def test_memgpt_lays_the_context_out_as_the_paper_does():
    assert AgentSettings(strategy="memgpt").layout == "memgpt"


def test_an_unknown_strategy_is_refused_by_name():
    with pytest.raises(UsageError, match="strategy is one of paged, top-k, truncate, summarize, memgpt, not 'rag'"):
        AgentSettings(strategy="rag")
