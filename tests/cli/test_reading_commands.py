"""``search``, ``ask`` and ``archive``: what they print over a small archive, and what they say about bad input."""

from __future__ import annotations

import json

import pytest

ASK_WALLETS = ["ask", "Wallets are kept for how many days?", "--abstain-threshold", 0, "--archive"]


def test_search_prints_rank_score_place_headings_and_snippet(docpager, small_archive):
    ended = docpager("search", "lost", "wallets", "--archive", small_archive, "--limit", 1)
    assert (ended.code, ended.err) == (0, "")
    place, snippet = ended.out.splitlines()
    assert place.split()[0] == "1"
    assert place.endswith("policies/lost.txt, page 1  [Lost property]")
    assert snippet.strip() == "Wallets are kept for ninety days. Umbrellas are kept for a month."


def test_search_in_one_document_only(docpager, small_archive):
    ended = docpager("search", "passengers", "--archive", small_archive, "--document", "erratum.md", "--json")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["path"] for record in records] == ["news/erratum.md"]
    assert records[0]["snippet"] == "The correct number of ferry passengers in 2023 is 80,460."
    assert records[0]["bm25"] > 0
    assert records[0]["cosine"] > 0


def test_search_results_continue_where_the_last_ended(docpager, small_archive):
    ranks = [
        json.loads(docpager("search", "ferry", "--archive", small_archive, "--json", *rest).out.splitlines()[0])["rank"]
        for rest in (["--limit", 1], ["--limit", 1, "--offset", 1])
    ]
    assert ranks == [1, 2]


def test_an_answer_with_its_citation(docpager, small_archive):
    ended = docpager(*ASK_WALLETS, small_archive)
    assert ended.code == 0
    assert "[1] policies/lost.txt, page 1  [Lost property]" in ended.out
    assert '"Wallets are kept for ninety days."' in ended.out
    assert ended.err.strip().startswith("answered by extractive, ")


def test_quiet_leaves_the_answer_alone(docpager, small_archive):
    ended = docpager(*ASK_WALLETS, small_archive, "-q")
    assert ended.err == ""
    assert "ninety days" in ended.out


def test_an_answer_as_json(docpager, small_archive):
    ended = docpager(*ASK_WALLETS, small_archive, "--json", "--answer-type", "text")
    record = json.loads(ended.out)
    assert record["exit_status"] == "answered"
    assert record["citations"][0]["doc_path"] == "policies/lost.txt"
    assert record["usage"]["cost_usd"] == 0.0


def test_archive_stats(docpager, small_archive):
    ended = docpager("archive", "stats", "--archive", small_archive, "--json")
    counts = json.loads(ended.out)
    assert counts["documents"] == {"indexed": 3}
    assert (counts["paper_pages"], counts["segments"]) == (3, 4)
    assert counts["bytes_on_disk"] > 0
    assert "documents       3 indexed" in docpager("archive", "stats", "--archive", small_archive).out


def test_archive_documents(docpager, small_archive):
    lines = docpager("archive", "documents", "--archive", small_archive).out.splitlines()
    assert lines[0].split() == ["doc_id", "status", "pages", "segments", "tokens", "path", "reason"]
    assert [line.split()[5] for line in lines[1:]] == ["news/erratum.md", "news/quern.md", "policies/lost.txt"]
    failed = docpager("archive", "documents", "--archive", small_archive, "--status", "failed,encrypted", "--json")
    assert (failed.code, failed.out) == (0, "")


NO_ARCHIVE = "Error: No archive at {gone}. Make one with: docpager ingest FOLDER --archive {gone}\n"
BAD_INPUT = [
    (["search", "x", "--archive", "{gone}"], 66, NO_ARCHIVE),
    (["ask", "x", "--archive", "{gone}"], 66, NO_ARCHIVE),
    (["archive", "stats", "--archive", "{gone}"], 66, NO_ARCHIVE),
    (["archive", "documents", "--archive", "{gone}"], 66, NO_ARCHIVE),
    (["search", "--archive", "{small}"], 2, "Missing argument 'WORDS...'."),
    (["ask", " ", "--archive", "{small}"], 2, "Error: The question is empty.\n"),
    (
        ["ask", "x", "--archive", "{small}", "--policy", "newest"],
        2,
        "Invalid value for '--policy': 'newest' is not one of",
    ),
    (
        ["ask", "x", "--archive", "{small}", "--document", "quorn.md"],
        2,
        "Error: No document of {small} matches 'quorn.md'.",
    ),
    (["ask", "x", "--archive", "{small}", "--model", "m"], 78, "Error: There is no model 'm' here."),
    (["ask", "x", "--archive", "{small}", "--context-tokens", "100"], 78, "A window of 100 tokens is too small: "),
    (["archive", "documents", "--archive", "{small}", "--status", "lost"], 2, "'lost' is not one of indexed, partial,"),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD_INPUT)
def test_bad_input_is_named_and_has_its_code(words, code, message, docpager, small_archive, tmp_path):
    places = {"small": small_archive, "gone": str(tmp_path / "gone.lancedb")}
    ended = docpager(*(word.format(**places) for word in words))
    assert message.format(**places) in ended.err
    assert (ended.code, ended.out) == (code, "")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--path", "*/ERR*.md"], {"news/erratum.md"}),
        (["--path", "POLICIES/*.txt"], {"policies/lost.txt"}),
        (["--document", "erratum.md", "--path", "news/*"], {"news/erratum.md"}),
    ],
)
def test_search_in_documents_that_meet_filters(docpager, small_archive, options, found):
    ended = docpager("search", "ferry", "--archive", small_archive, "--json", *options)
    assert {json.loads(line)["path"] for line in ended.out.splitlines()} == found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "soon"], "'soon' is no date: write 2021, 2021-06 or 2021-06-30."),
        (["--language", "de", "--until", "2020"], "matches language:de, until:2020-12-31. docpager archive documents"),
        (["--document", "lost.txt", "--path", "news/*"], "None of the 1 documents named matches path:news/*."),
    ],
)
def test_search_says_which_filter_no_document_meets(docpager, small_archive, options, said):
    ended = docpager("search", "ferry", "--archive", small_archive, *options)
    assert ended.code == 2
    assert said in ended.err
