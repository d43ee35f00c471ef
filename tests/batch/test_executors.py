"""One contract for every executor, and the limits that only worker processes keep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docpager.batch.executors.inline import InlineExecutor
from docpager.batch.executors.processes import ProcessExecutor
from docpager.protocols import Executor, FailureKind

HERE = Path(__file__).parent
EXECUTORS = {
    "inline": InlineExecutor,
    "processes": lambda: ProcessExecutor(workers=2, timeout_seconds=1, memory_mib=400),
}


@pytest.fixture(scope="module")
def misbehaving():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        import misbehaving

        yield misbehaving


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    made = EXECUTORS[request.param]()
    yield made
    made.close()


@pytest.fixture(scope="module")
def pool():
    with EXECUTORS["processes"]() as made:
        yield made


def children() -> set[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,stat=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    ).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line or " Z" in line}


def test_an_executor_is_what_the_protocol_says(executor):
    assert isinstance(executor, Executor)


def test_every_item_comes_back_exactly_once(executor, misbehaving):
    items = [f"item {n}" for n in range(50)]
    outcomes = list(executor.map(misbehaving.behave, items))
    assert sorted(outcome.item for outcome in outcomes) == sorted(items)
    assert all(outcome.result == outcome.item.upper() and outcome.failure is None for outcome in outcomes)


def test_nothing_comes_of_nothing(executor, misbehaving):
    assert list(executor.map(misbehaving.behave, [])) == []


FAILURES = [
    ("raise_awkwardly", "AwkwardError", "boom bang"),
    ("raise_speechless", "SpeechlessError", "(its message cannot be shown: RuntimeError)"),
    ("leave_politely", "SystemExit", "4"),
]


@pytest.mark.parametrize(("kind", "error_type", "message"), FAILURES)
def test_what_a_task_raises_is_its_failure(executor, misbehaving, kind, error_type, message):
    before, bad, after = sorted(
        executor.map(misbehaving.behave, ["a", kind, "b"]), key=lambda o: (o.item != "a", o.item == "b")
    )
    assert (before.result, after.result) == ("A", "B")
    assert bad.result is None
    assert (bad.failure.kind, bad.failure.error_type, bad.failure.message) == (
        FailureKind.EXCEPTION,
        error_type,
        message,
    )


def test_items_are_taken_no_faster_than_they_are_worked_on(executor, misbehaving):
    taken = []

    def items():
        for n in range(1000):
            taken.append(n)
            yield f"item {n}"

    outcomes = executor.map(misbehaving.behave, items())
    next(outcomes)
    assert len(taken) <= 4
    outcomes.close()


def test_an_executor_goes_on_after_an_abandoned_iteration(executor, misbehaving):
    outcomes = executor.map(misbehaving.behave, ["a", "b", "c", "d", "e"])
    next(outcomes)
    outcomes.close()
    assert [outcome.result for outcome in executor.map(misbehaving.behave, ["f"])] == ["F"]


LIMITS = [
    ("hang", FailureKind.TIMEOUT, "took longer than 1 s"),
    ("spin", FailureKind.TIMEOUT, "took longer than 1 s"),
    ("eat_memory", FailureKind.MEMORY, "needed more than 400 MiB of memory"),
    ("segfault", FailureKind.CRASH, "the worker process was ended by SIGSEGV"),
    ("abort", FailureKind.CRASH, "the worker process was ended by SIGABRT, perhaps for lack of memory"),
    ("leave", FailureKind.CRASH, "the worker process ended with exit code 3"),
]


def test_what_a_task_does_to_its_worker_is_its_failure_and_no_other_tasks(pool, misbehaving):
    kinds = [kind for kind, *_ in LIMITS]
    good = [f"item {n}" for n in range(12)]
    mixed = [item for pair in zip(kinds * 2, good) for item in pair]
    outcomes = list(pool.map(misbehaving.behave, mixed))
    assert sorted(outcome.item for outcome in outcomes) == sorted(mixed)
    assert sorted(outcome.result for outcome in outcomes if outcome.item in good) == sorted(map(str.upper, good))
    found = {(o.item, o.failure.kind, o.failure.message) for o in outcomes if o.item not in good}
    assert found == set(LIMITS)


def test_a_result_that_cannot_be_sent_is_a_failure(pool, misbehaving):
    (outcome,) = pool.map(misbehaving.behave, ["return_a_function"])
    assert outcome.failure.kind is FailureKind.EXCEPTION
    assert "pickle" in outcome.failure.message


def test_a_worker_that_forks_answers_once(pool, misbehaving):
    outcomes = list(pool.map(misbehaving.behave, ["fork", *[f"item {n}" for n in range(10)]]))
    assert len(outcomes) == 11
    assert all(outcome.failure is None for outcome in outcomes)


def test_what_workers_print_stays_with_them(pool, misbehaving, capfd):
    (outcome,) = pool.map(misbehaving.behave, ["flood_output"])
    assert outcome.failure is None
    assert capfd.readouterr() == ("", "")


def test_no_worker_starts_without_work_and_none_outlives_close(misbehaving):
    before = children()
    executor = EXECUTORS["processes"]()
    assert list(executor.map(misbehaving.behave, [])) == []
    assert children() == before
    assert len(list(executor.map(misbehaving.behave, ["hang", "segfault", "a"]))) == 3
    assert [outcome.result for outcome in executor.map(misbehaving.behave, ["b"])] == ["B"]
    assert children() > before
    executor.close()
    executor.close()
    assert children() == before


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import misbehaving
from docpager.batch.executors.processes import ProcessExecutor

if __name__ == "__main__":
    with ProcessExecutor(workers=2, timeout_seconds=60) as executor:
        for outcome in executor.map(misbehaving.behave, ["a", "hang", "spin"]):
            print("ready", flush=True)
"""


@pytest.mark.parametrize(("sent", "to_group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGKILL, False)])
def test_workers_end_with_their_parent(tmp_path, repository, sent, to_group):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(here=str(HERE)))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    (os.killpg if to_group else os.kill)(parent.pid, sent)
    assert parent.wait(timeout=8) != 0
    deadline = time.monotonic() + 5
    while group_members(parent.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert group_members(parent.pid) == []


def group_members(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pgid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(group)]
