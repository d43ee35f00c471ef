"""``ask``, ``run`` and ``doctor`` with a model behind an endpoint, as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from optional_programs import needs_tesseract, no_programs

from docpager.testing import (
    Dialect,
    Endpoint,
    EndpointSettings,
    Fault,
    FaultPlan,
    Gold,
    GoldAnswer,
    PerfectReader,
    Scripted,
    call,
)

QUESTION = "Wallets are kept for how many days?"
READER = PerfectReader(Gold([GoldAnswer(QUESTION, ("ninety days",))]))


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder; the archive is named by the environment, and no endpoint is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("questions.csv").write_text(f"question_id,question\nwallets,{QUESTION}\n", encoding="utf-8")
    return tmp_path


def test_ask_answers_through_an_endpoint(docpager, there):
    with Endpoint(READER) as endpoint:
        ended = docpager("ask", QUESTION, "--model", "loopback", "--base-url", endpoint.base_url)
    assert ended.code == 0
    assert "ninety days" in ended.out
    assert "answered by loopback" in ended.err


def test_run_tells_counts_and_cost_of_a_model_behind_an_endpoint(docpager, there, monkeypatch):
    Path("prices.toml").write_text("[loopback]\ninput = 2.0\ncached_input = 1.0\noutput = 8.0\n")
    with Endpoint(
        READER, EndpointSettings(api_key="sk-from-environment", dialect=Dialect.VLLM, context_tokens=8192)
    ) as endpoint:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
        ended = docpager(
            "run", "questions.csv", "-o", "out", "--model", "loopback", "--prices", "prices.toml", "--json"
        )
    record = json.loads(ended.out)
    assert ended.code == 0
    assert record["counts"] == {"answered": 1}
    usage = record["usage"]
    fresh = usage["prompt_tokens"] - usage["cached_tokens"]
    assert usage["cost_usd"] == pytest.approx(
        (fresh * 2 + usage["cached_tokens"] * 1 + usage["completion_tokens"] * 8) / 1e6, rel=0.2
    )
    assert "apart from the endpoint's" in ended.err


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault.BAD_KEY, 78, "refused the key"),
        (Fault.NO_MODEL, 78, "has no model 'gpt-x'"),
        (Fault.QUOTA, 78, "nothing is left to spend"),
        (Fault.UNAVAILABLE, 75, "gave no successful reply for"),
    ],
)
def test_what_stops_a_run_has_its_exit_code_and_says_what_to_do(docpager, there, fault, code, words):
    with Endpoint(Scripted([]), faults=FaultPlan.every(1, fault)) as endpoint:
        ended = docpager(
            "run", "questions.csv", "--model", "gpt-x", "--base-url", endpoint.base_url, "--give-up-after", "1"
        )
    assert ended.code == code
    assert words in ended.err


def test_a_model_without_an_endpoint_is_refused_with_what_to_set(docpager, there):
    ended = docpager("ask", QUESTION, "--model", "gpt-x")
    assert ended.code == 78
    assert "There is no model 'gpt-x' here. Say where it is served with --base-url, or set OPENAI_API_KEY" in ended.err


def test_no_command_takes_a_key(docpager, there):
    ended = docpager("ask", QUESTION, "--api-key", "sk-1")
    assert ended.code == 2
    assert "No such option" in ended.err


def test_config_shows_headers_without_their_values(docpager, there, monkeypatch):
    monkeypatch.setenv("DOCPAGER_HEADER", "X-Token: sk-secret")
    ended = docpager("config", "show")
    assert "sk-secret" not in ended.out
    assert 'header = ["X-Token: ***"]  # environment' in ended.out


def test_headers_may_hold_commas_and_be_repeated(docpager, there):
    with Endpoint(READER, EndpointSettings(keep_bodies=True)) as endpoint:
        headers = ["--header", "X-A: a, b", "--header", "X-B: c"]
        docpager("ask", QUESTION, "--model", "loopback", "--base-url", endpoint.base_url, *headers)
        sent = endpoint.log[-1].headers
    assert (sent["x-a"], sent["x-b"]) == ("a, b", "c")


# doctor


def test_doctor_says_what_an_endpoint_can_do(docpager, there):
    with Endpoint(READER, EndpointSettings(dialect=Dialect.VLLM, context_tokens=6000)) as endpoint:
        ended = docpager("doctor", "--model", "loopback", "--base-url", endpoint.base_url)
        assert endpoint.count == 5
    lines = dict(line.split(maxsplit=1) for line in ended.out.splitlines() if not line.startswith("->"))
    assert ended.code == 0
    assert {"pandoc", "tesseract"} <= lines.keys()
    assert lines["tools"] == "called natively"
    assert lines["window"] == "6,000 tokens"
    assert lines["usage"].startswith("reported, 1.0")
    assert lines["prompt"] == "cache   used"
    assert "-> The window is 6,000 tokens: --context-tokens of 8,192 becomes as many." in ended.out
    assert "-> The price is not known" in ended.out


def test_doctor_tells_of_a_weak_endpoint_and_goes_on_where_a_call_fails(docpager, there):
    faults = FaultPlan({3: Fault.CONTENT_FILTER})
    settings = EndpointSettings(usage=False, refused_parameters={"temperature": None, "tools": None})
    with Endpoint(Scripted(["no"] * 9), settings, faults=faults) as endpoint:
        ended = docpager("doctor", "--model", "weak", "--base-url", endpoint.base_url, "--json")
    found = json.loads(ended.out)
    assert (found["native_tools"], found["reports_usage"], found["window"]) == (False, False, None)
    assert found["lessons"] == ["no temperature"]
    assert found["programs"].keys() == {"pandoc", "tesseract"}
    assert "withheld its reply" in found["problems"][0]
    assert any("reports no usage" in sentence for sentence in found["advice"])
    assert any("does not state its window" in sentence for sentence in found["advice"])


def test_doctor_lists_models_where_none_is_named(docpager, there):
    with Endpoint(READER) as endpoint:
        ended = docpager("doctor", "--base-url", endpoint.base_url)
        assert endpoint.count == 0
    assert ended.code == 0
    assert "Set --model to one that it has: loopback." in ended.out


def test_doctor_without_an_endpoint_says_what_answers_then(docpager, there):
    ended = docpager("doctor")
    assert ended.code == 0
    assert "extractive" in ended.out


def test_doctor_tells_of_optional_programs_without_an_endpoint(docpager, there):
    with no_programs():
        ended = docpager("doctor")
        as_json = json.loads(docpager("doctor", "--json").out)
    assert ended.out.splitlines()[:2] == [
        "pandoc         not installed; for RST, Org, LaTeX, notebooks and DocBook: pip install 'docpager[pandoc]', "
        "or a pandoc on PATH",
        "tesseract      not installed; for OCR of scanned pages and pictures: apt-get install tesseract-ocr, or alike",
    ]
    assert as_json == {"programs": {"pandoc": None, "tesseract": None}}


@needs_tesseract
def test_doctor_tells_which_languages_tesseract_reads(docpager, there):
    (line,) = (line for line in docpager("doctor").out.splitlines() if line.startswith("tesseract"))
    assert re.match(r"tesseract +tesseract v?\d+\.\S+ \(/.*\); for OCR .*; languages: .*\beng\b", line)


@pytest.mark.parametrize(("fault", "code"), [(Fault.BAD_KEY, 78), (Fault.UNAVAILABLE, 75)])
def test_doctor_ends_as_a_run_would(docpager, there, fault, code):
    with Endpoint(Scripted([]), faults=FaultPlan.every(1, fault)) as endpoint:
        ended = docpager("doctor", "--model", "m", "--base-url", endpoint.base_url, "--give-up-after", "0.5")
    assert ended.code == code


@pytest.mark.parametrize("flags", [[], ["--share-notes"]])
def test_run_shares_what_questions_remember_only_where_it_is_told_to(docpager, there, flags):
    note = "Lost wallets: 90 days."
    first = [
        call("search", query="wallets are kept"),
        call("page_in", pages=["p1"]),
        call("remember", text=note, addresses=["p1:1"]),
    ]
    end = [call("abstain", reason="done")]
    recall = call("recall", query="wallets kept days")
    questions = "question_id,question\nwallets,How long are wallets kept?\nagain,And how many days is that?\n"
    Path("questions.csv").write_text(questions, encoding="utf-8")
    script = Scripted([*first, *end * 2, recall, *end])
    with Endpoint(script, EndpointSettings(keep_bodies=True)) as endpoint:
        ended = docpager(
            *("run", "questions.csv", "-o", "out", "--model", "loopback", "--base-url", endpoint.base_url),
            *("--tool-protocol", "json", "--autonomy", "full", "--concurrency", "1", *flags),
        )
        last = json.dumps(endpoint.log[-1].body)
    assert ended.code == 0
    [kept] = map(json.loads, Path("out/notes.jsonl").read_text(encoding="utf-8").splitlines())
    assert (kept["question_id"], kept["text"]) == ("wallets", note)
    assert (f"note of question wallets: {note} (rests on p1:1 (" in last) is bool(flags)
    assert ("Lost wallets" in last) is bool(flags)
