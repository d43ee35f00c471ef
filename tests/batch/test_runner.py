"""A run gives every question a row, whatever its agent does."""

import asyncio
import json
import os
import signal
import tempfile
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.batch.tables import read_answers, read_trace
from docpager.errors import ConfigurationError, ModelError, UsageError
from docpager.records import Answer, Citation, ExitStatus, TraceEvent, Usage, VerifyStatus
from docpager.settings import RunSettings

QUESTIONS = ["Harbour dues?", "crash please", "mute", "", "exit", "zzz", {"question": "Who?", "answer_type": "colour"}]
STATUSES = ["answered", "internal_error", "model_error", "invalid", "internal_error", "abstained", "invalid"]


def statuses(report):
    return [row["exit_status"] for row in read_answers(report.folder)]


@pytest.mark.parametrize("concurrency", [1, 4, 50])
def test_every_question_has_a_row_in_input_order(run, concurrency):
    report = run(QUESTIONS, concurrency=concurrency)
    rows = list(read_answers(report.folder))
    assert [row["row"] for row in rows] == list(range(len(QUESTIONS)))
    assert [row["exit_status"] for row in rows] == STATUSES
    assert report.exit_code == 3
    assert report.counts == {status: STATUSES.count(status) for status in report.counts}
    assert sum(report.counts.values()) == len(QUESTIONS)


def test_a_failed_question_says_what_happened_and_knows_no_counts(run):
    rows = list(read_answers(run(QUESTIONS).folder))
    crashed = rows[1]
    assert (crashed["error_type"], crashed["error_message"]) == ("ValueError", f"crashed on {crashed['question_id']}")
    assert [rows[2]["error_type"], rows[2]["error_message"]] == ["ModelError", "The endpoint sent nothing."]
    assert rows[4]["error_type"] == "SystemExit"
    assert rows[6]["error_message"] == "answer_type 'colour' is none of text, number, date, yes_no, list, choice."
    for row in (rows[1], rows[3]):
        assert {row[name] for name in ("steps", "faults", "prompt_tokens", "cost_usd", "read_segment_ids")} == {None}
        assert row["citations"] == []
        assert row["n_citations"] == 0


def test_a_run_that_only_answers_and_abstains_ends_with_0(run):
    report = run(["Harbour dues?", "zzz"])
    assert (report.exit_code, report.asked, report.error) == (0, 2, None)
    assert report.usage["prompt_tokens"] == 200
    assert report.usage["cost_usd"] is None


def test_fail_on_adds_statuses(run):
    assert run(["zzz"], fail_on=("abstained",)).exit_code == 3


def test_fail_on_must_name_a_status(run, tmp_path):
    with pytest.raises(UsageError, match="--fail-on abstain is no exit status; there are answered, unverified,"):
        run(["zzz"], fail_on=("abstain",))
    assert not (tmp_path / "run").exists()


def test_the_tables_open_in_duckdb_as_they_are(run):
    folder = run([{"question": "Harbour dues?", "question_id": "q1", "team": "ports", "n": 3}, "crash"]).folder
    answers, citations, trace = (f"'{folder}/{name}.parquet'" for name in ("answers", "citations", "trace"))
    joined = duckdb.sql(
        f"select a.input['team'], a.input['n'], c.quote, a.citations[1].quote, a.n_verified, a.started_at "
        f"from {answers} a join {citations} c using (run_id, question_id)"
    ).fetchall()
    assert [row[:2] for row in joined] == [("ports", "3")]
    assert joined[0][2] == joined[0][3]
    assert joined[0][4] == 1
    assert joined[0][5].astimezone(UTC) == datetime(2026, 1, 1, tzinfo=UTC)
    assert duckdb.sql(f"select event, len(page_ids) from {trace} order by all").fetchall()[0] == ("PageIn", 1)
    assert duckdb.sql(f"select count(*) from {answers} where steps is null").fetchall() == [(1,)]


def test_the_tables_open_in_pandas_as_they_are(run):
    folder = run([{"question": "Harbour dues?", "team": "ports"}, "crash"]).folder
    frame = pandas.read_parquet(folder / "answers.parquet")
    assert list(frame["exit_status"]) == ["answered", "internal_error"]
    assert dict(frame["input"][0]) == {"team": "ports"}
    assert frame["citations"][0][0]["n"] == 1
    assert str(frame["started_at"].dtype) == "datetime64[us, UTC]"
    assert len(pandas.read_parquet(folder / "citations.parquet")) == 1


