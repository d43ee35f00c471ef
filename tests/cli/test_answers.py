"""How an answer reads: its text, its citations, its counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docpager.cli.answers import answer_lines, counts_line, outcome
from docpager.records import Answer, Citation, ExitStatus, PagingCounts, Usage, VerifyStatus

CITATION = Citation(
    citation_id="c1",
    n=1,
    claim="Net revenue was 12.4 million.",
    doc_id="d" * 16,
    doc_path="reports/acme.pdf",
    doc_title=None,
    doc_sha256=None,
    page_number=42,
    page_label="38",
    headings=("Item 7", "Results"),
    segment_id="s" * 16,
    char_start=0,
    char_end=10,
    quote="Net revenue\n12.4",
    context_before="",
    context_after="",
    verify_status=VerifyStatus.EXACT,
)
ANSWER = Answer(
    question_id="q1",
    exit_status=ExitStatus.ANSWERED,
    answer="Net revenue was 12.4 million [1].",
    citations=(CITATION,),
    paging=PagingCounts(steps=4, page_ins=1, evictions=2, context_peak_tokens=3900),
    usage=Usage(prompt_tokens=9000, completion_tokens=150, cost_usd=0.0),
    model="extractive",
    latency_seconds=0.25,
)


def test_an_answer_with_its_citations():
    assert list(answer_lines(ANSWER)) == [
        "Net revenue was 12.4 million [1].",
        "",
        "[1] reports/acme.pdf, page 42 (printed 38)  [Item 7 > Results]",
        '    "Net revenue 12.4"',
    ]


def test_the_counts():
    assert counts_line(ANSWER) == (
        "answered by extractive, 1 of 1 citation verified, 4 steps, 1 page paged in, 2 evictions, "
        "largest request 3,900 tokens, 9,150 tokens in all, $0.0000, 0.2 s"
    )


def test_a_citation_that_does_not_stand_says_so():
    moved = replace(CITATION, verify_status=VerifyStatus.RELOCATED, page_label=None, headings=())
    assert list(answer_lines(replace(ANSWER, citations=(moved,))))[2] == "[1] reports/acme.pdf, page 42  (relocated)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"abstain_reason": "nothing found says so"}, "No answer: nothing found says so"),
        ({"exit_status": ExitStatus.MODEL_ERROR, "error_message": "no reply"}, "No answer: no reply"),
        ({"exit_status": ExitStatus.STEP_LIMIT}, "No answer: step limit"),
    ],
)
def test_no_answer_says_why(changes, words):
    assert outcome(replace(ANSWER, **{"answer": None, **changes})) == words


def test_conflicts_are_shown():
    assert "Conflict: 2021 says 11, 2022 says 12" in answer_lines(
        replace(ANSWER, conflicts=("2021 says 11, 2022 says 12",))
    )
