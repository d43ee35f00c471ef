"""``docpager bench order``: what an order of questions that shares pages saves."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from docpager.cli.bench_asking import asking_options
from docpager.cli.bench_questions import bench_of, finance_data, finance_pdfs, window_sizes

SIZES = "500000,2000000,16000000"


@click.command("order")
@asking_options(without=["base_url"])
@click.option("--sizes", default=SIZES, show_default=True, metavar="N,N", help="Page caches, in characters of text.")
@click.option("--documents", default=0, help="Asks each question of so many documents alone; 0 asks it of all of them.")
@click.pass_context
def order(ctx: click.Context, /, data: Path, sizes: str, documents: int, **values: Any) -> None:
    """Asks FinanceBench's questions in input order and in an order that shares pages, shuffled first.

    DATA is as for bench financebench. Counts what the page cache answered, what was fetched, and the time.
    """
    from docpager.analysis.bench_order import compare_orders, of_each_document
    from docpager.wiring import make_agent

    bench, settings = bench_of(ctx, values)
    asked = [question.question for question in finance_data(bench, data)]
    with bench.archive_of(finance_pdfs(data)) as archive:
        questions = of_each_document(asked, archive, documents) if documents else asked
        found = list(
            compare_orders(questions, archive, lambda pages: make_agent(settings, pages).answer, window_sizes(sizes))
        )
    if bench.as_json:
        for one in found:
            bench.console.put_json({**asdict(one), "hit_share": round(one.hit_share, 4)})
        return
    heads = ["order", "cache", "asked of it", "fetched", "hit share", "seconds", "of them ordering"]
    cells = [
        [
            o.order,
            f"{o.cache_characters:,}",
            o.asked_of_cache,
            o.fetched,
            f"{o.hit_share:.3f}",
            o.seconds,
            o.ordering_seconds,
        ]
        for o in found
    ]
    bench.console.put_table(heads, cells)
