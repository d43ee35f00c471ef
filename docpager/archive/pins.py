"""Generations in use. A reader tags the versions it reads, and holds a lock on a file of the tag's name while it lives.

The kernel frees the lock of a process however it ends, so a tag whose file nobody holds is nobody's, and the next
clean-up of old versions drops it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from docpager.archive.tables import Tables

PREFIX = "docpager-reader-"
READERS = "readers"
"""The folder, in an archive's, of the files that readers lock."""
_LOST = (OSError, RuntimeError, ValueError)
"""What LanceDB raises where a tag cannot be read or written."""
_TRIES = 10
_AT_LEAST = timedelta(milliseconds=1)
"""Of nothing LanceDB warns; nobody reads what is this young."""
_MARGIN = timedelta(seconds=2)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version of one table that can still be opened."""

    table: str
    version: int
    written_at: datetime
    rows: int | None
    readers: int
    """How many readers hold it."""


class Pin:
    """Keeps the versions that some tables are checked out at, until ``release`` or the end of the process."""

    def __init__(self, tables: Tables) -> None:
        self._owner = os.getpid()
        self._lock: int | None
        self._path, self._lock = _held_file(tables.folder / READERS)
        self._tags = [
            tables.folder / f"{table.name}.lance" / "_refs" / "tags" / f"{self.name}.json" for table in tables.all()
        ]
        try:
            for table in tables.all():
                table.tags.create(self.name, table.version)
        except _LOST:
            self.release()
            raise

    @property
    def name(self) -> str:
        """The tag's name, in each table."""
        return self._path.stem

    def release(self) -> None:
        """Lets the versions go; does nothing the second time, nor in a process that was forked from the owner."""
        if self._lock is None or os.getpid() != self._owner:
            return
        # As files, not through LanceDB: this may be a garbage collection in LanceDB's own thread, which it would block.
        for path in (*self._tags, self._path):
            with suppress(OSError):
                path.unlink()
        os.close(self._lock)
        self._lock = None


def pin(tables: Tables, generation: str | None) -> tuple[str, Pin | None]:
    """Stays with a generation, the last whole one where none is named, and keeps it from being cleaned up.

    Returns its name. Where the archive cannot be written there is no pin: it is read all the same.
    """
    for _ in range(_TRIES):
        recorded = tables.last_whole_generation()
        chosen = tables.pin(generation)
        try:
            held = Pin(tables)
        except _LOST as error:
            _log.debug("Generation %s of %s is read without a tag: %s", chosen, tables.uri, error)
            return chosen, None
        # A writer records a new generation before it cleans up. Where that came first, it may have missed the tag.
        if generation is not None or tables.last_whole_generation() == recorded:
            break
        held.release()
        tables.checkout_latest()
    return chosen, held


def drop_abandoned(tables: Tables) -> None:
    """Drops the tags of readers that ended without a word; only for the archive's one writer."""
    folder = tables.folder / READERS
    names = {path.stem for path in folder.glob(f"{PREFIX}*.lock")}
    names |= {path.stem for path in tables.folder.glob(f"*.lance/_refs/tags/{PREFIX}*.json")}
    for name in names:
        path = folder / f"{name}.lock"
        if (lock := _taken(path)) is None:
            continue
        for table in tables.all():
            with suppress(*_LOST):
                table.tags.delete(name)
        path.unlink(missing_ok=True)
        os.close(lock)


def versions_of(tables: Tables) -> list[TableVersion]:
    """The versions of the three tables, newest first."""
    found = []
    for table in tables.all():
        held = Counter(tag["version"] for name, tag in table.tags.list().items() if name.startswith(PREFIX))
        for version in table.list_versions():
            rows = version["metadata"].get("total_rows")
            number = version["version"]
            moment = version["timestamp"].astimezone(UTC)
            found.append(TableVersion(table.name, number, moment, int(rows) if rows else None, held[number]))
    return sorted(found, key=lambda version: (version.written_at, version.table), reverse=True)


def readers_of(tables: Tables) -> int:
    """How many readers hold a generation; only for the archive's one writer."""
    drop_abandoned(tables)
    return sum(1 for _ in (tables.folder / READERS).glob(f"{PREFIX}*.lock"))


def drop_old_versions(table: Any, older_than: timedelta) -> None:
    """Drops versions of that age, but none that came after the oldest that is tagged, and files of no version.

    Only for the archive's one writer: a second one's files are of no version until it commits them.
    """
    for _ in range(_TRIES):
        try:
            age = max(older_than, _AT_LEAST, _age_of_oldest_tagged(table))
            table.optimize(cleanup_older_than=age, delete_unverified=True)
            return
        except RuntimeError as error:
            # A reader came, and LanceDB drops nothing that is tagged; or one went while LanceDB was listing tags.
            if "tagged version" not in str(error) and "_refs/tags" not in str(error):
                raise
            why = error
    _log.debug("Old versions of %s stay until the next clean-up: %s", table.name, why)


def _age_of_oldest_tagged(table: Any) -> timedelta:
    tagged = {tag["version"] for tag in table.tags.list().values()}
    versions = table.list_versions() if tagged else []
    ages = [_age(version) + _MARGIN for version in versions if version["version"] in tagged]
    return max(ages, default=timedelta(0))


def _age(version: dict[str, Any]) -> timedelta:
    written: datetime = version["timestamp"]
    return datetime.now(UTC) - written.astimezone(UTC)


def _held_file(folder: Path) -> tuple[Path, int]:
    """A new file, locked."""
    folder.mkdir(exist_ok=True)
    while True:
        path = folder / f"{PREFIX}{uuid.uuid4().hex[:16]}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # a writer found it before it was locked, and took it for an abandoned one


def _taken(path: Path) -> int | None:
    """The lock of a file that nobody holds; of one that is missing too, which is made. None where it is held."""
    path.parent.mkdir(exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
