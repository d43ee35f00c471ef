"""Budgets of a run: where it stops, what it says, and that the same command goes on once it may use more."""

import json
from pathlib import Path

import pytest

from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers
from docpager.testing import Endpoint, Gold, GoldAnswer, PerfectReader

NAMES = [f"q{n:02}" for n in range(12)]
QUESTIONS = [f"Wallets are kept for how many days, asks visitor {n}?" for n in range(12)]
READER = PerfectReader(Gold([GoldAnswer(question, ("ninety days",)) for question in QUESTIONS]))


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder with twelve questions; the archive is named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    rows = [f'{name},"{question}"\n' for name, question in zip(NAMES, QUESTIONS, strict=True)]
    Path("questions.csv").write_text("question_id,question\n" + "".join(rows), encoding="utf-8")
    Path("prices.toml").write_text("[loopback]\ninput = 2.0\noutput = 8.0\n")
    return tmp_path


@pytest.fixture
def run(docpager, there):
    """Runs the questions through an endpoint, one at a time."""
    with Endpoint(READER) as endpoint:

        def start(*options):
            words = ["--model", "loopback", "--base-url", endpoint.base_url, "--concurrency", 1, *options]
            return docpager("run", "questions.csv", "-o", "out", "--json", *words), endpoint.count

        yield start


def statuses() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in read_answers(Path("out"), ["exit_status"]):
        found[row["exit_status"]] = found.get(row["exit_status"], 0) + 1
    return found


@pytest.mark.parametrize(
    ("option", "share"),
    [("--max-tokens", "tokens"), ("--max-cost", "cost_usd")],
)
def test_half_of_what_a_run_costs_stops_it_half_way_and_the_rest_costs_the_rest(run, option, share):
    assert run("--prices", "prices.toml")[0].code == 0
    sitting = read_manifest(Path("out")).sittings[-1]
    half = sitting[share] / 2
    limit = round(half) if option == "--max-tokens" else round(half, 6)

    stopped, _ = run("--prices", "prices.toml", "--fresh", option, limit)
    assert stopped.code == 4
    assert f"{option} " in stopped.err
    assert f"Raise {option}, and the same command goes on." in stopped.err
    assert 3 <= statuses()["answered"] <= 8
    assert statuses()["answered"] + statuses()["skipped"] == 12
    first = read_manifest(Path("out")).sittings[-1][share]
    assert limit <= first < 1.5 * half

    again, _ = run("--prices", "prices.toml", option, limit)
    assert (again.code, json.loads(again.out)["asked"]) == (4, 0)

    done, _ = run("--prices", "prices.toml", option, sitting[share] * 2)
    assert done.code == 0
    assert statuses() == {"answered": 12}
    sittings = read_manifest(Path("out")).sittings
    assert sum(s[share] for s in sittings) == pytest.approx(sitting[share], rel=0.25)


def test_no_call_is_made_beyond_a_budget(run):
    stopped, served = run("--max-tokens", 1)
    assert stopped.code == 4
    assert served <= 2  # one to find out whether the model calls tools, and at most one of a question


def test_time_that_is_over_stops_a_run_which_goes_on_later(run):
    stopped, _ = run("--max-time", "0.05s")
    assert stopped.code == 4
    assert "--max-time 0 s is reached: the time of this sitting is over." in stopped.err
    assert run()[0].code == 0
    assert statuses() == {"answered": 12}


def test_budgets_are_no_part_of_a_runs_identity(run):
    assert run("--max-tokens", 10**9, "--max-cost", 5, "--max-time", "2h", "--prices", "prices.toml")[0].code == 0
    again, _ = run("--max-tokens", 10**8)
    assert json.loads(again.out)["already_finished"] is True


def test_limited_cost_without_a_price_is_refused_before_anything_is_spent(run):
    ended, served = run("--max-cost", 1)
    assert (ended.code, served) == (78, 0)
    assert "The cost of loopback is limited, but its price is not known." in ended.err
