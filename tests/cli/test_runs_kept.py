"""``runs diff``, ``prune`` and ``list``: what changed between two nights, and which nights are kept."""

import json
import shutil
from pathlib import Path

import pytest

from docpager.batch.locking import FolderLock

QUESTIONS = "question_id,question\nwho,Who is the captain of the Alma?\nhow,How many cabins has the Alma?\n"


@pytest.fixture
def two_nights(tmp_path, monkeypatch, docpager):
    """Two runs of two questions; between them a captain retired and a document came."""
    monkeypatch.chdir(tmp_path)
    Path("ships").mkdir()
    Path("ships/alma.md").write_text("The captain of the Alma is Ines Holm.", encoding="utf-8")
    Path("ships/cabins.md").write_text("The Alma has forty cabins.", encoding="utf-8")
    Path("ships.csv").write_text(QUESTIONS, encoding="utf-8")
    assert docpager("ingest", "ships", "-q").code == 0
    assert docpager("run", "ships.csv", "-o", "outputs/monday", "-q").code == 0
    Path("ships/alma.md").write_text("The captain of the Alma is Jon Dahl.", encoding="utf-8")
    assert docpager("ingest", "ships", "-q").code == 0
    assert docpager("run", "ships.csv", "-o", "outputs/tuesday", "-q").code == 0
    return Path("outputs")


def test_diff_shows_changed_answers_with_what_is_no_longer_cited(docpager, two_nights):
    ended = docpager("runs", "diff", "monday", "tuesday")
    assert ended.code == 0
    assert ended.out.splitlines()[:3] == [
        "who: answer",
        "  - The captain of the Alma is Ines Holm. [1]",
        "  + The captain of the Alma is Jon Dahl. [1]",
    ]
    assert "  - [alma.md, page 1: The captain of the Alma is Ines Holm.]" in ended.out
    assert "1 question changed, 1 the same" in ended.out
    assert "different: archive_generation" in ended.out


def test_diff_as_json_has_a_summary_and_a_line_for_each_change(docpager, two_nights):
    summary, change = map(json.loads, docpager("runs", "diff", "monday", "tuesday", "--json").out.splitlines())
    assert (summary["changed"], summary["same"], summary["carried"]) == (1, 1, 0)
    assert (change["question_id"], change["kind"]) == ("who", "answer")
    assert change["lost"] == ["alma.md, page 1: The captain of the Alma is Ines Holm."]


def test_diff_tells_questions_that_came_and_went(docpager, two_nights):
    Path("ships.csv").write_text(QUESTIONS.replace("how,How many cabins", "deck,How many decks"), encoding="utf-8")
    assert docpager("run", "ships.csv", "-o", "outputs/wednesday", "-q").code == 0
    out = docpager("runs", "diff", "tuesday", "wednesday").out
    assert "deck: added" in out
    assert "how: removed" in out


def test_run_compared_with_itself_is_the_same(docpager, two_nights):
    assert docpager("runs", "diff", "monday", "monday").out.startswith("0 questions changed, 2 the same")


def test_prune_keeps_the_newest_of_each_question_file(docpager, two_nights):
    shutil.copy("ships.csv", "other.csv")
    assert docpager("run", "other.csv", "-o", "outputs/other", "-q").code == 0
    dry = docpager("runs", "prune", "--keep", 1, "--dry-run")
    assert (dry.out.strip(), dry.err.strip()) == ("outputs/monday", "1 run would be removed")
    assert (two_nights / "monday").exists()
    assert docpager("runs", "prune", "--keep", 1).code == 0
    assert sorted(path.name for path in two_nights.iterdir() if path.is_dir()) == ["other", "tuesday"]


def test_prune_by_age_leaves_younger_runs_alone(docpager, two_nights):
    assert docpager("runs", "prune", "--older-than", 1).err.strip() == "0 runs removed"
    assert docpager("runs", "prune", "--older-than", 0, "--keep", 5).err.strip() == "0 runs removed"
    assert docpager("runs", "prune", "--older-than", 0).err.strip() == "2 runs removed"


def test_prune_without_saying_what_goes_is_refused(docpager, two_nights):
    ended = docpager("runs", "prune")
    assert ended.code == 2
    assert "Say which runs go: --keep N, --older-than DAYS, or both." in ended.err


def test_run_whose_process_is_gone_is_interrupted_and_is_not_pruned(docpager, two_nights):
    manifest = two_nights / "monday" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"state": "finished"', '"state": "running"'))
    states = {line.split()[0]: line.split()[1] for line in docpager("runs", "list").out.splitlines()[1:]}
    assert states == {"monday": "interrupted", "tuesday": "finished"}
    with FolderLock(two_nights / "monday", "the run"):
        assert "monday   running" in docpager("runs", "list").out
    assert docpager("runs", "prune", "--older-than", 0).out.strip() == "outputs/tuesday"
