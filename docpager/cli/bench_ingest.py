"""``docpager bench ingest``: pages a second and CPU time by stage, beside bare text extraction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option
from docpager.errors import UsageError
from docpager.peak_memory import peak_memory_mib
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_ingest import IngestBenchmark, Rate, WorkersFigures
    from docpager.analysis.fresh_ingest import FreshIngest
    from docpager.ingest.report import IngestReport

_PEER_HELP = "Another program beside docpager, run by its own Python: paperqa or llamaindex."


@click.command("ingest")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--workers", default="1,2", show_default=True, metavar="N,N", help="Numbers of worker processes.")
@click.option("--growth", metavar="N,N", help="Peak memory for so many made-up documents, and for very large ones.")
@click.option("--peer", "peers", multiple=True, metavar="NAME=PYTHON", help=_PEER_HELP)
@json_option
@common_options
@click.pass_context
def ingest(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    workers: str,
    growth: str | None,
    peers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ingests PDFs into archives that are thrown away, with each number of workers.

    Beside it, in the same run, what PDFium and pypdf need for the bare text. Ours is the CPU time that is neither
    PDFium's nor goes into counting tokens, embedding or writing. With --growth or --peer, each ingest is a process of
    its own, and --workers' last number holds.
    """
    from docpager.analysis.bench_ingest import bench_ingest
    from docpager.wiring import ingest_folder

    console: Console = ctx.obj
    if not paths and not growth:
        raise UsageError("Name files or folders to ingest, or --growth.")
    if growth or peers:
        _put_fresh(console, _fresh(paths, growth, peers, numbers(workers, "--workers")[-1]), as_json)
        return

    def ingest_twice(number: int) -> tuple[IngestReport, IngestReport]:
        with TemporaryDirectory(prefix="docpager-bench-") as folder:
            settings = IngestSettings(archive=f"{folder}/archive.lancedb", workers=number)
            return ingest_folder(paths, settings), ingest_folder(paths, settings)

    def load() -> IngestReport:
        with TemporaryDirectory(prefix="docpager-bench-") as folder:
            note = Path(folder, "note.txt")
            note.write_text("A small text.", encoding="utf-8")
            return ingest_folder([note], IngestSettings(archive=f"{folder}/archive.lancedb", workers=1))

    figures = bench_ingest(paths, ingest_twice, numbers(workers, "--workers"), load)
    peaks = peak_memory_mib(), max(run.report.worker_peak_mib for run in figures.runs)
    if as_json:
        console.put_json(as_record(figures, peaks))
        return
    for line in lines(figures, peaks):
        console.put(line)


def numbers(text: str, option: str) -> list[int]:
    """The numbers that an option lists; raises ``UsageError`` for anything else."""
    try:
        found = [int(number) for number in text.split(",") if number.strip()]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise UsageError(f"{option} takes whole numbers from 1 with commas between them, not {text!r}.")
    return found


def _fresh(paths: tuple[Path, ...], sizes: str | None, peers: tuple[str, ...], workers: int) -> Iterator[FreshIngest]:
    from docpager.analysis.fresh_ingest import PEERS, beside_peers, growth

    pythons = dict(peer.partition("=")[::2] for peer in peers)
    if unknown := [peer for peer in peers if peer.partition("=")[0] not in PEERS or not peer.partition("=")[2]]:
        raise UsageError(f"--peer takes {' or '.join(PEERS)}, as in {PEERS[0]}=PYTHON, not {unknown[0]!r}.")
    if peers and not paths:
        raise UsageError("--peer needs files or folders to ingest.")
    counts = numbers(sizes, "--growth") if sizes else []
    if peers:
        yield from beside_peers(paths, pythons, workers)
    if counts:
        yield from growth(counts, workers)


def _put_fresh(console: Console, ingests: Iterator[FreshIngest], as_json: bool) -> None:
    rows = []
    for one in ingests:
        if as_json:
            console.put_json(asdict(one))
        statuses = ", ".join(f"{count:,} {status}" for status, count in one.statuses.items())
        sizes = f"{one.peak_mib:,}", f"{one.worker_mib:,}"
        rows.append((one.what, statuses, f"{one.segments:,}", f"{one.seconds:.1f}", f"{one.cpu_seconds:.1f}", *sizes))
    if not as_json:
        console.put_table(["ingest", "documents", "segments", "s", "CPU s", "peak MiB", "largest child MiB"], rows)


def as_record(figures: IngestBenchmark, peaks: tuple[int, int]) -> dict[str, Any]:
    """The figures as one JSON object."""
    return {
        "documents": figures.documents,
        "pypdf": asdict(figures.pypdf),
        "loading": asdict(figures.loading),
        "runs": [_run_record(run) for run in figures.runs],
        "peak_memory_mib": peaks[0],
        "largest_worker_mib": peaks[1],
    }


def _run_record(run: WorkersFigures) -> dict[str, Any]:
    return {
        "workers": run.workers,
        "pdfium": asdict(run.pdfium),
        "ingest": asdict(run.whole),
        "segments": run.report.segments,
        "tokens": run.report.tokens,
        "cpu_seconds": run.stages,
        "busy_seconds": run.report.busy_seconds,
        "workers_busy": run.workers_busy,
        "ours_share": run.ours_share,
        "share_of_pdfium": run.share_of_pdfium,
        "second_ingest_seconds": run.unchanged_seconds,
    }


def lines(figures: IngestBenchmark, peaks: tuple[int, int]) -> list[str]:
    """The figures for a terminal."""
    first = figures.runs[0].report
    found = [
        f"{plural(figures.documents, 'PDF')}, {plural(first.pages, 'page')}, "
        f"{plural(first.segments, 'segment')}, {first.tokens:,} tokens",
        _rate_line("pypdf alone", figures.pypdf),
        f"  one small text, libraries loaded for the first time: {figures.loading.seconds:.1f} s,"
        f" {figures.loading.cpu_seconds:.1f} CPU s",
    ]
    for run in figures.runs:
        found += _run_lines(run)
    return [*found, f"peak memory {peaks[0]:,} MiB, largest worker {peaks[1]:,} MiB"]


def _run_lines(run: WorkersFigures) -> list[str]:
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in run.stages.items())
    busy = ", ".join(f"{who} {seconds:.1f}" for who, seconds in run.report.busy_seconds.items())
    return [
        plural(run.workers, "worker"),
        _rate_line("PDFium alone", run.pdfium),
        _rate_line("whole ingest", run.whole),
        f"  whole ingest / PDFium alone, per CPU second: {run.share_of_pdfium:.2f}",
        f"  CPU seconds by stage: {stages}",
        f"  ours (read, segment, other): {run.ours_share:.1%} of {run.cpu_seconds:.1f} s",
        f"  busy seconds: {busy}; workers at a task {run.workers_busy:.0%} of the time",
        f"  second ingest, nothing changed: {run.unchanged_seconds:.2f} s",
    ]


def _rate_line(name: str, rate: Rate) -> str:
    return (
        f"  {name:14} {rate.pages:6,} pages {rate.seconds:7.1f} s {rate.pages_per_second:7.0f} pages/s"
        f" {rate.pages_per_cpu_second:7.0f} pages/CPU s"
    )
