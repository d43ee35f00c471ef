"""``docpager bench layouts``: what prompts cost as docpager lays them out, and as MemGPT's paper does."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.bench_asking import asking_options, headline
from docpager.cli.bench_questions import ask_finance, bench_of, finance_data, finance_pdfs, window_sizes
from docpager.settings import LAYOUTS, LOG, MEMGPT

if TYPE_CHECKING:
    from docpager.analysis.bench_financebench import FinanceRow
    from docpager.analysis.prompt_cost import PromptCost

WINDOWS = "4096,8192,16384,32768"


@click.command("layouts")
@asking_options(without=["context_tokens", "layout"])
@click.option("--windows", "sizes", default=WINDOWS, show_default=True, metavar="N,N", help="The windows, in tokens.")
@click.pass_context
def layouts(ctx: click.Context, /, data: Path, sizes: str, **values: Any) -> None:
    """Asks FinanceBench's questions in both layouts, and counts what a prompt cache would serve.

    DATA is as for bench financebench. Cacheable is what repeats the start of the request before; cost is uncached
    tokens and a tenth of the others.
    """
    bench, settings = bench_of(ctx, values)
    questions = finance_data(bench, data)
    found: dict[tuple[int, str], list[FinanceRow]] = {}
    with bench.archive_of(finance_pdfs(data)) as archive:
        started = time.perf_counter()
        for size in window_sizes(sizes):
            for layout in LAYOUTS:
                asked = replace(settings, context_tokens=size, layout=layout)
                found[size, layout] = ask_finance(bench, questions, archive, asked)
        head = headline(len(questions), archive, settings, time.perf_counter() - started, sizes)
    bench.put_rows(
        {"context_tokens": size, "layout": layout, **row.as_record()}
        for (size, layout), rows in found.items()
        for row in rows
    )
    if bench.as_json:
        bench.console.put_json({"summary": head, "layouts": [_record(*key, rows) for key, rows in found.items()]})
    else:
        bench.console.put(head)
        _put_costs(bench.console.put_table, found)
    bench.put_failures([row.asked for rows in found.values() for row in rows])


def _costs(rows: list[FinanceRow]) -> tuple[PromptCost | None, PromptCost | None]:
    from docpager.analysis.prompt_cost import PromptCost

    answers = [row.asked for row in rows]
    return PromptCost.of(answers), PromptCost.of_long(answers)


def _any(rows: list[FinanceRow]) -> float:
    return sum(row.pages.any_read for row in rows) / len(rows)


def _record(size: int, layout: str, rows: list[FinanceRow]) -> dict[str, Any]:
    each, of_long = _costs(rows)
    return {
        "context_tokens": size,
        "layout": layout,
        "any_resident": round(_any(rows), 4),
        "all_questions": each and each.as_record(),
        "long_questions": of_long and of_long.as_record(),
    }


def _put_costs(put_table: Any, found: dict[tuple[int, str], list[FinanceRow]]) -> None:
    from docpager.analysis.prompt_cost import LONG

    tables: dict[str, list[list[str]]] = {"all questions": [], f"questions of {LONG} steps or more": []}
    for (size, layout), rows in found.items():
        peer = _costs(found[size, MEMGPT])
        for table, cost, other in zip(tables.values(), _costs(rows), peer, strict=True):
            ratio = f"{cost.cost_tokens / other.cost_tokens:.2f}" if cost and other and layout == LOG else ""
            cells = [f"{size:,}", layout, f"{_any(rows):.3f}", *_cells(cost), ratio]
            table.append(cells)
    for title, rows_of_cells in tables.items():
        heads = ["window", "layout", "any", title, "steps", "cacheable", "uncached", "cost", "of memgpt's"]
        put_table(heads, rows_of_cells)


def _cells(cost: PromptCost | None) -> list[str]:
    if cost is None:
        return ["0", "-", "-", "-", "-"]
    shares = [f"{cost.questions}", f"{cost.steps:.1f}", f"{cost.cacheable:.3f}"]
    return [*shares, f"{cost.uncached_tokens:,.0f}", f"{cost.cost_tokens:,.0f}"]
