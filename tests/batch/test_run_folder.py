"""Which run a command continues, starts or refuses, and what its folder then holds."""

import pytest

from docpager.batch.manifest import read_manifest
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.batch.tables import read_answers, read_citations
from docpager.errors import ConfigurationError, EndpointDownError, LockedError, UsageError
from docpager.records import Answer, ExitStatus
from docpager.settings import RunSettings

QUESTIONS = ["Harbour dues?", "crash please", "", "zzz"]


def statuses(report):
    return [row["exit_status"] for row in read_answers(report.folder)]


def test_a_finished_run_is_not_asked_again_and_returns_its_own_exit_code(run, quoting):
    first = run(QUESTIONS)
    before = {path.name: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    agent = quoting.QuotingAgent(quoting.new_archive())
    second = run(QUESTIONS, agent)
    assert agent.asked == []
    assert (second.exit_code, second.already_finished, second.counts) == (3, True, first.counts)
    assert {path.name: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_a_finished_run_whose_tables_are_gone_is_written_again_without_asking(run, quoting):
    first = run(QUESTIONS)
    kept = (first.folder / "answers.parquet").read_bytes()
    (first.folder / "answers.parquet").unlink()
    agent = quoting.QuotingAgent(quoting.new_archive())
    assert run(QUESTIONS, agent).exit_code == 3
    assert agent.asked == []
    assert (first.folder / "answers.parquet").read_bytes() == kept


def test_another_identity_is_refused_and_named(run, tmp_path):
    run(["Harbour dues?"])
    with pytest.raises(UsageError) as caught:
        run(["Harbour dues?"], model="other")
    assert str(caught.value) == (
        f"{tmp_path}/run holds another run; different: model (quoting there, other here). "
        "Name another folder with -o, or start this one over with --fresh."
    )
    with pytest.raises(UsageError, match=r"different: questions\. Name another"):
        run(["Who owned the mill?"])


def test_fresh_starts_over(run, quoting):
    first = run(["Harbour dues?", "crash"])
    second = run(["Who owned the mill?"], fresh=True, keep_transcripts="all")
    assert second.run_id != first.run_id
    assert statuses(second) == ["answered"]
    assert {row["run_id"] for row in read_citations(second.folder)} == {second.run_id}
    assert len(list((second.folder / "transcripts").iterdir())) == 1


def test_a_folder_that_holds_something_else_is_left_alone(run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.doc").write_text("mine")
    for fresh in (False, True):
        with pytest.raises(
            UsageError, match=r"run holds no run, but it holds thesis\.doc\. Name a new folder with -o\."
        ):
            run(["Harbour dues?"], fresh=fresh)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigurationError("no such model"), 78), (EndpointDownError("60 s without a reply"), 75)]
)
def test_an_error_of_the_whole_run_stops_it_and_the_next_sitting_goes_on(run, quoting, error, code):
    async def agent(question):
        if question.row == 2:
            raise error
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    rows = [f"question {n}" for n in range(6)]
    report = run(rows, agent, concurrency=1)
    assert (report.exit_code, report.error) == (code, error)
    assert statuses(report) == ["abstained"] * 2 + ["skipped"] * 4
    manifest = read_manifest(report.folder)
    assert (manifest.state, manifest.exit_code, manifest.finished_at) == ("interrupted", code, None)
    again = run(rows, quoting.QuotingAgent(quoting.new_archive()))
    assert (again.run_id, again.asked, again.resumed, again.exit_code) == (report.run_id, 4, True, 0)
    assert [sitting["asked"] for sitting in read_manifest(report.folder).sittings] == [2, 4]


def test_without_output_an_unfinished_run_is_continued_and_a_finished_one_is_not(run, quoting):
    rows = ["Harbour dues?", "unauthorised", "Who owned the mill?"]
    first = run(rows, output=None, concurrency=1)
    assert first.exit_code == 78
    assert first.folder.name.startswith("questions-2")
    archive = quoting.new_archive()

    async def willing(question):
        return quoting.QuotingAgent(archive)._quoted(question)

    second = run(rows, willing, output=None)
    assert (second.folder, second.asked, second.exit_code) == (first.folder, 2, 0)
    third = run(rows, willing, output=None)
    assert third.folder != first.folder
    assert third.asked == 3


def test_a_run_whose_archive_changed_is_another_run(run, quoting):
    rows = ["Harbour dues?", "unauthorised"]
    first = run(rows, output=None)
    archive = quoting.new_archive()
    archive.remove([next(archive.documents()).doc_id])
    assert run(rows, output=None, archive=archive).folder != first.folder
    with pytest.raises(UsageError, match=r"different: archive_generation \(\d+ there, \d+ here\)\."):
        run(rows, output=str(first.folder), archive=archive)


def test_no_secret_reaches_the_manifest(quoting, questions_path, tmp_path):
    archive, question_file = quoting.new_archive(), read_question_file(questions_path(["Harbour dues?"]))
    identity = quoting.identity_of(question_file, archive)
    identity = type(identity)(
        identity.questions_sha256, identity.settings, "p", "s3://AKIA:hunter2@bucket/archive?key=hunter2", "1", "none"
    )
    agent, settings = quoting.QuotingAgent(archive), RunSettings(output=str(tmp_path / "run"))
    folder = run_questions(question_file, agent, identity, settings).folder
    assert read_manifest(folder).archive == "s3://bucket/archive"
    for path in folder.iterdir():
        assert b"hunter2" not in path.read_bytes(), path


def test_a_locked_run_is_refused_at_once(run, tmp_path):
    from docpager.batch.locking import FolderLock

    run(["Harbour dues?"])
    with FolderLock(tmp_path / "run", "The run"), pytest.raises(LockedError) as caught:
        run(["Harbour dues?"])
    assert str(caught.value) == (
        f"The run {tmp_path}/run is in use by another docpager process (lock {tmp_path}/run/.lock). "
        "Try again when it has ended."
    )
    assert run(["Harbour dues?"]).already_finished
