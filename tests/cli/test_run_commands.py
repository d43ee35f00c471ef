"""``run``, ``verify``, ``runs`` and ``trace``: a file of questions from asking to checking."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

QUESTIONS = """question_id,question
wallets,Wallets are kept for how many days?
ferry,How many ferry passengers were there in 2023?
blank,
"""


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder with a question file; the archive is named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    monkeypatch.setenv("DOCPAGER_ABSTAIN_THRESHOLD", "0")
    Path("nightly.csv").write_text(QUESTIONS, encoding="utf-8")
    return tmp_path


def test_a_run_says_how_it_ended_and_where_its_files_are(docpager, there):
    ended = docpager("run", "nightly.csv", "-o", "outputs/one")
    assert (ended.code, ended.out) == (3, "")
    lines = ended.err.splitlines()
    assert lines[0] == "Question blank: invalid: The question is empty."
    assert lines[1] == "3 questions: 2 answered, 1 invalid"
    assert lines[2].endswith(" verified")
    assert " tokens, $0.0000, " in lines[3]
    assert lines[4:] == [f"outputs/one/{table}.parquet" for table in ("answers", "citations", "trace")]
    assert all(Path(path).exists() for path in lines[4:])


def test_a_finished_run_is_not_asked_again(docpager, there):
    docpager("run", "nightly.csv", "-o", "outputs/one")
    ended = docpager("run", "nightly.csv", "-o", "outputs/one", "--json", "-q")
    record = json.loads(ended.out)
    assert ended.code == 3
    assert (record["asked"], record["already_finished"], record["exit_code"]) == (0, True, 3)
    assert record["counts"] == {"answered": 2, "invalid": 1}


def test_a_run_of_other_settings_is_refused_and_the_setting_named(docpager, there):
    docpager("run", "nightly.csv", "-o", "outputs/one")
    ended = docpager("run", "nightly.csv", "-o", "outputs/one", "--policy", "fifo")
    assert ended.code == 2
    assert "policy (lru there, fifo here)" in ended.err


def test_quiet_is_silent_where_all_goes_well(docpager, there):
    ended = docpager("run", "nightly.csv", "--ids", "wallets,ferry", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_fail_on_makes_a_status_a_failure(docpager, there):
    ended = docpager("run", "nightly.csv", "--ids", "wallets", "--fail-on", "answered", "-q")
    assert ended.code == 3
    assert ended.err.startswith("Question wallets: answered: ")


def test_every_citation_stands_until_the_file_says_otherwise(docpager, there):
    docpager("run", "nightly.csv", "-o", "outputs/one")
    ended = docpager("verify", "one")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.strip().endswith(" exact")
    _forge(Path("outputs/one"))
    ended = docpager("verify", "outputs/one", "--json")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 5
    assert records[0]["found"] == "not_found"
    assert records[-1]["failed"] == 1
    assert '[1] policies/lost.txt, page 1: not_found: "Umbrellas are kept for ever."' in ended.err


def _forge(folder):
    """Writes another quote into the run's first citation, as someone who edits the file would."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "citations.parquet")
    rows = table.to_pylist()
    first = next(row for row in rows if row["doc_path"] == "policies/lost.txt")
    first["quote"] = "Umbrellas are kept for ever."
    pq.write_table(table.from_pylist(rows, schema=table.schema), folder / "citations.parquet")


def test_runs_are_listed_newest_first_and_one_is_shown(docpager, there):
    for name in ("one", "two"):
        docpager("run", "nightly.csv", "-o", f"outputs/{name}", "-q")
    lines = docpager("runs", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "two", "one"]
    assert lines[1].endswith("2 answered, 1 invalid")
    shown = docpager("runs", "show", "one").out
    assert "outputs/one  finished, exit code 3" in shown
    assert "(The question is empty.)" in shown
    records = [json.loads(line) for line in docpager("runs", "show", "one", "--json").out.splitlines()]
    assert records[0]["settings"]["agent"]["policy"] == "lru"
    assert [record["question_id"] for record in records[1:]] == ["wallets", "ferry", "blank"]


def test_a_damaged_run_in_the_list_is_named_and_the_others_are_listed(docpager, there):
    docpager("run", "nightly.csv", "-o", "outputs/one", "-q")
    shutil.copytree("outputs/one", "outputs/two")
    Path("outputs/two/manifest.json").write_text("{")
    ended = docpager("runs", "list")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["run", "one"]
    assert ended.err.startswith("Cannot read outputs/two/manifest.json: ")


BAD_INPUT = [
    (["run", "none.csv"], 66, "Error: No question file at none.csv."),
    (["run", "words.csv"], 65, "words.csv"),
    (["run", "empty.csv"], 65, "empty.csv"),
    (["run", "nightly.csv", "--archive", "gone.lancedb"], 66, "Error: No archive at gone.lancedb."),
    (["run", "nightly.csv", "--policy", "newest"], 2, "'newest' is not one of"),
    (["run", "nightly.csv", "--ids", "wallet"], 2, "has no question with the id wallet"),
    (["run", "nightly.csv", "--context-tokens", "300"], 78, "A window of 300 tokens is too small"),
    (["run", "nightly.csv", "--model", "m"], 78, "There is no model 'm' here."),
    (["verify", "nothing"], 66, "Error: There is no run nothing, nor outputs/nothing."),
    (["verify", "."], 66, "Error: . is no run: it has no manifest.json."),
    (["runs", "show", "nothing"], 66, "Error: There is no run nothing, nor outputs/nothing."),
    (["runs", "list", "--outputs", "nowhere"], 66, "Error: There is no folder nowhere."),
    (["trace", "show", "nothing"], 66, "Error: There is no run nothing, nor outputs/nothing."),
    (["trace", "show", "one", "--question", "walets"], 2, "has no question walets. There are: wallets, ..."),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD_INPUT)
def test_bad_input_is_named_and_has_its_code(words, code, message, docpager, there):
    Path("words.csv").write_text("words,answer\nhow many,3\n")
    Path("empty.csv").write_text("")
    if words[:2] == ["trace", "show"] and "one" in words:
        docpager("run", "nightly.csv", "-o", "outputs/one", "-q")
    ended = docpager(*words)
    assert message in ended.err
    assert (ended.code, ended.out) == (code, "")
