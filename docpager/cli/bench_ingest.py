"""``docpager bench ingest``: pages a second and CPU time by stage, beside bare text extraction."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.ingest import peak_memory_mib
from docpager.cli.options import common_options, json_option
from docpager.errors import UsageError
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_ingest import IngestBenchmark, Rate, WorkersFigures
    from docpager.ingest.report import IngestReport


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--workers", default="1,2", show_default=True, metavar="N,N", help="Numbers of worker processes.")
@json_option
@common_options
@click.pass_context
def ingest(ctx: click.Context, /, paths: tuple[Path, ...], workers: str, as_json: bool) -> None:
    """Ingests PDFs into archives that are thrown away, with each number of workers.

    Beside it, in the same run, what PDFium and pypdf need for the bare text. Ours is the CPU time that is neither
    PDFium's nor goes into counting tokens, embedding or writing.
    """
    from docpager.analysis.bench_ingest import bench_ingest
    from docpager.wiring import ingest_folder

    console: Console = ctx.obj

    def ingest_twice(number: int) -> tuple[IngestReport, IngestReport]:
        with TemporaryDirectory(prefix="docpager-bench-") as folder:
            settings = IngestSettings(archive=f"{folder}/archive.lancedb", workers=number)
            return ingest_folder(paths, settings), ingest_folder(paths, settings)

    figures = bench_ingest(paths, ingest_twice, _numbers(workers))
    peaks = peak_memory_mib()
    if as_json:
        console.put_json(as_record(figures, peaks))
        return
    for line in lines(figures, peaks):
        console.put(line)


def _numbers(workers: str) -> list[int]:
    try:
        numbers = [int(number) for number in workers.split(",") if number.strip()]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise UsageError(f"--workers takes whole numbers from 1 with commas between them, not {workers!r}.")
    return numbers


def as_record(figures: IngestBenchmark, peaks: tuple[int, int]) -> dict[str, Any]:
    """The figures as one JSON object."""
    return {
        "documents": figures.documents,
        "pypdf": asdict(figures.pypdf),
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
