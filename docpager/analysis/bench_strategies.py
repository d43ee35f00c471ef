"""Strategies side by side: the same questions, archive and models, in windows of several sizes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docpager.analysis.bench_asking import AskAll, Asked, Chosen, answer_record
from docpager.analysis.bench_data import data_file
from docpager.analysis.bench_financebench import PDFS, finance_questions
from docpager.analysis.bench_nq import CORPUS, open_questions
from docpager.analysis.evidence import PagesReached, PaperPage, bears, evidence_texts, pages_of
from docpager.analysis.intervals import Share, Spread
from docpager.analysis.one_prompt import right_by_words
from docpager.analysis.plots import Point, beside_each_other, line_chart
from docpager.protocols import Archive
from docpager.records import ExitStatus, Question, hex_id
from docpager.settings import LOG, AgentSettings, settings_sha256


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question, what answers it, and the paper pages that bear the answer."""

    question: Question
    answers: tuple[str, ...]
    gold: frozenset[PaperPage]
    numeric: bool = False
    """Whether an answer that is a number is compared as one."""

    def as_gold(self) -> dict[str, Any]:
        """As the reader looks for it that knows the answers: by pages, where a document has many, else by words."""
        if not self.numeric:
            return {"question": self.question.question, "answers": self.answers}
        pages = [{"document": path, "page_number": number} for path, number in sorted(self.gold)]
        return {"question": self.question.question, "answers": self.answers, "pages": pages}


@dataclass(frozen=True, slots=True)
class Data:
    """What a folder of questions holds."""

    name: str
    source: Path
    """What the archive is made of."""
    questions: tuple[GoldQuestion, ...]

    @property
    def ingest(self) -> dict[str, Any]:
        """How the source is read."""
        passages = {"text_field": "text", "id_field": "id", "title_field": "title"}
        return passages if self.source.name == CORPUS else {}


def data_of(folder: Path, choose: Chosen) -> Data:
    """FinanceBench's or Natural Questions' folder; raises ``MissingInputError`` or ``QuestionFileError``."""
    source = data_file(folder, PDFS, CORPUS)
    if source.name == PDFS:
        found = [GoldQuestion(q.question, (q.answer,), q.gold, True) for q in finance_questions(folder, choose)]
    else:
        found = [
            GoldQuestion(q.question, q.answers, frozenset({(q.gold_path, 1)})) for q in open_questions(folder, choose)
        ]
    return Data(folder.resolve().name, source, tuple(found))


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of the matrix."""

    data: str
    model: str
    strategy: str
    window: int

    def settings(self, base: AgentSettings) -> AgentSettings:
        """How its questions are asked."""
        return replace(base, model=self.model, strategy=self.strategy, context_tokens=self.window, layout=LOG)

    def path(self, folder: Path) -> Path:
        """Its rows' file."""
        name = "".join(c if c.isalnum() or c in "-._" else "-" for c in f"{self.data}-{self.model}-{self.strategy}")
        return folder / "cells" / f"{name}-{self.window}.jsonl"


