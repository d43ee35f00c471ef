"""Nested key-value retrieval (MemGPT's own task): chains of look-ups through a document larger than the window."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.analysis.bench_asking import AskAll, Asked, answer_record
from docpager.analysis.evidence import bears, evidence_texts
from docpager.analysis.intervals import Share
from docpager.analysis.nested_kv import NestedCase
from docpager.protocols import Archive
from docpager.records import Question
from docpager.settings import AgentSettings

COLLECTION = "cases.jsonl"


@dataclass(frozen=True, slots=True)
class NestedRow:
    """What became of one case."""

    case: NestedCase
    asked: Asked
    is_right: bool
    """Whether the lines cited hold the last value of the chain."""

    @property
    def calls(self) -> int:
        """Calls to the model."""
        return self.asked.answer.paging.steps

    def as_record(self) -> dict[str, Any]:
        """The row as JSON has it."""
        named = {"question_id": self.case.case_id, "hops": self.case.hops, "right": self.is_right}
        return {**named, "value": self.case.answer, **answer_record(self.asked)}


def write_cases(cases: Sequence[NestedCase], folder: Path) -> Path:
    """Writes the cases as a collection, a document each; returns its file."""
    file = folder / COLLECTION
    lines = [json.dumps({"id": case.case_id, "text": case.text}) for case in cases]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def bench_nested(
    cases: Sequence[NestedCase], archive: Archive, settings: AgentSettings, ask_all: AskAll
) -> list[NestedRow]:
    """Asks for the end of each chain in its own document."""
    questions = [
        Question(case.case_id, row, case.question, documents=(f"{COLLECTION}#{case.case_id}",))
        for row, case in enumerate(cases)
    ]
    answers = ask_all(questions, settings)
    return [
        NestedRow(case, asked, bears(evidence_texts(archive, asked.answer.citations), [case.answer]))
        for case, asked in zip(cases, answers, strict=True)
    ]


def by_hops(rows: Sequence[NestedRow]) -> Iterator[tuple[int, Share, float]]:
    """For each length of chain: how often its end was cited, and the mean number of model calls."""
    for hops in sorted({row.case.hops for row in rows}):
        found = [row for row in rows if row.case.hops == hops]
        yield hops, Share.where(row.is_right for row in found), sum(row.calls for row in found) / len(found)
