"""What a source becomes: parsed pages, then a document row with its paper pages and segments."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy


class DocumentStatus(StrEnum):
    """How the last attempt to read a document ended; exactly one each."""

    INDEXED = "indexed"
    PARTIAL = "partial"
    EMPTY = "empty"
    NEEDS_OCR = "needs_ocr"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    LIMIT_EXCEEDED = "limit_exceeded"
    FAILED = "failed"
    REMOVED = "removed"


FAILED_DOCUMENT_STATUSES = frozenset(
    {DocumentStatus.PARTIAL, DocumentStatus.ENCRYPTED, DocumentStatus.LIMIT_EXCEEDED, DocumentStatus.FAILED}
)
"""Statuses that make an ingest end with exit code 3."""

SILENT_DOCUMENT_STATUSES = frozenset({DocumentStatus.EMPTY, DocumentStatus.NEEDS_OCR, DocumentStatus.UNSUPPORTED})
"""Statuses that are counted in the last line, and fail an ingest only with ``--strict``."""


class LastAction(StrEnum):
    """What the last ingest did with a document."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    RETRIED = "retried"
    REMOVED = "removed"


class PageStatus(StrEnum):
    """What became of one paper page."""

    READ = "read"
    NO_TEXT = "no_text"
    FAILED = "failed"


class SegmentKind(StrEnum):
    """How a segment's text divides into citable lines (``docpager.lines``)."""

    TEXT = "text"
    """Sentences; a newline ends a paragraph."""
    TABLE = "table"
    """One row a line."""
    LAYOUT = "layout"
    """One printed line a line, as PDFs give them."""


class BlockKind(StrEnum):
    """The structural roles a reader can tell apart."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_HEAD = "table_head"
    TABLE_ROW = "table_row"


@dataclass(frozen=True, slots=True)
class Block:
    """A span ``[char_start, char_end)`` of one parsed page with one structural role."""

    kind: BlockKind
    char_start: int
    char_end: int
    level: int = 0
    """Heading depth from 1; 0 for everything else."""


@dataclass(frozen=True, slots=True)
class OutlineHeading:
    """A heading that the file itself names (a PDF bookmark), with its paper page."""

    level: int
    title: str
    page_number: int


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One paper page as a reader returns it. ``blocks`` is empty where the structure has to be found in the text."""

    page_number: int
    text: str
    page_label: str | None = None
    status: PageStatus = PageStatus.READ
    error_message: str | None = None
    blocks: tuple[Block, ...] = ()
    hidden: tuple[tuple[int, int], ...] = ()
    """Spans of the text, in order, that cannot be seen on the page; no segment holds them."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a reader returns for one file or one record of a collection."""

    media_type: str
    reader: str
    reader_version: str
    pages: tuple[ParsedPage, ...]
    status: DocumentStatus = DocumentStatus.INDEXED
    title: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    period: str | None = None
    outline: tuple[OutlineHeading, ...] = ()
    error_type: str | None = None
    error_message: str | None = None
    replaced_characters: int = 0
    """NULs, lone surrogates and the like that the cleaning gate replaced."""


@dataclass(frozen=True, slots=True)
class Document:
    """One row of ``documents``: one file, or one record of a collection file."""

    doc_id: str
    path: str
    """Relative to ``root``, with forward slashes; a record of a collection is ``file.jsonl#id``."""
    status: DocumentStatus
    last_action: LastAction
    collection: str = ""
    root: str = ""
    """The folder the path is relative to, absolute, as last seen."""
    sha256: str | None = None
    duplicate_of: str | None = None
    media_type: str | None = None
    title: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    period: str | None = None
    size_bytes: int | None = None
    modified_at: datetime | None = None
    reader: str | None = None
    reader_version: str | None = None
    page_count: int | None = None
    pages_failed: int | None = None
    pages_without_text: int | None = None
    segment_count: int = 0
    token_count: int = 0
    error_type: str | None = None
    error_message: str | None = None
    seconds: float | None = None
    ingested_at: datetime | None = None

    @property
    def label(self) -> str:
        """The title where there is one, else the path."""
        return self.title or self.path


@dataclass(frozen=True, slots=True)
class PaperPage:
    """One row of ``pages``: the text of a paper page (page 1 is the whole text of a format without pages)."""

    doc_id: str
    page_number: int
    text: str
    text_sha256: str
    page_label: str | None = None
    status: PageStatus = PageStatus.READ
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of ``segments``: what the archive stores and search returns.

    ``text == page.text[char_start:char_end]`` exactly, never across a paper page. ``prefix`` (headings, a table's
    column heads) is shown above the text but cannot be cited; ``search_text`` is what is indexed and embedded.
    """

    segment_id: str
    doc_id: str
    ordinal: int
    """Position in the document, from 0."""
    page_number: int
    char_start: int
    char_end: int
    kind: SegmentKind
    text: str
    text_sha256: str
    headings: tuple[str, ...] = ()
    prefix: str = ""
    """Column heads of the table this segment continues, one a line; the headings are in ``headings``."""
    search_text: str = ""
    token_count: int = 0


@dataclass(frozen=True, slots=True)
class IngestedDocument:
    """Everything one document adds to the archive, written together. ``vectors`` is (segments, dimensions) float32."""

    document: Document
    pages: tuple[PaperPage, ...] = ()
    segments: tuple[Segment, ...] = ()
    vectors: numpy.ndarray | None = None


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A segment that search ranked, with the parts of its score."""

    segment: Segment
    document: Document
    rank: int
    """From 1, over all result pages of the query."""
    score: float
    bm25: float | None = None
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A heading of a document as its segments bear it: where it starts and how much stands below it."""

    headings: tuple[str, ...]
    page_number: int
    first_segment_id: str
    segment_count: int
    token_count: int


def sha256_hex(data: bytes | str) -> str:
    """The SHA-256 of bytes, or of text as UTF-8, in 64 hex digits."""
    return hashlib.sha256(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data).hexdigest()


def hex_id(*parts: str | int) -> str:
    """A 16-hex-digit id of its parts, in order."""
    return sha256_hex("\x00".join(str(part) for part in parts))[:16]
