"""``docpager trace replay`` and ``docpager tune``: a run's traces under other policies and budgets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option
from docpager.errors import MissingInputError

if TYPE_CHECKING:
    from docpager.analysis.replay import Outcome
    from docpager.analysis.replay_curves import CurvePoint, RunTraces
    from docpager.batch.manifest import Manifest

OPEN_LOOP = (
    "A replay asks for the pages that were asked for, in the same order: another policy or budget might have led the "
    "model elsewhere."
)


def _policy_names() -> list[str]:
    from docpager.analysis.replay_policies import REPLAY_POLICIES

    return list(REPLAY_POLICIES)


class _Policies(click.Choice[str]):
    """Names of policies, looked up when they are used, so that help alone imports none of them."""

    def __init__(self) -> None:
        super().__init__(["fifo", "lru", "clock", "gdsf", "lrfu", "s3-fifo", "arc", "suffix"])


@click.command()
@click.argument("run")
@click.option("--policy", "policies", type=_Policies(), multiple=True, help="Only this policy; repeatable.")
@click.option(
    "--budget",
    "budgets",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Room for pages in tokens, for every question the same; repeatable. By default shares of each question's own.",
)
@click.option("--as-needed", is_flag=True, help="Evicts only what has to go, without the run's watermarks.")
@click.option("--question", "question_id", metavar="QUESTION_ID", help="Only this question.")
@click.option(
    "--plots", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Draws the curves, as SVG."
)
@json_option
@common_options
@click.pass_obj
def replay(
    console: Console,
    /,
    run: str,
    policies: tuple[str, ...],
    budgets: tuple[int, ...],
    as_needed: bool,
    question_id: str | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Replays a run's traces under every policy and budget, without a model.

    RUN is the run's folder, or its name under outputs. Cold misses (on what was never in memory) and refaults are
    apart; bound is the fewest refaults any policy could have had.
    """
    from docpager.analysis.replay import AS_NEEDED
    from docpager.analysis.replay_curves import at_shares, at_tokens, differences, readahead_of, recorded, working_sets

    found, _ = _traces(run, question_id)
    marks = AS_NEEDED if as_needed else found.setup.watermarks
    names = policies or _policy_names()
    points = list(at_tokens(found.traces, names, marks, budgets) if budgets else at_shares(found.traces, names, marks))
    sets, ahead, was = working_sets(found.traces), readahead_of(found.traces), recorded(found)
    wrong = differences(found)
    if wrong:
        console.warn(
            f"{plural(len(wrong), 'question')} not replayed exactly: the trace is of a version that kept less of it."
        )
    if plots is not None:
        _draw(console, plots, points, sets, bool(budgets))
    if as_json:
        console.put_json({"record": "run", "questions": len(found.traces), **_as_record(was), "not_exact": wrong})
        for point in points:
            for record in point.records():
                console.put_json(record)
        console.put_json({"record": "working_set", "tokens": {str(n): round(value) for n, value in sets.items()}})
        console.put_json(
            {
                "record": "readahead",
                "pages": ahead.pages,
                "accuracy": ahead.accuracy,
                "wasted_tokens": ahead.wasted_tokens,
            }
        )
        return
    console.put(
        f"{plural(len(found.traces), 'question')}, policy {found.setup.policy}: {was.references:,} references, "
        f"{was.cold:,} cold misses, {was.refaults:,} refaults, {plural(was.reclaims, 'reclaim')}"
    )
    console.put()
    heads = ["memory", "tokens", "policy", "cold", "refaults", "per reference", "bound", "faults / bound", "cost"]
    console.put_table(heads, [row for point in points for row in _rows(point)])
    console.put()
    console.put_table(["last references", "working set, tokens"], [(n, round(value)) for n, value in sets.items()])
    if ahead.pages:
        console.put()
        console.put(
            f"Read ahead: {ahead.pages:,} pages, {ahead.accuracy:.2f} used, {ahead.wasted_tokens:,} tokens not."
        )
    console.say()
    console.say(OPEN_LOOP)


