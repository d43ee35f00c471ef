"""``docpager bench strategies``: the paged agent and the usual set-ups, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.bench_asking import asking_options
from docpager.cli.bench_questions import bench_of, window_sizes
from docpager.errors import UsageError
from docpager.settings import STRATEGIES

if TYPE_CHECKING:
    from docpager.analysis.bench_strategies import CellFigures

WINDOWS = "2048,4096,8192"
TABLE, PICTURE = "strategies.parquet", "strategies.svg"
_HEADS = (
    *("data", "model", "window", "strategy", "right", "in lines", "any", "all", "abstained", "failed", "verified"),
    *("prompt", "cost", "steps", "seconds"),
)


@click.command("strategies")
@asking_options(without=["context_tokens", "strategy", "layout", "model"])
@click.argument("others", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strategies", default=",".join(STRATEGIES), show_default=True, metavar="S,S", help="Which of them.")
@click.option("--windows", "sizes", default=WINDOWS, show_default=True, metavar="N,N", help="The windows, in tokens.")
@click.option(
    "--models",
    default="extractive",
    show_default=True,
    metavar="M,M",
    help="The models; perfect knows the answers and has to find them.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("outputs/strategies"),
    show_default=True,
    help="Keeps a file for each cell; cells that are there are not asked again.",
)
@click.pass_context
def strategies(
    ctx: click.Context,
    /,
    data: Path,
    others: tuple[Path, ...],
    strategies: str,
    sizes: str,
    models: str,
    output: Path,
    **values: Any,
) -> None:
    """Asks the same questions by every strategy, in windows of several sizes, of several models.

    DATA and OTHERS are folders as for bench financebench or bench nq. Accuracy, evidence and cost of each cell stand in
    one table, on stdout and as Parquet, and in one picture, an SVG file. The same command goes on where it was
    interrupted.
    """
    from docpager.analysis.bench_strategies import CellFigures, cell_rows, data_of, matrix, picture
    from docpager.batch.tables import write_records

    bench, settings = bench_of(ctx, {**values, "model": "extractive"})
    named = _names(strategies, STRATEGIES)
    held = [data_of(folder, bench.choose) for folder in (data, *others)]
    if bench.kept and len(held) > 1:
        raise UsageError("--archive keeps the archive of one folder of data; give one, or leave it out.")
    found: list[CellFigures] = []
    with ExitStack() as stack:
        archives = {}
        for one, cell in matrix(held, models.split(","), named, window_sizes(sizes)):
            if one.name not in archives:
                archives[one.name] = stack.enter_context(bench.archive_of(one.source, **one.ingest))
            archive = archives[one.name]
            ask_all = bench.ask_all(archive, (question.as_gold() for question in one.questions))
            rows = cell_rows(cell, one, archive, settings, ask_all, output)
            found.append(CellFigures.of(cell, rows))
            bench.console.say(f"{cell.data} {cell.model} {cell.strategy} {cell.window:,}: right {_share(found[-1])}")
    write_records(output / TABLE, [figures.as_record() for figures in found])
    (output / PICTURE).write_text(picture(found), encoding="utf-8")
    if bench.as_json:
        for figures in found:
            bench.console.put_json(figures.as_record())
    else:
        bench.console.put_table(list(_HEADS), [_cells(figures) for figures in found])


def _names(text: str, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"There is no strategy {name!r}. Use some of: {', '.join(known)}.")
    return names


def _share(figures: CellFigures) -> str:
    return f"{figures.right.count} of {figures.right.of}"


def _cells(figures: CellFigures) -> list[str]:
    cell = figures.cell
    shares = [
        *(figures.right, figures.right_lines, figures.any_evidence, figures.all_evidence),
        *(figures.abstained, figures.failed, figures.verified),
    ]
    return [
        *(cell.data, cell.model, f"{cell.window:,}", cell.strategy),
        *("-" if share.value is None else f"{share.value:.3f}" for share in shares),
        *(f"{figures.prompt_tokens:,.0f}", f"{figures.cost_tokens:,.0f}"),
        *(f"{figures.steps:.1f}", f"{figures.seconds:.1f}"),
    ]
