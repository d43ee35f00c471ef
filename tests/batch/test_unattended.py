"""Real processes, killed, interrupted and started twice: nothing is lost, nothing happens twice."""

import json
import shutil
import signal
import time

import pytest

from docpager.batch.manifest import read_manifest
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.batch.tables import read_answers, read_citations, read_trace
from docpager.settings import RunSettings

QUESTIONS = ["Harbour dues?", "Who owned the mill?", "crash please", "zzz", "", "How many ships paid?"] * 3
ROWS = [{"question": text, "question_id": f"q{n}"} for n, text in enumerate(QUESTIONS)]
ASKED = sum(bool(text) for text in QUESTIONS)
OF_THE_SITTING = {"run_id", "started_at", "finished_at", "latency_seconds"}


def rows(folder):
    """All rows of a run but for what tells one sitting from another."""
    tables = [read_answers(folder), read_citations(folder), read_trace(folder)]
    return [[{k: v for k, v in row.items() if k not in OF_THE_SITTING} for row in table] for table in tables]


def finished_lines(folder):
    journal = folder / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def wait_for(condition, seconds=20):
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def unbroken_run(quoting, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    question_file, archive = read_question_file(path), quoting.new_archive()
    settings = RunSettings(output=str(folder / "run"), concurrency=2)
    agent = quoting.QuotingAgent(archive)
    return run_questions(question_file, agent, quoting.identity_of(question_file, archive), settings).folder


@pytest.fixture(scope="module")
def unbroken(unbroken_run):
    """Its rows."""
    return rows(unbroken_run)


@pytest.mark.parametrize("lines", [1, 7])
def test_a_killed_run_resumes_to_the_rows_of_an_unbroken_one(start_program, questions_path, tmp_path, unbroken, lines):
    path, folder = questions_path(ROWS), tmp_path / "run"
    program = start_program(path, folder, 0.05)
    wait_for(lambda: finished_lines(folder) >= lines)
    program.send_signal(signal.SIGKILL)
    assert program.wait(5) == -signal.SIGKILL
    acknowledged = finished_lines(folder)
    assert read_manifest(folder).state == "running"
    assert not (folder / "answers.parquet").exists()

    out, err = start_program(path, folder).communicate(timeout=30)
    assert err == ""
    assert out.split()[1:] == [str(ASKED - acknowledged), "3"]
    assert rows(folder) == unbroken
    assert len((folder / "journal.jsonl").read_text().splitlines()) == ASKED
    assert not list(folder.rglob("*.tmp"))


def interrupted_copy(run, folder):
    """A copy of a finished run as a kill before its tables were written would have left it."""
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns("*.parquet"))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"state": "running", "exit_code": None}))


def test_a_damaged_journal_costs_only_the_damaged_lines(
    start_program, questions_path, tmp_path, unbroken, unbroken_run
):
    path, folder = questions_path(ROWS), tmp_path / "run"
    interrupted_copy(unbroken_run, folder)
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:4]) + lines[4][:-20] + b"\n" + b"".join(lines[5:6]) + b'{"row": 5, "exit')
    out, err = start_program(path, folder).communicate(timeout=30)
    assert (out.split()[1:], err) == ([str(ASKED - 5), "3"], "")
    assert rows(folder) == unbroken


@pytest.mark.parametrize("largest_file", [0, 2500, 15000])
def test_a_run_that_cannot_write_says_so_and_resumes(start_program, questions_path, tmp_path, unbroken, largest_file):
    """The kernel refuses every byte beyond a limit: in the manifest, the journal or a table, as the limit has it."""
    path, folder = questions_path(ROWS), tmp_path / "run"
    program = start_program(path, folder, largest_file=largest_file)
    _, err = program.communicate(timeout=30)
    assert (program.returncode, err.count("\n")) == (75, 1)
    assert err.startswith("Cannot write ")
    assert "File too large" in err
    assert not list(folder.rglob("*.tmp"))
    acknowledged = finished_lines(folder)

    out, err = start_program(path, folder).communicate(timeout=30)
    assert (out.split()[1:], err) == ([str(ASKED - acknowledged), "3"], "")
    assert rows(folder) == unbroken


