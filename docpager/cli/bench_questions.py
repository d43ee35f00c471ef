"""``docpager bench financebench``, ``nq``, ``kv`` and ``windows``: questions with gold evidence, asked here and now."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.bench_asking import Bench, asking_options, cost_record, headline
from docpager.cli.bench_peers import ask_peers, peers_asked_for, top_k_option
from docpager.cli.options import settings_from
from docpager.settings import AgentSettings, ConnectionSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_financebench import FinanceQuestion, FinanceRow
    from docpager.analysis.intervals import Share
    from docpager.analysis.one_prompt import Peers
    from docpager.analysis.risk_coverage import RiskPoint
    from docpager.archive.lance import LanceArchive

COVERAGES = tuple(n / 10 for n in range(1, 11))
"""Where the risk-coverage curve is printed."""
MOST_MISSED = 20
WINDOWS = "2048,4096,8192,16384"


def bench_of(ctx: click.Context, values: dict[str, Any]) -> tuple[Bench, AgentSettings]:
    """The command's own options, and the agent's settings."""
    own = {f.name: values[f.name] for f in fields(Bench) if f.name not in ("console", "connection")}
    bench = Bench(console=ctx.obj, connection=settings_from(ConnectionSettings, values), **own)
    return bench, settings_from(AgentSettings, values)


@click.command("financebench")
@asking_options()
@top_k_option
@click.pass_context
def financebench(ctx: click.Context, /, data: Path, ks: str, **values: Any) -> None:
    """Asks about filings, and counts which gold pages were read and cited.

    DATA holds pdfs/ and questions.jsonl (question_id, question, answer, evidence: document and page). Beside the agent
    stands top-k: one uncached prompt with the best passages of one search, as large as the question's own cost with
    cached tokens at a tenth, or as the document text it was shown.
    """
    from docpager.analysis.bench_financebench import answer_shares, evidence_shares

    bench, settings = bench_of(ctx, values)
    sizes = peers_asked_for(ks, settings)
    questions = finance_data(bench, data)
    with bench.archive_of(finance_pdfs(data)) as archive:
        started = time.perf_counter()
        rows = ask_finance(bench, questions, archive, settings)
        head = headline(len(rows), archive, settings, time.perf_counter() - started)
        peers = ask_peers(bench, archive, settings, sizes, [(q.question, [q.answer]) for q in questions])
    shares = [*evidence_shares(rows), *answer_shares(rows)]
    more = {
        "top_k_equal_cost_tokens_largest": max(row.equal_cost.prompt_tokens for row in rows),
        "top_k_equal_cost_k_mean": round(sum(row.equal_cost.k for row in rows) / len(rows), 1),
    }
    _finish(bench, head, rows, shares, more, peers)
    if not bench.as_json:
        bench.console.put(
            f"\ntop-k at equal cost: {more['top_k_equal_cost_k_mean']} passages a prompt in the mean, the largest "
            f"prompt {more['top_k_equal_cost_tokens_largest']:,} tokens"
        )


@click.command("nq")
@asking_options()
@top_k_option
@click.pass_context
def nq(ctx: click.Context, /, data: Path, ks: str, **values: Any) -> None:
    """Asks open questions over passages, and looks for the gold answer in the lines cited.

    DATA holds corpus.jsonl (id, title, text) and questions.jsonl (question_id, question, answers, gold_id). Only the
    first 3 lines and 90 words cited count; letters and digits are compared.
    """
    from docpager.analysis.bench_nq import bench_nq, corpus_file, curve, open_questions, open_shares
    from docpager.analysis.risk_coverage import area

    bench, settings = bench_of(ctx, values)
    sizes = peers_asked_for(ks, settings)
    questions = open_questions(data, bench.choose)
    with bench.archive_of(corpus_file(data), text_field="text", id_field="id", title_field="title") as archive:
        started = time.perf_counter()
        gold = ({"question": q.question.question, "answers": q.answers} for q in questions)
        rows = bench_nq(questions, archive, settings, bench.ask_all(archive, gold))
        head = headline(len(rows), archive, settings, time.perf_counter() - started)
        peers = ask_peers(bench, archive, settings, sizes, [(q.question, q.answers) for q in questions])
    points = curve(rows)
    more = {"risk_coverage": [_point_record(point) for point in points], "mean_risk": area(points)}
    _finish(bench, head, rows, list(open_shares(rows)), more, peers)
    if not bench.as_json:
        _put_curve(bench, points, area(points), settings.abstain_threshold)


@click.command("kv")
@asking_options(context_tokens=2048)
@click.pass_context
def kv(ctx: click.Context, /, data: Path, **values: Any) -> None:
    """Asks for keys of sets of random pairs, each set one document.

    DATA holds kv75.jsonl (ordered_kv_records, key, value).
    """
    from docpager.analysis.bench_kv import bench_kv, key_questions, key_shares, write_collection

    bench, settings = bench_of(ctx, values)
    questions = key_questions(data)
    with TemporaryDirectory(prefix="docpager-bench-") as folder:
        sets = Path(folder) / "kv"  # the folder's name is part of the documents' ids: the same each time
        sets.mkdir()
        with bench.archive_of(write_collection(questions, sets)) as archive:
            started = time.perf_counter()
            gold = ({"question": q.question.question, "answers": [q.value]} for q in questions)
            rows = bench_kv(bench.choose(questions), archive, settings, bench.ask_all(archive, gold))
            head = headline(len(rows), archive, settings, time.perf_counter() - started)
    _finish(bench, head, rows, list(key_shares(rows)), {})
    missed = [row.question.question.question_id for row in rows if not row.is_right]
    if missed:
        bench.console.say(f"not the value: {', '.join(missed[:MOST_MISSED])}{', ...' if missed[MOST_MISSED:] else ''}")


@click.command("windows")
@asking_options(without=["context_tokens"], read_tokens=12_000)
@click.option("--windows", "sizes", default=WINDOWS, show_default=True, metavar="N,N", help="The windows, in tokens.")
@click.pass_context
def windows(ctx: click.Context, /, data: Path, sizes: str, **values: Any) -> None:
    """Asks FinanceBench's questions in windows of several sizes, at equal tokens read.

    DATA is as for bench financebench.
    """
    from docpager.analysis.bench_financebench import evidence_shares

    bench, settings = bench_of(ctx, values)
    each = window_sizes(sizes)
    questions = finance_data(bench, data)
    table: dict[int, list[FinanceRow]] = {}
    with bench.archive_of(finance_pdfs(data)) as archive:
        started = time.perf_counter()
        for size in each:
            asked = replace(settings, context_tokens=size)
            table[size] = ask_finance(bench, questions, archive, asked)
        head = headline(len(questions), archive, settings, time.perf_counter() - started, sizes)
    bench.put_rows({"context_tokens": size, **row.as_record()} for size, rows in table.items() for row in rows)
    shares = {size: dict(evidence_shares(rows)) for size, rows in table.items()}
    if bench.as_json:
        bench.console.put_json({"summary": head, "windows": {n: _share_records(s.items()) for n, s in shares.items()}})
    else:
        bench.console.put(head)
        _put_windows(bench, table, shares)
    bench.put_failures([row.asked for rows in table.values() for row in rows])


def ask_finance(
    bench: Bench, questions: Sequence[FinanceQuestion], archive: LanceArchive, settings: AgentSettings
) -> list[FinanceRow]:
    """Asks the questions of an archive that holds all filings."""
    from docpager.analysis.bench_financebench import bench_financebench

    ask_all = bench.ask_all(archive, _page_gold(questions))
    return bench_financebench(questions, archive, settings, ask_all, _counter())


def finance_data(bench: Bench, data: Path) -> list[FinanceQuestion]:
    """The chosen questions of DATA, once its filings are known to be there."""
    from docpager.analysis.bench_financebench import finance_questions

    finance_pdfs(data)
    return finance_questions(data, bench.choose)


def _page_gold(questions: Iterable[FinanceQuestion]) -> Iterator[dict[str, Any]]:
    """The questions' gold pages, as the perfect reader looks for them."""
    for question in questions:
        pages = [{"document": path, "page_number": number} for path, number in sorted(question.gold)]
        yield {"question": question.question.question, "pages": pages}


