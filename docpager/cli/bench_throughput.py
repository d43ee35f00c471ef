"""``docpager bench throughput``: how much of an endpoint's capacity a run uses, its CPU a step, and its memory."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, duration
from docpager.cli.options import Words, common_options, json_option
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.analysis.throughput import Measured

BARE_CALLS = 1000
FEW = 20


@click.command("throughput")
@click.option("--questions", default=2000, show_default=True, metavar="N", help="Questions of the run.")
@click.option("--at-once", default=256, show_default=True, metavar="N", help="Questions worked on at once.")
@click.option("--latency", default=4.0, show_default=True, metavar="X", help="Seconds that each reply takes.")
@click.option("--memory", type=Words(), default=(), metavar="N,N", help="Runs of so many questions, for their memory.")
@json_option
@common_options
@click.pass_obj
def throughput(
    console: Console, /, questions: int, at_once: int, latency: float, memory: tuple[str, ...], as_json: bool
) -> None:
    """Runs questions against an endpoint of fixed latency on this machine, in a process of its own.

    Ideal is what the calls take where so many are always under way. CPU a step is the run's beyond that of a bare
    client that makes the same calls.
    """
    from docpager.analysis import throughput as measure
    from docpager.wiring import ingest_folder

    found: dict[str, Any] = {}
    with TemporaryDirectory(prefix="docpager-bench-") as name:
        folder = Path(name)
        measure.write_collection(folder / "towns")
        ingest_folder(folder / "towns", IngestSettings(archive=str(folder / "archive.lancedb")))
        options = ["--archive", str(folder / "archive.lancedb"), "--model", "loopback", "--concurrency", str(at_once)]
        if questions:
            few, gold = measure.write_questions(folder, FEW)
            with measure.served(gold, 0.0) as url:
                start = measure.measured(
                    few, folder / "few", [*options, "--base-url", url, "--keep-transcripts", "all"]
                )
                bodies = _bodies(folder / "few")
                bare = asyncio.run(_bare(url, bodies, at_once)) / BARE_CALLS
            many, gold = measure.write_questions(folder, questions)
            with measure.served(gold, latency) as url:
                run = measure.measured(many, folder / "many", [*options, "--base-url", url])
            found |= _told(run, start, bare, latency, at_once)
        for count in map(int, memory):
            many, gold = measure.write_questions(folder, count)
            with measure.served(gold, 0.0) as url:
                run = measure.measured(many, folder / f"memory-{count}", [*options, "--base-url", url])
            found[f"peak_mib_at_{count}"] = run.peak_mib
            found[f"seconds_at_{count}"] = round(run.seconds, 1)
    if as_json:
        console.put_json(found)
        return
    for key, value in found.items():
        console.put(f"{key.replace('_', ' '):<28}  {f'{value:,}' if isinstance(value, int) else value}")


def _told(run: Measured, start: Measured, bare: float, latency: float, at_once: int) -> dict[str, Any]:
    ideal = run.ideal_seconds(latency, at_once)
    each = (run.cpu_seconds - start.cpu_seconds) / max(1, run.calls - start.calls)
    return {
        "questions": run.questions,
        "answered": run.answered,
        "calls": run.calls,
        "took": duration(run.seconds),
        "ideal": duration(ideal),
        "share_of_ideal": round(ideal / run.seconds, 3),
        "cpu_ms_a_step": round(1000 * each, 2),
        "cpu_ms_of_a_bare_call": round(1000 * bare, 2),
        "cpu_ms_beyond_it": round(1000 * (each - bare), 2),
        "peak_mib": run.peak_mib,
    }


def _bodies(run: Path) -> list[dict[str, Any]]:
    """The messages of a run's calls, as a bare client sends them."""
    found = []
    for path in sorted((run / "transcripts").glob("*.json")):
        for call in json.loads(path.read_text(encoding="utf-8")):
            texts = [{"role": "user", "content": message["content"]} for message in call["messages"]]
            found.append({"model": "loopback", "messages": texts, "max_tokens": 256})
    return found


async def _bare(url: str, bodies: list[dict[str, Any]], at_once: int) -> float:
    from docpager.models.openai import Connection
    from docpager.models.openai.bare_calls import cpu_seconds_of_bare_calls

    return await cpu_seconds_of_bare_calls(Connection(url), bodies, BARE_CALLS, at_once)
