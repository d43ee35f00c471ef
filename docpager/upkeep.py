"""The upkeep of an archive: check and repair it, compact it, take documents out for good."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import DamagedArchiveError, MissingArchiveError, UsageError
from docpager.records import Document
from docpager.settings import CacheSettings, IngestSettings
from docpager.wiring import ingest_folder, open_archive, open_archive_for_writing

if TYPE_CHECKING:
    from docpager.archive.checking import Damage
    from docpager.archive.writing import LanceWriter

DAMAGED_ARCHIVE = "DamagedArchive"
"""The error type of a document that lost some of its rows."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair found and what became of it."""

    damage: list[Damage]
    read_again: list[Document] = field(default_factory=list)
    """Documents that were read again from their files."""
    lost: list[Document] = field(default_factory=list)
    """Documents that could not be: their files are gone, or changed into what cannot be read. They are ``failed``."""
    nameless: int = 0
    """Documents of which not even the path is known any more; the next ingest of their folder adds them again."""


def check_archive(uri: str) -> Iterator[Damage]:
    """What is wrong with an archive, at the generation that readers see; raises ``MissingArchiveError``."""
    from docpager.archive.checking import Damage, DamageKind, check_files
    from docpager.archive.ledger import Ledger
    from docpager.archive.tables import archive_folder

    try:
        archive = open_archive(uri)
    except DamagedArchiveError as error:
        yield from check_files(Ledger(archive_folder(uri)))
        yield Damage(DamageKind.UNREADABLE, "documents", "the tables", f"they cannot be opened: {error.what}")
        return
    try:
        yield from archive.check()
    finally:
        archive.close()


def repair_archive(settings: IngestSettings) -> Repair:
    """Leaves out what is damaged in the settings' archive, and reads the documents that lost some again.

    Raises ``LockedError`` while another process writes.
    """
    from docpager.archive.healing import heal

    heal(settings.archive, settings.lock_wait_seconds)
    with _writer(settings) as archive:
        damage, nameless = archive.repair()
        broken = {row.doc_id: row for row in archive.documents() if row.error_type == DAMAGED_ARCHIVE}
    wanted = frozenset((row.root, row.path.partition("#")[0]) for row in broken.values())
    roots = [root for root in sorted({row.root for row in broken.values()}) if Path(root).is_dir()]
    if roots:
        ingest_folder(roots, replace(settings, prune=False, include=(), exclude=()), only=wanted)
    archive_now = open_archive(settings.archive)
    now = {doc_id: archive_now.document(doc_id) for doc_id in broken}
    archive_now.close()
    found = [row for row in now.values() if row is not None]
    lost = [row for row in found if row.error_type == DAMAGED_ARCHIVE]
    return Repair(damage, [row for row in found if row not in lost], lost, nameless)


def optimize_archive(uri: str, *, older_than: timedelta | None = None, wait_seconds: float = 0) -> tuple[int, int]:
    """Indexes and compacts an archive and drops old versions; returns its bytes before and after."""
    with _writer(IngestSettings(archive=uri, lock_wait_seconds=wait_seconds)) as archive:
        before = archive.stats().bytes_on_disk
        archive.sweep()
        archive.finish()
        if older_than is not None:
            archive.drop_old_versions(older_than)
        return before, archive.stats().bytes_on_disk


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out of an archive."""

    documents: list[Document]
    replies: int = 0
    """Kept model replies over this archive, removed too."""
    readers: int = 0
    """Processes that read a generation from before; it goes when they end and the archive is optimized."""


def documents_to_erase(uri: str, names: Sequence[str], where: str | None) -> list[Document]:
    """The documents that are named, by path, ending or pattern of a path, title or id, and those that ``where`` says.

    Removed ones too. Raises ``UsageError`` where nothing is named or a name fits none.
    """
    from docpager.batch.document_filter import document_filter

    if not names and where is None:
        raise UsageError("Name the documents to remove, or say --where EXPR.")
    archive = open_archive(uri)
    try:
        found: dict[str, Document] = {}
        for name in names:
            meant = {row.doc_id: row for row in archive.all_documents() if _is_meant(row, name)}
            if not meant:
                raise UsageError(f"No document of {uri} matches {name!r}. docpager archive documents lists them.")
            found |= meant
        if where is not None:
            test = document_filter(where)
            found |= {row.doc_id: row for row in archive.all_documents() if test(row)}
    finally:
        archive.close()
    return list(found.values())


def erase_documents(
    uri: str, documents: Sequence[Document], *, cache: CacheSettings | None = None, wait_seconds: float = 0
) -> Erased:
    """Takes documents out of an archive for good: rows, old versions, what indexes know, kept replies."""
    with _writer(IngestSettings(archive=uri, lock_wait_seconds=wait_seconds)) as archive:
        archive.erase({document.doc_id for document in documents})
        readers = archive.readers()
    return Erased(list(documents), _forgotten_replies(uri, cache or CacheSettings()), readers)


def _forgotten_replies(uri: str, cache: CacheSettings) -> int:
    from docpager.models.reply_store import FILE_NAME, ReplyStore, folder_of

    folder = folder_of(cache)
    if not (folder / FILE_NAME).exists():
        return 0
    store = ReplyStore(folder)
    try:
        return store.clear(str(Path(uri).resolve()))
    finally:
        with suppress(OSError):
            store.close()


def _is_meant(document: Document, name: str) -> bool:
    is_named = name in (document.doc_id, document.path, document.title) or document.path.endswith(f"/{name}")
    return is_named or fnmatch.fnmatchcase(document.path, name)


def _writer(settings: IngestSettings) -> LanceWriter:
    """The one writer of an archive that is there, whatever it was embedded with."""
    from docpager.archive.tables import archive_stamp, is_archive

    if not is_archive(settings.archive):
        raise MissingArchiveError(settings.archive)
    embedder = archive_stamp(settings.archive).embedder
    wait = settings.lock_wait_seconds
    return open_archive_for_writing(settings.archive, embedder=embedder, wait_seconds=wait)
