"""Runs against an endpoint that fails: every kind of fault, wherever it comes, and a key that shows up nowhere."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from worlds import FERRIES

from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.run_report import RunReport
from docpager.batch.runner import run_questions
from docpager.redaction import HIDDEN
from docpager.settings import AgentSettings, ConnectionSettings, RunSettings
from docpager.testing import Endpoint, EndpointSettings, Fault, FaultPlan, FaultSizes, Gold, GoldAnswer, PerfectReader
from docpager.wiring import close_model, make_agent

KEY = "sk-planted-7f3a9c51"
QUESTIONS = {
    "Who is the harbour master?": "Ole Brand",
    "Which captain retired in May 2023?": "Ines Holm",
    "How many passengers did the Alma carry in 2023?": "12,400",
    "Who is the new captain?": "Jon Dahl",
}
GOLD = Gold([GoldAnswer(question, (answer,)) for question, answer in QUESTIONS.items()])
SMALL = FaultSizes(retry_after_s=0.1, refuse_s=0.1, drip_interval_s=0.02, large_body_bytes=20 * 2**20)
STOPPING = {Fault.BAD_KEY: "CredentialsError", Fault.NO_MODEL: "UnknownModelError", Fault.QUOTA: "QuotaError"}
CALLS = 15
"""About so many calls make up the run: the probe and three or four for each question."""


@dataclass
class World:
    """A run's questions and folder, and the settings that lead to an endpoint."""

    questions: Path
    folder: Path
    count: int

    def run(self, endpoint: Endpoint, *, concurrency: int = 2, **settings: object) -> RunReport:
        times = {"request_timeout_seconds": 1.5, "give_up_after_seconds": 4.0}
        connection = ConnectionSettings(
            base_url=endpoint.base_url, header=(f"X-Token: {KEY}",), api_key_file=self._key_file(), **times
        )
        agent_settings = AgentSettings(model="loopback", **{"context_tokens": 8192, **settings})
        agent = make_agent(agent_settings, FERRIES, connection=connection)
        file = read_question_file(self.questions)
        identity = RunIdentity(
            file.questions_sha256, agent_settings, "1", FERRIES.uri, FERRIES.generation, "none", connection=connection
        )
        run_settings = RunSettings(output=str(self.folder), concurrency=concurrency, keep_transcripts="all")
        return run_questions(file, agent.answer, identity, run_settings, closing=lambda: close_model(agent.model))

    def _key_file(self) -> str:
        file = self.questions.with_name("key")
        file.write_text(KEY)
        return str(file)

    def rows(self) -> list[dict]:
        return pq.read_table(self.folder / "answers.parquet").to_pylist()


def world_in(folder: Path, times: int) -> World:
    """A world in which each question is asked so many times."""
    rows = [
        {"question": question, "question_id": f"q{n}-{m}"} for m in range(times) for n, question in enumerate(QUESTIONS)
    ]
    questions = folder / "questions.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return World(questions, folder / "run", len(rows))


@pytest.fixture
def world(tmp_path) -> World:
    return world_in(tmp_path, 1)


def serving(faults: FaultPlan | None = None, **settings: object) -> Endpoint:
    return Endpoint(PerfectReader(GOLD), EndpointSettings(api_key=KEY, **settings), faults=faults)


def test_a_run_without_faults_answers_everything(world):
    with serving() as endpoint:
        report = world.run(endpoint)
        assert CALLS - 3 <= endpoint.count <= CALLS + 3
    assert report.exit_code == 0
    assert dict(report.counts) == {"answered": len(QUESTIONS)}
    for row, answer in zip(world.rows(), QUESTIONS.values(), strict=True):
        assert answer in row["answer"]
        assert row["n_verified"] == row["n_citations"] > 0
        assert row["tool_protocol"] == "native"
        assert row["cost_usd"] is None


