"""The paging stories of a whole run, one question at a time, with names for the pages they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from docpager.agent.documents import DocumentIndex
from docpager.analysis.paging_story import Names, Place, told
from docpager.analysis.told_run import names_from_citations
from docpager.batch.tables import read_trace
from docpager.protocols import Archive
from docpager.reporting.story_picture import by_question, story_svg, told_in_words
from docpager.reporting.story_words import StepRow, step_rows
from docpager.reporting.text import folded

SEGMENTS_AT_ONCE = 500
_TITLE = 120

AnswerKey = tuple[str, str | None]
"""A question_id, and the doc_id of the one document it was asked of, if it was."""


@dataclass(frozen=True, slots=True)
class StoryBlock:
    """One question's story: a picture, the same in words, and its steps."""

    svg: str
    words: str
    steps: list[StepRow]


@dataclass(frozen=True, slots=True)
class UnreadSegment:
    """What a search listed and nobody read."""

    path: str
    page_number: int | None
    beginning: str


def stories(
    run: Path, questions: dict[AnswerKey, str], archive: Archive | None
) -> Iterator[tuple[AnswerKey, StoryBlock]]:
    """The story of every question that has one; memory holds one question's events at a time."""
    names = _names(run, archive)
    for key, events in by_question(read_trace(run)):
        if key in questions:
            title = folded(questions[key], _TITLE)
            yield key, StoryBlock(story_svg(events, title), told_in_words(events), step_rows(told(events, names)))


def _names(run: Path, archive: Archive | None) -> Names:
    if archive is None:
        return names_from_citations(run)
    ids = dict.fromkeys(page_id for row in read_trace(run, ["page_ids"]) for page_id in row["page_ids"] or ())
    documents = {document.doc_id: document for document in archive.documents()}
    places = {}
    for batch in _batches(ids):
        for segment in archive.segments(batch):
            if (document := documents.get(segment.doc_id)) is not None:
                numbered = (document.page_count or 1) > 1
                places[segment.segment_id] = Place(document.path, segment.page_number if numbered else None)
    index = DocumentIndex(documents.values())
    handles = {index.handle(document.doc_id): document.path for document in documents.values()}
    return Names(places, {handle: path for handle, path in handles.items() if handle})


def unread_segments(segment_ids: Iterable[str], archive: Archive | None) -> dict[str, UnreadSegment]:
    """What these segments are, as far as the archive still knows them."""
    found: dict[str, UnreadSegment] = {}
    if archive is None:
        return found
    documents = {document.doc_id: document for document in archive.documents()}
    for batch in _batches(dict.fromkeys(segment_ids)):
        for segment in archive.segments(batch):
            if (document := documents.get(segment.doc_id)) is not None:
                number = segment.page_number if (document.page_count or 1) > 1 else None
                found[segment.segment_id] = UnreadSegment(document.path, number, folded(segment.text, 110))
    return found


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest: Iterator[Any] = iter(ids)
    while batch := list(islice(rest, SEGMENTS_AT_ONCE)):
        yield batch