def finance_pdfs(data: Path) -> Path:
    """The folder of DATA's filings."""
    from docpager.analysis.bench_financebench import pdf_folder

    return pdf_folder(data)


def _counter() -> Any:
    from docpager.wiring import segment_counter

    return segment_counter()


def window_sizes(sizes: str) -> list[int]:
    """Sizes from smallest to largest; raises ``click.BadParameter``."""
    try:
        found = sorted({int(size) for size in sizes.split(",")})
    except ValueError:
        raise click.BadParameter(f"{sizes!r} is no list of whole numbers with commas between them.") from None
    return found


def _finish(
    bench: Bench,
    head: str,
    rows: Sequence[Any],
    shares: Sequence[tuple[str, Share]],
    more: dict[str, Any],
    peers: Peers | None = None,
) -> None:
    """Rows to where they were asked for, then the figures as a table or as one JSON line, then what failed."""
    answers = [row.asked for row in rows]
    beside = list(peers.records(len(rows))) if peers else [{}] * len(rows)
    bench.put_rows({**row.as_record(), **fields} for row, fields in zip(rows, beside, strict=True))
    shares = [*shares, *(peers.shares() if peers else ())]
    others = dict(peers.costs()) if peers else {}
    if bench.as_json:
        record = {"summary": head, **_share_records(shares), "per_question": cost_record(answers, others), **more}
        bench.console.put_json(record)
    else:
        bench.console.put(head + "\n")
        bench.put_shares(shares)
        bench.console.put()
        bench.put_costs(answers, others)
    bench.put_failures(answers)


