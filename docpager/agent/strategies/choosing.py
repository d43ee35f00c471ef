"""What the usual set-ups put before a model: the passages that a search ranks best, or documents from their start."""

from __future__ import annotations

from collections.abc import Iterator

from docpager.agent.workspace import Workspace
from docpager.records import Document, SearchHit, Segment
from docpager.transcript import fold

SEARCHED = 100
"""Passages that the one search lists: more than a window of 32,768 tokens holds."""


def best_passages(work: Workspace) -> list[SearchHit]:
    """What one search with the question's own words finds, best first; the trace and the ledger know of it."""
    query = work.question.question
    scope = [document.doc_id for document in work.scope] or None
    hits = work.archive.search(query, limit=SEARCHED, doc_ids=scope)
    work.ledger.asked(query, [document.path for document in work.scope])
    work.ledger.ranked(query, (), [(hit.segment.segment_id, rank, hit.score) for rank, hit in enumerate(hits, 1)])
    pages = [work.list_page(hit.segment) for hit in hits]
    work.note_event(
        "Search",
        {"query": fold(query), "doc_ids": scope, "first": 1, "results": len(hits)},
        page_ids=tuple(page.page_id for page in pages),
        page_tokens=tuple(page.token_count for page in pages),
    )
    return hits


def documents_in_order(work: Workspace) -> Iterator[Document]:
    """The documents that may be read: those of the best passages first, then the others by path."""
    ranked = {hit.document.doc_id: hit.document for hit in best_passages(work)}
    yield from ranked.values()
    others = work.scope or sorted(work.archive.documents(), key=lambda document: document.path)
    yield from (document for document in others if document.doc_id not in ranked)


def text_in_order(work: Workspace) -> Iterator[Segment]:
    """The segments of these documents, each document from its start."""
    for document in documents_in_order(work):
        yield from work.archive.segments_of(document.doc_id)
