"""A SHA-256 over each row of the archive's tables: LanceDB keeps none, and a flipped bit comes back as other text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

ROW_SHA256 = "row_sha256"
_NULL = b"\x00"
_BETWEEN_ITEMS = "\x1e"


def with_row_checksums(table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """The table with the column ``row_sha256`` over all its other columns, in the order of ``schema``."""
    import pyarrow as pa

    checksums = pa.array(_checksums(table), pa.string())
    field = schema.field(ROW_SHA256)
    others = table.select([name for name in schema.names if name != ROW_SHA256])
    return others.append_column(field, checksums).select(schema.names).cast(schema)


def damaged_rows(table: pyarrow.Table) -> list[int]:
    """Which rows, counted from 0, are not what was written."""
    told = table[ROW_SHA256].to_pylist()
    return [place for place, found in enumerate(_checksums(table)) if found != told[place]]


def _checksums(table: pyarrow.Table) -> Iterator[str]:
    columns = [_values(table[name]) for name in sorted(table.column_names) if name != ROW_SHA256]
    for row in zip(*columns, strict=True):
        digest = hashlib.sha256()
        for value in row:
            digest.update(b"%d:" % len(value))
            digest.update(value)
        yield digest.hexdigest()


def _values(column: Any) -> list[bytes]:
    """A column's values as bytes that are the same on every machine and in every version of the libraries."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        return _vectors(column)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    if pa.types.is_list(kind):
        return [_NULL if items is None else _BETWEEN_ITEMS.join(items).encode() for items in column.to_pylist()]
    return [_NULL if value is None else str(value).encode() for value in column.to_pylist()]


def _vectors(column: Any) -> list[bytes]:
    import numpy

    if not len(column):
        return []
    flat = column.combine_chunks()
    width = column.type.list_size
    values = numpy.ascontiguousarray(flat.values.to_numpy(zero_copy_only=False), dtype="<f4")
    rows = values.reshape(-1, width)[flat.offset : flat.offset + len(flat)]
    present = flat.is_valid().to_pylist()
    return [row.tobytes() if there else _NULL for row, there in zip(rows, present, strict=True)]
