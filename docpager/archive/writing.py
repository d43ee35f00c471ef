"""The archive's one writer: whole documents in, torn ones out, indexes brought up to date."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from docpager.archive.checking import Damage, DamageKind, is_torn, rows_of_documents
from docpager.archive.durability import SyncedFolder, telling_what_cannot_be_written
from docpager.archive.filters import one_of, turns
from docpager.archive.healing import is_half_made, set_damaged_manifests_aside, take_back_broken_writes
from docpager.archive.indexes import has_few_new_rows, is_indexed, make_indexes
from docpager.archive.lance import LanceArchive, require_embedder
from docpager.archive.ledger import Ledger
from docpager.archive.locking import FolderLock
from docpager.archive.pins import drop_abandoned, drop_old_versions, readers_of
from docpager.archive.reading import telling_what_is_damaged
from docpager.archive.rewriting import leave_damage_out, leave_documents_out, migrate, salvaged
from docpager.archive.schemas import (
    DOCUMENT_COLUMNS,
    DOCUMENTS,
    FORMAT,
    PAGES,
    SEGMENTS,
    document_of,
    document_rows,
    page_rows,
    removed,
    segment_rows,
    unwritten,
)
from docpager.archive.tables import ArchiveStamp, Tables, archive_folder, archive_stamp, is_archive, make_tables
from docpager.errors import ConfigurationError, DamagedArchiveError
from docpager.protocols import Embedder
from docpager.records import Document, DocumentStatus, IngestedDocument

OLD_VERSIONS_KEPT = timedelta(days=2)
"""A run that was killed within this time still finds the generation it began with; of nightly ones, the last."""

_TORN = ("InterruptedWrite", "Writing this document was interrupted.")
DAMAGED = ("DamagedArchive", "What the archive held of this document was damaged.")
_ORIGINAL_GONE = ("OriginalRemoved", "The document this is a copy of was removed.")
_log = logging.getLogger(__name__)
_Rows = dict[str, tuple[str, int]]
_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")


def _writing(
    method: Callable[Concatenate[LanceWriter, _Parameters], _Returned],
) -> Callable[Concatenate[LanceWriter, _Parameters], _Returned]:
    """A method that raises ``TemporaryError`` where the archive cannot be written."""

    @wraps(method)
    def told(self: LanceWriter, /, *args: _Parameters.args, **named: _Parameters.kwargs) -> _Returned:
        with telling_what_cannot_be_written(self.uri):
            return method(self, *args, **named)

    return told


class LanceWriter(LanceArchive):
    """Reads and writes an archive; its reads see what it has written."""

    def __init__(self, tables: Tables, embedder: Embedder, lock: FolderLock) -> None:
        super().__init__(tables, embedder, tables.versions)
        self._lock = lock
        self._ledger = Ledger(tables.folder)
        self._disk = SyncedFolder(tables.folder, self._ledger.recorded())
        self._dropped_at_open = 0
        # The last writer did not come to the end of a write, or was an older docpager.
        if tables.last_whole_generation() != tables.versions or tables.stamp.format < FORMAT:
            try:
                self._dropped_at_open = self._made_current()
            except (DamagedArchiveError, RuntimeError):  # what it wrote cannot even be read
                self._go_back()
                with telling_what_is_damaged(tables.uri):
                    self._dropped_at_open = self._made_current()

    @classmethod
    def open_or_make(cls, uri: str, embedder: Embedder, counter_name: str, *, wait_seconds: float = 0) -> LanceWriter:
        """Takes the lock, then opens the archive or makes it."""
        with telling_what_cannot_be_written(uri):
            return cls._opened_or_made(uri, embedder, counter_name, wait_seconds)

    @classmethod
    def _opened_or_made(cls, uri: str, embedder: Embedder, counter_name: str, wait_seconds: float) -> LanceWriter:
        folder = archive_folder(uri)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder, f"The archive at {uri}", wait_seconds=wait_seconds)
        try:
            if is_archive(uri):
                with suppress(DamagedArchiveError):
                    archive_stamp(uri)  # what is of another format is left as it is
            set_damaged_manifests_aside(folder)
            take_back_broken_writes(uri)
            if not is_archive(uri) or is_half_made(folder):
                make_tables(uri, ArchiveStamp(embedder.name, counter_name), embedder.dimensions)
                SyncedFolder(folder).sync()
                Tables(uri).record_generation()
            tables = Tables(uri)
            require_embedder(tables, embedder)
            _require_counter(tables, counter_name)
            return cls(tables, embedder, lock)
        except BaseException:
            lock.close()
            raise

    def __enter__(self) -> LanceWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the lock."""
        self._lock.close()

    @_writing
    def write(self, batch: Sequence[IngestedDocument]) -> None:
        """Adds or replaces documents, whole; their ``documents`` rows are written last, and all is synced to disk.

        Of two with one id the last counts. Raises ``ValueError`` for segments with one id, or of another document.
        """
        contents = list({content.document.doc_id: content for content in batch}.values())
        if not contents:
            return
        _require_consistent(contents)
        self._tables.checkout_latest()
        known = self._stored([content.document.doc_id for content in contents])
        revised = [(content, uuid.uuid4().hex[:16]) for content in contents]
        pages, segments = self._tables.pages, self._tables.segments
        _put(pages, "page_id", page_rows(revised, pages.schema), replacing=list(known))
        _put(segments, "segment_id", segment_rows(revised, segments.schema), replacing=list(known))
        self._disk.sync()
        rows = [(content.document, revision, len(content.pages)) for content, revision in revised]
        self._commit(rows, known=bool(known))

    @_writing
    def update_documents(self, documents: Sequence[Document]) -> None:
        """Rewrites ``documents`` rows alone (a move, a last action); their pages and segments stay as they are."""
        latest = {document.doc_id: document for document in documents}
        if not latest:
            return
        self._tables.checkout_latest()
        known = self._stored(list(latest))
        fresh = (uuid.uuid4().hex[:16], 0)
        self._commit([(row, *known.get(doc_id, fresh)) for doc_id, row in latest.items()], known=True)

    @_writing
    def remove(self, doc_ids: Sequence[str]) -> None:
        """Marks documents removed, then drops their pages and segments; unknown ids are left out."""
        documents = self._documents_with(doc_ids)
        if not documents:
            return
        self._tables.checkout_latest()
        rows = [(removed(document), uuid.uuid4().hex[:16], 0) for document in documents.values()]
        self._commit(rows, known=True, whole=False)
        for ids in turns(list(documents)):
            self._tables.pages.delete(one_of("doc_id", ids))
            self._tables.segments.delete(one_of("doc_id", ids))
        self._whole()

    @_writing
    def erase(self, doc_ids: Collection[str]) -> None:
        """Removes every trace of documents: their rows, the old versions that held them, and what indexes know.

        What a reader still holds stays until it ends. A duplicate of one of them is read again at the next ingest.
        """
        self._tables.checkout_latest()
        duplicates = [row for row in self.documents() if row.duplicate_of in doc_ids and row.doc_id not in doc_ids]
        for table in self._tables.all():
            leave_documents_out(self._tables, table.name, doc_ids)
        self._mark_unwritten(duplicates, _ORIGINAL_GONE)
        self.finish()
        self.drop_old_versions(timedelta(0))

    def readers(self) -> int:
        """How many readers hold a generation of the archive now."""
        return readers_of(self._tables)

    @_writing
    def sweep(self) -> int:
        """Drops pages and segments that no documents row commits to; returns how many, with those dropped at opening.

        A document that lost some this way becomes ``failed`` and forgets its SHA-256, so that it is read again.
        """
        dropped, self._dropped_at_open = self._dropped_at_open + self._drop_torn(), 0
        return dropped

    @property
    def is_finished(self) -> bool:
        """Whether every segment is in every index, and there is a full-text one."""
        segments = self._tables.segments
        if not segments.count_rows():
            return True
        has_text = any(index.columns == ["search_text"] for index in segments.list_indices())
        return has_text and all(map(is_indexed, self._tables.all()))

    @_writing
    def finish(self) -> None:
        """Indexes what is new, compacts, and drops versions more than two days old that nobody reads.

        A large table that has few new rows waits until there are more: they are found without an index too.
        """
        self._tables.checkout_latest()
        self._index()
        worth_it = [table for table in self._tables.all() if not has_few_new_rows(table)]
        for table in worth_it:
            drop_old_versions(table, timedelta(days=36_500))  # compacts, and drops nothing
        self._whole()
        # Only now, when readers open the versions just made, may the old ones go.
        self._drop_old_versions(worth_it, OLD_VERSIONS_KEPT)

    @_writing
    def drop_old_versions(self, older_than: timedelta = OLD_VERSIONS_KEPT) -> None:
        """Drops what no reader can come back to: versions of that age, but for those in use and what came after."""
        self._drop_old_versions(self._tables.all(), older_than)

    def _drop_old_versions(self, tables: Collection[Any], older_than: timedelta) -> None:
        self._tables.checkout_latest()
        drop_abandoned(self._tables)
        for table in tables:
            drop_old_versions(table, older_than)
        self._ledger.drop_gone()
        self._whole()

    @_writing
    def repair(self) -> tuple[list[Damage], int]:
        """Leaves out what is damaged; returns what was, and how many documents were lost of which nothing is known.

        Tables with damage are written again without it, their indexes made again and their old versions dropped. A
        document that lost some is ``failed`` from then on and forgets its SHA-256, so that it is read again.
        """
        self._tables.checkout_latest()
        damage = list(self.check())
        broken = {found.doc_id for found in damage if found.doc_id is not None and found.kind is not DamageKind.INDEX}
        known, nameless = (salvaged(self._tables) if damage else []), 0
        for table in self._tables.all():
            if any(found.table == table.name for found in damage):
                repeated = leave_damage_out(self._tables, table.name)
                broken.update(repeated if table.name == DOCUMENTS else ())
        if damage:
            there = self._stored([row.doc_id for row in known])
            self._mark_unwritten([row for row in known if row.doc_id not in there], DAMAGED)
            nameless = len(rows_of_documents(self._tables, PAGES).keys() - there.keys() - {row.doc_id for row in known})
            self._drop_torn(broken, DAMAGED)
            self.finish()
            self.drop_old_versions(timedelta(0))
        return damage, nameless

    def _index(self) -> None:
        make_indexes(self._tables, dimensions=self._embedder.dimensions)

    def _stored(self, doc_ids: Sequence[str]) -> _Rows:
        """Revision and number of stored pages of those documents that have a row."""
        stored: _Rows = {}
        for ids in turns(doc_ids):
            query = self._tables.documents.search().select(["doc_id", "revision", "stored_pages"])
            for row in query.where(one_of("doc_id", ids)).to_arrow().to_pylist():
                stored[row["doc_id"]] = (row["revision"], row["stored_pages"])
        return stored

    def _commit(self, rows: Sequence[tuple[Document, str, int]], *, known: bool, whole: bool = True) -> None:
        documents = self._tables.documents
        table = document_rows(rows, documents.schema)
        if known:
            documents.merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all().execute(table)
        else:
            documents.add(table)
        if whole:
            self._whole()

    def _whole(self) -> None:
        """What is written is whole: on the disk, its checksums too, and what readers open from now on."""
        self._disk.sync()
        self._ledger.record()
        self._generation = self._tables.versions
        self._tables.record_generation()
        self._kept = {}

    def _made_current(self) -> int:
        """Brings the archive to today's format and drops what was torn; returns how many rows that were."""
        is_old = self.stamp.format < FORMAT
        if is_old:
            _log.info("The archive at %s is of format %d; writing it again as %d", self.uri, self.stamp.format, FORMAT)
            migrate(self._tables)
        dropped = self._drop_torn()
        if is_old:
            self._index()
            self._whole()
        return dropped

    def _go_back(self) -> None:
        """Makes the last whole generation the newest again."""
        self._tables.pin(self._tables.last_whole_generation())
        for table in self._tables.all():
            table.restore()
        self._tables.checkout_latest()
        self._whole()

    def _drop_torn(self, damaged: Collection[str] = (), why: tuple[str, str] = _TORN) -> int:
        """Drops rows that no documents row commits to, and all of the ``damaged`` documents; returns how many."""
        self._tables.checkout_latest()
        columns = [*DOCUMENT_COLUMNS, "revision", "stored_pages"]
        rows = {row["doc_id"]: row for row in self._tables.documents.search().select(columns).to_arrow().to_pylist()}
        pages, segments = (rows_of_documents(self._tables, name) for name in (PAGES, SEGMENTS))
        uncommitted = (pages.keys() | segments.keys()) - rows.keys()
        torn = {doc_id for doc_id, row in rows.items() if is_torn(row, pages.get(doc_id), segments.get(doc_id))}
        broken = torn | (rows.keys() & set(damaged))
        dropped = 0
        for ids in turns(sorted(uncommitted | broken)):
            for table in (self._tables.pages, self._tables.segments):
                dropped += table.delete(one_of("doc_id", ids)).num_deleted_rows
        self._mark_unwritten([document_of(rows[doc_id]) for doc_id in sorted(broken)], why)
        self._whole()
        return dropped

    def _mark_unwritten(self, documents: Sequence[Document], why: tuple[str, str]) -> None:
        if documents:
            rows = [
                (
                    removed(row) if row.status is DocumentStatus.REMOVED else unwritten(row, *why),
                    uuid.uuid4().hex[:16],
                    0,
                )
                for row in documents
            ]
            self._commit(rows, known=True, whole=False)


def _put(table: Any, key: str, rows: Any, *, replacing: Sequence[str]) -> None:
    """Adds rows; instead of all rows of the documents ``replacing``, in one step."""
    if not replacing:
        if rows.num_rows:
            table.add(rows)
        return
    merge = table.merge_insert(key).when_matched_update_all().when_not_matched_insert_all()
    merge.when_not_matched_by_source_delete(one_of("doc_id", replacing)).execute(rows)


def _require_consistent(contents: Sequence[IngestedDocument]) -> None:
    for content in contents:
        document = content.document
        ids = [segment.segment_id for segment in content.segments]
        owners = {row.doc_id for row in content.segments} | {row.doc_id for row in content.pages}
        if len(set(ids)) != len(ids) or owners - {document.doc_id} or document.segment_count != len(ids):
            raise ValueError(
                f"The segments of {document.path} do not fit its row: {document.segment_count} are announced, "
                f"{len(ids)} come with {len(set(ids))} different ids."
            )


def _require_counter(tables: Tables, counter_name: str) -> None:
    if tables.stamp.token_counter != counter_name:
        raise ConfigurationError(
            f"The tokens of the archive at {tables.uri} were counted with {tables.stamp.token_counter}, "
            f"not {counter_name}. Nothing was changed."
        )
