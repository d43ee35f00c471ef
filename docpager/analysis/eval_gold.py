"""Gold files: what answers each question, where that stands, and whether anything does."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, QuestionFileError

SHAPE = (
    'Write one object a line: {"question_id": "q1", "answers": ["58"], "evidence": [{"document": "report.pdf", '
    '"page": 3}]}; or name "question" in place of "question_id".'
)
_YES, _NO = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}
_BETWEEN = re.compile(r"\s*\|\s*")
_ANSWERS = ("answers", "answer", "gold_answer", "gold_answers")


@dataclass(frozen=True, slots=True)
class Gold:
    """What is known of one question. Documents are named by path, by its ending, or by a record's id behind ``#``."""

    question_id: str | None
    question: str | None
    answers: tuple[str, ...]
    """Any of them is right."""
    pages: frozenset[tuple[str, int]] = frozenset()
    """Documents and the numbers of their paper pages, from 1, that bear the answer."""
    texts: tuple[str, ...] = ()
    """Passages that bear it, of which no document is named."""
    unit: str | None = None
    """What a number without a unit of its own is in, as in ``USD millions``."""
    tolerance: Decimal | None = None
    """How far a number may be off, as a share of it; None is the usual 1 %."""
    answerable: bool = True

    @property
    def name(self) -> str:
        """Its id, else its question."""
        return self.question_id or self.question or "?"


def read_gold(path: Path) -> list[Gold]:
    """The rows of a gold file: JSON lines, CSV or Parquet, told by its content.

    Raises ``MissingInputError`` where it is not there and ``QuestionFileError`` where it cannot be read, or has a row
    without a question or without an answer, or two rows for one question.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingInputError(f"Cannot read {path}: {error.strerror}.") from None
    rows = [_gold(row, f"row {number} of {path}") for number, row in enumerate(_rows(path, content), start=1)]
    if not rows:
        raise QuestionFileError(f"{path} holds no gold answers. {SHAPE}")
    seen: set[str] = set()
    for gold in rows:
        if gold.name in seen:
            raise QuestionFileError(f"{path} has two rows for {gold.name}. Put all right answers into one list.")
        seen.add(gold.name)
    return rows


def same_document(named: str, path: str) -> bool:
    """Whether a gold file's name for a document means the one with this path in the archive."""
    named, path = named.replace("\\", "/").casefold(), path.casefold()
    return path == named or path.endswith(("/" + named, "#" + named))


def _rows(path: Path, content: bytes) -> Iterator[Mapping[str, Any]]:
    if content.startswith(b"PAR1"):
        from docpager.batch.tables import read_records

        yield from read_records(path)
        return
    text = content.decode("utf-8-sig", "replace")
    if text.lstrip().startswith(("{", "[")):
        yield from _json_rows(path, text)
        return
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)


def _json_rows(path: Path, text: str) -> Iterator[Mapping[str, Any]]:
    try:
        if text.lstrip().startswith("["):
            records = json.loads(text)
        else:
            records = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError) as error:
        raise QuestionFileError(f"{path} is not JSON ({error}). {SHAPE}") from None
    for record in records:
        if not isinstance(record, dict):
            raise QuestionFileError(f"{path} holds {type(record).__name__} where an object belongs. {SHAPE}")
        yield record


def _gold(row: Mapping[str, Any], where: str) -> Gold:
    question_id, question = _text(row, "question_id", "id"), _text(row, "question")
    if question_id is None and question is None:
        raise QuestionFileError(f"In {where} neither question_id nor question is filled. {SHAPE}")
    if not any(name in row for name in (*_ANSWERS, "answerable")):
        raise QuestionFileError(f"In {where} there is no answer. {SHAPE}")
    answers = tuple(dict.fromkeys(said for name in _ANSWERS for said in _texts(row.get(name))))
    pages, texts = _evidence(row, where)
    told = _flag(row.get("answerable"), where)
    answerable = bool(answers) if told is None else told
    tolerance = _share(row.get("tolerance"), where)
    return Gold(question_id, question, answers, pages, texts, _text(row, "unit"), tolerance, answerable)


def _evidence(row: Mapping[str, Any], where: str) -> tuple[frozenset[tuple[str, int]], tuple[str, ...]]:
    """Gold pages and passages: of ``evidence``, of ``document`` with ``page`` or ``pages``, and of ``gold_id``."""
    pages: set[tuple[str, int]] = set()
    texts: list[str] = []
    found = row.get("evidence")
    if isinstance(found, str):
        found = json.loads(found) if found.lstrip().startswith(("[", "{")) else _texts(found)
    for item in [found] if isinstance(found, Mapping) else found or ():
        if not isinstance(item, Mapping):
            texts.append(str(item))
            continue
        document, numbers = _text(item, "document"), _numbers(item, where)
        if document is not None:
            pages.update((document, number) for number in numbers or [1])
        elif said := _text(item, "text"):
            texts.append(said)
    # A document alone is the one asked about, as FinanceBench names it: with page numbers it is evidence.
    document, numbers = _text(row, "evidence_document", "document"), _numbers(row, where)
    if document is not None:
        pages.update((document, number) for number in numbers)
    pages.update((passage, 1) for passage in _texts(row.get("gold_id")))
    return frozenset(pages), tuple(texts)


def _numbers(row: Mapping[str, Any], where: str) -> list[int]:
    for name in ("pages", "page", "page_number", "evidence_pages"):
        value = row.get(name)
        if value is None or value == "":
            continue
        listed = (
            value if isinstance(value, Iterable) and not isinstance(value, str) else re.split(r"[;,|\s]+", f"{value}")
        )
        try:
            return [int(float(number)) for number in listed if str(number).strip()]
        except ValueError:
            raise QuestionFileError(f"In {where} {name} is {value!r}: write page numbers, from 1.") from None
    return []


def _text(row: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = row.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    return None


def _texts(value: Any) -> list[str]:
    """A list's texts; a cell's, which may hold a JSON list, or several with ``|`` between them."""
    if value is None:
        return []
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return _texts(json.loads(value))
            except ValueError:
                pass
        return [part for part in _BETWEEN.split(value.strip()) if part]
    if isinstance(value, Iterable):
        return [str(item).strip() for item in value if item is not None and str(item).strip()]
    return [str(value)]


def _flag(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool) or value == "":
        return value if isinstance(value, bool) else None
    said = str(value).strip().casefold()
    if said not in _YES | _NO:
        raise QuestionFileError(f"In {where} answerable is {value!r}: write true or false.")
    return said in _YES


def _share(value: Any, where: str) -> Decimal | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    try:
        share = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share < 1:
        raise QuestionFileError(f"In {where} tolerance is {value!r}: write a share of the number, as in 0.01 or 1%.")
    return share
