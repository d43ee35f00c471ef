"""With --log-format json, every message on stderr is one JSON object."""

import io
import json
import logging

import pytest

from docpager.batch.run_report import RunProgress
from docpager.cli.console import Console
from docpager.cli.progress import Progress
from docpager.cli.run import QuestionsShown

JSON = ["--log-format", "json"]


def told(text):
    messages = [json.loads(line) for line in text.splitlines()]
    assert all(message["at"].endswith("+00:00") for message in messages)
    return [(message["level"], message["message"]) for message in messages]


def test_messages_of_a_run_are_json_lines_and_data_stays_on_stdout(docpager, small_archive, tmp_path):
    (tmp_path / "questions.txt").write_text("For how many days are wallets kept?")
    ended = docpager(
        "run", tmp_path / "questions.txt", "--archive", small_archive, "-o", tmp_path / "out", "--json", *JSON
    )
    assert ended.code == 0
    [(status, _)] = json.loads(ended.out)["counts"].items()
    assert ("info", f"1 question: 1 {status}") in told(ended.err)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["search", "rye", "--archive", "nowhere"], "Error: No archive at nowhere."),
        (["run"], "Error: Missing argument 'QUESTIONS'."),
    ],
)
def test_errors_are_json_lines_too(docpager, monkeypatch, words, message):
    monkeypatch.setenv("DOCPAGER_LOG_FORMAT", "json")
    ended = docpager(*words, *JSON)
    [(level, text)] = told(ended.err)
    assert level == "error"
    assert text.startswith(message)


def test_what_modules_log_is_a_message(docpager, own_cache, small_archive, monkeypatch):
    monkeypatch.setattr(
        "docpager.wiring.open_archive", lambda *_, **__: logging.getLogger("docpager.x").warning("It %s.", "is")
    )
    ended = docpager("search", "rye", "--archive", small_archive, "--debug", *JSON)
    assert ("warning", "It is.") in told(ended.err)


def test_progress_has_its_numbers_apart(capsys):
    now = [0.0]
    console = Console(log_format="json")
    with Progress(console, "questions", stream=io.StringIO(), clock=lambda: now[0]) as progress:
        shown = QuestionsShown(progress)
        now[0] = 60.0
        shown.update(RunProgress(3, 10, 1200, None, {"answered": 3}))
    line = json.loads(capsys.readouterr().err)
    assert {name: line[name] for name in ("done", "total", "tokens", "cost_usd", "exit_statuses")} == {
        "done": 3,
        "total": 10,
        "tokens": 1200,
        "cost_usd": None,
        "exit_statuses": {"answered": 3},
    }
