"""The paging story of a question of a run, its pages named by the archive, else by what the run's citations say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.agent.documents import DocumentIndex
from docpager.analysis.paging_story import Counts, Names, Place, Step, counts, page_ids, told
from docpager.batch.tables import read_answers, read_citations, read_trace
from docpager.errors import MissingInputError
from docpager.protocols import Archive

_ANSWER_COLUMNS = [
    *("question_id", "doc_id", "doc_path", "question", "exit_status", "answer", "abstain_reason", "error_message"),
    *("steps", "faults", "refaults", "evictions", "prompt_tokens", "completion_tokens", "cacheable_tokens"),
    *("context_peak_tokens", "latency_seconds"),
]


@dataclass(frozen=True, slots=True)
class Story:
    """What memory did for one question, and what came of it."""

    answer: dict[str, Any]
    """Columns of its ``answers`` row."""
    steps: list[Step]
    citations: list[dict[str, Any]]
    counts: Counts


def events_of(run: Path, question_id: str, doc_id: str | None = None) -> list[dict[str, Any]]:
    """The rows of ``trace`` of one question, asked of one document or of the archive."""
    # Runs made before documents could be asked alone have no such column.
    return [row for row in read_trace(run, question_id=question_id) if row.get("doc_id") == doc_id]


def story_of(run: Path, question_id: str, doc_id: str | None = None, archive: Archive | None = None) -> Story:
    """The story of one question; raises ``MissingInputError`` for a question the run does not have."""
    rows = read_answers(run, _ANSWER_COLUMNS, question_id)
    answer = next((row for row in rows if row["doc_id"] == doc_id), None)
    if answer is None:
        raise MissingInputError(f"{run} has no question {question_id}{f' of document {doc_id}' if doc_id else ''}.")
    events = events_of(run, question_id, doc_id)
    names = names_from_citations(run) if archive is None else names_from_archive(archive, page_ids(events))
    cited = [row for row in read_citations(run, question_id=question_id) if row.get("asked_doc_id") == doc_id]
    return Story(answer, told(events, names), cited, counts(answer, events))


def names_from_archive(archive: Archive, page_ids: Sequence[str]) -> Names:
    """What the archive calls these pages; a document of one page has no paper pages worth a number."""
    documents = {document.doc_id: document for document in archive.documents()}
    places = {}
    for segment in archive.segments(page_ids):
        document = documents.get(segment.doc_id)
        if document is not None:
            numbered = (document.page_count or 1) > 1
            places[segment.segment_id] = Place(document.path, segment.page_number if numbered else None)
    index = DocumentIndex(documents.values())
    handles = {index.handle(document.doc_id): document.path for document in documents.values()}
    return Names(places, {handle: path for handle, path in handles.items() if handle})


def names_from_citations(run: Path) -> Names:
    """What a run's citations tell of its pages: only those that some answer cites."""
    places = {}
    for row in read_citations(run, ["segment_id", "doc_path", "page_number"]):
        if row["segment_id"]:
            places[row["segment_id"]] = Place(row["doc_path"], row["page_number"])
    return Names(places)
