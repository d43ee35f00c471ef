"""Question files: what people keep questions in, as ``Question`` records.

A row that cannot be asked keeps its place, with the reason in ``invalid_reason``. A file that cannot be read, or holds
no question, is a ``QuestionFileError``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from docpager.batch.question_formats import FORMATS, Cells, kind_of_content, rows_of
from docpager.batch.rows import clean_text
from docpager.errors import MissingInputError, QuestionFileError, UsageError
from docpager.records import AnswerType, Question, hex_id, sha256_hex

STDIN = "-"
KNOWN_COLUMNS = ("question", "question_id", "documents", "answer_type")


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """A question file as read: its bytes, and the questions chosen from it."""

    name: str
    """As the user named it; ``-`` is standard input."""
    kind: str
    """csv, tsv, xlsx, jsonl, parquet or txt."""
    content: bytes
    questions: tuple[Question, ...]

    @property
    def stem(self) -> str:
        """What a run of it is named after."""
        return "stdin" if self.name == STDIN else Path(self.name).stem

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file."""
        return sha256_hex(self.content)

    @property
    def questions_sha256(self) -> str:
        """The SHA-256 of the questions chosen: the same whatever kind of file held them."""
        return sha256_hex(json.dumps([asdict(question) for question in self.questions], sort_keys=True))


def read_questions(
    path: str | Path, sheet: str | None = None, limit: int | None = None, ids: Sequence[str] = ()
) -> list[Question]:
    """The questions of a file, in order; see ``read_question_file``."""
    return list(read_question_file(path, sheet, limit, ids).questions)


def read_question_file(
    path: str | Path, sheet: str | None = None, limit: int | None = None, ids: Sequence[str] = ()
) -> QuestionFile:
    """Reads a question file, or standard input for ``-``; ``ids`` and then ``limit`` choose among its questions.

    Raises ``MissingInputError``, ``QuestionFileError``, or ``UsageError`` for a choice that cannot be.
    """
    name = str(path)
    content = sys.stdin.buffer.read() if name == STDIN else _content(Path(name))
    kind = kind_of_content(content) if name == STDIN else _kind(name)
    questions = questions_of(rows_of(kind, name, content, sheet), name)
    return QuestionFile(name, kind, content, tuple(_chosen(questions, limit, ids, name)))


def questions_of(rows: Iterable[Cells], name: str) -> list[Question]:
    """Rows of cells as questions; raises ``QuestionFileError`` where there is no question column or no question."""
    questions: list[Question] = []
    asked: dict[str, int] = {}
    for row, cells in enumerate(rows):
        question = _question(row, cells)
        if question.invalid_reason is None:
            first = asked.setdefault(question.question_id, row)
            if first != row:
                question = _invalid(
                    question,
                    f"question_id {question.question_id} is taken by row {first}, "
                    "which was asked. Give each question an id of its own.",
                )
        questions.append(question)
    if not any(question.question for question in questions):
        raise QuestionFileError(f"{name} holds no questions: the question column is empty. Write one question a row.")
    return questions


def _content(path: Path) -> bytes:
    if not path.exists():
        raise MissingInputError(f"No question file at {path}.")
    if path.is_dir():
        raise QuestionFileError(f"{path} is a folder. Name a question file: {_endings()}.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise QuestionFileError(f"Cannot read {path}: {error.strerror}.") from error


def _kind(name: str) -> str:
    ending = Path(name).suffix.lower().removeprefix(".")
    kind = {"ndjson": "jsonl", "json": "jsonl", "xlsm": "xlsx", "pq": "parquet"}.get(ending, ending)
    if kind not in FORMATS:
        raise QuestionFileError(f"{name} is no question file by its ending. Save it as one of {_endings()}.")
    return kind


def _endings() -> str:
    return ", ".join(f".{kind}" for kind in FORMATS)


def _chosen(questions: list[Question], limit: int | None, ids: Collection[str], name: str) -> list[Question]:
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} asks nothing. Set it to at least 1.")
    if ids:
        unknown = sorted(set(ids) - {question.question_id for question in questions})
        if unknown:
            raise UsageError(f"{name} has no question with the id {', '.join(unknown)} (--ids).")
        questions = [question for question in questions if question.question_id in ids]
    return questions[:limit]


def _question(row: int, cells: Cells) -> Question:
    known = {name: cells.values.get(name) for name in KNOWN_COLUMNS}
    text = _text(known["question"]).strip()
    documents = _documents(known["documents"])
    question_id = _text(known["question_id"]).strip()
    answer_type, wrong_type = _answer_type(_text(known["answer_type"]))
    reason = cells.invalid_reason or wrong_type
    if not text and reason is None:
        reason = "The question is empty."
    return Question(
        question_id=question_id or _id_from_text(row, text, documents),
        row=row,
        question=text,
        documents=documents,
        answer_type=answer_type,
        input={_clean(name): _text(value) for name, value in cells.values.items() if name not in KNOWN_COLUMNS},
        invalid_reason=reason,
    )


def _id_from_text(row: int, text: str, documents: tuple[str, ...]) -> str:
    # The scope belongs to it: one question asked of two documents in two rows is two questions.
    return hex_id(" ".join(text.casefold().split()), *documents) if text else hex_id("empty row", row)


def _invalid(question: Question, reason: str) -> Question:
    return replace(question, invalid_reason=reason)


def _answer_type(text: str) -> tuple[AnswerType, str | None]:
    spelled = re.sub(r"[^a-z]+", "_", text.strip().casefold()).strip("_")
    if not spelled and not text.strip():
        return AnswerType.TEXT, None
    try:
        return AnswerType(spelled), None
    except ValueError:
        return AnswerType.TEXT, f"answer_type {_clean(text.strip())!r} is none of {', '.join(AnswerType)}."


def _documents(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in _names(value) if name))


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        yield from (_text(name).strip() for name in value)
        return
    text = _text(value)
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            listed = None
        if isinstance(listed, list):
            yield from (_text(name).strip() for name in listed)
            return
    yield from (name.strip() for name in re.split(r"[;\n]", text))


def _text(value: Any) -> str:
    """A cell as text: numbers without a needless .0, times in ISO 8601, anything nested as JSON; nothing is blank."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, (Mapping, list, tuple)):
        return _clean(json.dumps(value, ensure_ascii=False, default=str))
    return _clean(str(value))


def _clean(text: str) -> str:
    return clean_text(text).replace("\x00", "\ufffd")
