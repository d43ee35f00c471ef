"""Replies of models are kept: nothing is asked twice, and a run can be replayed with no model at all."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docpager.batch.tables import read_answers, read_citations, read_trace
from docpager.testing import Endpoint, EndpointSettings, Gold, GoldAnswer, PerfectReader

QUESTIONS = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(5)]
READER = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in QUESTIONS]))
OF_THE_RUN = {"run_id", "started_at", "finished_at", "latency_seconds", "at", "milliseconds"}
OF_THE_CALLS = {"from_cache", "replayed_tokens", "cost_usd", "arguments"}


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder with five questions; the archive is named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("questions.txt").write_text("".join(f"{question}\n" for question in QUESTIONS))
    Path("prices.toml").write_text("[loopback]\ninput = 2.0\noutput = 8.0\n")
    return tmp_path


@pytest.fixture
def endpoint(there):
    with Endpoint(READER) as endpoint:
        yield endpoint


@pytest.fixture
def run(docpager, endpoint):
    """Runs the questions into a folder of that name; returns how it ended and the calls that the endpoint took."""

    def start(name, *options):
        before = endpoint.count
        words = ["--model", "loopback", "--base-url", endpoint.base_url, "--prices", "prices.toml", *options]
        ended = docpager("run", "questions.txt", "-o", name, "--json", *words)
        return ended, endpoint.count - before

    return start


def rows(name: str, but: set[str] = OF_THE_RUN | OF_THE_CALLS):
    folder = Path(name)
    tables = [read_answers(folder), read_citations(folder), read_trace(folder)]
    return [[{k: v for k, v in row.items() if k not in but} for row in table] for table in tables]


def answers(name: str):
    return list(read_answers(Path(name), ["question_id", "exit_status", "answer", "citations"]))


def test_a_second_run_of_the_same_questions_asks_nothing_and_costs_nothing(run):
    first, calls = run("first")
    second, calls_again = run("second")
    assert (first.code, second.code) == (0, 0)
    assert calls >= 3 * len(QUESTIONS)
    assert calls_again == 0
    assert rows("second") == rows("first")
    asked, kept = list(read_answers(Path("first"))), list(read_answers(Path("second")))
    assert [row["from_cache"] for row in asked] == [False] * 5
    assert [row["from_cache"] for row in kept] == [True] * 5
    assert [row["cost_usd"] for row in kept] == [0.0] * 5
    assert all(row["replayed_tokens"] == row["prompt_tokens"] + row["completion_tokens"] for row in kept)
    assert all(row["replayed_tokens"] == 0 for row in asked)
    assert json.loads(second.out)["usage"]["cost_usd"] == 0


@pytest.mark.parametrize("options", [["--cache", "refresh"], ["--cache", "off"], ["--fresh"]])
def test_a_run_can_be_told_to_ask_anew(run, options):
    _, calls = run("first")
    assert run("second", *options)[1] == calls


def test_a_run_is_replayed_offline_with_no_model_and_no_socket(run, docpager, monkeypatch):
    run("first")
    opened = []
    sys.addaudithook(lambda event, _: opened.append(event) if event == "socket.connect" else None)
    replayed = docpager("run", "questions.txt", "-o", "replayed", "--model", "loopback", "--offline")
    assert replayed.code == 0
    assert opened == []
    assert rows("replayed") == rows("first")


def test_offline_the_first_call_that_is_missing_is_named(run, docpager, there):
    run("first")
    Path("questions.txt").write_text(f"{QUESTIONS[0]}\nHow many sail?\n")
    ended = docpager("run", "questions.txt", "-o", "replayed", "--model", "loopback", "--offline")
    assert ended.code == 3
    [known, unknown] = read_answers(Path("replayed"), ["exit_status", "error_type", "error_message"])
    assert known["exit_status"] == "answered"
    assert unknown["exit_status"] == "model_error"
    assert unknown["error_type"] == "NotKeptError"
    assert "does not hold its first call of this question" in unknown["error_message"]


def test_a_changed_setting_asks_what_it_changes(run):
    _, calls = run("first")
    assert 0 < run("warmer", "--temperature", 0.5)[1] == calls


def test_what_came_from_the_cache_counts_towards_no_budget(run):
    run("first")
    ended, calls = run("second", "--max-tokens", 1)
    assert (ended.code, calls) == (0, 0)


def test_cache_stats_and_clear(run, docpager, own_cache):
    assert docpager("cache", "stats").code == 66
    _, calls = run("first")
    told = json.loads(docpager("cache", "stats", "--json").out)
    assert told["path"] == str(own_cache / "replies.sqlite3")
    assert told["replies"] == calls - 1, "the probe for native tools is no reply"
    assert docpager("cache", "clear", "--archive", "elsewhere").err.startswith("0 replies removed")
    assert docpager("cache", "clear").err.startswith(f"{calls - 1} replies removed")
    assert json.loads(docpager("cache", "stats", "--json").out)["replies"] == 0
    assert run("second")[1] == calls


def test_a_damaged_cache_is_set_aside_and_said(run, own_cache, docpager):
    own_cache.mkdir(parents=True)
    (own_cache / "replies.sqlite3").write_bytes(b"no database at all" * 300)
    ended, _ = run("first")
    assert ended.code == 0
    assert len(list(own_cache.glob("replies.sqlite3.damaged-*"))) == 1
    assert run("second")[1] == 0


def test_a_cache_that_cannot_be_had_fails_no_run(run, there):
    (there / "file").write_text("")
    assert run("first", "--cache-dir", there / "file" / "below")[0].code == 0


@pytest.mark.parametrize("kills", [(2, 7), pytest.param((5, 11), marks=pytest.mark.slow)], ids=str)
def test_a_killed_run_repeats_at_most_the_calls_in_flight(run, there, kills):
    _, calls = run("unbroken", "--cache", "off")
    at_once = 3
    with Endpoint(READER, EndpointSettings(latency_s=0.05)) as slow:
        words = ["run", "questions.txt", "-o", "killed", "--model", "loopback", "--prices", "prices.toml"]
        command = [sys.executable, "-m", "docpager", *words, "--base-url", slow.base_url, "--concurrency", str(at_once)]
        for count in kills:
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            until = time.monotonic() + 30
            while slow.count < count and process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
        assert subprocess.run(command, env=os.environ | {"DOCPAGER_QUIET": "1"}, check=False).returncode == 0
        taken = slow.count
    probes = len(kills)
    assert calls <= taken <= calls + len(kills) * at_once + probes
    assert answers("killed") == answers("unbroken")
    assert rows("killed")[1] == rows("unbroken")[1], "the citations"
    assert sum(row["cost_usd"] for row in read_answers(Path("killed"))) > 0
