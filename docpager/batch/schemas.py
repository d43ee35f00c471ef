"""The Parquet schemas of a run's tables, and a writer whose file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docpager.batch.columns import ANSWER_COLUMNS, CITATION_COLUMNS, CITATION_STRUCT, TRACE_COLUMNS, Column
from docpager.batch.disk import replace_whole, temporary_name
from docpager.batch.rows import QuestionRows

TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "list<string>": pa.list_(pa.string()),
    "list<int64>": pa.list_(pa.int64()),
    "map<string, string>": pa.map_(pa.string(), pa.string()),
}
"""Arrow's types by the names that columns have them under."""


def _struct(spelled: str) -> pa.DataType:
    pairs = (field.split(":") for field in spelled.removeprefix("struct<").removesuffix(">").split(","))
    return pa.struct([pa.field(name.strip(), TYPES[kind.strip()]) for name, kind in pairs])


TYPES[f"list<{CITATION_STRUCT}>"] = pa.list_(_struct(CITATION_STRUCT))


def _schema(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema(
        [pa.field(c.name, TYPES[c.type], nullable=c.nullable, metadata={"description": c.description}) for c in columns]
    )


ANSWERS = _schema(ANSWER_COLUMNS)
CITATIONS = _schema(CITATION_COLUMNS)
TRACE = _schema(TRACE_COLUMNS)
SCHEMAS: dict[str, pa.Schema] = {"answers": ANSWERS, "citations": CITATIONS, "trace": TRACE}


def record_batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as Arrow; raises ``pyarrow.ArrowException``, ``TypeError`` or ``ValueError`` where a value does not fit."""
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    pairs = [{**row, **{name: list(row[name].items()) for name in maps if row.get(name)}} for row in rows]
    return pa.RecordBatch.from_pylist(pairs, schema=schema)


class TableWriter:
    """Writes one Parquet file under a temporary name: ``add`` rows, ``finish``, then ``commit``.

    Left without ``commit``, nothing of it remains. Rows are gathered into row groups of bounded size, so memory
    stays flat.
    """

    ROWS_PER_BATCH = 256
    """Rows are Python objects only until so many are gathered; Arrow holds them in a fraction of the room."""
    ROWS_PER_GROUP = 16384
    BYTES_PER_GROUP = 8 << 20

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self._path = path
        self._temporary = temporary_name(path)
        self._schema = schema.with_metadata(dict(metadata))
        self._rows: list[Mapping[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._sink = self._temporary.open("wb")
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd", write_page_checksum=True)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._sink.closed:
            with suppress(pa.ArrowException, OSError, ValueError):
                self._writer.close()
            self._sink.close()
            self._temporary.unlink(missing_ok=True)

    def add(self, row: Mapping[str, Any], size: int) -> None:
        """Takes one row; ``size`` is about how many bytes it holds."""
        self._rows.append(row)
        self._bytes += size
        full = self._bytes >= self.BYTES_PER_GROUP
        if full or len(self._rows) >= self.ROWS_PER_BATCH:
            self._gather()
        if full or sum(batch.num_rows for batch in self._batches) >= self.ROWS_PER_GROUP:
            self._flush()

    def finish(self) -> None:
        """Makes the file whole and durable, still under its temporary name."""
        self._flush()
        self._writer.close()
        self._sink.flush()
        os.fsync(self._sink.fileno())

    def commit(self) -> None:
        """Gives the finished file its name."""
        self._sink.close()
        replace_whole(self._temporary, self._path)

    def _gather(self) -> None:
        if self._rows:
            self._batches.append(record_batch(self._rows, self._schema))
            self._rows = []

    def _flush(self) -> None:
        self._gather()
        if self._batches:
            group = pa.Table.from_batches(self._batches, self._schema)
            self._writer.write_table(group, row_group_size=group.num_rows)
            self._batches, self._bytes = [], 0


def check(rows: QuestionRows) -> None:
    """Raises ``pyarrow.ArrowException``, ``TypeError`` or ``ValueError`` where a question's rows fit no table."""
    record_batch([rows.answer], ANSWERS)
    record_batch(rows.citations, CITATIONS)
    record_batch(rows.trace, TRACE)