@click.command("tune")
@click.argument("run")
@click.option(
    "--refaults",
    "most",
    type=click.FloatRange(min=0, max=1),
    default=0.05,
    show_default=True,
    metavar="X",
    help="The most refaults per reference.",
)
@json_option
@common_options
@click.pass_obj
def tune(console: Console, /, run: str, most: float, as_json: bool) -> None:
    """Says which window and policy would have kept refaults of a run within a bound.

    RUN is the run's folder, or its name under outputs. Its traces are replayed, without a model.
    """
    from docpager.analysis.replay_curves import recorded
    from docpager.analysis.tuning import Window, tuned

    found, manifest = _traces(run, None)
    settings = manifest.settings["agent"]
    capacity = max(trace.capacity for trace in found.traces)
    size = settings["context_tokens"]
    window = Window(size if isinstance(size, int) else round(capacity / 0.4), capacity, settings.get("log_share", 0.25))
    was, advice = recorded(found), tuned(found, most)
    best = advice.best
    sentence = (
        f"A window of {window.holding(best.capacity):,} tokens ({best.capacity:,} of them for pages) with policy "
        f"{best.policy} would have kept refaults at {best.outcome.refault_rate:.3f} per reference, within {most:g}, "
        f"over {plural(len(found.traces), 'question')} and {best.outcome.references:,} references; the run, with "
        f"{size} ({capacity:,} for pages) and {found.setup.policy}, had {was.refault_rate:.3f}."
    )
    if as_json:
        console.put_json(best.as_record(window) | {"record": "advice", "sentence": sentence})
        for one in advice.tried:
            console.put_json(one.as_record(window))
        return
    console.put(sentence)
    console.put()
    rows = [
        (
            one.policy,
            f"{window.holding(one.capacity):,}",
            f"{one.capacity:,}",
            f"{one.outcome.refaults:,}",
            f"{one.outcome.refault_rate:.3f}",
            f"{one.outcome.cost:,.0f}",
            "<-" if one == best else "",
        )
        for one in advice.tried
    ]
    console.put_table(["policy", "window", "pages", "refaults", "per reference", "cost", ""], rows)
    console.say()
    console.say(OPEN_LOOP)


def _traces(run: str, question_id: str | None) -> tuple[RunTraces, Manifest]:
    from dataclasses import replace

    from docpager.analysis.replay_curves import traces_of
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run

    folder = resolve_run(run)
    manifest = read_manifest(folder)
    found = traces_of(folder, manifest.settings["agent"])
    if question_id is not None:
        found = replace(found, traces=[trace for trace in found.traces if trace.question_id == question_id])
    if not found.traces:
        which = f"question {question_id} of {folder}" if question_id else str(folder)
        raise MissingInputError(f"There is nothing to replay: no page was asked for in {which}.")
    return found, manifest


def _rows(point: CurvePoint) -> list[tuple[object, ...]]:
    memory = "" if point.share is None else f"{point.share:.0%}"
    exact = "" if point.bound_is_exact else "≥"
    return [
        (
            memory,
            f"{point.tokens:,}",
            policy,
            f"{outcome.cold:,}",
            f"{outcome.refaults:,}",
            f"{outcome.refault_rate:.3f}",
            f"{exact}{point.bound_refaults:,}",
            f"{point.ratio(policy):.3f}",
            f"{outcome.cost:,.0f}",
        )
        for policy, outcome in point.outcomes.items()
    ]


def _as_record(outcome: Outcome) -> dict[str, object]:
    return {
        "references": outcome.references,
        "cold_misses": outcome.cold,
        "refaults": outcome.refaults,
        "reclaims": outcome.reclaims,
        "cost_tokens": round(outcome.cost),
    }


def _draw(console: Console, folder: Path, points: list[CurvePoint], sets: dict[int, float], in_tokens: bool) -> None:
    from docpager.analysis.plots import line_chart

    def x(point: CurvePoint) -> float:
        return float(point.tokens) if in_tokens else point.share or 0.0

    faults = {p: [(x(point), point.outcomes[p].refault_rate) for point in points] for p in points[0].outcomes}
    bound = "lower bound"
    faults[bound] = [(x(point), point.bound_refaults / max(1, point.references)) for point in points]
    memory = "room for pages, tokens" if in_tokens else "room for pages, share of all pages a question asked for"
    costs = {p: [(x(point), point.outcomes[p].cost) for point in points] for p in points[0].outcomes}
    pictures = {
        "fault-curve": line_chart("Refaults by memory", memory, "refaults per reference", faults, bound=bound),
        "cost-curve": line_chart("Page tokens sent by memory", memory, "tokens, cached at a tenth", costs),
        "working-set": line_chart(
            "Working set", "last references", "tokens", {"mean": [(float(n), value) for n, value in sets.items()]}
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
        console.say(str(folder / f"{name}.svg"))
