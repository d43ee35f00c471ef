"""Two identical runs at once: one works, the other is told at once, and no row comes twice."""

import json
import time

import pytest


def ends(programs, command, folder):
    """Exit code, seconds and words of each of two programs that were started together."""
    started_at = time.monotonic()
    both, found = [programs.start(command, folder) for _ in range(2)], {}
    while len(found) < 2:
        for program in both:
            if program not in found and program.poll() is not None:
                found[program] = (program.returncode, time.monotonic() - started_at, program.communicate()[1])
        time.sleep(0.01)
        assert time.monotonic() - started_at < 60
    return sorted(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["named", "under_outputs"])
def test_of_two_runs_at_once_one_works_and_the_other_exits_75(
    named, programs, world_of, serving, count, figure, results_of, tmp_path
):
    pairs, world, seconds = count(1, 50), world_of(12), []
    with serving(world, 0.3) as endpoint:
        more = ["--model", "loopback", "--base-url", endpoint.base_url, "--concurrency", "2", "--cache", "off"]
        for pair in range(pairs):
            folder = tmp_path / f"pair-{pair}"
            folder.mkdir()
            worked, told = ends(programs, world.run_command(folder / "run" if named else None, *more), folder)
            assert (worked[0], worked[2], told[0]) == (0, "", 75), (worked, told)
            assert "is in use by another docpager process" in told[2]
            seconds.append(told[1])
            [run] = [path.parent for path in folder.rglob("manifest.json")]
            answers, _ = results_of(run)
            assert [row[0] for row in answers] == [f"q{n:03}" for n in range(12)]
            assert {row[1] for row in answers} == {"answered"}
            journal = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
            assert len(journal) == 12
    seconds.sort()
    figure(
        f"{pairs} pairs: one worked, the other exited 75 after {seconds[len(seconds) // 2]:.2f} s (median), "
        f"{seconds[-1]:.2f} s (slowest), Python's start included; no row twice"
    )
