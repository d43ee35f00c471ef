"""An answer as rows of the three tables, and those rows as JSON and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from docpager.batch.columns import TABLES, Column
from docpager.records import (
    VERIFIED_STATUSES,
    Answer,
    Citation,
    Coverage,
    ExitStatus,
    PagingCounts,
    Question,
    TraceEvent,
    Usage,
    hex_id,
    sha256_hex,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What every row of a run says about the run."""

    run_id: str
    settings_sha256: str
    archive: str
    archive_version: str
    model: str


@dataclass(frozen=True, slots=True)
class QuestionRows:
    """The rows one question adds to each table."""

    answer: Row
    citations: tuple[Row, ...] = ()
    trace: tuple[Row, ...] = ()


def rows_of(question: Question, answer: Answer, facts: RunFacts) -> QuestionRows:
    """All rows of an answered question."""
    names = {"run_id": facts.run_id, "question_id": question.question_id}
    asked = {**names, "asked_doc_id": question.doc_id}
    citations = [{**citation_row(citation), **asked} for citation in answer.citations]
    if question.doc_id is not None:
        # Where a question is asked of many documents, its own id and a number no longer name a citation.
        citations = [{**row, "citation_id": hex_id(row["citation_id"], question.doc_id)} for row in citations]
    return QuestionRows(
        answer=row_of(question, answer, facts),
        citations=tuple(_clean(row) for row in citations),
        trace=tuple(_clean({**trace_row(event), **names, "doc_id": question.doc_id}) for event in answer.events),
    )


def row_of(question: Question, answer: Answer, facts: RunFacts) -> Row:
    """The ``answers`` row of a question that was asked."""
    cited = [citation.segment_id for citation in answer.citations if citation.segment_id is not None]
    return _clean(
        {
            **_row_frame(question, answer.exit_status, facts),
            **_same_names(answer, _ANSWER_FIELDS),
            **_same_names(answer.paging, _PAGING_FIELDS),
            **_same_names(answer.coverage, _COVERAGE_FIELDS),
            **_same_names(answer.usage, _USAGE_FIELDS),
            "citations": [_same_names(citation, _STRUCT_FIELDS) for citation in answer.citations],
            "n_citations": len(answer.citations),
            "n_verified": sum(citation.verify_status in VERIFIED_STATUSES for citation in answer.citations),
            "n_documents": len({citation.doc_id for citation in answer.citations}),
            "cited_segment_ids": list(dict.fromkeys(cited)),
            "evidence_sha256": evidence_sha256([(c.segment_id, c.quote) for c in answer.citations]),
            "stop_reason": answer.coverage.stop_reason or None,
            "model": answer.model or facts.model,
        }
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """Work on a question that ended without an answer of the agent's: what is known of it."""

    status: ExitStatus
    error_type: str
    error_message: str
    started_at: datetime
    finished_at: datetime


def failed_row(question: Question, failure: Failure, facts: RunFacts) -> Row:
    """The ``answers`` row of a question whose work failed; what it had cost by then is unknown, so null."""
    return _clean(
        {
            **_row_frame(question, failure.status, facts),
            "error_type": failure.error_type,
            "error_message": failure.error_message,
            "started_at": failure.started_at,
            "finished_at": failure.finished_at,
            "latency_seconds": (failure.finished_at - failure.started_at).total_seconds(),
            "attempts": 1,
        }
    )


def unasked_row(question: Question, facts: RunFacts) -> Row:
    """The ``answers`` row of a question that was not asked: ``invalid``, saying why, or ``skipped``."""
    if question.invalid_reason is None:
        return _clean(_row_frame(question, ExitStatus.SKIPPED, facts))
    row = _row_frame(question, ExitStatus.INVALID, facts)
    return _clean({**row, "error_type": "InvalidQuestion", "error_message": question.invalid_reason})


def citation_row(citation: Citation) -> Row:
    """A citation's own columns of ``citations``."""
    return _same_names(citation, _CITATION_FIELDS)


def trace_row(event: TraceEvent) -> Row:
    """An event's own columns of ``trace``."""
    arguments = json.dumps(_plain(event.arguments), ensure_ascii=False, default=str) if event.arguments else None
    return {**_same_names(event, _TRACE_FIELDS), "arguments": arguments}


def evidence_sha256(cited: Sequence[tuple[str | None, str]]) -> str | None:
    """The SHA-256 over (segment_id, quote) of every citation, in order; None where nothing is cited."""
    return sha256_hex(json.dumps([list(pair) for pair in cited], ensure_ascii=True)) if cited else None


def clean_text(text: str) -> str:
    """Text that any file can hold: a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC; one that names no time zone is taken to be."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def to_json(row: Mapping[str, Any]) -> Row:
    """A row with dates and times as ISO 8601 text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def from_json(row: Row, table: str) -> Row:
    """A row of a table as it was before ``to_json``."""
    for name in _DATES[table]:
        if (text := row.get(name)) is not None:
            row[name] = date.fromisoformat(text)
    for name in _TIMES[table]:
        if (text := row.get(name)) is not None:
            row[name] = datetime.fromisoformat(text)
    return row


def _shared(record: type[Any], table: str) -> list[str]:
    names = {field.name for field in fields(record)}
    return [column.name for column in TABLES[table] if column.name in names]


_ANSWER_FIELDS = _shared(Answer, "answers")
_PAGING_FIELDS = _shared(PagingCounts, "answers")
_COVERAGE_FIELDS = _shared(Coverage, "answers")
_USAGE_FIELDS = _shared(Usage, "answers")
_CITATION_FIELDS = _shared(Citation, "citations")
_TRACE_FIELDS = _shared(TraceEvent, "trace")
_STRUCT_FIELDS = ["n", "doc_id", "doc_path", "page_number", "quote", "verify_status"]


def _of_type(columns: Sequence[Column], kind: str) -> list[str]:
    return [column.name for column in columns if column.type == kind]


_DATES = {table: _of_type(columns, "date") for table, columns in TABLES.items()}
_TIMES = {table: _of_type(columns, "timestamp") for table, columns in TABLES.items()}
_EMPTY_ANSWER: Row = {column.name: None for column in TABLES["answers"]} | {
    "conflicts": [],
    "citations": [],
    "n_citations": 0,
    "n_verified": 0,
    "n_documents": 0,
    "cited_segment_ids": [],
    "from_cache": False,
}


def _row_frame(question: Question, status: ExitStatus, facts: RunFacts) -> Row:
    return {
        **_EMPTY_ANSWER,
        "run_id": facts.run_id,
        "question_id": question.question_id,
        "doc_id": question.doc_id,
        "doc_path": question.doc_path,
        "row": question.row,
        "question": question.question,
        "exit_status": status,
        "model": facts.model,
        "settings_sha256": facts.settings_sha256,
        "archive": facts.archive,
        "archive_version": facts.archive_version,
        "input": dict(question.input),
    }


def _same_names(record: Any, names: Sequence[str]) -> Row:
    return {name: getattr(record, name) for name in names}


def _clean(row: Row) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """A value that JSON and Arrow both hold: plain text, numbers that are numbers, times in UTC."""
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
