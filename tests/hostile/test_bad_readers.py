"""Readers that hang, eat memory, crash, exit, flood, fork and raise, wherever in a batch: only their document fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import bad_readers
import pytest

GOOD = 20
LIMIT, FAILED = "limit_exceeded", "failed"
ENDINGS = {
    "hangs": (LIMIT, "Reading it took longer than {seconds} s (--file-timeout)."),
    "eats_memory": (LIMIT, "Reading it needed more than 1,024 MiB of memory."),
    "segfaults": (FAILED, "Reading it failed: the worker process was ended by SIGSEGV."),
    "exits": (FAILED, "Reading it failed: the worker process ended with exit code 3."),
    "floods_output": (LIMIT, "Reading it gave more than 128 MiB of text."),
    "forks": (LIMIT, "Reading it took longer than {seconds} s (--file-timeout)."),
    "raises": (FAILED, "It cannot be read (RuntimeError: boom)."),
}
BASE_MIB = 450
"""What the parent takes for a batch of good files; 300 MiB more are too much."""


@pytest.fixture
def run_batch(tmp_path, repository, file_seconds):
    """Ingests a batch with bad files at a place among the good ones, in a session of its own."""

    def run(kinds, position, confined="", name="batch"):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(GOOD):
            (folder / f"{number:02}-good.txt").write_text(f"Text number {number}.")
        for kind in kinds:
            (folder / f"{position:02}-{kind}.txt").write_text(f"Text of {kind}.")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(repository), os.path.dirname(bad_readers.__file__)]),
        }
        words = [
            sys.executable,
            bad_readers.__file__,
            str(folder),
            str(tmp_path / f"{name}.lancedb"),
            str(file_seconds),
            confined,
        ]
        started = time.monotonic()
        program = subprocess.Popen(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        out, err = program.communicate(timeout=120)
        assert program.returncode == 3, err
        assert members(program.pid) == [], "something outlived its worker"
        return json.loads(out), time.monotonic() - started

    return run


def members(session: int) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "sid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    found = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [args for sid, stat, args in found if int(sid) == session and not stat.startswith("Z")]


def ending(kind, seconds):
    status, message = ENDINGS[kind]
    return [status, message.format(seconds=seconds)]


def check(told, kinds, position, seconds):
    expected = {f"{number:02}-good.txt": ["indexed", None] for number in range(GOOD)}
    expected |= {f"{position:02}-{kind}.txt": ending(kind, seconds) for kind in kinds}
    assert told["rows"] == expected
    assert told["documents"] == len(expected)
    assert told["peak_mib"] < BASE_MIB + 300


def test_each_kind_of_bad_reader_costs_its_own_document_only(run_batch, figure, count, file_seconds):
    kinds = list(ENDINGS)
    slowest = peak = 0
    batches = count(1, 35)
    for number in range(batches):
        position = (10, 0, 5, 15, 20)[number % 5]
        bad = kinds if batches == 1 else [kinds[number // 5]]
        told, seconds = run_batch(bad, position, name=f"batch-{number}")
        check(told, bad, position, file_seconds)
        slowest, peak = max(slowest, seconds), max(peak, told["peak_mib"])
    figure(f"{batches} batches; the slowest took {slowest:.1f} s, the largest parent {peak} MiB")


def test_a_confined_reader_cannot_even_fork(run_batch, file_seconds):
    told, _ = run_batch(["forks", "eats_memory"], 10, confined="confined")
    status, message = told["rows"]["10-forks.txt"]
    refused = [FAILED, "It cannot be read (BlockingIOError: [Errno 11] no fork)."]
    assert [status, message] in [refused, ending("forks", file_seconds)]
    assert told["rows"]["10-eats_memory.txt"] == ending("eats_memory", file_seconds)
