"""Collections: files that hold many documents, one a record (JSONL, CSV, Parquet). Always streamed, never held."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from docpager.errors import DocumentError, UnsupportedDocumentError
from docpager.ingest.cleaning import clean
from docpager.ingest.readers.composer import one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.encoding import encoding_of
from docpager.ingest.readers.tables import LONGEST_FIELD, csv_rows, delimiter_of
from docpager.ingest.readers.text import TextReader
from docpager.records import ParsedDocument, sha256_hex

JSONL_SUFFIXES = (".jsonl", ".ndjson")
CSV_SUFFIXES = (".csv", ".tsv", ".tab")
PARQUET_SUFFIX = ".parquet"
TEXT_FIELDS = ("text", "content", "body")
ID_FIELDS = ("id", "_id", "doc_id")
TITLE_FIELDS = ("title",)
DATE_FIELDS = ("published_at", "date")
LONGEST_LINE = 64 * 1024 * 1024

_PEEKED_RECORDS = 20
_SAMPLE_BYTES = 100_000
_LONGEST_ID = 300


@dataclass(frozen=True, slots=True)
class CollectionFields:
    """The fields a user named; None stands for the usual ones."""

    text: str | None = None
    id: str | None = None
    title: str | None = None

    def text_in(self, record: Mapping[str, Any]) -> str | None:
        """The name of the field that holds a record's text."""
        names = (self.text,) if self.text else TEXT_FIELDS
        return next((name for name in names if name in record), None)


@dataclass(frozen=True, slots=True)
class Record:
    """One document of a collection, or a place where there should be one (then ``error`` says what is wrong)."""

    record_id: str
    sha256: str
    """Of its title and text; of the broken line."""
    text: str = ""
    title: str | None = None
    published_at: datetime | None = None
    error: str | None = None


class RecordReader:
    """Reads a record's text as plain text."""

    name = "record"
    version = "2"

    def parse(self, record: Record) -> ParsedDocument:
        """A record as a document of one paper page; raises ``DocumentError`` for a broken one."""
        if record.error is not None:
            raise DocumentError(record.error)
        parsed = TextReader().parse(record.text, record.title)
        return replace(parsed, reader=self.name, reader_version=self.version, published_at=record.published_at)


def is_collection(path: Path, fields: CollectionFields) -> bool:
    """Whether a file's records are documents of their own: JSONL and Parquet always, CSV with a named text field."""
    suffix = path.suffix.lower()
    return suffix in JSONL_SUFFIXES or suffix == PARQUET_SUFFIX or (fields.text is not None and suffix in CSV_SUFFIXES)


def records(path: Path, fields: CollectionFields) -> Iterator[Record]:
    """The records of a collection, in order; ids are unique within it.

    Raises ``UnsupportedDocumentError`` where no record has a text field and ``DocumentError`` for a file that is broken
    as a whole; a broken record is a ``Record`` with an error.
    """
    suffix = path.suffix.lower()
    if suffix == PARQUET_SUFFIX:
        raw = _parquet_rows(path, fields)
    elif suffix in JSONL_SUFFIXES:
        raw = _jsonl_rows(path)
    else:
        raw = _csv_rows(path)
    taken: set[str] = set()
    for record in _recognised(raw, fields):
        yield _with_unique_id(record, taken)


def count_records(path: Path, fields: CollectionFields) -> int:
    """Reads a whole collection, and counts it: a broken file breaks here first, in a worker."""
    return sum(1 for _ in records(path, fields))


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    """From 1: of the line in JSONL, of the row elsewhere."""
    values: Mapping[str, Any] | None
    broken: str | bytes = ""
    error: str = ""


def _recognised(rows: Iterable[_Row], fields: CollectionFields) -> Iterator[Record]:
    """Records made of rows, once one of the first rows has shown that there is a text field."""
    waiting: list[_Row] = []
    known = False
    for row in rows:
        known = known or (row.values is not None and fields.text_in(row.values) is not None)
        waiting.append(row)
        if known:
            yield from (_record(row, fields) for row in waiting)
            waiting = []
        elif len(waiting) >= _PEEKED_RECORDS:
            break
    if waiting:
        _refuse(waiting, fields)


def _refuse(rows: Sequence[_Row], fields: CollectionFields) -> None:
    names = list(dict.fromkeys(str(name) for row in rows for name in row.values or ()))[:12]
    if not names:
        raise DocumentError(f"None of its first {len(rows)} lines can be read: {rows[0].error}")
    wanted = repr(fields.text) if fields.text else "text, content or body"
    raise UnsupportedDocumentError(
        f"No record has a field named {wanted}; it has {', '.join(names)}. Name the text's with --text-field."
    )


