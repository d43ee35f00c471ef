"""Whole tables written again as their newest version: in today's format, or without rows that are damaged."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from docpager.archive.checking import ROWS_AT_ONCE, batches
from docpager.archive.reading import telling_what_is_damaged
from docpager.archive.row_checksums import ROW_SHA256, damaged_rows, with_row_checksums
from docpager.archive.schemas import DOCUMENTS, FORMAT, PAGES, PRIMARY_KEYS, SEGMENTS, table_schemas
from docpager.archive.tables import ArchiveStamp, Tables, keyed
from docpager.errors import DamagedArchiveError
from docpager.records import Document, DocumentStatus, LastAction

_DOC_ID = re.compile("[0-9a-f]{16}")
LEAST_ROWS = 32
"""Where so few rows together cannot be read, all of them are given up."""


def migrate(tables: Tables) -> None:
    """Brings an archive of an older format to today's; its ``documents`` come last, and say that it is done.

    Interrupted, it is done again. The versions before stay as they are for who reads them.
    """
    for name in (PAGES, SEGMENTS, DOCUMENTS):
        _rewrite(tables, name, map(_with_checksums, batches(tables, name)))


def leave_documents_out(tables: Tables, name: str, doc_ids: Collection[str]) -> None:
    """Writes a table again without the rows of some documents."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gone = pa.array(sorted(doc_ids), pa.string())
    kept = (some.filter(pc.invert(pc.is_in(some["doc_id"], gone))) for some in batches(tables, name))
    _rewrite(tables, name, kept)


def leave_damage_out(tables: Tables, name: str) -> list[str]:
    """Writes a table again with those of its rows that can be read and are what was written, each key once.

    Returns the keys that there were more than one row of.
    """
    repeated: list[str] = []
    _rewrite(tables, name, _whole_rows(tables, name, repeated))
    return repeated


def _rewrite(tables: Tables, name: str, rows: Iterator[Any]) -> None:
    """Makes Arrow tables the newest version of a table, in today's format. Its indexes are gone with that."""
    import pyarrow as pa

    schema = _schema_of(tables, name)
    stream = (batch for some in rows for batch in some.select(schema.names).cast(schema).to_batches())
    tables.replace(name, pa.RecordBatchReader.from_batches(schema, stream))


def _schema_of(tables: Tables, name: str) -> Any:
    """The schema of a table in today's format, with its key and, on ``documents``, the stamp."""
    schema = table_schemas(tables.dimensions)[name]
    if name == DOCUMENTS:
        stamp = ArchiveStamp(tables.stamp.embedder, tables.stamp.token_counter, FORMAT)
        schema = schema.with_metadata(stamp.metadata())
    return keyed(schema, PRIMARY_KEYS[name])


def _with_checksums(table: Any) -> Any:
    import pyarrow as pa

    if ROW_SHA256 in table.column_names:
        return table
    schema = table.schema.append(pa.field(ROW_SHA256, pa.string(), nullable=False))
    return with_row_checksums(table, schema)


def _whole_rows(tables: Tables, name: str, repeated: list[str]) -> Iterator[Any]:
    import pyarrow as pa

    seen: set[str] = set()
    key = PRIMARY_KEYS[name]
    row_ids = _row_ids(tables, name)
    for start in range(0, len(row_ids), ROWS_AT_ONCE):
        for rows in _readable(tables, name, row_ids[start : start + ROWS_AT_ONCE]):
            damaged = set(damaged_rows(rows))
            wanted = []
            for place, value in enumerate(rows[key].to_pylist()):
                if place in damaged:
                    continue
                if value in seen:
                    repeated.append(value)
                    continue
                seen.add(value)
                wanted.append(place)
            yield rows.take(pa.array(wanted, pa.int64()))


def salvaged(tables: Tables) -> list[Document]:
    """What is still known of every document, column by column: id, path and where it came from, all else unknown."""
    found: dict[str, dict[int, str]] = {}
    for column in ("doc_id", "path", "root", "collection"):
        try:
            with telling_what_is_damaged(tables.uri):
                rows = tables.documents.search().select([column]).with_row_id(True).to_arrow()
        except DamagedArchiveError:
            return []
        found[column] = dict(zip(rows["_rowid"].to_pylist(), rows[column].to_pylist()))
    return [
        Document(doc_id, path, DocumentStatus.FAILED, LastAction.UPDATED, found["collection"][row], found["root"][row])
        for row, doc_id in found["doc_id"].items()
        if _DOC_ID.fullmatch(doc_id) and (path := found["path"][row])
    ]


def _row_ids(tables: Tables, name: str) -> list[int]:
    """The ids of all rows, by the help of any column that can be read; of none, no row can."""
    table = tables.named(name)
    for column in table.schema.names:
        try:
            with telling_what_is_damaged(tables.uri):
                found: list[int] = table.search().select([column]).with_row_id(True).to_arrow()["_rowid"].to_pylist()
            return found
        except DamagedArchiveError:
            continue
    return []


def _readable(tables: Tables, name: str, row_ids: Sequence[int]) -> Iterator[Any]:
    table = tables.named(name)
    try:
        with telling_what_is_damaged(tables.uri):
            found = table.take_row_ids(list(row_ids)).select(table.schema.names).to_arrow()
    except DamagedArchiveError:
        if len(row_ids) > LEAST_ROWS:
            yield from _readable(tables, name, row_ids[: len(row_ids) // 2])
            yield from _readable(tables, name, row_ids[len(row_ids) // 2 :])
        return
    yield found
