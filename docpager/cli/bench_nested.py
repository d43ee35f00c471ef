"""``docpager bench nested``: chains of keys, looked up one after the other."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from docpager.cli.bench_asking import PERFECT, asking_options, cost_record, headline, share_row
from docpager.cli.bench_questions import bench_of

_HOPS = click.IntRange(0, 20)


@click.command("nested")
@asking_options(context_tokens=2048, model=PERFECT)
@click.option("--hops", type=_HOPS, default=6, show_default=True, metavar="N", help="The longest chain, in hops.")
@click.option(
    "--orderings", type=click.IntRange(min=1), default=30, show_default=True, metavar="N", help="Orders of the pairs."
)
@click.pass_context
def nested(ctx: click.Context, /, data: Path, hops: int, orderings: int, **values: Any) -> None:
    """Follows chains of keys whose values are keys, in documents larger than the window.

    DATA holds kv75.jsonl; the pairs of its first row are put in many orders, with chains of 0 hops and more (Packer et
    al. 2023, section 3.2.2). perfect, the default model, is a reader behind an endpoint on this machine that can read
    and remembers nothing: what it misses never stood in the window.
    """
    from docpager.analysis.bench_data import data_file
    from docpager.analysis.bench_kv import SETS
    from docpager.analysis.bench_nested import bench_nested, by_hops, write_cases
    from docpager.analysis.nested_kv import nested_cases, read_pairs

    bench, settings = bench_of(ctx, values)
    cases = list(nested_cases(read_pairs(data_file(data, SETS)), hops=range(hops + 1), orderings=orderings))
    with TemporaryDirectory(prefix="docpager-bench-") as folder:
        nested = Path(folder) / "nested"
        nested.mkdir()
        with bench.archive_of(write_cases(cases, nested), text_field="text", id_field="id") as archive:
            started = time.perf_counter()
            ask_all = bench.ask_all(archive, (case.gold() for case in cases))
            rows = bench_nested(bench.choose(cases), archive, settings, ask_all)
            head = headline(len(rows), archive, settings, time.perf_counter() - started)
    answers = [row.asked for row in rows]
    bench.put_rows(row.as_record() for row in rows)
    if bench.as_json:
        depths = {count: {**share.as_record(), "calls": round(calls, 2)} for count, share, calls in by_hops(rows)}
        bench.console.put_json({"summary": head, "hops": depths, "per_question": cost_record(answers)})
    else:
        bench.console.put(head + "\n")
        table = [(*share_row(f"{count}", share), f"{calls:.1f}") for count, share, calls in by_hops(rows)]
        bench.console.put_table(["hops", "end cited", "of", "95 % interval", "model calls"], table)
        bench.console.put()
        bench.put_costs(answers)
    bench.put_failures(answers)
