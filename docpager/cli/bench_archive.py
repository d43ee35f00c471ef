"""``docpager bench archive``: what archives of several sizes take to build, to search and to add to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console
from docpager.cli.options import Words, common_options, json_option
from docpager.cli.progress import Progress
from docpager.peak_memory import peak_memory_mib

if TYPE_CHECKING:
    from docpager.analysis.bench_archive import ArchiveFigures

SIZES = ("10000", "100000", "1000000")


@click.command("archive")
@click.option("--segments", "sizes", type=Words(), default=SIZES, metavar="N,N", help="Segments of each archive.")
@click.option("--searches", type=click.IntRange(min=1), default=200, show_default=True, metavar="N", help="Queries.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keeps the archives here.")
@json_option
@common_options
@click.pass_obj
def archive(console: Console, /, sizes: tuple[str, ...], searches: int, folder: Path | None, as_json: bool) -> None:
    """Builds archives of made-up documents, and times searches and look-ups in them, one after the other.

    A segment has some 800 characters and a vector of 256 numbers; words follow Zipf's law, documents keep to a topic.
    One million segments take about 6 GB of disk while they are built.
    """
    from docpager.analysis.bench_archive import bench_archive

    figures = []
    with TemporaryDirectory(prefix="docpager-bench-", dir=folder) as name:
        for size in sorted(_sizes(sizes)):
            uri = str((folder or Path(name)) / f"made-up-{size}.lancedb")
            with Progress(console, "segments", total=size) as progress:
                found = bench_archive(uri, size, searches=searches, progress=lambda done: progress.show(done, size))  # noqa: B023
            found.peak_memory_mib = peak_memory_mib()
            figures.append(found)
            if as_json:
                console.put_json(asdict(found))
    if not as_json:
        put_tables(console, figures)


def _sizes(sizes: Sequence[str]) -> list[int]:
    try:
        return [int(size) for size in sizes]
    except ValueError:
        raise click.BadParameter(f"{','.join(sizes)!r} is no list of whole numbers with commas between them.") from None


def put_tables(console: Console, figures: Sequence[ArchiveFigures]) -> None:
    """A column for each archive."""
    heads = ["segments", *(f"{found.segments:,}" for found in figures)]
    stages = list(dict.fromkeys(stage for found in figures for stage in found.seconds))
    rows: list[list[str]] = [
        ["documents", *(f"{found.documents:,}" for found in figures)],
        ["GiB on disk", *(f"{found.gib_on_disk:.2f}" for found in figures)],
        ["peak memory so far, MiB", *(f"{found.peak_memory_mib:,}" for found in figures)],
        ["share of the nearest found", *(f"{found.nearest_found:.3f}" for found in figures)],
    ]
    rows += [[f"{stage}, s", *(f"{found.seconds.get(stage, 0):.1f}" for found in figures)] for stage in stages]
    console.put_table(heads, rows)
    console.put()
    looks = list(dict.fromkeys(name for found in figures for name in found.milliseconds))
    cells = [
        [name, *(f"{m.p50:.1f} / {m.p95:.1f}" if (m := found.milliseconds.get(name)) else "-" for found in figures)]
        for name in looks
    ]
    console.put_table(["p50 / p95, ms", *heads[1:]], cells)
