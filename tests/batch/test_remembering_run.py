"""Runs whose questions remember: in their folder, apart unless shared, and once although a process was killed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers, read_citations, read_trace
from docpager.errors import UsageError

PROGRAM = Path(__file__).with_name("remembering_run.py")
QUESTIONS = ["Who is the new captain?", "Who is the harbour master?", "Who commands the Alma?"]
ROWS = [{"question": text, "question_id": f"q{n}"} for n, text in enumerate(QUESTIONS)]


@pytest.fixture(scope="module")
def remembering():
    """The module of the run."""
    spec = importlib.util.spec_from_file_location("remembering_run", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines_of(folder) -> list[str]:
    return (folder / "notes.jsonl").read_text(encoding="utf-8").splitlines()


def noted(folder) -> list[tuple[str, str]]:
    return [(note["question_id"], note["text"]) for note in map(json.loads, lines_of(folder))]


def transcript(folder, question_id: str) -> str:
    return (folder / "transcripts" / f"{question_id}.json").read_text(encoding="utf-8")


def test_without_sharing_a_question_sees_nothing_of_what_another_remembered(remembering, questions_path, tmp_path):
    report = remembering.run(questions_path(ROWS), tmp_path / "run")
    assert noted(report.folder) == [("q0", remembering.CAPTAIN), ("q1", remembering.MASTER)]
    assert remembering.CAPTAIN in transcript(report.folder, "q0")
    last = transcript(report.folder, "q2")
    assert "Recalled 0 lines; nothing found." in last
    assert "Jon Dahl commands" not in last
    assert "Ole Brand" not in last
    assert "note of question" not in last
    assert list(read_citations(report.folder)) == []


def test_with_sharing_a_question_pages_in_and_cites_what_another_found(remembering, questions_path, tmp_path):
    report = remembering.run(questions_path(ROWS), tmp_path / "run", share_notes=True)
    assert f"note of question q0: {remembering.CAPTAIN} (rests on p1:1 " in transcript(report.folder, "q2")
    [citation] = read_citations(report.folder)
    assert (citation["question_id"], citation["quote"]) == ("q2", "The new captain is Jon Dahl.")
    assert citation["verify_status"] == "exact"
    [recalled] = [row for row in read_trace(report.folder) if row["event"] == "Recalled"]
    [note_id] = json.loads(recalled["arguments"])["notes"]
    assert note_id in (report.folder / "notes.jsonl").read_text()


def test_shared_notes_are_part_of_a_runs_identity(remembering, questions_path, tmp_path):
    path = questions_path(ROWS)
    remembering.run(path, tmp_path / "run")
    with pytest.raises(UsageError, match=r"share_notes \(False there, True here\)"):
        remembering.run(path, tmp_path / "run", share_notes=True)


def test_a_run_killed_between_a_questions_notes_and_its_row_has_them_once(remembering, questions_path, tmp_path):
    path, folder = questions_path(ROWS), tmp_path / "run"
    paths = os.pathsep.join([str(PROGRAM.parents[2]), str(PROGRAM.parents[1] / "support")])
    environment = {"PYTHONPATH": paths, "PATH": "/usr/bin:/bin"}
    program = subprocess.run([sys.executable, PROGRAM, path, folder, "q1"], env=environment, timeout=60, check=False)
    assert program.returncode == -signal.SIGKILL
    assert [question_id for question_id, _ in noted(folder)] == ["q0", "q1"]
    assert (folder / "journal.jsonl").read_text().count("\n") == 1

    killed = lines_of(folder)
    report = remembering.run(path, folder)
    assert (report.resumed, report.asked) == (True, 2)
    again = lines_of(folder)
    assert noted(folder) == [("q0", remembering.CAPTAIN), ("q1", remembering.MASTER)]
    assert again[0] == killed[0]
    assert again[1] != killed[1]  # written anew when the question was asked again
    assert [row["exit_status"] for row in read_answers(folder)][:2] == ["abstained", "abstained"]


def test_a_resumed_run_shares_the_notes_of_questions_that_were_finished(remembering, questions_path, tmp_path):
    def interrupt(answer):
        if answer.question_id == "q1":
            raise KeyboardInterrupt

    path, folder = questions_path(ROWS), tmp_path / "run"
    assert remembering.run(path, folder, share_notes=True, meanwhile=interrupt).exit_code == 130
    report = remembering.run(path, folder, share_notes=True)
    assert (report.asked, report.exit_code) == (2, 0)
    [citation] = read_citations(folder)
    assert citation["question_id"] == "q2"
    assert sorted(noted(folder)) == [("q0", remembering.CAPTAIN), ("q1", remembering.MASTER)]


def test_questions_that_remember_at_once_leave_whole_lines(remembering, questions_path, tmp_path):
    texts = [f"Question number {n} please?" for n in range(100, 140)]
    scripts = {text: remembering.keeping(f"Found for {text}", "new captain Jon Dahl") for text in texts}
    path = questions_path([{"question": text, "question_id": text} for text in texts])
    report = remembering.run(path, tmp_path / "run", concurrency=8, scripts=scripts)
    assert sorted(noted(report.folder)) == [(text, f"Found for {text}") for text in texts]


def test_a_folder_that_is_started_over_forgets(remembering, questions_path, tmp_path, run):
    report = remembering.run(questions_path(ROWS), tmp_path / "run")
    assert read_manifest(report.folder).paths["notes"] == "notes.jsonl"
    run(["Harbour dues?"], fresh=True)
    assert not (tmp_path / "run" / "notes.jsonl").exists()
