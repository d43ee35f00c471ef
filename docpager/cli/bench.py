"""``docpager bench``: the project's own figures, measured here and now."""

from __future__ import annotations

import click

from docpager.cli.bench_archive import archive
from docpager.cli.bench_compare import compare
from docpager.cli.bench_ingest import ingest
from docpager.cli.bench_layouts import layouts
from docpager.cli.bench_nested import nested
from docpager.cli.bench_order import order
from docpager.cli.bench_policies import policies
from docpager.cli.bench_questions import financebench, kv, nq, windows
from docpager.cli.bench_recall import recall
from docpager.cli.bench_strategies import strategies
from docpager.cli.bench_throughput import throughput


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
    ingest,
    compare,
)
for measure in MEASURES:
    command.add_command(measure)