def test_a_table_that_cannot_be_written_leaves_no_table_and_asks_nothing_again(
    start_program, questions_path, tmp_path, unbroken, unbroken_run
):
    path, folder = questions_path(ROWS), tmp_path / "run"
    interrupted_copy(unbroken_run, folder)
    program = start_program(path, folder, largest_file=10_000)
    _, err = program.communicate(timeout=30)
    assert (program.returncode, err.count("\n")) == (75, 1), err
    assert "File too large" in err
    assert not list(folder.rglob("*.parquet"))
    assert not list(folder.rglob("*.tmp"))
    out, err = start_program(path, folder).communicate(timeout=30)
    assert (out.split()[1:], err) == (["0", "3"], "")
    assert rows(folder) == unbroken


def test_sigterm_ends_a_run_in_time_and_the_same_command_resumes_it(start_program, questions_path, tmp_path, unbroken):
    path = questions_path(ROWS)
    program = start_program(path, "-", 0.1)
    wait_for(lambda: any(finished_lines(folder) for folder in tmp_path.glob("outputs/*")))
    folder = next(tmp_path.glob("outputs/*/"))
    program.send_signal(signal.SIGTERM)
    told_at = time.monotonic()
    assert program.wait(10) == 143
    assert time.monotonic() - told_at < 5
    statuses = [row["exit_status"] for row in read_answers(folder)]
    assert len(statuses) == len(ROWS)
    assert {"skipped", "answered"} <= set(statuses)
    assert read_manifest(folder).state == "interrupted"

    out, err = start_program(path, "-").communicate(timeout=30)
    assert err == ""
    assert out.split()[0] == str(folder)
    assert rows(folder) == unbroken


@pytest.mark.slow
def test_questions_that_take_too_long_are_given_up_after_the_grace(start_program, questions_path, tmp_path):
    program = start_program(questions_path(ROWS), tmp_path / "run", 60)
    wait_for(lambda: (tmp_path / "run" / "journal.jsonl").exists())
    time.sleep(0.2)
    program.send_signal(signal.SIGINT)
    told_at = time.monotonic()
    assert program.wait(10) == 130
    assert 4 < time.monotonic() - told_at < 8
    assert {row["exit_status"] for row in read_answers(tmp_path / "run")} == {"skipped", "invalid"}


def test_the_second_signal_ends_a_run_at_once(start_program, questions_path, tmp_path):
    program = start_program(questions_path(ROWS), tmp_path / "run", 60)
    wait_for(lambda: (tmp_path / "run" / "journal.jsonl").exists())
    time.sleep(0.2)
    program.send_signal(signal.SIGINT)
    time.sleep(0.2)
    program.send_signal(signal.SIGINT)
    told_at = time.monotonic()
    assert program.wait(5) == -signal.SIGINT
    assert time.monotonic() - told_at < 1


def test_of_two_runs_at_once_one_works_and_one_is_told(start_program, questions_path, tmp_path):
    path = questions_path(ROWS)
    programs = [start_program(path, "-", 0.15) for _ in range(2)]
    ends = sorted((program.wait(30), program.communicate()[1]) for program in programs)
    assert [code for code, _ in ends] == [3, 75]
    assert "is in use by another docpager process" in ends[1][1]
    folders = list(tmp_path.glob("outputs/*/"))
    assert len(folders) == 1
    assert len(list(read_answers(folders[0]))) == len(ROWS)


def test_a_signal_that_was_lost_on_the_way_ends_a_run_as_it_begins(run):
    from docpager.batch import interrupts

    interrupts.note(signal.SIGINT)
    try:
        report = run(["Harbour dues?"], output=None)
    finally:
        interrupts.forget()
    assert (report.exit_code, report.counts) == (130, {"skipped": 1})
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run(["Harbour dues?"], output=None).exit_code == 0
