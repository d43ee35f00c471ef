"""``eval`` as a person runs it."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from docpager.testing import Endpoint, Scripted

QUESTIONS = """question_id,question
wallets,Wallets are kept for how many days?
ferry,How many ferry passengers were there in 2023?
moon,Who painted the moon green?
umbrella,How long are umbrellas kept?
"""
GOLD = [
    {"question_id": "wallets", "answers": ["ninety days"], "evidence": [{"document": "lost.txt", "page": 1}]},
    {"question_id": "ferry", "answer": "80,460", "evidence": [{"document": "news/erratum.md"}]},
    {"question_id": "moon", "answers": []},
    {"question_id": "elsewhere", "answer": "x"},
]


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive, docpager):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_archive, "small.lancedb")
    Path("nightly.csv").write_text(QUESTIONS, encoding="utf-8")
    Path("gold.jsonl").write_text("\n".join(map(json.dumps, GOLD)), encoding="utf-8")
    docpager("run", "nightly.csv", "-o", "outputs/one", "--archive", "small.lancedb", "-q")
    return tmp_path


def test_a_run_is_scored_a_row_a_question(docpager, there):
    ended = docpager("eval", "one", "--gold", "gold.jsonl")
    assert ended.code == 0
    assert "No gold for 1 question, in no figure that needs it: umbrella." in ended.err
    assert "1 gold row without a question in the run: elsewhere." in ended.err
    for name in ("correct", "any_gold_read", "citation_precision", "aurc", "latency_p95"):
        assert name in ended.out
    file = pq.ParquetFile("outputs/one/eval.parquet")
    rows = file.read().to_pylist()
    assert [row["question_id"] for row in rows] == ["wallets", "ferry", "moon", "umbrella"]
    assert rows[0]["verdict"] == "correct"
    assert rows[0]["any_gold_read"] == rows[0]["citation_recall"] == 1.0
    assert rows[3]["gold_answers"] is None
    assert rows[3]["verdict"] is None
    assert file.schema_arrow.metadata[b"docpager.run_id"]


def test_json_is_lines_and_the_same_each_time(docpager, there):
    ended = docpager("eval", "one", "--gold", "gold.jsonl", "--json")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert {record["record"] for record in records} == {"figure", "risk", "evaluation"}
    assert records[-1]["without_gold"] == ["umbrella"]
    assert records[-1]["unused_gold"] == ["elsewhere"]
    assert docpager("eval", "one", "--gold", "gold.jsonl", "--json").out == ended.out


def test_a_figure_below_its_floor_ends_with_5_when_all_is_written(docpager, there):
    ended = docpager("eval", "one", "--gold", "gold.jsonl", "--fail-under", "correct=1.01", "--fail-under", "failed=0")
    assert ended.code == 5
    assert "correct is" in ended.err
    assert "below 1.01" in ended.err
    assert Path("outputs/one/eval.parquet").exists()
    assert "citation_recall" in ended.out
    assert docpager("eval", "one", "--gold", "gold.jsonl", "--fail-under", "judge_correct=0").code == 5
    assert docpager("eval", "one", "--gold", "gold.jsonl", "--fail-under", "correct=0.1").code == 0


def test_a_figure_that_is_none_is_a_usage_error_and_nothing_is_written(docpager, there):
    ended = docpager("eval", "one", "--gold", "gold.jsonl", "--fail-under", "accuracy=1")
    assert ended.code == 2
    assert "There is no figure 'accuracy'" in ended.err
    assert not Path("outputs/one/eval.parquet").exists()


def test_a_gold_file_that_is_none_ends_with_65_and_one_that_is_not_there_with_66(docpager, there):
    Path("empty.jsonl").write_text("")
    assert docpager("eval", "one", "--gold", "empty.jsonl").code == 65
    assert docpager("eval", "one", "--gold", "nowhere.jsonl").code == 66
    assert docpager("eval", "two", "--gold", "gold.jsonl").code == 66


def test_without_its_archive_what_was_read_is_unknown(docpager, there):
    shutil.rmtree("small.lancedb")
    ended = docpager("eval", "one", "--gold", "gold.jsonl")
    assert ended.code == 0
    assert "what was read is unknown" in ended.err
    assert "any_gold_read" not in ended.out


def test_a_judge_has_columns_of_its_own(docpager, there):
    before = (
        pq.read_table("outputs/one/eval.parquet").to_pylist() if Path("outputs/one/eval.parquet").exists() else None
    )
    assert before is None
    docpager("eval", "one", "--gold", "gold.jsonl", "-q")
    plain = pq.read_table("outputs/one/eval.parquet").to_pylist()
    judgement = 'Here it is: {"correct": false, "entailed": true}'
    with Endpoint(Scripted([judgement] * 9)) as endpoint:
        ended = docpager("eval", "one", "--gold", "gold.jsonl", "--judge", "strict", "--base-url", endpoint.base_url)
        asked = endpoint.count
    assert ended.code == 0
    judged = pq.read_table("outputs/one/eval.parquet").to_pylist()
    seen = [row for row in judged if row["judge_model"]]
    assert len(seen) == asked > 0
    assert {(row["judge_model"], row["judge_correct"], row["judge_entailed"]) for row in seen} == {("strict", 0.0, 1.0)}
    others = [name for name in judged[0] if not name.startswith("judge_")]
    assert [[row[name] for name in others] for row in judged] == [[row[name] for name in others] for row in plain]


def test_a_judge_that_says_neither_is_told_in_its_column(docpager, there):
    with Endpoint(Scripted(["I would rather not."] * 9)) as endpoint:
        docpager("eval", "one", "--gold", "gold.jsonl", "--judge", "shy", "--base-url", endpoint.base_url)
    rows = pq.read_table("outputs/one/eval.parquet").to_pylist()
    assert any("no judgement" in (row["judge_error"] or "") for row in rows)
    assert all(row["judge_correct"] is None for row in rows)


def test_the_built_in_reader_is_no_judge(docpager, there):
    assert docpager("eval", "one", "--gold", "gold.jsonl", "--judge", "extractive").code == 2
