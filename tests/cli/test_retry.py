"""Rows of a run are asked again: what failed goes on from the replies it had, what ended is asked anew."""

import json
from pathlib import Path

import pytest

from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers
from docpager.testing import Endpoint, Gold, GoldAnswer, PerfectReader, Reply

QUESTIONS = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(6)]
READER = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in QUESTIONS]))


class Moody:
    """Reads perfectly, but only talks once a question of its bad books has been searched for."""

    def __init__(self) -> None:
        self.bad_books: set[int] = set()

    def __call__(self, body, number):
        texts = "".join(str(message["content"]) for message in body["messages"])
        searched = sum(message["role"] == "assistant" for message in body["messages"]) > 0
        if searched and any(f"visitor {n}?" in texts for n in self.bad_books):
            return Reply("I would rather talk.")
        return READER(body, number)


@pytest.fixture
def moody():
    return Moody()


@pytest.fixture
def run(docpager, moody, tmp_path, monkeypatch, small_archive):
    """Runs the questions; returns how that ended and the calls it took."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("questions.txt").write_text("\n".join(QUESTIONS))
    with Endpoint(moody) as endpoint:

        def start(*options):
            before = endpoint.count
            words = ["--archive", small_archive, "--model", "loopback", "--base-url", endpoint.base_url, "--json"]
            ended = docpager("run", "questions.txt", "--autonomy", "full", *words, *options)
            return ended, endpoint.count - before

        yield start


def rows(*columns):
    [folder] = Path("outputs").glob("questions-*")
    return [tuple(row[column] for column in columns) for row in read_answers(folder, list(columns))]


def test_failed_rows_are_asked_again_in_the_same_run_and_the_others_stand(run, moody):
    moody.bad_books = {1, 4}
    first, _ = run()
    assert first.code == 3
    before = rows("question_id", "exit_status", "finished_at")
    assert [status for _, status, _ in before] == [
        "answered",
        "model_error",
        "answered",
        "answered",
        "model_error",
        "answered",
    ]

    moody.bad_books = {4}
    again, calls = run("--retry", "failed")
    told = json.loads(again.out)
    assert (again.code, told["asked"], told["counts"]) == (3, 2, {"answered": 5, "model_error": 1})
    assert calls < 2 * 4, "both go on from their first reply"
    after = rows("question_id", "exit_status", "finished_at")
    assert [row for n, row in enumerate(after) if n not in (1, 4)] == [
        row for n, row in enumerate(before) if n not in (1, 4)
    ]
    assert rows("attempts") == [(1,), (2,), (1,), (1,), (2,), (1,)]

    moody.bad_books = set()
    last, _ = run("--retry", "failed")
    assert last.code == 0
    assert rows("exit_status") == [("answered",)] * 6
    assert rows("attempts") == [(1,), (2,), (1,), (1,), (3,), (1,)]
    [folder] = Path("outputs").glob("questions-*")
    manifest = read_manifest(folder)
    assert (manifest.state, len(manifest.sittings)) == ("finished", 3)
    assert not list(folder.glob("transcripts/*.json"))


def test_what_ended_by_itself_is_asked_anew(run):
    _, calls = run()
    again, calls_again = run("--retry", "answered")
    assert again.code == 0
    assert calls_again >= calls - 1, "but for the probe for tools"


def test_with_nothing_to_retry_nothing_is_asked(run):
    run()
    again, calls = run("--retry", "failed")
    assert (again.code, calls, json.loads(again.out)["already_finished"]) == (0, 0, True)


def test_without_a_run_one_begins(run):
    first, calls = run("--retry", "failed")
    assert first.code == 0
    assert calls > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--retry", "lost"], "'lost' is not one of failed, answered, unverified"),
        (["--retry", "failed", "--fresh"], "--fresh starts over, and --retry goes on with what is there."),
    ],
)
def test_what_cannot_be_is_refused(run, options, message):
    ended, calls = run(*options)
    assert (ended.code, calls) == (2, 0)
    assert message in ended.err
