"""What a model is shown, as values; ``docpager.transcript`` turns them into text and back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageView:
    """Lines of a page that was paged in, each with its number."""

    handle: str
    document: str
    page_number: int
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    """Column heads of the table these lines belong to; shown without a number, so they cannot be cited."""
    lines: tuple[tuple[int, str], ...]
    line_count: int
    """Lines of the whole page, shown or not."""


@dataclass(frozen=True, slots=True)
class TombstoneView:
    """What is left where a page stood."""

    handle: str
    document: str
    page_number: int
    heading: str
    token_count: int


@dataclass(frozen=True, slots=True)
class HitView:
    """One result of search or find."""

    handle: str
    document: str
    page_number: int
    headings: tuple[str, ...]
    token_count: int
    state: str
    """Where the page stands in memory: listed, resident, pinned or evicted."""
    snippet: str
    lines: tuple[int, ...] = ()
    """Numbers of the lines that match, for find."""


@dataclass(frozen=True, slots=True)
class ResultsView:
    """One page of results of ``search`` or ``find``."""

    tool: str
    query: str
    scope: tuple[str, ...]
    """Handles of the documents it was limited to; empty: the whole archive."""
    first: int
    """Rank of the first hit shown, from 1."""
    more: bool
    """Whether there are further results."""
    hits: tuple[HitView, ...]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document in a list of documents."""

    handle: str
    document: str
    title: str
    period: str
    page_count: int


@dataclass(frozen=True, slots=True)
class DocumentsView:
    """Some of the archive's documents."""

    words: str
    first: int
    total: int
    documents: tuple[DocumentView, ...]


@dataclass(frozen=True, slots=True)
class HeadingView:
    """One heading of a document, and the page that begins it."""

    handle: str
    page_number: int
    headings: tuple[str, ...]
    token_count: int


@dataclass(frozen=True, slots=True)
class OutlineView:
    """Some of a document's headings."""

    document_handle: str
    document: str
    words: str
    first: int
    total: int
    rows: tuple[HeadingView, ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One line about what was done."""

    text: str


@dataclass(frozen=True, slots=True)
class ErrorView:
    """One line about what could not be done, and what to do instead."""

    text: str


@dataclass(frozen=True, slots=True)
class TailPage:
    """One row of the page table as the model sees it."""

    handle: str
    document: str
    page_number: int
    heading: str
    token_count: int
    state: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """One line of the notebook with the addresses it rests on."""

    handle: str
    addresses: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class BudgetView:
    """What is used and what is left."""

    resident_tokens: int
    capacity: int
    pinned: int
    read_tokens: int
    read_limit: int
    steps_left: int


@dataclass(frozen=True, slots=True)
class StatusView:
    """The state of memory as it was when a result was sent, where it stays behind it."""

    budget: BudgetView
    warning: str = ""


View = PageView | TombstoneView | ResultsView | DocumentsView | OutlineView | NoticeView | ErrorView | StatusView


@dataclass(frozen=True, slots=True)
class TailView:
    """The state of memory, rebuilt for each call, and the question again, last."""

    pages: tuple[TailPage, ...]
    notes: tuple[NoteView, ...]
    budget: BudgetView
    warning: str
    question: str
