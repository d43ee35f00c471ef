"""How many questions are worked on at once: as many as the endpoint bears, or as was said."""

import json
import time
from pathlib import Path

import pytest

from docpager.testing import Endpoint, EndpointSettings, Fault, FaultPlan, Gold, GoldAnswer, PerfectReader

MANY = 60


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder; the archive is named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def asked(docpager, count, endpoint_settings, *options):
    """A run of so many questions: how it ended, the endpoint, and the seconds it took."""
    questions = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(count)]
    Path("questions.txt").write_text("\n".join(questions))
    reader = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in questions]))
    with Endpoint(reader, endpoint_settings) as endpoint:
        began = time.monotonic()
        words = ["--model", "loopback", "--base-url", endpoint.base_url, "--cache", "off", *options]
        ended = docpager("run", "questions.txt", "-o", "out", "--json", *words)
        seconds = time.monotonic() - began
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["counts"] == {"answered": count}
    return endpoint, seconds


def test_calls_grow_to_what_an_endpoint_bears_and_no_question_is_lost(docpager, there):
    endpoint, _ = asked(docpager, MANY, EndpointSettings(latency_s=0.05, capacity=12))
    assert 6 <= endpoint.most_at_once <= 12
    assert endpoint.turned_away <= 0.3 * endpoint.count


def test_without_a_limit_of_the_endpoint_calls_grow_with_the_questions(docpager, there):
    endpoint, _ = asked(docpager, MANY, EndpointSettings(latency_s=0.25))
    assert endpoint.most_at_once > 8


@pytest.mark.parametrize("many", [1, 5])
def test_a_number_is_kept(docpager, there, many):
    endpoint, _ = asked(docpager, 12, EndpointSettings(latency_s=0.02), "--concurrency", many)
    assert endpoint.most_at_once == many


@pytest.mark.parametrize(("option", "limit"), [("--rpm", 600), ("--tpm", 600 * 2000)])
def test_requests_and_tokens_a_minute_are_kept(docpager, there, option, limit):
    endpoint, seconds = asked(docpager, 12, EndpointSettings(), option, limit)
    if option == "--rpm":
        assert endpoint.count <= limit / 60 * (seconds + 1) + 1
        assert seconds > (endpoint.count - limit / 60) / (limit / 60) - 0.5
    else:
        tokens = sum(manifest_usage()[name] for name in ("prompt_tokens", "completion_tokens"))
        largest = 3000
        assert tokens - largest <= limit / 60 * (seconds + 1)


def manifest_usage() -> dict[str, float]:
    return json.loads(Path("out/manifest.json").read_text())["usage"]


def test_an_endpoint_that_is_down_ends_a_run_of_many_at_once_and_the_same_command_goes_on(docpager, there):
    questions = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(MANY)]
    Path("questions.txt").write_text("\n".join(questions))
    reader = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in questions]))
    words = ["run", "questions.txt", "-o", "out", "--model", "loopback", "--concurrency", 50, "--give-up-after", "2s"]
    with Endpoint(
        reader, faults=FaultPlan(rule=lambda number: Fault.SERVER_ERROR if number > 20 else None)
    ) as endpoint:
        began = time.monotonic()
        down = docpager(*words, "--base-url", endpoint.base_url)
        seconds = time.monotonic() - began
    assert down.code == 75
    assert "gave no successful reply for" in down.err
    assert seconds < 2 + 10
    with Endpoint(reader) as endpoint:
        again = docpager(*words, "--base-url", endpoint.base_url, "--json")
    assert (again.code, json.loads(again.out)["counts"]) == (0, {"answered": MANY})