def check(world: World, fault: Fault, position: int) -> None:
    """A run that meets a fault once."""
    with serving(FaultPlan({position: fault}, sizes=SMALL)) as endpoint:
        report = world.run(endpoint)
        count = endpoint.count
    rows = world.rows()
    assert len(rows) == world.count
    assert count >= position, "the fault came"
    if fault in STOPPING:
        assert report.exit_code == 78
        assert type(report.error).__name__ == STOPPING[fault]
        assert count <= position + 2
        with serving() as endpoint:
            again = world.run(endpoint)
        assert (again.exit_code, again.resumed) == (0, True)
        assert all(row["exit_status"] == "answered" for row in world.rows())
        return
    assert report.exit_code in (0, 3), report.error
    for row in rows:
        assert row["exit_status"] == "answered" or (row["error_type"] and row["error_message"]), row
    lost = sum(row["exit_status"] != "answered" for row in rows)
    assert lost <= (fault in (Fault.RATE_LIMIT_HOURS, Fault.CONTENT_FILTER, Fault.CONTEXT_LENGTH)), rows


SAMPLE = [(fault, 1 + number % 6) for number, fault in enumerate(Fault)]
"""One position for each fault every day; a release runs them all."""


@pytest.mark.parametrize(("fault", "position"), SAMPLE)
def test_a_fault_costs_one_question_at_most_or_stops_what_cannot_go_on(world, fault, position):
    check(world, fault, position)


@pytest.mark.slow
@pytest.mark.parametrize("position", range(1, 21))
@pytest.mark.parametrize("fault", Fault)
def test_a_fault_at_every_position(tmp_path, fault, position):
    check(world_in(tmp_path, 2), fault, position)


@pytest.mark.parametrize("fault", STOPPING)
def test_a_run_that_cannot_succeed_stops_within_three_calls(world, fault):
    with serving(FaultPlan.every(1, fault)) as endpoint:
        report = world.run(endpoint, concurrency=8)
        assert endpoint.count <= 3
    assert report.exit_code == 78
    assert dict(report.counts) == {"skipped": len(QUESTIONS)}


def test_a_run_whose_endpoint_is_down_ends_with_75_and_goes_on_later(world):
    with serving(FaultPlan(rule=lambda number: Fault.UNAVAILABLE if number > 5 else None)) as endpoint:
        started = time.monotonic()
        report = world.run(endpoint)
        took = time.monotonic() - started
    assert report.exit_code == 75
    assert 4 <= took < 12
    assert "model_error" not in report.counts, "an endpoint that is down costs no question"
    with serving() as endpoint:
        assert world.run(endpoint).exit_code == 0


def test_a_run_under_many_faults_answers_or_names_what_went_wrong(world):
    passing = [fault for fault in Fault if fault not in STOPPING]
    with serving(FaultPlan.sometimes(0.3, passing, seed=7, sizes=SMALL)) as endpoint:
        report = world.run(endpoint, concurrency=4)
    assert report.exit_code in (0, 3, 75)
    assert all(row["exit_status"] in ("answered", "skipped") or row["error_message"] for row in world.rows())


def test_a_request_that_is_too_long_never_loses_the_question(world):
    with serving(context_tokens=6000) as endpoint:
        report = world.run(endpoint, context_tokens=16000)
    assert dict(report.counts) == {"answered": len(QUESTIONS)}


@pytest.mark.parametrize("fault", [None, Fault.BAD_KEY, Fault.CONTENT_FILTER])
def test_keys_show_up_in_no_file_and_no_output(world, fault, capfd):
    with serving(FaultPlan({4: fault} if fault else {})) as endpoint:
        report = world.run(endpoint)
    found = [path for path in world.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert found == []
    assert KEY not in repr(report) + str(report.error) + "".join(capfd.readouterr())
    manifest = json.loads((world.folder / "manifest.json").read_text())
    assert manifest["settings"]["connection"]["header"] == [f"X-Token: {HIDDEN}"]
    assert manifest["settings"]["connection"]["base_url"] == endpoint.base_url


def test_the_manifest_says_how_far_counts_were_apart(world):
    with serving() as endpoint:
        world.run(endpoint)
    usage = json.loads((world.folder / "manifest.json").read_text())["usage"]
    assert usage["counted_tokens"] == pytest.approx(usage["prompt_tokens"], rel=0.2)
    assert 0 < usage["count_error"] < 0.25
