"""Which documents a call looks in: those its names mean, and all of the question's own where they mean none.

A name that means nothing is no reason to look nowhere: a model that invented it would only invent another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docpager.agent.document_terms import DocumentTerms, read_terms
from docpager.agent.workspace import Workspace
from docpager.errors import ToolError, UnknownPageError
from docpager.records import Document
from docpager.records.views import NoticeView

_HANDLE = re.compile(r"\W*(?:(?:handle|document|page)\W*)?([dp]\d+)\b.*", re.IGNORECASE)
MOST_NAMED = 3
"""So many names that mean nothing are told back, and so many documents like them."""
MOST_HANDLES = 12
"""Where terms mean more documents, results name the terms."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a call looks, and what is to be said of it."""

    doc_ids: list[str] | None
    """None is all documents."""
    handles: tuple[str, ...] = ()
    """Of the documents, where names limited the call to them."""
    notices: tuple[NoticeView, ...] = ()
    shown: tuple[str, ...] = ()
    """The handles as results name them: the terms, as in ``language:de``, where these mean many documents."""


def scope_of(work: Workspace, names: Sequence[str]) -> Scope:
    """The documents that names mean within the question's own; all of these where no name means one.

    Terms among the names, as in ``language:de``, narrow it further.
    """
    allowed = [document.doc_id for document in work.scope]
    terms, named, unknown = _read(names)
    met = terms.among(work.scope or work.documents.all) if terms else []
    if terms and not met:
        unknown.append(str(terms))
    within = {document.doc_id for document in met} or {*allowed}
    found = {document.doc_id: None for document in met} if not named else {}
    for name in named:
        meant = [d.doc_id for d in documents_named(work, name) if not within or d.doc_id in within]
        found.update(dict.fromkeys(meant))
        unknown += [] if meant else [name]
    notices = (_told(work, unknown, limited=bool(found)),) if unknown else ()
    if not found:
        return Scope(allowed or None, (), notices)
    handles = tuple(map(work.documents.handle, found))
    said = tuple(str(terms).replace(" ", "_").split(",_"))
    return Scope([*found], handles, notices, said if terms and len(handles) > MOST_HANDLES else handles)


def _read(names: Sequence[str]) -> tuple[DocumentTerms, list[str], list[str]]:
    """The terms among names, the other names, and those that can be neither."""
    terms = DocumentTerms()
    others: list[str] = []
    misread: list[str] = []
    for name in names:
        try:
            terms, further = read_terms([name], terms)
            others += further
        except ValueError:
            misread.append(name)
    return terms, others, misread


def documents_named(work: Workspace, name: str) -> list[Document]:
    """What a handle, path or title means, as it is or as results show it; the document of a page; none for no such."""
    begins = _HANDLE.fullmatch(name)
    handle = begins[1].lower() if begins else ""
    try:
        return work.documents.resolve([name])
    except ToolError:
        pass
    try:
        if handle.startswith("p"):
            return [work.text(work.pager.table.by_handle(handle).page.page_id).document]
        return work.documents.resolve([handle]) if handle else []
    except (ToolError, UnknownPageError):
        return []


def _told(work: Workspace, unknown: Sequence[str], *, limited: bool) -> NoticeView:
    allowed = {document.doc_id for document in work.scope}
    like = [d for name in unknown for d in work.documents.ranked(name)[:MOST_NAMED]]
    paths = dict.fromkeys(d.path for d in like if not allowed or d.doc_id in allowed)
    near = f" Near: {', '.join([*paths][:MOST_NAMED])}." if paths else ""
    named = ", ".join(repr(name[:80]) for name in unknown[:MOST_NAMED])
    of_question = " of this question" if allowed else ""
    where = "looked in the others only" if limited else f"looked in all documents{of_question}"
    return NoticeView(
        f"No document matches {named}: {where}.{near} Leave documents out, or name handles (d1) or paths."
    )
