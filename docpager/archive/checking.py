"""Whether an archive is whole: every file, hash, span, index and reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from docpager.archive.filters import one_of
from docpager.archive.ledger import Ledger
from docpager.archive.reading import telling_what_is_damaged
from docpager.archive.row_checksums import ROW_SHA256, damaged_rows
from docpager.archive.schemas import DOCUMENTS, PAGES, PRIMARY_KEYS, SEGMENTS, table_schemas
from docpager.archive.tables import Tables
from docpager.errors import DamagedArchiveError
from docpager.records import DocumentStatus, hex_id, sha256_hex

ROWS_AT_ONCE = 2000
"""About so many segments are looked at together."""
_Row = Mapping[str, Any]


class DamageKind(StrEnum):
    """What is wrong."""

    FILE = "file"
    """A file has other bytes than were written."""
    UNREADABLE = "unreadable"
    """LanceDB cannot read it."""
    ROW = "row"
    """A row has other values than were written."""
    TEXT = "text"
    """A text does not have its SHA-256."""
    SPAN = "span"
    """A segment's text is not what stands at its place on its page."""
    IDENTITY = "identity"
    """An id is not that of the content, or occurs twice."""
    REFERENCE = "reference"
    """What is named elsewhere is not there."""
    COUNT = "count"
    """There are more or fewer rows than the document's own row says."""
    INDEX = "index"
    """An index finds other rows than there are."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong in an archive."""

    kind: DamageKind
    table: str
    where: str
    """A file below the archive's folder, or a document's path with its page or segment."""
    what: str
    doc_id: str | None = None
    """The document that has to be read again."""

    def __str__(self) -> str:
        return f"{self.table}: {self.where}: {self.what}"


def check_files(ledger: Ledger) -> Iterator[Damage]:
    """Files of the tables and indexes that are not what they were when they were written."""
    for name in ledger.damaged():
        table = name.partition(".lance/")[0]
        yield Damage(DamageKind.FILE, table, name, "its bytes are not those that were written")


def check_rows(tables: Tables) -> Iterator[Damage]:
    """What is wrong in the three tables at the versions they are at."""
    lacking = [(name, column) for name, column in _expected_columns() if column not in tables.named(name).schema.names]
    for name, column in lacking:
        yield Damage(DamageKind.UNREADABLE, name, "the table", f"it has no column {column}")
    if lacking:
        return
    counted = {}
    for name in (PAGES, SEGMENTS):
        try:
            counted[name] = rows_of_documents(tables, name)
        except DamagedArchiveError as error:
            yield Damage(DamageKind.UNREADABLE, name, "the table", error.what)
    seen: set[str] = set()
    originals: list[tuple[str, str, str]] = []
    try:
        for batch in batches(tables, DOCUMENTS):
            yield from _damaged(DOCUMENTS, batch, "path")
            rows = batch.to_pylist()
            for row in rows:
                if row["doc_id"] in seen:
                    yield Damage(DamageKind.IDENTITY, DOCUMENTS, row["path"], "its id occurs twice", row["doc_id"])
                seen.add(row["doc_id"])
                if row["duplicate_of"]:
                    originals.append((row["duplicate_of"], row["path"], row["doc_id"]))
            for group in _groups(rows):
                yield from _check_group(tables, group, counted)
    except DamagedArchiveError as error:
        yield Damage(DamageKind.UNREADABLE, DOCUMENTS, "the table", error.what)
        return
    for original, path, doc_id in originals:
        if original not in seen:
            yield Damage(DamageKind.REFERENCE, DOCUMENTS, path, f"its original {original} is not there", doc_id)
    for name, counts in counted.items():
        for doc_id in sorted(counts.keys() - seen):
            yield Damage(DamageKind.REFERENCE, name, f"document {doc_id}", "its rows belong to no document", doc_id)


def rows_of_documents(tables: Tables, name: str) -> dict[str, dict[str, int]]:
    """How many rows each document has of each revision, without the help of an index."""
    with telling_what_is_damaged(tables.uri):
        keys = tables.named(name).search().select(["doc_id", "revision"]).to_arrow()
    counts: dict[str, dict[str, int]] = {}
    for group in keys.group_by(["doc_id", "revision"]).aggregate([([], "count_all")]).to_pylist():
        counts.setdefault(group["doc_id"], {})[group["revision"]] = group["count_all"]
    return counts


def _expected_columns() -> Iterator[tuple[str, str]]:
    for name, schema in table_schemas(0).items():
        yield from ((name, column) for column in schema.names if column != ROW_SHA256)


def is_torn(row: _Row, pages: Mapping[str, int] | None, segments: Mapping[str, int] | None) -> bool:
    """Whether a documents row's pages and segments are not exactly those that were written with it."""
    expected = [{row["revision"]: count} if count else {} for count in (row["stored_pages"], row["segment_count"])]
    return [dict(pages or {}), dict(segments or {})] != expected


def _check_group(
    tables: Tables, group: Sequence[_Row], counted: Mapping[str, Mapping[str, Mapping[str, int]]]
) -> Iterator[Damage]:
    """Documents together: their pages and segments are fetched in one query each."""
    try:
        pages = _rows_of(tables, PAGES, group)
        segments = _rows_of(tables, SEGMENTS, group)
    except DamagedArchiveError as error:
        if len(group) > 1:
            for row in group:
                yield from _check_group(tables, [row], counted)
        else:
            row = group[0]
            yield Damage(DamageKind.UNREADABLE, SEGMENTS, row["path"], error.what, row["doc_id"])
        return
    yield from pages.damage
    yield from segments.damage
    for row in group:
        checked = _Document(row, pages.by_document.get(row["doc_id"], []), segments.by_document.get(row["doc_id"], []))
        yield from checked.damage()
        for name, found in ((PAGES, checked.pages), (SEGMENTS, checked.segments)):
            scanned = sum(counted.get(name, {}).get(row["doc_id"], {}).values())
            if name in counted and scanned != len(found):
                what = f"by its index the document has {len(found)} rows, and {scanned} without"
                yield Damage(DamageKind.INDEX, name, row["path"], what)


