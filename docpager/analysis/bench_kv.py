"""Key-value retrieval: sets of random keys and values, each a document larger than the window."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.analysis.bench_asking import AskAll, Asked, answer_record
from docpager.analysis.bench_data import data_file, json_records
from docpager.analysis.evidence import bears, evidence_texts
from docpager.analysis.intervals import Share
from docpager.protocols import Archive
from docpager.records import ExitStatus, Question
from docpager.settings import AgentSettings

SETS, COLLECTION = "kv75.jsonl", "sets.jsonl"
_FIELDS = ("ordered_kv_records", "key", "value")


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """A set of pairs as a document, and the value that one of its keys has."""

    question: Question
    value: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What became of one key."""

    question: KeyQuestion
    asked: Asked
    is_right: bool
    """Whether the lines cited hold the value."""
    is_resident: bool
    """Whether a segment that was read holds it."""

    def as_record(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {
            "question_id": self.question.question.question_id,
            "question": self.question.question.question,
            "value": self.question.value,
            "right": self.is_right,
            "resident": self.is_resident,
            **answer_record(self.asked),
        }


def key_questions(data: Path) -> list[KeyQuestion]:
    """A question for each set, limited to the set's document; raises ``MissingInputError``."""
    records = json_records(data_file(data, SETS), _FIELDS)
    numbered = [{**record, "set": f"set-{n:03}"} for n, record in enumerate(records, start=1)]
    return [
        KeyQuestion(
            Question(
                record["set"],
                row,
                f'What is the value of the key "{record["key"]}"?',
                documents=(f"{COLLECTION}#{record['set']}",),
            ),
            str(record["value"]),
            tuple((str(key), str(value)) for key, value in record["ordered_kv_records"]),
        )
        for row, record in enumerate(numbered)
    ]


def write_collection(questions: Sequence[KeyQuestion], folder: Path) -> Path:
    """Writes the sets as a collection, a document each, one pair a line; returns its file."""
    file = folder / COLLECTION
    with file.open("w", encoding="utf-8") as out:
        for question in questions:
            text = "\n".join(f"{key}: {value}" for key, value in question.pairs)
            out.write(json.dumps({"id": question.question.question_id, "text": text}) + "\n")
    return file


def bench_kv(
    questions: Sequence[KeyQuestion], archive: Archive, settings: AgentSettings, ask_all: AskAll
) -> list[KeyRow]:
    """Asks for each key in its own set."""
    answers = ask_all([question.question for question in questions], settings)
    return [_row(question, asked, archive) for question, asked in zip(questions, answers, strict=True)]


def _row(question: KeyQuestion, asked: Asked, archive: Archive) -> KeyRow:
    read = archive.segments(asked.answer.coverage.read_segment_ids)
    return KeyRow(
        question,
        asked,
        is_right=bears(evidence_texts(archive, asked.answer.citations), [question.value]),
        is_resident=bears([segment.text for segment in read], [question.value]),
    )


def key_shares(rows: Sequence[KeyRow]) -> Iterator[tuple[str, Share]]:
    """How often the value was read and cited."""
    yield "value in the lines cited", Share.where(row.is_right for row in rows)
    yield "value resident", Share.where(row.is_resident for row in rows)
    yield "abstained", Share.where(row.asked.answer.exit_status is ExitStatus.ABSTAINED for row in rows)
