"""``--for-each document``: every question of every document alone, made as they are asked.

In the order of the question file, and for each question in the order of the documents' paths. A question that names
documents itself is asked of those of them that are in the grid. Files that are copies of another are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from docpager.agent.documents import DocumentIndex
from docpager.batch.document_filter import document_filter
from docpager.errors import ToolError, UsageError
from docpager.protocols import Archive
from docpager.records import Document, DocumentStatus, Question
from docpager.settings import RunSettings

FOR_EACH = ("document",)
_READABLE = frozenset({DocumentStatus.INDEXED, DocumentStatus.PARTIAL})

Resolve = Callable[[Sequence[str]], Collection[str]]
"""The doc_ids that names mean; raises ``ToolError`` for a name that means none."""


@dataclass(frozen=True, slots=True)
class GridDocument:
    """A document of the grid: what a row says of it, and why it cannot be asked if it cannot."""

    doc_id: str
    path: str
    invalid_reason: str | None = None


class Grid:
    """The questions of a run that asks each document alone. Iterating makes them; ``len`` counts them."""

    def __init__(self, questions: Sequence[Question], documents: Sequence[GridDocument], resolve: Resolve) -> None:
        self.documents = documents
        self._asked = [_asked(question, documents, resolve) for question in questions]

    def __len__(self) -> int:
        return sum(1 if question.invalid_reason else len(documents) for question, documents in self._asked)

    def __iter__(self) -> Iterator[Question]:
        for question, documents in self._asked:
            if question.invalid_reason is not None:
                yield question
                continue
            for document in documents:
                yield replace(
                    question,
                    documents=(document.doc_id,),
                    doc_id=document.doc_id,
                    doc_path=document.path,
                    invalid_reason=document.invalid_reason,
                )


def grid_documents(documents: Iterable[Document], where: str | None = None) -> list[GridDocument]:
    """The documents that are each asked alone, by path; raises ``UsageError`` where ``where`` leaves none.

    One without text keeps its place: its rows say so.
    """
    wanted = document_filter(where) if where is not None else lambda _: True
    originals = [document for document in documents if document.duplicate_of is None]
    found = sorted((d for d in originals if wanted(d)), key=lambda d: (d.path, d.doc_id))
    if not found and where is not None:
        raise UsageError(f"--where {where} is true of none of the {len(originals):,} documents in the archive.")
    if not found:
        raise UsageError("The archive holds no documents to ask each alone. Fill it with docpager ingest.")
    return [GridDocument(d.doc_id, d.path, _unreadable(d)) for d in found]


def _unreadable(document: Document) -> str | None:
    if document.status in _READABLE:
        return None
    why = f": {document.error_message}" if document.error_message else ""
    return (
        f"{document.path} has no text to ask about, its status is {document.status}{why}. "
        "--where \"status in ('indexed', 'partial')\" leaves such documents out."
    )


def _asked(
    question: Question, documents: Sequence[GridDocument], resolve: Resolve
) -> tuple[Question, Sequence[GridDocument]]:
    """A question with the documents it is asked of; one that names none of them becomes invalid."""
    if question.invalid_reason is not None or not question.documents:
        return question, documents
    try:
        named = resolve(question.documents)
    except ToolError as error:
        return replace(question, invalid_reason=str(error)), ()
    own = [document for document in documents if document.doc_id in named]
    if not own:
        names = "; ".join(question.documents)
        reason = f"None of the documents it names ({names}) is among the {len(documents):,} that are asked each alone."
        return replace(question, invalid_reason=reason), ()
    return question, own


def grid_for(questions: Sequence[Question], archive: Archive, settings: RunSettings) -> Grid | None:
    """Each question with each document alone, where the settings ask for it; raises ``UsageError``."""
    if settings.for_each is None:
        if settings.where is not None:
            raise UsageError("--where chooses the documents that are each asked alone: add --for-each document.")
        return None
    if settings.for_each not in FOR_EACH:
        raise UsageError(f"--for-each {settings.for_each} is none of {', '.join(FOR_EACH)}.")
    documents = list(archive.documents())
    index = DocumentIndex(documents)
    chosen = grid_documents(documents, settings.where)
    return Grid(questions, chosen, lambda names: {document.doc_id for document in index.resolve(names)})
