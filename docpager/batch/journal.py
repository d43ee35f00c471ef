"""The journal of a run: one JSON line a finished question, on the disk before the question counts as done.

A line that a killed process left unfinished is dropped when the journal is opened again. A line that can no longer be
read, or is another run's, does not count: its question is asked again. Outputs are read back by offset, one question at
a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from types import TracebackType
from typing import Any

from docpager.batch.disk import telling_what_cannot_be_written
from docpager.batch.line_file import LineFile, numbered
from docpager.batch.rows import QuestionRows, Row, from_json, to_json
from docpager.records import Question

JOURNAL_NAME = "journal.jsonl"

Key = tuple[str, str | None]
"""A question_id, and the doc_id of the one document it was asked of, if it was."""


def key_of(question: Question) -> Key:
    """How the journal names a question."""
    return question.question_id, question.doc_id


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Where the line of one finished question stands, and what of it is kept in memory."""

    offset: int
    size: int
    exit_status: str
    tokens: int = 0
    """Prompt and completion tokens that the run itself asked for."""
    cost_usd: float = 0.0

    @classmethod
    def of(cls, offset: int, size: int, answer: Row) -> JournalEntry:
        """The entry of a question's ``answers`` row."""
        prompt, completion, replayed = (
            answer.get(name) or 0 for name in ("prompt_tokens", "completion_tokens", "replayed_tokens")
        )
        status, cost = intern(str(answer["exit_status"])), answer.get("cost_usd") or 0.0
        return cls(offset, size, status, prompt + completion - replayed, cost)


class Journal:
    """The journal in a run's folder, open for appending and for reading back."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder = folder
        self._entries: dict[Key, JournalEntry] = {}
        with telling_what_cannot_be_written(folder):
            self._file = LineFile(folder / JOURNAL_NAME)
            self._file.cut(self._recover(run_id))

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def entries(self) -> Mapping[Key, JournalEntry]:
        """The finished questions by question_id and the document they were asked of alone."""
        return self._entries

    def append(self, rows: QuestionRows) -> None:
        """Makes a question's rows durable; raises ``TemporaryError`` and keeps nothing of them where that fails."""
        line = _encode(
            {
                "row": rows.answer["row"],
                "exit_status": rows.answer["exit_status"],
                "answer": to_json(rows.answer),
                "citations": [to_json(row) for row in rows.citations],
                "trace": [to_json(row) for row in rows.trace],
            }
        )
        with telling_what_cannot_be_written(self._folder):
            offset = self._file.append(line)
        self._keep(rows.answer, JournalEntry.of(offset, len(line), rows.answer))

    def read(self, key: Key) -> QuestionRows:
        """The rows of a finished question."""
        entry = self._entries[key]
        return _rows(self._file.read(entry.offset, entry.size))

    def _recover(self, run_id: str) -> int:
        """Finds this run's finished questions; returns the end of the last of them."""
        self._entries = dict(_finished(self._file, run_id))
        return max((entry.offset + entry.size for entry in self._entries.values()), default=0)

    def _keep(self, answer: Row, entry: JournalEntry) -> None:
        self._entries[_key(answer)] = entry


class EarlierJournal:
    """The journal of a run that is over, only to be read; empty where there is none."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder / JOURNAL_NAME
        self._entries: dict[Key, JournalEntry] = {}
        if self._path.exists():
            with self._path.open("rb") as file:
                self._entries = dict(_finished(numbered(file), run_id))

    def read(self, key: Key) -> QuestionRows | None:
        """The rows of a question; None where it has none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        with self._path.open("rb") as file:
            file.seek(entry.offset)
            return _rows(file.read(entry.size))


def _finished(lines: Iterable[tuple[int, bytes]], run_id: str) -> Iterator[tuple[Key, JournalEntry]]:
    """A run's finished questions and where their lines stand."""
    for offset, text in lines:
        if (line := _decode(text)) is not None and line["answer"]["run_id"] == run_id:
            yield _key(line["answer"]), JournalEntry.of(offset, len(text), line["answer"])


def _key(answer: Row) -> Key:
    # Interned: in a grid each id comes back in every row or column.
    question_id, doc_id = intern(answer["question_id"]), answer.get("doc_id")
    return question_id, doc_id and intern(doc_id)


def _rows(text: bytes) -> QuestionRows:
    line = json.loads(text)
    return QuestionRows(
        from_json(line["answer"], "answers"),
        tuple(from_json(citation, "citations") for citation in line["citations"]),
        tuple(from_json(event, "trace") for event in line["trace"]),
    )


def _encode(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _decode(text: bytes) -> dict[str, Any] | None:
    if not text.endswith(b"\n"):
        return None
    try:
        line = json.loads(text)
        complete = isinstance(line["exit_status"], str) and {"run_id", "question_id"} <= line["answer"].keys()
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return line if complete else None