def test_the_tables_open_in_polars_as_they_are(run):
    folder = run([{"question": "Harbour dues?", "question_id": "q1", "team": "ports"}, "crash"]).folder
    answers = polars.scan_parquet(folder / "answers.parquet")
    citations = polars.scan_parquet(folder / "citations.parquet")
    joined = answers.join(citations, on=["run_id", "question_id"]).select("question_id", "quote", "citations").collect()
    assert joined["question_id"].to_list() == ["q1"]
    assert joined["quote"][0] == joined["citations"][0][0]["quote"]
    assert answers.select("exit_status").collect()["exit_status"].to_list() == ["answered", "internal_error"]
    assert answers.collect_schema()["started_at"] == polars.Datetime("us", "UTC")
    assert polars.read_parquet(folder / "trace.parquet")["event"].to_list().count("PageIn") == 1


def test_transcripts_are_kept_as_told(run):
    rows = [{"question": "Harbour dues?", "question_id": "../a b"}, "zzz"]
    assert not (run(rows, output=None).folder / "transcripts").exists()
    kept = run(rows, output=None, keep_transcripts="all", fresh=True).folder / "transcripts"
    names = sorted(path.name for path in kept.iterdir())
    assert len(names) == 2
    assert any(name.startswith("_a_b-") for name in names)
    assert json.loads((kept / names[0]).read_text())[0]["role"] == "user"
    with pytest.raises(UsageError, match="--keep-transcripts some is none of failed, all, none"):
        run(rows, output=None, keep_transcripts="some")


def test_a_failed_question_keeps_its_transcript(run):
    async def agent(question):
        status = ExitStatus(question.question)
        return Answer(question.question_id, status, transcript=({"said": question.question},))

    folder = run(["answered", "unverified", "model_error", "step_limit"], agent).folder
    kept = [json.loads(path.read_text())[0]["said"] for path in (folder / "transcripts").iterdir()]
    assert sorted(kept) == ["model_error", "unverified"]


def test_progress_is_told_after_every_question(run):
    told = []

    class Listener:
        def update(self, progress):
            told.append(progress)

    run(QUESTIONS, progress=Listener(), concurrency=2)
    assert [progress.done for progress in told] == [2, 3, 4, 5, 6, 7]
    assert told[-1].total == 7
    assert told[-1].tokens == 214
    assert told[-1].cost_usd is None
    assert dict(told[-1].statuses) == {status: STATUSES.count(status) for status in STATUSES}


def test_questions_are_worked_on_at_once_but_no_more_than_asked(run):
    working, most = 0, 0

    async def agent(question):
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0.01)
        working -= 1
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    run([f"question {n}" for n in range(20)], agent, concurrency=5)
    assert most == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_questions_in_work_finish(run, number):
    async def agent(question):
        if question.row == 1:
            os.kill(os.getpid(), number)
        await asyncio.sleep(0.1)
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    before = signal.getsignal(number)
    report = run([f"question {n}" for n in range(9)], agent, concurrency=2)
    assert report.exit_code == 128 + number
    assert statuses(report) == ["abstained"] * 2 + ["skipped"] * 7
    assert signal.getsignal(number) is before


def test_a_signal_after_the_last_question_changes_nothing(run):
    async def agent(question):
        os.kill(os.getpid(), signal.SIGTERM)
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    report = run(["only one"], agent)
    assert (report.exit_code, statuses(report)) == (0, ["abstained"])


def test_a_keyboard_interrupt_inside_the_agent_is_one(run):
    async def agent(question):
        if question.row == 1:
            raise KeyboardInterrupt
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    report = run(["a", "b", "c"], agent, concurrency=1)
    assert (report.exit_code, statuses(report)) == (130, ["abstained", "skipped", "skipped"])


def test_a_run_works_outside_the_main_thread(run):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(run(QUESTIONS)))
    thread.start()
    thread.join()
    assert statuses(reports[0]) == STATUSES


NOT_ANSWERS = [
    ("nothing", lambda question: None),
    ("another question's", lambda question: Answer("other", ExitStatus.ANSWERED)),
    ("too large a number", lambda question: Answer(question.question_id, ExitStatus.ANSWERED, attempts=1 << 40)),
    ("text for a number", lambda question: Answer(question.question_id, ExitStatus.ANSWERED, answer_value="much")),
    ("bytes for text", lambda question: Answer(question.question_id, ExitStatus.ANSWERED, answer=b"\xff")),
]


@pytest.mark.parametrize("answer", [row[1] for row in NOT_ANSWERS], ids=[row[0] for row in NOT_ANSWERS])
def test_what_is_no_answer_becomes_an_internal_error(run, answer):
    async def agent(question):
        return answer(question) if question.row == 0 else Answer(question.question_id, ExitStatus.ABSTAINED)

    report = run(["a", "b"], agent)
    assert statuses(report) == ["internal_error", "abstained"]
    assert next(read_answers(report.folder))["error_message"]


def test_an_agent_that_cancels_itself_fails_its_own_row_only(run):
    async def agent(question):
        if question.row == 0:
            raise asyncio.CancelledError
        return Answer(question.question_id, ExitStatus.ABSTAINED)

    assert statuses(run(["a", "b", "c"], agent, concurrency=1)) == ["internal_error", "abstained", "abstained"]


