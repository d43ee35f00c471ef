"""The three LanceDB tables of an archive as one thing: made, opened, stamped and pinned together."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from docpager.archive.durability import write_durably
from docpager.archive.reading import telling_what_is_damaged
from docpager.archive.schemas import DOCUMENTS, FORMAT, PAGES, PRIMARY_KEYS, SEGMENTS, table_schemas
from docpager.errors import ArchiveFormatError, ConfigurationError, MissingArchiveError, MissingInputError

GENERATION_FILE = "generation"
"""Names the versions of the three tables after the last whole write: what readers open."""

_GENERATION = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """What an archive says of itself, kept in the schema metadata of ``documents``."""

    embedder: str
    token_counter: str
    format: int = FORMAT

    def metadata(self) -> dict[str, str]:
        """As schema metadata."""
        return {
            "docpager.format": str(self.format),
            "docpager.embedder": self.embedder,
            "docpager.token_counter": self.token_counter,
        }


class Tables:
    """Handles on ``documents``, ``pages`` and ``segments``."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.folder = archive_folder(uri)
        self._connection = _connect(self.folder)
        self._open()

    def _open(self) -> None:
        self.stamp = _stamp_of(self.uri, self._connection.open_table(DOCUMENTS))
        self.documents: Any = self._connection.open_table(DOCUMENTS)
        self.pages: Any = self._connection.open_table(PAGES)
        self.segments: Any = self._connection.open_table(SEGMENTS)

    @property
    def versions(self) -> str:
        """The versions of the three tables, as in ``12.12.13``."""
        return ".".join(str(table.version) for table in self.all())

    def all(self) -> tuple[Any, Any, Any]:
        """The three handles, ``documents`` first."""
        return self.documents, self.pages, self.segments

    @property
    def dimensions(self) -> int:
        """The length of the vectors; 0 where there are none."""
        if "vector" not in self.segments.schema.names:
            return 0
        size: int = self.segments.schema.field("vector").type.list_size
        return size

    def named(self, name: str) -> Any:
        """The handle on the table of that name."""
        return {DOCUMENTS: self.documents, PAGES: self.pages, SEGMENTS: self.segments}[name]

    def replace(self, name: str, rows: Any) -> None:
        """Makes Arrow batches a table's newest version, without its indexes; earlier versions stay."""
        self._connection.create_table(name, data=rows, schema=rows.schema, mode="overwrite")
        self._open()

    def pin(self, generation: str | None) -> str:
        """Stays with one generation, the last whole one where none is named; returns its name."""
        if generation is not None:
            self._checkout(generation)
            return generation
        last = self.last_whole_generation()
        try:
            self._checkout(last)
        except MissingInputError:
            # The versions it names were cleaned up in the moment before it was renewed: the newest hold the same.
            last = self.versions
            self._checkout(last)
        return last

    def last_whole_generation(self) -> str:
        """What the last whole write left, else the newest versions."""
        return recorded_generation(self.uri) or self.versions

    def record_generation(self) -> None:
        """Makes the newest versions the ones that readers open from now on."""
        write_durably(self.folder / GENERATION_FILE, self.versions)

    def checkout_latest(self) -> None:
        """Sees the newest versions; a merge on an older one repeats rows."""
        for table in self.all():
            table.checkout_latest()

    def _checkout(self, generation: str) -> None:
        if not _GENERATION.fullmatch(generation):
            raise ConfigurationError(f"{generation!r} is no generation of an archive: they look like 12.12.13.")
        for table, number in zip(self.all(), generation.split(".")):
            try:
                table.checkout(int(number))
            except (ValueError, RuntimeError, OSError) as error:
                raise MissingInputError(
                    f"The archive at {self.uri} no longer has generation {generation}: "
                    f"version {number} of its table {table.name} is gone."
                ) from error


def archive_folder(uri: str) -> Path:
    """The folder of an archive."""
    if "://" in uri:
        raise ConfigurationError(f"An archive is a folder on this machine, which {uri} is not.")
    return Path(uri)


def archive_stamp(uri: str) -> ArchiveStamp:
    """Which embedder and token counter an archive was made with; raises ``MissingArchiveError`` where there is none."""
    if not is_archive(uri):
        raise MissingArchiveError(uri)
    with telling_what_is_damaged(uri):
        return _stamp_of(uri, _connect(archive_folder(uri)).open_table(DOCUMENTS))


def recorded_generation(uri: str) -> str | None:
    """What the last whole write of an archive left; None where that is not to be read."""
    try:
        recorded = (archive_folder(uri) / GENERATION_FILE).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return recorded if _GENERATION.fullmatch(recorded) else None


def is_archive(uri: str) -> bool:
    """Whether there is an archive: ``documents`` is the table that is made last."""
    return any((archive_folder(uri) / f"{DOCUMENTS}.lance" / "_versions").glob("*.manifest"))


def make_tables(uri: str, stamp: ArchiveStamp, dimensions: int) -> None:
    """Makes the three tables, empty; what an interrupted making left is dropped first."""
    connection = _connect(archive_folder(uri))
    left_over = set(connection.list_tables().tables)
    schemas = table_schemas(dimensions)
    for name in (PAGES, SEGMENTS, DOCUMENTS):
        if name in left_over:
            connection.drop_table(name)
        schema = schemas[name].with_metadata(stamp.metadata()) if name == DOCUMENTS else schemas[name]
        connection.create_table(name, schema=keyed(schema, PRIMARY_KEYS[name]))


def keyed(schema: Any, key: str) -> Any:
    """The schema with a column as its primary key: then merges that meet do not repeat rows."""
    place = schema.get_field_index(key)
    return schema.set(place, schema.field(place).with_metadata({"lance-schema:unenforced-primary-key": "true"}))


def _connect(folder: Path) -> Any:
    os.environ.setdefault("LANCEDB_LOG", "error")  # else every query that selects columns prints a warning
    import lancedb

    return lancedb.connect(str(folder), read_consistency_interval=timedelta(0))


def _stamp_of(uri: str, documents: Any) -> ArchiveStamp:
    metadata = {key.decode(): value.decode() for key, value in (documents.schema.metadata or {}).items()}
    found = metadata.get("docpager.format", "")
    if not found.isdigit() or int(found) > FORMAT:
        raise ArchiveFormatError(uri, found or "unknown", str(FORMAT))
    return ArchiveStamp(metadata["docpager.embedder"], metadata["docpager.token_counter"], int(found))
