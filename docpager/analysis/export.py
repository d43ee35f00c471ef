"""A run's answers for a spreadsheet: one row an answer, or laid out with documents down and questions across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.batch.columns import ANSWER_COLUMNS
from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers
from docpager.errors import UsageError
from docpager.records import ExitStatus

Cell = str | int | float | bool | None

_FIRST = (
    "question_id",
    "doc_path",
    "question",
    "exit_status",
    "answer",
    "answer_value",
    "answer_unit",
    "answer_date",
    "citations",
    "conflicts",
    "abstain_reason",
    "error_message",
    "confidence",
)
"""What a person reads stands first; the counts come after it in their own order, the question file's columns last."""
_LEFT_OUT = frozenset({"cited_segment_ids", "read_segment_ids", "ranked_segment_ids", "input"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of cells under a header, as a spreadsheet holds them, and each row as a JSON record."""

    header: Sequence[str]
    rows: Iterator[tuple[Sequence[Cell], Mapping[str, Any]]]
    """Read once, from the run's files."""


def answers_sheet(run: Path) -> Sheet:
    """A run's answers, a row each: the cells are flat, the records whole."""
    inputs = list(dict.fromkeys(name for row in read_answers(run, ["input"]) for name in row["input"] or {}))
    names = [name for name in _ordered() if name not in _LEFT_OUT]
    # A column of the question file may bear the name of one of ours.
    header = [*names, *(f"input.{name}" if name in names else name for name in inputs)]

    def rows() -> Iterator[tuple[list[Cell], dict[str, Any]]]:
        for row in read_answers(run):
            given = row["input"] or {}
            yield [*(_cell(name, row.get(name)) for name in names), *(given.get(name) for name in inputs)], row

    return Sheet(header, rows())


def _ordered() -> list[str]:
    return [*_FIRST, *(column.name for column in ANSWER_COLUMNS if column.name not in _FIRST)]


def _cell(name: str, value: Any) -> Cell:
    if name == "citations":
        return "\n".join(_citation(citation) for citation in value or ())
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _citation(citation: Mapping[str, Any]) -> str:
    page = "" if citation["page_number"] is None else f", page {citation['page_number']}"
    quote = " ".join((citation["quote"] or "").split())
    return f'[{citation["n"]}] {citation["doc_path"]}{page}: "{quote}" ({citation["verify_status"]})'


def pivot_sheet(run: Path) -> Sheet:
    """Documents down, questions across: an answer's text, or how the question ended where there is none.

    Raises ``UsageError`` for a run that did not ask each document alone.
    """
    _check_grid(run)
    grid = _Grid(run)
    return Sheet(["document", *grid.titles()], grid.rows())


def _check_grid(run: Path) -> None:
    if read_manifest(run).settings["run"].get("for_each") is None:
        raise UsageError(
            f"{run} asked every question once, of the whole archive: it has no documents to lay out. "
            "Export it without --pivot, or run the questions with --for-each document."
        )


class _Grid:
    """The cells of a run by document and question. A question that is invalid in itself has its status everywhere."""

    def __init__(self, run: Path) -> None:
        self.questions: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.cells: dict[tuple[str, str], str] = {}
        self.everywhere: dict[str, str] = {}
        columns = ["question_id", "doc_id", "doc_path", "question", "exit_status", "answer"]
        for row in read_answers(run, columns):
            self._add(row)

    def _add(self, row: Mapping[str, Any]) -> None:
        question_id, doc_id = row["question_id"], row["doc_id"]
        cell = row["answer"] or row["exit_status"]
        if doc_id is None:
            if question_id not in self.questions:  # not a second row that bears a taken id
                self.questions[question_id] = row["question"]
                self.everywhere[question_id] = str(ExitStatus(row["exit_status"]))
            return
        self.questions.setdefault(question_id, row["question"])
        self.paths.setdefault(doc_id, row["doc_path"] or doc_id)
        self.cells[doc_id, question_id] = cell

    def titles(self) -> list[str]:
        """The questions' texts; with their ids where two are the same, and the id alone where there is no text."""
        texts = list(self.questions.values())
        return [
            (f"{text} ({name})" if texts.count(text) > 1 else text) if text else name
            for name, text in self.questions.items()
        ]

    def rows(self) -> Iterator[tuple[list[Cell], dict[str, Any]]]:
        """A row a document, by path."""
        for doc_id, path in sorted(self.paths.items(), key=lambda pair: (pair[1], pair[0])):
            answers = {name: self.cells.get((doc_id, name), self.everywhere.get(name)) for name in self.questions}
            yield [path, *answers.values()], {"doc_id": doc_id, "document": path, "answers": answers}
