"""``docpager bench policies``: what each replacement policy makes of the same workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, json_option

if TYPE_CHECKING:
    from docpager.analysis.bench_rereading import AgainstBound
    from docpager.analysis.workloads import Workload

SHARES = (0.25, 0.4, 0.5, 0.6)
"""Memory, as shares of the tokens of all pages of a workload."""


@click.command("policies")
@click.option("--as-needed", is_flag=True, help="Evicts only what has to go, without watermarks.")
@json_option
@common_options
@click.pass_context
def policies(ctx: click.Context, /, as_needed: bool, as_json: bool) -> None:
    """Counts refaults and cache breaks of each replacement policy, beside the fewest refaults possible.

    No archive and no model: the workloads are lists of pages asked for.
    """
    from docpager.analysis.bench_rereading import against_bound
    from docpager.analysis.workloads import WORKLOADS
    from docpager.memory import REPLACEMENT_POLICIES, Watermarks

    console: Console = ctx.obj
    marks = Watermarks(low=1, high=1, pressure=1) if as_needed else None
    for workload in WORKLOADS.values():
        found = [one for share in SHARES for one in against_bound(workload, REPLACEMENT_POLICIES, share, marks)]
        if as_json:
            for one in found:
                console.put_json({**one.as_record(), "cost": one.figures.cost, "faults": one.figures.faults})
            continue
        for line in lines(workload, found):
            console.put(line)


def lines(workload: Workload, found: list[AgainstBound]) -> list[str]:
    """A workload's figures for a terminal."""
    head = f"{workload.name}: {workload.about}; {len(workload.sizes)} pages of {workload.token_count:,} tokens in all"
    names = f"  {'memory':>7} {'policy':8} {'refaults':>8} {'bound':>6} {'faults/bound':>12} {'breaks':>7}"
    names += f" {'page tokens sent, cached at a tenth':>36}"
    rows = [
        f"  {one.figures.capacity:7,} {one.figures.policy:8} {one.figures.refaults:8,} {one.bound.refaults:6,} "
        f"{one.ratio:12.3f} {one.figures.reclaims:7,} {one.figures.cost:36,}"
        for one in found
    ]
    return [head, names, *rows]
