"""``docpager bench policies``: what each replacement policy makes of the same workloads."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, json_option

if TYPE_CHECKING:
    from docpager.analysis.workloads import Figures, Workload

SHARES = (0.25, 0.4, 0.6)
"""Memory, as shares of the tokens of all pages of a workload."""


@click.command("policies")
@json_option
@common_options
@click.pass_context
def policies(ctx: click.Context, /, as_json: bool) -> None:
    """Counts refaults and cache breaks of each replacement policy.

    No archive and no model: the workloads are lists of pages asked for.
    """
    from docpager.analysis.workloads import WORKLOADS, measure
    from docpager.memory import REPLACEMENT_POLICIES

    console: Console = ctx.obj
    for workload in WORKLOADS.values():
        found = [
            measure(workload, policy, int(workload.token_count * share))
            for share in SHARES
            for policy in REPLACEMENT_POLICIES
        ]
        if as_json:
            for figures in found:
                console.put_json({"workload": workload.name, **asdict(figures)})
            continue
        for line in lines(workload, found):
            console.put(line)


def lines(workload: Workload, found: list[Figures]) -> list[str]:
    """A workload's figures for a terminal."""
    head = f"{workload.name}: {workload.about}; {len(workload.sizes)} pages of {workload.token_count:,} tokens in all"
    names = f"  {'memory':>7} {'policy':8} {'refaults':>8} {'breaks':>7} {'page tokens sent, cached at a tenth':>36}"
    rows = [f"  {f.capacity:7,} {f.policy:8} {f.refaults:8,} {f.reclaims:7,} {f.cost:36,}" for f in found]
    return [head, names, *rows]
