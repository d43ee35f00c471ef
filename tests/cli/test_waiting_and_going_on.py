"""Commands that meet another at work wait for it, and a run that was interrupted reads on where it began."""

import json
import shutil
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from docpager import open_archive_for_writing
from docpager.archive.locking import FolderLock as ArchiveLock
from docpager.batch.locking import FolderLock as RunLock
from docpager.batch.tables import read_answers

QUESTIONS = "question_id,question\nwallets,How long are wallets kept?\nferry,How many passengers did the ferry carry?\n"


@pytest.fixture
def there(tmp_path, monkeypatch, docpager):
    """A working folder with documents, their archive, and a file of questions."""
    monkeypatch.chdir(tmp_path)
    Path("documents").mkdir()
    Path("documents", "lost.md").write_text("Wallets are kept for ninety days.\n", encoding="utf-8")
    Path("documents", "ferry.md").write_text("The ferry carried 88,460 passengers.\n", encoding="utf-8")
    Path("questions.csv").write_text(QUESTIONS, encoding="utf-8")
    assert docpager("ingest", "documents", "-q").code == 0
    return tmp_path


def interrupted(folder):
    """A finished run, as a kill after its first question would have left it."""
    (folder / "answers.parquet").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"state": "running", "exit_code": None}))
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    (folder / "journal.jsonl").write_text("".join(line for line in lines if '"question_id":"wallets"' in line))
    return manifest["archive_generation"]


def answers(folder):
    return {row["question_id"]: row["answer"] for row in read_answers(folder)}


@pytest.mark.parametrize("named", [(), ("-o", "run")], ids=["under_outputs", "named"])
def test_an_interrupted_run_goes_on_with_the_archive_as_it_began(docpager, there, named):
    assert docpager("run", "questions.csv", *named, "-q").code == 0
    [folder] = [path.parent for path in there.rglob("manifest.json")]
    before = answers(folder)
    assert "88,460" in before["ferry"]
    generation = interrupted(folder)
    Path("documents", "ferry.md").write_text("The ferry carried 1,200 passengers.\n", encoding="utf-8")
    assert docpager("ingest", "documents", "-q").code == 0

    ended = docpager("run", "questions.csv", *named, "--json")
    report = json.loads(ended.out)
    assert (Path(report["folder"]).resolve(), report["asked"], report["exit_code"]) == (folder.resolve(), 1, 0)
    assert answers(folder) == before
    assert json.loads((folder / "manifest.json").read_text())["archive_generation"] == generation

    ended = docpager("run", "questions.csv", *named, "--json")
    if named:
        assert ended.code == 2
        assert "different: archive_generation" in ended.err
    else:
        again = Path(json.loads(ended.out)["folder"])
        assert again.resolve() != folder.resolve()
        assert "1,200" in answers(again)["ferry"]


def test_what_was_ingested_since_is_told_and_fresh_reads_it(docpager, there, caplog):
    assert docpager("run", "questions.csv", "-o", "run", "-q").code == 0
    generation = interrupted(Path("run"))
    Path("documents", "ferry.md").write_text("The ferry carried 1,200 passengers.\n", encoding="utf-8")
    assert docpager("ingest", "documents", "-q").code == 0
    shutil.copytree("run", "kept")
    assert docpager("run", "questions.csv", "-o", "run", "--fresh", "-q").code == 0
    assert "1,200" in answers(Path("run"))["ferry"]
    assert caplog.text == ""
    assert docpager("run", "questions.csv", "-o", "kept", "-q").code == 0
    assert f"kept goes on with the archive as it was when the run began (generation {generation}, not" in caplog.text


@pytest.mark.filterwarnings("ignore:optimize.cleanup_older_than=0. removes every version")
def test_where_its_generation_is_gone_it_is_another_run(docpager, there):
    assert docpager("run", "questions.csv", "-o", "run", "-q").code == 0
    interrupted(Path("run"))
    Path("documents", "ferry.md").write_text("The ferry carried 1,200 passengers.\n", encoding="utf-8")
    assert docpager("ingest", "documents", "-q").code == 0
    with open_archive_for_writing("data/archive.lancedb") as writer:
        writer.drop_old_versions(timedelta(0))
    ended = docpager("run", "questions.csv", "-o", "run", "-q")
    assert ended.code == 2
    assert "different: archive_generation" in ended.err


def test_beside_a_run_that_is_at_work_a_changed_archive_has_a_run_of_its_own(docpager, there):
    assert docpager("run", "questions.csv", "-q").code == 0
    [folder] = Path("outputs").glob("q*")
    interrupted(folder)
    Path("documents", "ferry.md").write_text("The ferry carried 1,200 passengers.\n", encoding="utf-8")
    assert docpager("ingest", "documents", "-q").code == 0
    with RunLock(folder, "The run"):
        ended = docpager("run", "questions.csv", "--json")
    assert ended.code == 0
    assert "1,200" in answers(Path(json.loads(ended.out)["folder"]))["ferry"]


@contextmanager
def held(take, seconds):
    """A lock that another holds for some seconds; yields when it was let go."""
    lock, freed = take(), []

    def let_go():
        freed.append(time.monotonic())
        getattr(lock, "release", getattr(lock, "close", None))()

    timer = threading.Timer(seconds, let_go)
    timer.start()
    try:
        yield freed
    finally:
        timer.cancel()
        let_go()


LOCKED = {
    "run": (("run", "questions.csv", "-o", "run"), lambda: RunLock(Path("run"), "The run")),
    "chosen run": (("run", "questions.csv"), lambda: RunLock(next(Path("outputs").glob("q*")), "The run")),
    "ingest": (("ingest", "documents"), lambda: ArchiveLock(Path("data/archive.lancedb"), "The archive")),
}


@pytest.mark.parametrize("what", ["run", "chosen run"])
def test_a_run_at_work_is_refused_before_anything_slow_is_loaded(docpager, there, what, monkeypatch):
    words, take = LOCKED[what]
    docpager(*words, "-q")
    interrupted(next(path.parent for path in there.rglob("manifest.json")))
    monkeypatch.setattr("docpager.wiring.open_archive", None)
    with held(take, 60):
        assert docpager(*words, "-q").code == 75


@pytest.mark.parametrize("what", LOCKED)
def test_a_command_waits_for_a_lock_as_long_as_it_is_told(docpager, there, what):
    words, take = LOCKED[what]
    if words[0] == "run":
        docpager(*words, "-q")
        interrupted(next(path.parent for path in there.rglob("manifest.json")))
    with held(take, 60):
        started_at = time.monotonic()
        ended = docpager(*words, "-q", "--lock-wait", "1s")
        assert (ended.code, time.monotonic() - started_at >= 1) == (75, True)
        assert "is in use by another docpager process" in ended.err
        assert docpager(*words, "-q").code == 75
    with held(take, 0.7) as freed:
        assert docpager(*words, "-q", "--lock-wait", "60s").code == 0
        assert freed