def _share_records(shares: Iterable[tuple[str, Share]]) -> dict[str, Any]:
    return {name: share.as_record() for name, share in shares}


def _point_record(point: RiskPoint) -> dict[str, float]:
    return {
        "confidence": point.confidence,
        "coverage": round(point.coverage, 4),
        "risk": round(point.risk, 4),
        "answered": point.answered,
    }


def _put_curve(bench: Bench, points: list[RiskPoint], mean: float | None, threshold: float) -> None:
    from docpager.analysis.risk_coverage import at_coverages

    shown = at_coverages(points, COVERAGES)
    default = next((point for point in reversed(points) if point.confidence >= threshold), None)
    listed = sorted({*shown, *([default] if default else [])}, key=lambda point: point.answered)
    bench.console.put()
    bench.console.put_table(
        ["confidence at least", "coverage", "wrong of those answered", ""],
        [
            (f"{p.confidence:.3f}", f"{p.coverage:.3f}", f"{p.risk:.3f}", "threshold" if p is default else "")
            for p in listed
        ],
    )
    if mean is not None:
        bench.console.put(f"mean risk over all coverages: {mean:.3f}")


def _put_windows(bench: Bench, table: dict[int, list[FinanceRow]], shares: dict[int, dict[str, Share]]) -> None:
    from docpager.analysis.intervals import Spread

    names = ("any gold page resident", "all gold pages resident", "gold page cited")
    largest = shares[max(shares)]
    rows = []
    for size, found in shares.items():
        asked = [row.asked for row in table[size]]
        cells: list[str] = [f"{size:,}"]
        for name in names:
            value, best = found[name].value or 0.0, largest[name].value or 0.0
            cells += [f"{value:.3f}", f"{value / best:.2f}" if best else "-"]
        shown, steps = Spread.of([a.shown_tokens for a in asked]), Spread.of([a.answer.paging.steps for a in asked])
        refaults = Spread.of([a.answer.paging.refaults for a in asked])
        cells += [f"{shown.mean:,.0f}", f"{shown.largest:,.0f}", f"{steps.mean:.1f}", f"{refaults.mean:.1f}"]
        rows.append(cells)
    heads = ["window", "any", "ratio", "all", "ratio", "cited", "ratio", "text shown", "largest", "steps", "refaults"]
    bench.console.put_table(heads, rows)
