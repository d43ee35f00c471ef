"""``docpager bench``: the project's own figures, measured here and now."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.bench_archive import archive
from docpager.cli.bench_compare import compare
from docpager.cli.bench_layouts import layouts
from docpager.cli.bench_nested import nested
from docpager.cli.bench_order import order
from docpager.cli.bench_policies import policies
from docpager.cli.bench_questions import financebench, kv, nq, windows
from docpager.cli.bench_recall import recall
from docpager.cli.bench_strategies import strategies
from docpager.cli.bench_throughput import throughput
from docpager.cli.console import Console, plural
from docpager.cli.ingest import peak_memory_mib
from docpager.cli.options import common_options, json_option
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_ingest import IngestBenchmark, Rate
    from docpager.ingest.report import IngestReport


@click.group()
def command() -> None:
    """Measures docpager on this machine.

    Run it when nothing else runs.
    """


MEASURES = (
    archive,
    financebench,
    nq,
    kv,
    nested,
    windows,
    layouts,
    order,
    policies,
    recall,
    strategies,
    throughput,
    compare,
)
for measure in MEASURES:
    command.add_command(measure)


@command.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Worker processes; 0 means one a core.")
@json_option
@common_options
@click.pass_context
def ingest(ctx: click.Context, /, paths: tuple[Path, ...], workers: int, as_json: bool) -> None:
    """Ingests PDFs twice into an archive that is thrown away.

    Beside it, in the same run, what PDFium and pypdf need for the bare text.
    """
    from docpager.analysis.bench_ingest import bench_ingest
    from docpager.wiring import ingest_folder

    console: Console = ctx.obj
    peaks = (0, 0)

    def ingest_once() -> IngestReport:
        nonlocal peaks
        report = ingest_folder(paths, settings)
        peaks = peak_memory_mib()
        return report

    with TemporaryDirectory(prefix="docpager-bench-") as folder:
        settings = IngestSettings(archive=f"{folder}/archive.lancedb", workers=workers)
        figures = bench_ingest(paths, ingest_once)
    if as_json:
        console.put_json(as_record(figures, peaks))
        return
    for line in lines(figures, peaks):
        console.put(line)


def as_record(figures: IngestBenchmark, peaks: tuple[int, int]) -> dict[str, Any]:
    """The figures as one JSON object."""
    return {
        "documents": figures.documents,
        "pdfium": asdict(figures.pdfium),
        "pypdf": asdict(figures.pypdf),
        "ingest": asdict(figures.whole),
        "segments": figures.first.segments,
        "tokens": figures.first.tokens,
        "cpu_seconds": figures.first.cpu_seconds,
        "share_of_pdfium": figures.share_of_pdfium,
        "second_ingest_seconds": figures.second.seconds,
        "peak_memory_mib": peaks[0],
        "largest_worker_mib": peaks[1],
    }


def lines(figures: IngestBenchmark, peaks: tuple[int, int]) -> list[str]:
    """The figures for a terminal."""
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in figures.first.cpu_seconds.items())
    return [
        f"{plural(figures.documents, 'PDF')}, {plural(figures.first.pages, 'page')}, "
        f"{plural(figures.first.segments, 'segment')}, {figures.first.tokens:,} tokens",
        _rate_line("PDFium alone", figures.pdfium),
        _rate_line("pypdf alone", figures.pypdf),
        _rate_line("whole ingest", figures.whole),
        f"whole ingest / PDFium alone, per CPU second: {figures.share_of_pdfium:.2f}",
        f"CPU seconds by stage: {stages}",
        f"second ingest, nothing changed: {figures.second.seconds:.2f} s",
        f"peak memory {peaks[0]:,} MiB, largest worker {peaks[1]:,} MiB",
    ]


def _rate_line(name: str, rate: Rate) -> str:
    return (
        f"{name:14} {rate.pages:6,} pages {rate.seconds:7.1f} s {rate.pages_per_second:7.0f} pages/s"
        f" {rate.pages_per_cpu_second:7.0f} pages/CPU s"
    )