AWKWARD = ["\x00", "\ud800", "a\ud83dz", "é\u202e\u2028\r\n\t", "𝒳" * 50, '";DROP', "=1+1", "\ufeff", " ", "\x1f\x7f"]


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_awkward_text_goes_through_every_table(run, text):
    async def agent(question):
        citation = Citation(
            "c1", 1, text, "d", text, text, text, 1, text, (text,), text, 0, 1, text, text, text, VerifyStatus.EXACT
        )
        return Answer(
            question.question_id,
            ExitStatus.UNVERIFIED,
            answer=text,
            conflicts=(text,),
            citations=(citation,),
            events=(TraceEvent(1, text, (text,), (1,), {text: [text]}),),
            transcript=({"content": text},),
        )

    report = run([{"question": f"Q{text}", "question_id": f"id {text}", f"column {text}": text}], agent)
    assert report.exit_code == 0
    row = next(read_answers(report.folder))
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert row["answer"] == row["citations"][0]["quote"] == row["conflicts"][0] == clean
    assert json.loads(next(read_trace(report.folder))["arguments"]) == {clean: [clean]}
    assert duckdb.sql(f"select answer from '{report.folder}/answers.parquet'").fetchall() == [(clean,)]
    assert pandas.read_parquet(report.folder / "citations.parquet")["quote"][0] == clean


TEXT = st.text(max_size=20)
UNKNOWN = st.none()
ANSWERS = st.builds(
    dict,
    exit_status=st.sampled_from([s for s in ExitStatus if s not in ("skipped", "invalid")]),
    answer=UNKNOWN | TEXT,
    answer_value=UNKNOWN | st.floats(),
    answer_date=UNKNOWN | st.dates(date(1800, 1, 1)),
    confidence=UNKNOWN | st.floats(0, 1),
    usage=st.builds(Usage, cost_usd=UNKNOWN | st.floats(0, 9), cached_tokens=UNKNOWN | st.integers(0, 9)),
    started_at=UNKNOWN | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    events=st.lists(st.builds(TraceEvent, st.integers(0, 40), TEXT, arguments=st.dictionaries(TEXT, TEXT)), max_size=3),
)
OUTCOMES = ANSWERS | st.sampled_from(
    [ValueError("no"), ModelError("no"), KeyError(), RecursionError(), OSError(28, "x")]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"question": TEXT},
        optional={
            "question_id": st.sampled_from("ab "),
            "answer_type": st.sampled_from(["number", "?"]),
            "owner": TEXT,
        },
    ),
    min_size=1,
    max_size=12,
).filter(lambda rows: any(row["question"].strip() for row in rows))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    outcomes=st.lists(OUTCOMES, min_size=12, max_size=12),
    stop=st.none() | st.integers(0, 11),
    data=st.data(),
)
def test_rows_out_are_rows_in_whatever_the_agent_does(quoting, rows, outcomes, stop, data):
    stopped = []

    async def agent(question):
        await asyncio.sleep(0)
        if question.row == stop and not stopped:
            stopped.append(question.row)
            raise ConfigurationError("stop")
        outcome = outcomes[question.row]
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(question.question_id, **{**outcome, "events": tuple(outcome["events"])})

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "questions.jsonl")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        question_file = read_question_file(path)
        identity = quoting.identity_of(question_file, quoting.new_archive())
        options = RunSettings(output=f"{folder}/run", concurrency=data.draw(st.integers(1, 4)))
        for _ in range(2):
            report = run_questions(question_file, agent, identity, options)
            answers = list(read_answers(report.folder))
            assert [a["row"] for a in answers] == list(range(len(rows)))
            assert [a["question_id"] for a in answers] == [q.question_id for q in question_file.questions]
            found = duckdb.sql(f"select count(*), count(distinct row) from '{folder}/run/answers.parquet'").fetchall()[
                0
            ]
            assert found == (len(rows), len(rows))
            if stopped and report.exit_code == 78:
                assert "skipped" in [a["exit_status"] for a in answers]
        invalid = [q.row for q in question_file.questions if q.invalid_reason]
        assert [a["row"] for a in answers if a["exit_status"] == "invalid"] == invalid
        assert "skipped" not in [a["exit_status"] for a in answers]
        for answer in answers:
            outcome = outcomes[answer["row"]]
            if answer["exit_status"] not in ("invalid", "internal_error", "model_error"):
                assert answer["exit_status"] == outcome["exit_status"]
                assert answer["answer_date"] == outcome["answer_date"]
        traced = sum(1 for _ in read_trace(report.folder))
        asked = [a["row"] for a in answers if a["row"] not in invalid and isinstance(outcomes[a["row"]], dict)]
        assert traced == sum(len(outcomes[row]["events"]) for row in asked)
