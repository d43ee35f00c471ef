"""``docpager bench recall``: how far down a search's results the gold pages stand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.bench_asking import Bench
from docpager.cli.console import Console, plural
from docpager.cli.options import CHOICES, common_options, json_option
from docpager.cli.progress import Progress
from docpager.settings import ConnectionSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_recall import RecallFigures

_EMBEDDER = "Makes the vectors of the archive and the searches."
_RERANKER = "Orders each search's best results anew."
_COUNT = click.IntRange(min=1)


@click.command("recall")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--every", type=_COUNT, default=1, metavar="N", help="Searches for every Nth question.")
@click.option("--archive", "kept", metavar="URI", help="Keeps the archive here for the next time.")
@click.option("--workers", type=click.IntRange(min=0), default=0, metavar="N", help="Worker processes that ingest.")
@click.option(
    "--embedder", type=click.Choice(CHOICES["embedder"]()), default="wordllama", show_default=True, help=_EMBEDDER
)
@click.option("--reranker", type=click.Choice(CHOICES["reranker"]()), default="none", show_default=True, help=_RERANKER)
@click.option("--candidates", type=_COUNT, metavar="N", help="Segments that each of BM25 and cosine ranks.")
@click.option("--bm25-weight", type=click.FloatRange(0, 1), metavar="X", help="BM25's share of a score.")
@json_option
@common_options
@click.pass_obj
def recall(
    console: Console,
    /,
    data: Path,
    every: int,
    kept: str | None,
    workers: int,
    embedder: str,
    reranker: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Searches for each question, and looks for its gold pages among the results.

    DATA is as for bench nq or bench financebench, or holds documents/ and searches.jsonl (query, pages: path and
    number). Searches go through all documents, then through those of the gold pages alone; results count as passages,
    or as the different pages they stand on.
    """
    from docpager.analysis.bench_recall import bench_recall, sought_in
    from docpager.archive.search import SearchOptions
    from docpager.wiring import open_archive

    chosen = SearchOptions(**{name: value for name, value in options.items() if value is not None})
    source, searches, ingest = sought_in(data)
    searches = searches[::every]
    bench = Bench(console, ConnectionSettings(), every, 0, None, workers, kept, None, as_json)
    with bench.archive_of(source, embedder=embedder, **ingest) as archive:
        opened = open_archive(archive.uri, options=chosen, reranker=reranker)
        with Progress(console, "searches", total=len(searches)) as progress:
            figures = bench_recall(searches, opened, progress.show)
        stats = opened.stats()
    asked = plural(len(searches), "search", "searches")
    head = f"{asked} of {plural(stats.segments, 'segment')}: {embedder}, reranker {reranker}"
    if as_json:
        console.put_json(as_record(figures, head, asdict(chosen)))
        return
    put_table(console, figures, f"{head}, BM25 weight {chosen.bm25_weight}, candidates {chosen.candidates}")


def as_record(figures: RecallFigures, head: str, options: dict[str, Any]) -> dict[str, Any]:
    """The figures as one JSON object."""
    p50, p95 = figures.milliseconds
    ways = {places.name: places.as_record() for places in figures.places}
    return {"summary": head, "options": options, "p50_ms": round(p50, 1), "p95_ms": round(p95, 1), **ways}


def put_table(console: Console, figures: RecallFigures, head: str) -> None:
    """The figures for a terminal."""
    from docpager.analysis.bench_recall import CUTOFFS, recall_rows

    console.put(head + "\n")
    heads = ["recall at", *map(str, CUTOFFS), f"all within {CUTOFFS[-1]}", "MRR"]
    console.put_table(heads, list(recall_rows(figures)))
    p50, p95 = figures.milliseconds
    console.put(f"\na search of all documents: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
