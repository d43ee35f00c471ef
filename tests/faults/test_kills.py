"""Runs that are killed and interrupted at random moments, and resumed: they come to what an unbroken run comes to."""

import json
import random
import shutil
import signal
import subprocess
import time
from contextlib import closing, nullcontext

import pytest

from docpager import open_archive, open_archive_for_writing

SITTING_SECONDS = 5.0
"""A sitting is killed within this time; the first second and a half is Python's start."""


def run_to_its_end(programs, command, folder):
    code, said = programs.ended(command, folder)
    assert (code, said) == (0, "")


def killed_after(programs, command, folder, seconds):
    """Whether the program still ran when it was killed."""
    program = programs.start(command, folder)
    try:
        code = program.wait(seconds)
    except subprocess.TimeoutExpired:
        program.kill()
        program.communicate()
        return True
    assert code == 0, program.communicate()
    return False


@pytest.mark.parametrize(
    ("model", "kills"), [("loopback", 100), pytest.param("extractive", 50, marks=pytest.mark.slow)]
)
def test_killed_runs_end_like_an_unbroken_one(
    model, kills, programs, world_of, serving, count, figure, results_of, tmp_path
):
    """Calls that are repeated are those in flight when a kill came, one for each question in work at most."""
    kills, questions, seed = count(2, kills), count(8, 500), 1746
    world, moments = world_of(questions), random.Random(seed)
    at_loopback = model == "loopback"
    with serving(world, 0.05) if at_loopback else nullcontext() as endpoint:
        more = ["--model", model, *(["--base-url", endpoint.base_url, "--concurrency", "4"] if at_loopback else [])]

        def sittings(name):
            folder = tmp_path / name
            folder.mkdir()
            return folder, world.run_command(folder / "run", *more)

        folder, command = sittings("unbroken")
        run_to_its_end(programs, command, folder)
        unbroken = results_of(folder / "run")
        assert {row[1] for row in unbroken[0]} <= {"answered", "abstained", "unverified"}
        once = endpoint.count if at_loopback else 0
        done, chains, repeated = 0, 0, 0
        while done < kills:
            chains += 1
            before = endpoint.count if at_loopback else 0
            folder, command = sittings(f"killed-{chains}")
            longest = SITTING_SECONDS if count(0, 1) else 2.5
            while done < kills and killed_after(programs, command, folder, moments.uniform(0, longest)):
                done += 1
            run_to_its_end(programs, command, folder)
            assert results_of(folder / "run") == unbroken
            lines = (folder / "run" / "journal.jsonl").read_text().splitlines()
            assert len({json.loads(line)["answer"]["question_id"] for line in lines}) == len(lines) == questions
            repeated += (endpoint.count if at_loopback else 0) - before - once
            shutil.rmtree(folder)
    figure(
        f"{done} kills over {chains} runs of {questions} questions (seed {seed}): 0 lost, 0 twice, all rows equal; "
        f"{once} calls unbroken, {repeated} repeated, {repeated / done:.2f} a kill"
    )
    assert repeated <= 4 * done


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_ends_in_time_and_can_be_resumed(
    number, programs, world_of, serving, count, figure, results_of, tmp_path
):
    rounds, questions, seed = count(2, 100), count(20, 500), 1854
    world, moments = world_of(questions), random.Random(seed)
    slowest, chains, done = 0.0, 0, 0
    with serving(world, 0.05) as endpoint:
        more = ["--model", "loopback", "--base-url", endpoint.base_url, "--concurrency", "4"]
        (tmp_path / "unbroken").mkdir()
        run_to_its_end(programs, world.run_command(tmp_path / "unbroken" / "run", *more), tmp_path / "unbroken")
        unbroken = results_of(tmp_path / "unbroken" / "run")
        while done < rounds:
            chains += 1
            folder = tmp_path / f"interrupted-{chains}"
            folder.mkdir()
            command = world.run_command(folder / "run", *more)
            while done < rounds:
                program = programs.start(command, folder)
                time.sleep(moments.uniform(0, SITTING_SECONDS if count(0, 1) else 2.5))
                told = program.poll() is None
                program.send_signal(number)
                told_at = time.monotonic()
                code = program.wait(20)
                slowest = max(slowest, time.monotonic() - told_at)
                said = program.communicate()
                if code == 0:
                    break
                done += told
                # Below 0: the signal came before Python had come to docpager. A shell calls it the same.
                assert (code if code > 0 else 128 - code) == 128 + number, (code, said)
            run_to_its_end(programs, command, folder)
            assert results_of(folder / "run") == unbroken
            shutil.rmtree(folder)
    figure(f"{done} signals over {chains} runs of {questions} questions (seed {seed}); slowest end {slowest:.2f} s")
    assert slowest < 10


@pytest.mark.slow
def test_a_killed_ingest_is_completed_by_the_same_command(programs, world_of, count, figure, tmp_path):
    kills, seed = count(2, 50), 1912
    world, moments = world_of(500), random.Random(seed)
    done, chains = 0, 0
    whole = contents_of(world.archive)
    assert len(whole) == 25
    while done < kills:
        chains += 1
        folder = tmp_path / f"killed-{chains}"
        folder.mkdir()
        command = world.command("ingest", world.folder / "documents", "--archive", folder / "a", "--workers", "1", "-q")
        while done < kills and killed_after(programs, command, folder, moments.uniform(0, SITTING_SECONDS)):
            done += 1
        run_to_its_end(programs, command, folder)
        assert contents_of(folder / "a") == whole
        with open_archive_for_writing(str(folder / "a")) as writer:
            assert (writer.sweep(), writer.is_finished, list(writer.check())) == (0, True, [])
        shutil.rmtree(folder)
    figure(f"{done} kills over {chains} ingests of 25 documents (seed {seed}): all whole, nothing beside them")


def contents_of(uri):
    """Everything an archive holds but for times and places."""
    with closing(open_archive(str(uri))) as archive:
        return {
            row.path: (row.status, archive.paper_pages(row.doc_id), archive.segments_of(row.doc_id))
            for row in archive.documents()
        }
