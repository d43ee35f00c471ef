"""``docpager bench financebench``, ``nq``, ``kv`` and ``windows``: small data of the same form, asked for real."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import duckdb
import pytest
from reportlab.pdfgen.canvas import Canvas

from docpager.testing import Endpoint, Reply

SHARED = Path(__file__).parents[3] / "shared" / "data"
ISLANDS = ["Alma", "Brae", "Corrie", "Dunmore"]


def write_lines(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pdf(path: Path, pages: list[list[str]]) -> None:
    canvas = Canvas(str(path))
    for lines in pages:
        for n, line in enumerate(lines):
            canvas.drawString(72, 720 - 14 * n, line)
        canvas.showPage()
    canvas.save()


@pytest.fixture
def filings(tmp_path):
    (tmp_path / "pdfs").mkdir()
    questions = []
    for n, island in enumerate(ISLANDS):
        pages = [
            [f"{island} Ferries annual report 2023", "The board met four times in the year."],
            ["Statement of income", "(USD millions)", f"Revenue from freight {4100 + n} {3900 + n}"],
            [f"The harbour of {island} was dredged in May.", "Nothing else was built."],
        ]
        pdf(tmp_path / "pdfs" / f"{island.upper()}_2023_10K.pdf", pages)
        questions.append(
            {
                "question_id": f"q-{island}",
                "question": f"What was the revenue from freight of {island} Ferries in 2023 (in USD millions)?",
                "answer": f"${4100 + n}.00",
                "evidence": [{"document": f"{island.upper()}_2023_10K.pdf", "page": 2}],
            }
        )
    write_lines(tmp_path / "questions.jsonl", questions)
    return tmp_path


def test_financebench_counts_gold_pages_and_numbers_beside_top_k(docpager, filings, tmp_path):
    kept, rows = tmp_path / "kept.lancedb", tmp_path / "rows.jsonl"
    ended = docpager("bench", "financebench", filings, "--workers", 1, "--archive", kept, "--rows", rows)
    assert ended.code == 0
    assert "4 questions of 4 documents" in ended.out
    for name in ("any gold page resident", "top-k at equal cost: any", "citation precision", "numeric answers: right"):
        assert name in ended.out
    asked = read_lines(rows)
    assert [row["question_id"] for row in asked] == [f"q-{island}" for island in ISLANDS]
    for row, island in zip(asked, ISLANDS, strict=True):
        assert row["any_resident"] is row["all_resident"] is row["any_cited"] is True
        assert [f"{island.upper()}_2023_10K.pdf", 2] in row["cited_pages"]
        assert row["number"] == "right"
        assert row["citations"] == row["verified"] > 0
        assert 0 < row["shown_tokens"] < row["prompt_tokens"]
        assert row["prompt_tokens"] - row["cacheable_tokens"] < row["cost_tokens"] < row["prompt_tokens"]
        assert row["top_k_equal_cost_any"] is True
        assert 0 < row["top_k_equal_cost_tokens"] <= row["cost_tokens"]
        assert row["seconds"] > 0
    again = docpager("bench", "financebench", filings, "--workers", 1, "--archive", kept, "--every", 3, "--json")
    *asked_again, summary = map(json.loads, again.out.splitlines())
    assert [row["question_id"] for row in asked_again] == ["q-Alma", "q-Dunmore"]
    assert summary["any gold page resident"] == {"share": 1.0, "count": 2, "of": 2, "low": 0.3424, "high": 1.0}
    assert summary["per_question"]["steps"]["largest"] >= 2


def test_an_archive_that_holds_other_documents_too_is_refused(docpager, filings, small_archive):
    ended = docpager("bench", "financebench", filings, "--workers", 1, "--archive", small_archive)
    assert ended.code == 2
    assert "holds 3 documents (news/erratum.md, ...) besides the benchmark's" in ended.err
    assert docpager("archive", "documents", "--archive", small_archive).out.count("\n") == 4


def test_windows_are_compared_with_the_largest(docpager, filings):
    ended = docpager("bench", "windows", filings, "--workers", 1, "--windows", "4096,2048", "--limit", 1)
    rows = [line.split() for line in ended.out.splitlines()]
    assert ended.code == 0
    assert rows[1][0] == "window"
    assert [row[:5] for row in rows[2:]] == [
        ["2,048", "1.000", "1.00", "1.000", "1.00"],
        ["4,096", "1.000", "1.00", "1.000", "1.00"],
    ]


def test_layouts_are_compared_at_each_window(docpager, filings):
    ended = docpager("bench", "layouts", filings, "--workers", 1, "--windows", "4096", "--limit", 1)
    rows = [line.split() for line in ended.out.splitlines()]
    assert ended.code == 0
    log, memgpt = (row for row in rows if row[:1] == ["4,096"] and row[3] == "1")
    assert (log[:3], memgpt[:3]) == (["4,096", "log", "1.000"], ["4,096", "memgpt", "1.000"])
    assert 0 < float(log[5]) < 1
    assert float(log[-1]) == pytest.approx(int(log[-2].replace(",", "")) / int(memgpt[-1].replace(",", "")), abs=0.01)
    told = docpager("bench", "layouts", filings, "--workers", 1, "--windows", "4096", "--limit", 1, "--json")
    record = json.loads(told.out.splitlines()[-1])
    assert [found["layout"] for found in record["layouts"]] == ["log", "memgpt"]
    assert record["layouts"][0]["long_questions"] is None


def test_nq_finds_answers_in_the_lines_cited_and_draws_the_curve(docpager, tmp_path):
    passages = [
        {"id": f"p{n}", "title": f"{island} Lighthouse", "text": f"The lighthouse of {island} was lit in {1850 + n}."}
        for n, island in enumerate(ISLANDS)
    ]
    questions = [
        {"question_id": "known", "question": "when was the brae lighthouse lit", "answers": ["1851"], "gold_id": "p1"},
        {"question_id": "other", "question": "who painted the tokyo tower red", "answers": ["Ito"], "gold_id": "p2"},
    ]
    write_lines(tmp_path / "corpus.jsonl", passages)
    write_lines(tmp_path / "questions.jsonl", questions)
    ended = docpager("bench", "nq", tmp_path, "--workers", 1, "--json")
    known, other, summary = map(json.loads, ended.out.splitlines())
    assert (known["resident"], known["right"], known["right_in_words"]) == (True, True, True)
    assert (other["exit_status"], other["right"]) == ("abstained", False)
    assert 0 <= other["confidence"] < known["confidence"]
    assert summary["wrong"]["count"] == 0
    assert summary["abstained"]["count"] == 1
    assert summary["risk_coverage"][0]["answered"] == 1
    assert summary["risk_coverage"][0]["risk"] == 0


def test_kv_finds_each_value_in_a_set_larger_than_the_window(docpager, tmp_path):
    made = Random(7)
    sets = []
    for _ in range(3):
        pairs = [[str(uuid.UUID(int=made.getrandbits(128))) for _ in "kv"] for _ in range(40)]
        key, value = made.choice(pairs)
        sets.append({"ordered_kv_records": pairs, "key": key, "value": value})
    write_lines(tmp_path / "kv75.jsonl", sets)
    rows = tmp_path / "rows.jsonl"
    ended = docpager("bench", "kv", tmp_path, "--workers", 1, "--rows", rows, "--abstain-threshold", 0.1)
    assert "window 2048" in ended.out
    for row, made_set in zip(read_lines(rows), sets, strict=True):
        assert row["right"] is row["resident"] is True
        assert any(made_set["value"] in quote for quote in row["cited"])
        assert row["context_peak_tokens"] <= 2048


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("financebench", "holds no pdfs"),
        ("windows", "holds no pdfs"),
        ("nq", "holds no questions.jsonl"),
        ("kv", "holds no kv75.jsonl"),
    ],
)
def test_data_that_is_not_there_is_named(docpager, tmp_path, name, told):
    ended = docpager("bench", name, tmp_path)
    assert (ended.code, ended.err) == (66, f"Error: {tmp_path} {told}.\n")
    missing = docpager("bench", name, tmp_path / "nowhere")
    assert missing.code == 66
    assert f"There is no folder {tmp_path / 'nowhere'}." in missing.err


def test_chains_of_keys_are_followed_by_a_reader_over_http_in_a_window_smaller_than_the_data(docpager, tmp_path):
    pairs = [[f"key-{n:02}-{n * 37 % 97:02}", f"value-{n:02}-{n * 53 % 89:02}"] for n in range(60)]
    (tmp_path / "kv75.jsonl").write_text(json.dumps({"ordered_kv_records": pairs}) + "\n")
    ended = docpager("bench", "nested", tmp_path, "--hops", 2, "--orderings", 2, "--workers", 1, "--json")
    *rows, summary = map(json.loads, ended.out.splitlines())
    assert [(row["hops"], row["right"]) for row in rows] == [(n, True) for n in (0, 0, 1, 1, 2, 2)]
    assert {hops: found["share"] for hops, found in summary["hops"].items()} == {"0": 1.0, "1": 1.0, "2": 1.0}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Line 2 of {file} is no JSON"),
        ('{"key": "k"}', "Line 2 of {file} has no ordered_kv_records, value."),
    ],
)
def test_data_that_cannot_be_read_is_refused_by_line(docpager, tmp_path, line, told):
    file = tmp_path / "kv75.jsonl"
    whole = {"ordered_kv_records": [["k", "v"]], "key": "k", "value": "v"}
    file.write_text(f"{json.dumps(whole)}\n{line}\n")
    ended = docpager("bench", "kv", tmp_path)
    assert ended.code == 65
    assert told.format(file=file) in ended.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "folder", "figure", "least"),
    [
        ("financebench", "financebench", "any gold page resident", 0.5),
        ("nq", "nq", "gold passage resident", 0.9),
        ("kv", "kv", "value in the lines cited", 0.9),
    ],
)
def test_real_data_can_be_measured(docpager, name, folder, figure, least):
    if not (SHARED / folder).is_dir():
        pytest.skip(f"The data to measure with is not there: {SHARED / folder}")
    ended = docpager("bench", name, SHARED / folder, "--every", 10, "--json")
    assert ended.code == 0
    summary = json.loads(ended.out.splitlines()[-1])
    assert summary[figure]["of"] == len(ended.out.splitlines()) - 1
    assert summary[figure]["share"] >= least


def test_top_k_asks_the_same_model_in_one_prompt_and_says_what_that_cost(docpager, tmp_path):
    passages = [{"id": f"p{n}", "title": "", "text": f"The light of {i} is white."} for n, i in enumerate(ISLANDS)]
    asked = [
        {"question_id": f"q{n}", "question": f"what colour is the light of {i}", "answers": ["white"], "gold_id": "p0"}
        for n, i in enumerate(ISLANDS)
    ]
    write_lines(tmp_path / "corpus.jsonl", passages)
    write_lines(tmp_path / "questions.jsonl", asked)

    def reader(body, number):
        return Reply("White.")

    with Endpoint(reader) as endpoint:
        asking = ["--model", "loopback", "--base-url", endpoint.base_url, "--autonomy", "assisted"]
        ended = docpager(
            *["bench", "nq", tmp_path, "--workers", 1, "--skip", 1, "--every", 2, "--top-k", "1,3", "--json", *asking]
        )
    first, second, summary = map(json.loads, ended.out.splitlines())
    assert [first["question_id"], second["question_id"]] == ["q1", "q3"]
    for row in (first, second):
        assert (row["right_by_words"], row["top_1_right_by_words"], row["top_3_right_by_words"]) == (True, True, True)
        assert row["citations"] == row["verified"] == 1
        assert 0 < row["top_1_prompt_tokens"] < row["top_3_prompt_tokens"]
    assert summary["top 3 in one prompt: right by its words"]["of"] == 2
    assert summary["citations verified"]["share"] == 1.0
    assert summary["per_question"]["top 1: prompt tokens"]["mean"] > 0


@pytest.mark.parametrize(
    ("ks", "message"), [("0", "no list of whole numbers from 1"), ("a,b", "no list"), ("5", "extractive is none")]
)
def test_top_k_takes_whole_numbers_and_a_language_model(docpager, tmp_path, ks, message):
    write_lines(tmp_path / "corpus.jsonl", [{"id": "p0", "title": "", "text": "The light is white."}])
    record = {"question_id": "q", "question": "what colour", "answers": ["white"], "gold_id": "p0"}
    write_lines(tmp_path / "questions.jsonl", [record])
    ended = docpager("bench", "nq", tmp_path, "--workers", 1, "--top-k", ks)
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.slow
def test_strategies_are_asked_cell_by_cell_and_each_cell_once(docpager, filings, tmp_path):
    words = ["bench", "strategies", filings, "--workers", 1, "--archive", tmp_path / "kept.lancedb"]
    words += ["--windows", "2048,4096", "--models", "extractive,perfect", "-o", tmp_path / "out"]
    started = docpager(*words, "--strategies", "paged,top-k")
    assert started.code == 0
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cells").iterdir()}
    assert len(cells) == 8
    ended = docpager(*words, "--strategies", "paged,top-k,truncate,summarize,memgpt", "--json")
    figures = [json.loads(line) for line in ended.out.splitlines()]
    assert len(figures) == 2 * 2 * 5
    assert {path: path.stat().st_mtime_ns for path in cells} == cells
    assert {row["verified"] for row in figures} <= {1.0, None}
    assert all(row["any_evidence"] == row["right"] == 1.0 for row in figures if row["model"] == "perfect")
    with duckdb.connect() as database:
        [(count,)] = database.sql(f"SELECT count(*) FROM '{tmp_path}/out/strategies.parquet'").fetchall()
    assert count == len(figures)
    drawn = ElementTree.parse(tmp_path / "out" / "strategies.svg").getroot()
    titles = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 1 + 2 * 3
    assert titles[1].endswith(", extractive: right, by the answer's words")


def test_a_cell_that_was_asked_is_not_asked_again(docpager, filings, tmp_path):
    words = ["bench", "strategies", filings, "--workers", 1, "--archive", tmp_path / "kept.lancedb", "--every", 4]
    words += ["--windows", "4096", "-o", tmp_path / "out"]
    assert docpager(*words, "--strategies", "top-k").code == 0
    [cell] = (tmp_path / "out" / "cells").iterdir()
    asked = cell.stat().st_mtime_ns
    ended = docpager(*words, "--strategies", "top-k,paged", "--json")
    assert [json.loads(line)["strategy"] for line in ended.out.splitlines()] == ["top-k", "paged"]
    assert cell.stat().st_mtime_ns == asked
    assert (tmp_path / "out" / "strategies.svg").exists()


def test_an_unknown_strategy_is_refused(docpager, filings):
    ended = docpager("bench", "strategies", filings, "--strategies", "paged,rag")
    assert ended.code == 2
    assert "There is no strategy 'rag'. Use some of: paged, top-k, truncate, summarize, memgpt." in ended.err
