"""``run --dry-run`` says what would be asked and what it may cost, and leaves no trace."""

import json
from pathlib import Path

import pytest

from docpager.batch.tables import read_answers
from docpager.testing import Endpoint, Gold, GoldAnswer, PerfectReader

QUESTIONS = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(5)]
READER = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in QUESTIONS]))


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    monkeypatch.setenv("DOCPAGER_CACHE", "off")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("questions.txt").write_text("\n".join(QUESTIONS))
    Path("prices.toml").write_text("[loopback]\ninput = 2.0\noutput = 8.0\n")
    return tmp_path


@pytest.fixture
def rehearsed(docpager, there):
    """What a dry run tells, as a record; it must leave every file as it is and ask nothing."""

    def tell(*options):
        before = {path: path.stat().st_mtime_ns for path in there.rglob("*")}
        ended = docpager("run", "questions.txt", "--dry-run", "--json", "--base-url", "http://127.0.0.1:9/v1", *options)
        assert ended.code == 0, ended.err
        assert {path: path.stat().st_mtime_ns for path in there.rglob("*")} == before
        return json.loads(ended.out)

    return tell


@pytest.fixture
def run(docpager, there):
    def start(*options):
        with Endpoint(READER) as endpoint:
            words = ["--model", "loopback", "--base-url", endpoint.base_url, "--prices", "prices.toml", *options]
            return docpager("run", "questions.txt", *words)

    return start


def test_before_the_first_run_nothing_is_known_of_its_cost(rehearsed, docpager):
    told = rehearsed("--model", "loopback")
    assert (told["questions"], told["to_ask"], told["documents"]) == (5, 5, 3)
    assert (told["tokens"], told["cost_usd"], told["folder"]) == (None, None, None)
    words = docpager("run", "questions.txt", "--dry-run", "--model", "loopback").out
    assert "5 of 5 questions would be asked" in words
    assert "There is no earlier run of loopback to tell tokens and cost from." in words


def test_earlier_runs_of_the_same_settings_tell_the_range(rehearsed, run, docpager):
    assert run().code == 0
    told = rehearsed("--model", "loopback", "--limit", 2)
    [folder] = Path("outputs").glob("questions-*")
    used = sorted(row["prompt_tokens"] + row["completion_tokens"] for row in read_answers(folder))
    assert told["tokens"] == {"low": 2 * used[0], "high": 2 * used[4]}
    assert 0 < told["cost_usd"]["low"] <= told["cost_usd"]["high"]
    assert (told["based_on"], told["same_settings"]) == (5, True)
    words = docpager("run", "questions.txt", "--dry-run", "--model", "loopback", "--max-steps", 9).out
    assert "of 5 questions asked before of this model with other settings" in words
    assert words.endswith("Nothing was asked, and nothing was written.\n")


def test_what_is_finished_or_stands_is_not_asked(rehearsed, run):
    assert run("-o", "outputs/first", "--max-tokens", 8_000, "--concurrency", 1).code == 4
    done = sum(row["exit_status"] == "answered" for row in read_answers(Path("outputs/first")))
    told = rehearsed("--model", "loopback")
    assert 0 < done < 5
    assert (told["finished"], told["to_ask"], told["folder"]) == (done, 5 - done, "outputs/first")
    assert rehearsed("--model", "loopback", "--fresh")["to_ask"] == 5
    assert run().code == 0
    told = rehearsed("--model", "loopback", "--changed-only")
    assert (told["carried"], told["to_ask"]) == (5, 0)
    told = rehearsed("--model", "loopback", "--retry", "answered")
    assert told["to_ask"] == 5


def test_a_grid_counts_its_cells(rehearsed):
    assert rehearsed("--for-each", "document")["to_ask"] == 15