@dataclass(frozen=True, slots=True)
class CellFigures:
    """What the questions of one cell came to."""

    cell: Cell
    questions: int
    right: Share
    """By the answer's own words."""
    right_lines: Share
    """The cited lines hold the answer."""
    any_evidence: Share
    all_evidence: Share
    abstained: Share
    failed: Share
    """Neither answered nor abstained."""
    verified: Share
    prompt_tokens: float
    cost_tokens: float
    """Uncached prompt tokens, and a tenth of those that repeat the request before."""
    completion_tokens: float
    steps: float
    seconds: float

    @classmethod
    def of(cls, cell: Cell, rows: Sequence[dict[str, Any]]) -> CellFigures:
        """Of the rows of its file."""
        statuses = [row["exit_status"] for row in rows]
        good = {str(ExitStatus.ANSWERED), str(ExitStatus.ABSTAINED)}
        means = {
            name: Spread.of([row[name] for row in rows]).mean
            for name in ("prompt_tokens", "cost_tokens", "completion_tokens", "steps", "seconds")
        }
        return cls(
            cell,
            len(rows),
            Share.where(row["right"] for row in rows),
            Share.where(row["right_lines"] for row in rows),
            Share.where(row["any_resident"] for row in rows),
            Share.where(row["all_resident"] for row in rows),
            Share.where(status == ExitStatus.ABSTAINED for status in statuses),
            Share.where(status not in good for status in statuses),
            Share(sum(row["verified"] for row in rows), sum(row["citations"] for row in rows)),
            **means,
        )

    def as_record(self) -> dict[str, Any]:
        """As a row of the table."""
        shares = ("right", "right_lines", "any_evidence", "all_evidence", "abstained", "failed", "verified")
        means = ("prompt_tokens", "cost_tokens", "completion_tokens", "steps", "seconds")
        record: dict[str, Any] = {
            "data": self.cell.data,
            "model": self.cell.model,
            "strategy": self.cell.strategy,
            "context_tokens": self.cell.window,
            "questions": self.questions,
        }
        for name in shares:
            share: Share = getattr(self, name)
            low, high = share.interval
            record |= {name: share.value, f"{name}_low": low, f"{name}_high": high}
        return record | {name: round(getattr(self, name), 3) for name in means}


def cell_rows(
    cell: Cell, data: Data, archive: Archive, base: AgentSettings, ask_all: AskAll, folder: Path
) -> list[dict[str, Any]]:
    """The rows of a cell: from its file, where the same was asked of the same before; else asked now and kept."""
    settings, path = cell.settings(base), cell.path(folder)
    questions = [question.question for question in data.questions]
    key = hex_id(settings_sha256(settings), archive.generation, *(f"{q.question_id} {q.question}" for q in questions))
    if path.exists():
        kept, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if kept == {"key": key}:
            return list(rows)
    answers = ask_all(questions, settings)
    rows = [_row(question, asked, archive) for question, asked in zip(data.questions, answers, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) for record in ({"key": key}, *rows)]
    unfinished = path.with_suffix(".part")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return rows


def _row(question: GoldQuestion, asked: Asked, archive: Archive) -> dict[str, Any]:
    answer = asked.answer
    cited = frozenset((c.doc_path, c.page_number) for c in answer.citations if c.page_number is not None)
    pages = PagesReached(question.gold, pages_of(archive, answer.coverage.read_segment_ids), cited)
    text = question.question.question if question.numeric else ""
    return {
        "question_id": question.question.question_id,
        "right": right_by_words(answer.answer, question.answers, text),
        "right_lines": None if question.numeric else bears(evidence_texts(archive, answer.citations), question.answers),
        "any_resident": pages.any_read,
        "all_resident": pages.all_read,
        "any_cited": pages.any_cited,
        **answer_record(asked),
    }


def matrix(
    data: Sequence[Data], models: Sequence[str], strategies: Sequence[str], windows: Sequence[int]
) -> Iterator[tuple[Data, Cell]]:
    """Every cell, a data set's after the other's."""
    for held in data:
        for model in models:
            for window in windows:
                for strategy in strategies:
                    yield held, Cell(held.name, model, strategy, window)


def picture(found: Sequence[CellFigures]) -> str:
    """Accuracy, evidence and cost by window, a line a strategy; a row of charts for each data set and model. An SVG."""
    panels: dict[str, Callable[[CellFigures], float | None]] = {
        "right, by the answer's words": lambda figures: figures.right.value,
        "any gold page or passage read": lambda figures: figures.any_evidence.value,
        "cost-weighted prompt tokens": lambda figures: figures.cost_tokens,
    }
    charts = []
    for data, model in dict.fromkeys((figures.cell.data, figures.cell.model) for figures in found):
        own = [figures for figures in found if (figures.cell.data, figures.cell.model) == (data, model)]
        for name, value in panels.items():
            lines: dict[str, list[Point]] = {}
            for figures in own:
                points = lines.setdefault(figures.cell.strategy, [])
                points.append((float(figures.cell.window), value(figures) or 0.0))
            charts.append(line_chart(f"{data}, {model}: {name}", "window, tokens", name, lines))
    return beside_each_other("Strategies by window", charts, len(panels))
