"""The archive's tables: their Arrow schemas, and records as rows.

Beside the columns that are a contract there are four of the archive's own. ``row_sha256`` is over the whole row.
``revision`` names the write a row comes
from, in all three tables: rows of one document that disagree on it were torn by a crash. (The document's SHA-256 would
not do: a file read again by a newer reader has the same.) ``stored_pages`` counts a document's rows in ``pages``;
``page_id`` is their key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from docpager.archive.row_checksums import ROW_SHA256, with_row_checksums
from docpager.records import (
    Document,
    DocumentStatus,
    IngestedDocument,
    LastAction,
    PageStatus,
    PaperPage,
    Segment,
    SegmentKind,
)

if TYPE_CHECKING:
    import pyarrow

FORMAT = 2
"""Rises when an older docpager could not read what a newer one writes. 2 has ``row_sha256``."""

DOCUMENTS, PAGES, SEGMENTS = "documents", "pages", "segments"
PRIMARY_KEYS = {DOCUMENTS: "doc_id", PAGES: "page_id", SEGMENTS: "segment_id"}

DOCUMENT_COLUMNS = [field.name for field in fields(Document)]
PAGE_COLUMNS = [field.name for field in fields(PaperPage)]
SEGMENT_COLUMNS = [field.name for field in fields(Segment)]


def table_schemas(dimensions: int) -> dict[str, pyarrow.Schema]:
    """The schema of each table; ``segments`` has no ``vector`` column where ``dimensions`` is 0."""
    return {DOCUMENTS: _documents_schema(), PAGES: _pages_schema(), SEGMENTS: _segments_schema(dimensions)}


def _documents_schema() -> pyarrow.Schema:
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    types = {
        "published_at": moment,
        "modified_at": moment,
        "ingested_at": moment,
        "size_bytes": pa.int64(),
        "token_count": pa.int64(),
        "page_count": pa.int32(),
        "pages_failed": pa.int32(),
        "pages_without_text": pa.int32(),
        "segment_count": pa.int32(),
        "seconds": pa.float64(),
    }
    required = {"doc_id", "path", "status", "last_action", "collection", "root", "segment_count", "token_count"}
    columns = [pa.field(name, types.get(name, pa.string()), nullable=name not in required) for name in DOCUMENT_COLUMNS]
    own = [("revision", pa.string()), ("stored_pages", pa.int32()), (ROW_SHA256, pa.string())]
    return pa.schema([*columns, *(_required(name, kind) for name, kind in own)])


def _pages_schema() -> pyarrow.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            _required("page_id", pa.string()),
            _required("doc_id", pa.string()),
            _required("page_number", pa.int32()),
            pa.field("page_label", pa.string()),
            _required("text", pa.string()),
            _required("text_sha256", pa.string()),
            _required("status", pa.string()),
            pa.field("error_message", pa.string()),
            _required("revision", pa.string()),
            _required(ROW_SHA256, pa.string()),
        ]
    )


def _segments_schema(dimensions: int) -> pyarrow.Schema:
    import pyarrow as pa

    columns = [
        _required("segment_id", pa.string()),
        _required("doc_id", pa.string()),
        _required("ordinal", pa.int32()),
        _required("page_number", pa.int32()),
        _required("char_start", pa.int32()),
        _required("char_end", pa.int32()),
        _required("kind", pa.string()),
        pa.field("headings", pa.list_(pa.string())),
        _required("text", pa.string()),
        _required("prefix", pa.string()),
        _required("search_text", pa.string()),
        _required("token_count", pa.int32()),
        _required("text_sha256", pa.string()),
        _required("revision", pa.string()),
        _required(ROW_SHA256, pa.string()),
    ]
    if dimensions:
        columns.append(pa.field("vector", pa.list_(pa.float32(), dimensions)))
    return pa.schema(columns)


def _required(name: str, kind: Any) -> Any:
    import pyarrow as pa

    return pa.field(name, kind, nullable=False)


def document_rows(rows: Sequence[tuple[Document, str, int]], schema: pyarrow.Schema) -> pyarrow.Table:
    """Documents with their revision and number of stored pages."""
    dictionaries = [
        asdict(document) | {"revision": revision, "stored_pages": stored} for document, revision, stored in rows
    ]
    return _checksummed(dictionaries, schema)


def page_rows(batch: Sequence[tuple[IngestedDocument, str]], schema: pyarrow.Schema) -> pyarrow.Table:
    """The paper pages of documents with their revisions."""
    rows = [
        asdict(page) | {"page_id": f"{page.doc_id}:{page.page_number}", "revision": revision}
        for content, revision in batch
        for page in content.pages
    ]
    return _checksummed(rows, schema)


def segment_rows(batch: Sequence[tuple[IngestedDocument, str]], schema: pyarrow.Schema) -> pyarrow.Table:
    """The segments of documents with their revisions and vectors."""
    import pyarrow as pa

    segments = [(segment, revision) for content, revision in batch for segment in content.segments]
    columns: dict[str, Any] = {name: [getattr(segment, name) for segment, _ in segments] for name in SEGMENT_COLUMNS}
    columns["revision"] = [revision for _, revision in segments]
    if "vector" in schema.names:
        columns["vector"] = _vector_column([content for content, _ in batch], schema.field("vector").type)
    return with_row_checksums(pa.Table.from_pydict(columns, schema=_without_checksum(schema)), schema)


def _checksummed(rows: Sequence[Mapping[str, Any]], schema: pyarrow.Schema) -> pyarrow.Table:
    import pyarrow as pa

    return with_row_checksums(pa.Table.from_pylist(list(rows), schema=_without_checksum(schema)), schema)


def _without_checksum(schema: pyarrow.Schema) -> pyarrow.Schema:
    return schema.remove(schema.get_field_index(ROW_SHA256))


def _vector_column(batch: Sequence[IngestedDocument], kind: Any) -> Any:
    import numpy
    import pyarrow as pa

    pieces = []
    for content in batch:
        count = len(content.segments)
        if content.vectors is None:
            pieces.append(pa.nulls(count, kind))
            continue
        if content.vectors.shape != (count, kind.list_size):
            raise ValueError(
                f"The vectors of {content.document.path} have the shape {content.vectors.shape}; "
                f"{count} segments need {(count, kind.list_size)}."
            )
        flat = numpy.ascontiguousarray(content.vectors, dtype=numpy.float32).reshape(-1)
        pieces.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind))
    return pa.chunked_array(pieces, type=kind)


def document_of(row: Mapping[str, Any]) -> Document:
    """The document of a row."""
    values = {name: row[name] for name in DOCUMENT_COLUMNS}
    values["status"] = DocumentStatus(values["status"])
    values["last_action"] = LastAction(values["last_action"])
    return Document(**values)


def page_of(row: Mapping[str, Any]) -> PaperPage:
    """The paper page of a row."""
    return PaperPage(**{name: row[name] for name in PAGE_COLUMNS} | {"status": PageStatus(row["status"])})


def segment_of(row: Mapping[str, Any]) -> Segment:
    """The segment of a row."""
    values = {name: row[name] for name in SEGMENT_COLUMNS}
    values["kind"] = SegmentKind(values["kind"])
    values["headings"] = tuple(values["headings"] or ())
    return Segment(**values)


def removed(document: Document) -> Document:
    """The row of a document that has been removed."""
    return replace(
        document,
        status=DocumentStatus.REMOVED,
        last_action=LastAction.REMOVED,
        segment_count=0,
        token_count=0,
    )


def unwritten(document: Document, error_type: str, why: str) -> Document:
    """The row of a document that is not whole: without a SHA-256, so that the next ingest reads it again."""
    return replace(
        document,
        status=DocumentStatus.FAILED,
        sha256=None,
        duplicate_of=None,
        segment_count=0,
        token_count=0,
        error_type=error_type,
        error_message=f"{why} Ingest it again.",
    )