def _record(row: _Row, fields: CollectionFields) -> Record:
    if row.values is None:
        return Record(f"line-{row.number}", sha256_hex(row.broken), error=row.error)
    record_id = _first(row.values, (fields.id,) if fields.id else ID_FIELDS) or str(row.number)
    title = _first(row.values, (fields.title,) if fields.title else TITLE_FIELDS) or None
    name = fields.text_in(row.values)
    text, error = _text_of(row.values, name)
    if error is None and name is None:
        error = f"Record {row.number} has no text field."
    return Record(
        record_id=clean(one_line(record_id))[0][:_LONGEST_ID],
        sha256=sha256_hex(f"{title or ''}\x00{text}"),
        text=text,
        title=clean(one_line(title))[0] if title else None,
        published_at=parse_date(next((row.values[name] for name in DATE_FIELDS if row.values.get(name)), None)),
        error=error,
    )


def _text_of(values: Mapping[str, Any], name: str | None) -> tuple[str, str | None]:
    value = None if name is None else values[name]
    if value is None:
        return "", None
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return "\n\n".join(value), None
    if isinstance(value, (str, int, float)):
        return str(value), None
    return "", f"Its field {name!r} holds {type(value).__name__}, not text."


def _first(values: Mapping[str, Any], names: Iterable[str | None]) -> str:
    found = (values.get(name) for name in names if name is not None)
    return next((str(value) for value in found if value is not None and str(value).strip()), "")


def _with_unique_id(record: Record, taken: set[str]) -> Record:
    record_id, occurrence = record.record_id, 1
    while record_id in taken:
        occurrence += 1
        record_id = f"{record.record_id}~{occurrence}"
    taken.add(record_id)
    return record if occurrence == 1 else replace(record, record_id=record_id)


def _jsonl_rows(path: Path) -> Iterator[_Row]:
    with path.open("rb") as file:
        encoding = encoding_of(file.read(_SAMPLE_BYTES))
        file.seek(0)
        for number, line in enumerate(_lines(file, encoding), 1):
            if len(line) >= LONGEST_LINE:
                yield _Row(number, None, line[:1000], f"Line {number} is longer than {LONGEST_LINE:,} bytes.")
            elif line.strip():
                yield _json_row(number, line, encoding)


def _lines(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding.startswith(("utf-16", "utf-32")):
        yield from (line.encode() for line in io.TextIOWrapper(file, encoding, errors="replace"))
        return
    while line := file.readline(LONGEST_LINE):
        rest = line
        while len(rest) >= LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)  # the rest of a line too long to be held
        yield line


def _json_row(number: int, line: bytes, encoding: str) -> _Row:
    try:
        if encoding.startswith(("utf-16", "utf-32")):
            encoding = "utf-8"
        values = json.loads(line.decode(encoding))
    except UnicodeDecodeError:
        return _Row(number, None, line, f"Line {number} is not {encoding}.")
    except (ValueError, RecursionError) as error:
        return _Row(number, None, line, f"Line {number} is not JSON: {one_line(str(error))[:200]}.")
    if not isinstance(values, dict):
        return _Row(number, None, line, f"Line {number} holds {type(values).__name__}, not an object.")
    return _Row(number, values)


def _csv_rows(path: Path) -> Iterator[_Row]:
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    encoding = encoding_of(sample)
    delimiter = delimiter_of(sample.decode(encoding, "replace"), path.suffix)
    with path.open(encoding=encoding, errors="replace", newline="") as lines:
        rows = csv_rows((line.replace("\x00", "") for line in lines), delimiter)
        names: list[str] | None = None
        number = 0
        while True:
            number += 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield _Row(number, None, f"{number}", f"Row {number} is not CSV: {error} (limit {LONGEST_FIELD:,}).")
                return
            if names is None:
                names, number = [name.strip() for name in row], 0
            else:
                yield _Row(number, dict(zip(names, row)))


def _parquet_rows(path: Path, fields: CollectionFields) -> Iterator[_Row]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            wanted = {fields.text, fields.id, fields.title, *TEXT_FIELDS, *ID_FIELDS, *TITLE_FIELDS, *DATE_FIELDS}
            chosen = [name for name in columns if name in wanted]
            if fields.text_in(dict.fromkeys(columns)) is None:
                yield _Row(1, dict.fromkeys(columns))
                return
            number = 0
            for batch in file.iter_batches(batch_size=256, columns=chosen):
                for values in batch.to_pylist():
                    number += 1
                    yield _Row(number, values)
    except (pyarrow.ArrowException, OSError) as error:
        raise DocumentError(f"It cannot be read as Parquet: {one_line(str(error))[:300]}") from error
