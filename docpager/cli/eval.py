"""``docpager eval``: a run's answers beside the right ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option, settings_from, settings_options
from docpager.cli.progress import Progress
from docpager.settings import ConnectionSettings

if TYPE_CHECKING:
    from docpager.analysis.eval_figures import Evaluation, Figure

_NAMED = 10
"""So many ids are named of those that have no counterpart."""
COVERAGES = (0.25, 0.5, 0.75, 1.0)


@click.command()
@click.argument("run")
@click.option(
    "--gold",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The right answers: JSON lines, CSV or Parquet.",
)
@click.option(
    "--fail-under",
    "floors",
    multiple=True,
    metavar="NAME=VALUE",
    help="Ends with exit code 5 where this figure is below; repeatable.",
)
@click.option("--judge", metavar="MODEL", help="Has a model judge answers and quotes too, in columns of their own.")
@click.option("--archive", metavar="URI", help="The archive that was asked, where it lies elsewhere now.")
@settings_options(ConnectionSettings)
@json_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run: str,
    gold: Path,
    floors: tuple[str, ...],
    judge: str | None,
    archive: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Scores a run's answers and citations against right ones.

    RUN is the run's folder, or its name under outputs. Each gold row names its question by question_id or question, and
    has answer or answers (none where nothing answers it) and, as far as they are known: evidence (document and page,
    or the passage), unit, tolerance, answerable. Writes eval.parquet beside the run's tables.
    """
    from docpager.analysis.eval_figures import FAILED_EXIT_CODE, floors_of
    from docpager.reviewing import evaluate_run

    console: Console = ctx.obj
    wanted = floors_of(floors)
    with Progress(console, "answers") as progress:
        connection = settings_from(ConnectionSettings, values)
        found = evaluate_run(run, gold, judge=judge, connection=connection, archive=archive, progress=progress.show)
    _say_what_is_missing(console, found)
    if as_json:
        _put_records(console, found)
    else:
        _put_table(console, found)
    below = found.below(wanted)
    for line in below:
        console.warn(line)
    if below:
        ctx.exit(FAILED_EXIT_CODE)


def _say_what_is_missing(console: Console, found: Evaluation) -> None:
    if found.archive_missing:
        console.warn("The archive that was asked is gone: what was read is unknown. Name it with --archive.")
    if found.without_gold:
        named = _named(found.without_gold)
        console.warn(f"No gold for {plural(len(found.without_gold), 'question')}, in no figure that needs it: {named}.")
    if found.unused_gold:
        named = _named(found.unused_gold)
        console.warn(f"{plural(len(found.unused_gold), 'gold row')} without a question in the run: {named}.")


def _named(names: Any) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _put_records(console: Console, found: Evaluation) -> None:
    for figure in found.figures.values():
        console.put_json(figure.as_record())
    for point in found.curve:
        place = {"confidence": point.confidence, "coverage": point.coverage, "risk": point.risk}
        console.put_json({"record": "risk", **place})
    console.put_json(
        {
            "record": "evaluation",
            "run": str(found.run_folder),
            "table": str(found.path),
            "questions": len(found.rows),
            "without_gold": list(found.without_gold),
            "unused_gold": list(found.unused_gold),
        }
    )


def _put_table(console: Console, found: Evaluation) -> None:
    from docpager.analysis.risk_coverage import at_coverages

    shown = [figure for figure in found.figures.values() if figure.value is not None]
    console.put_table(["figure", "value", "95 % interval", "of", "what"], [_cells(figure) for figure in shown])
    points = at_coverages(list(found.curve), COVERAGES)
    if points:
        console.put()
        rows = [(f"{p.coverage:.2f}", f"{p.risk:.3f}", f"{p.confidence:.3f}", p.answered) for p in points]
        console.put_table(["coverage", "risk", "confidence from", "answers"], rows)
    console.put()
    console.put(str(found.path))


def _cells(figure: Figure) -> tuple[object, ...]:
    value = figure.value or 0.0
    shown = f"{value:.3f}" if figure.low is not None or figure.name.startswith("latency") else f"{value:,.4g}"
    shown = f"{value:,.0f}" if "tokens" in figure.name else shown
    interval = "" if figure.low is None or figure.high is None else f"{figure.low:,.3f} to {figure.high:,.3f}"
    interval = f"{figure.low:,.0f} to {figure.high:,.0f}" if interval and "tokens" in figure.name else interval
    return figure.name, shown, interval, figure.questions, figure.about
