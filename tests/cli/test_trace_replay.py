"""``trace replay`` and ``tune`` on a run as a person makes one."""

import json
import shutil
from pathlib import Path

import pytest

from docpager.analysis.replay_policies import REPLAY_POLICIES
from docpager.cli.trace_replay import _Policies


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive, docpager):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_archive, "small.lancedb")
    Path("q.csv").write_text(
        "question_id,question\na,Wallets are kept for how many days?\nb,How many passengers in 2023?\n"
    )
    docpager("run", "q.csv", "-o", "outputs/one", "--archive", "small.lancedb", "-q")
    return tmp_path


def test_replay_shows_every_policy_at_every_budget_beside_the_bound(docpager, there):
    ended = docpager("trace", "replay", "one", "--json")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert records[0]["record"] == "run"
    assert records[0]["not_exact"] == []
    points = [record for record in records if record["record"] == "point"]
    assert {point["policy"] for point in points} == set(REPLAY_POLICIES)
    assert len(points) == 6 * len(REPLAY_POLICIES)
    assert all(point["bound_refaults"] <= point["refaults"] for point in points)
    assert {record["record"] for record in records} == {"run", "point", "working_set", "readahead"}


def test_replay_draws_its_curves(docpager, there):
    ended = docpager(
        "trace", "replay", "one", "--plots", "pictures", "--policy", "lru", "--budget", "500", "--budget", "900"
    )
    assert ended.code == 0
    assert "faults / bound" in ended.out
    assert "another policy or budget might have led the model elsewhere" in ended.err
    for name in ("fault-curve", "cost-curve", "working-set"):
        assert Path(f"pictures/{name}.svg").read_text().startswith("<svg ")


def test_a_question_that_is_not_there_ends_with_66(docpager, there):
    assert docpager("trace", "replay", "one", "--question", "z").code == 66
    assert docpager("trace", "replay", "two").code == 66
    assert docpager("trace", "replay", "one", "--policy", "magic").code == 2


def test_tune_says_it_in_one_sentence_and_shows_what_it_rests_on(docpager, there):
    ended = docpager("tune", "one", "--refaults", "0.1")
    sentence, blank, *table = ended.out.splitlines()
    assert ended.code == 0
    assert sentence.startswith("A window of ")
    assert "would have kept refaults at 0.000 per reference, within 0.1, over 2 questions" in sentence
    assert blank == ""
    assert any(line.endswith("<-") for line in table)
    records = [json.loads(line) for line in docpager("tune", "one", "--json").out.splitlines()]
    assert [record["record"] for record in records[:2]] == ["advice", "tried"]
    assert records[0]["sentence"].startswith("A window of ")


def test_the_command_knows_every_policy():
    assert list(_Policies().choices) == list(REPLAY_POLICIES)
