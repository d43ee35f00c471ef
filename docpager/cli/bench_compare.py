"""``docpager bench compare``: a benchmark's result beside a stored earlier one."""

from __future__ import annotations

from pathlib import Path

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, json_option

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("compare")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--beyond", type=click.FloatRange(min=0), default=0.0, metavar="X", help="Only ratios further than this from 1."
)
@json_option
@common_options
@click.pass_obj
def compare(console: Console, /, old: Path, new: Path, beyond: float, as_json: bool) -> None:
    """Sets a benchmark's result beside an earlier one, as ratios.

    OLD and NEW are what bench NAME --json wrote. A ratio below 1 means that the new figure is smaller.
    """
    from docpager.analysis.bench_compare import compare

    found = [c for c in compare(old, new) if c.ratio is None or abs(c.ratio - 1) >= beyond]
    if as_json:
        for one in found:
            console.put_json(one.as_record())
        return
    rows = [
        (
            one.measured,
            one.figure,
            f"{one.old:,.4g}",
            f"{one.new:,.4g}",
            "-" if one.ratio is None else f"{one.ratio:.3f}",
        )
        for one in found
    ]
    console.put_table(["measured", "figure", "old", "new", "ratio"], rows)