class _Document:
    """A document's rows in all three tables."""

    def __init__(self, row: _Row, pages: list[_Row], segments: list[_Row]) -> None:
        self.row = row
        self.pages = sorted(pages, key=lambda page: page["page_number"])
        self.segments = sorted(segments, key=lambda segment: segment["ordinal"])

    def damage(self) -> Iterator[Damage]:
        """What does not fit together."""
        yield from self._counts()
        yield from self._pages()
        yield from self._segments()

    def _counts(self) -> Iterator[Damage]:
        row = self.row
        revisions = [Counter(found["revision"] for found in rows) for rows in (self.pages, self.segments)]
        if is_torn(row, *revisions):
            what = (
                f"its row tells of {row['stored_pages']} pages and {row['segment_count']} segments of one write; "
                f"{len(self.pages)} and {len(self.segments)} are there"
            )
            yield self._told(DamageKind.COUNT, DOCUMENTS, "", what)
        tokens = sum(segment["token_count"] for segment in self.segments)
        if tokens != row["token_count"]:
            yield self._told(DamageKind.COUNT, DOCUMENTS, "", f"{row['token_count']} tokens are told, {tokens} there")
        if row["status"] == DocumentStatus.REMOVED and (self.pages or self.segments):
            yield self._told(DamageKind.COUNT, DOCUMENTS, "", "it is removed, but rows of it are there")

    def _pages(self) -> Iterator[Damage]:
        for page in self.pages:
            where = f"page {page['page_number']}"
            if sha256_hex(page["text"]) != page["text_sha256"]:
                yield self._told(DamageKind.TEXT, PAGES, where, "its text does not have its SHA-256")
            if page["page_id"] != f"{page['doc_id']}:{page['page_number']}":
                yield self._told(DamageKind.IDENTITY, PAGES, where, f"its id is {page['page_id']}")

    def _segments(self) -> Iterator[Damage]:
        texts = {page["page_number"]: page["text"] for page in self.pages}
        occurrences: Counter[str] = Counter()
        for ordinal, segment in enumerate(self.segments):
            where = f"segment {segment['segment_id']}"
            digest = sha256_hex(segment["text"])
            if digest != segment["text_sha256"]:
                yield self._told(DamageKind.TEXT, SEGMENTS, where, "its text does not have its SHA-256")
            if segment["segment_id"] != hex_id(segment["doc_id"], segment["text_sha256"], occurrences[digest]):
                yield self._told(DamageKind.IDENTITY, SEGMENTS, where, "its id is not that of its text")
            occurrences[digest] += 1
            if segment["ordinal"] != ordinal:
                yield self._told(
                    DamageKind.IDENTITY, SEGMENTS, where, f"it is number {segment['ordinal']} at {ordinal}"
                )
            page = texts.get(segment["page_number"])
            if page is None:
                what = f"its page {segment['page_number']} is not there"
                yield self._told(DamageKind.REFERENCE, SEGMENTS, where, what)
            elif page[segment["char_start"] : segment["char_end"]] != segment["text"]:
                what = f"its text is not what stands on page {segment['page_number']} at its place"
                yield self._told(DamageKind.SPAN, SEGMENTS, where, what)

    def _told(self, kind: DamageKind, table: str, where: str, what: str) -> Damage:
        return Damage(kind, table, f"{self.row['path']}, {where}".rstrip(", "), what, self.row["doc_id"])


class _Fetched:
    """Rows of several documents, by document, and those of them that are damaged."""

    def __init__(self) -> None:
        self.by_document: dict[str, list[_Row]] = {}
        self.damage: list[Damage] = []


def _rows_of(tables: Tables, name: str, group: Sequence[_Row]) -> _Fetched:
    fetched = _Fetched()
    paths = {row["doc_id"]: row["path"] for row in group}
    for batch in batches(tables, name, one_of("doc_id", paths)):
        for damage in _damaged(name, batch, PRIMARY_KEYS[name]):
            path = paths.get(damage.doc_id or "", damage.doc_id)
            fetched.damage.append(
                Damage(damage.kind, damage.table, f"{path}, {damage.where}", damage.what, damage.doc_id)
            )
        slim = batch.drop_columns([column for column in ("vector", ROW_SHA256) if column in batch.column_names])
        for row in slim.to_pylist():
            fetched.by_document.setdefault(row["doc_id"], []).append(row)
    return fetched


def _damaged(table: str, batch: Any, name: str) -> Iterator[Damage]:
    if ROW_SHA256 not in batch.column_names:
        return  # written by an older docpager
    for place in damaged_rows(batch):
        where, doc_id = batch[name][place].as_py(), batch["doc_id"][place].as_py()
        yield Damage(DamageKind.ROW, table, str(where), "its values are not those that were written", doc_id)


def batches(tables: Tables, name: str, condition: str | None = None) -> Iterator[Any]:
    """A table's rows as Arrow tables of ``ROWS_AT_ONCE`` at most."""
    import pyarrow as pa

    query = tables.named(name).search()
    if condition:
        query = query.where(condition)
    with telling_what_is_damaged(tables.uri):
        for batch in query.to_batches(batch_size=ROWS_AT_ONCE):
            yield pa.Table.from_batches([batch])


def _groups(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Documents in groups of about ``ROWS_AT_ONCE`` segments."""
    group: list[_Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += max(1, row["segment_count"])
        if size >= ROWS_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
