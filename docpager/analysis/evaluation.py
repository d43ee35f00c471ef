"""Evaluates a run against a gold file: a row a question, figures with their intervals, a table beside the run's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from docpager.analysis.eval_figures import Evaluation, curve_of, figures_of
from docpager.analysis.eval_gold import Gold
from docpager.analysis.eval_rows import EvalRow, eval_row, pair
from docpager.batch.rows import Row
from docpager.batch.tables import read_answers, read_citations, read_footer, write_records
from docpager.protocols import Archive
from docpager.records import ExitStatus

TABLE = "eval.parquet"
_TYPES = {
    **dict.fromkeys(("question_id", "doc_id", "question", "exit_status", "answer"), "string"),
    "gold_answers": "list<string>",
    "verdict": "string",
    **dict.fromkeys(("exact_match", "token_f1", "numeric_match", "answer_in_citations"), "float64"),
    **dict.fromkeys(("any_gold_read", "all_gold_read", "any_gold_cited", "all_gold_cited"), "float64"),
    **dict.fromkeys(("citation_precision", "citation_recall", "verified", "confidence"), "float64"),
    **dict.fromkeys(("n_citations", "steps", "prompt_tokens", "cached_tokens", "cacheable_tokens"), "int64"),
    "completion_tokens": "int64",
    **dict.fromkeys(("cost_usd", "latency_seconds"), "float64"),
    "judge_model": "string",
    **dict.fromkeys(("judge_correct", "judge_entailed"), "float64"),
    "judge_error": "string",
    "quotes": "list<string>",
}
_COLUMNS = (
    *("question_id", "doc_id", "question", "exit_status", "answer", "answer_value", "confidence", "read_segment_ids"),
    *("n_citations", "steps", "prompt_tokens", "cached_tokens", "cacheable_tokens", "completion_tokens", "cost_usd"),
    "latency_seconds",
)
Judge = Callable[[Sequence[EvalRow]], list[EvalRow]]


def evaluate(run: Path, golds: Sequence[Gold], archive: Archive | None, judge: Judge | None = None) -> Evaluation:
    """Scores every row of a run and writes ``eval.parquet`` beside it.

    Raises ``MissingInputError`` where the run has no tables, ``DocpagerError`` where they are damaged.
    """
    answers = list(read_answers(run, _COLUMNS))
    cited = _citations(run)
    used: set[str] = set()
    rows = []
    for answer, gold in pair(golds, answers):
        # An invalid row may bear the id of one that was asked: the citations are the other's.
        asked = answer["exit_status"] != ExitStatus.INVALID
        rows.append(eval_row(answer, cited[answer["question_id"], answer["doc_id"]] if asked else [], gold, archive))
        used |= {gold.name} if gold else set()
    rows = judge(rows) if judge else rows
    write_records(run / TABLE, [asdict(row) for row in rows], _TYPES, read_footer(run, "answers"))
    return Evaluation(
        run,
        run / TABLE,
        rows,
        figures_of(rows),
        curve_of(rows),
        [row.question_id for row in rows if not row.has_gold],
        [gold.name for gold in golds if gold.name not in used],
        archive is None,
    )


def _citations(run: Path) -> defaultdict[tuple[str, str | None], list[Row]]:
    found: defaultdict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in read_citations(run):
        found[row["question_id"], row.get("asked_doc_id")].append(row)
    return found
