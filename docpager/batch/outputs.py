"""A run's Parquet files, streamed from its journal: a row for every question, in input order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from docpager.batch.columns import TABLES
from docpager.batch.disk import telling_what_cannot_be_written
from docpager.batch.journal import Journal, key_of
from docpager.batch.manifest import Manifest
from docpager.batch.rows import QuestionRows, Row, unasked_row
from docpager.records import Question

_SUMMED = (
    "prompt_tokens",
    "cached_tokens",
    "counted_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "embed_tokens",
    "cost_usd",
    "latency_seconds",
)


@dataclass(slots=True)
class Totals:
    """Answer rows by exit_status, and sums of what is known over them; of ``count_error`` the largest."""

    counts: Counter[str] = field(default_factory=Counter)
    autonomy: Counter[str] = field(default_factory=Counter)
    """Answer rows by who steered."""
    sums: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys((*_SUMMED, "count_error")))

    def add(self, answer: Row) -> None:
        """Counts one answer row."""
        self.counts[str(answer["exit_status"])] += 1
        if answer.get("autonomy") is not None:
            self.autonomy[answer["autonomy"]] += 1
        for name in _SUMMED:
            if (value := answer[name]) is not None:
                self.sums[name] = (self.sums[name] or 0) + value
        if (worst := answer["count_error"]) is not None:
            self.sums["count_error"] = max(self.sums["count_error"] or 0.0, worst)


def write_outputs(folder: Path, questions: Iterable[Question], journal: Journal, manifest: Manifest) -> Totals:
    """Writes all three tables; none of them is replaced before all are whole. Memory does not grow with the run."""
    from docpager.batch.schemas import SCHEMAS, TableWriter

    totals = Totals()
    with telling_what_cannot_be_written(folder), ExitStack() as stack:
        writers = {
            table: stack.enter_context(TableWriter(folder / f"{table}.parquet", SCHEMAS[table], manifest.footer))
            for table in TABLES
        }
        for question in questions:
            rows = _rows(question, journal, manifest)
            totals.add(rows.answer)
            tables: dict[str, Iterable[Row]] = {
                "answers": (rows.answer,),
                "citations": rows.citations,
                "trace": rows.trace,
            }
            for table, of_table in tables.items():
                for row in of_table:
                    writers[table].add(row, _size(row))
        for writer in writers.values():
            writer.finish()
        for writer in writers.values():
            writer.commit()
    return totals


def _rows(question: Question, journal: Journal, manifest: Manifest) -> QuestionRows:
    if (key := key_of(question)) in journal.entries and question.invalid_reason is None:
        return journal.read(key)
    return QuestionRows(unasked_row(question, manifest.facts))


def _size(row: Row) -> int:
    return len(json.dumps(row, default=str))
