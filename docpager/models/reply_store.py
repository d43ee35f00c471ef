"""A file of model replies, kept by what was asked: the cache, and the journal of calls in flight.

SQLite, in its write-ahead log and synced with each reply (https://sqlite.org/wal.html), so that a process that is
killed, or a machine that loses power, loses no reply that came; any number of processes use one file. What goes wrong
with it never fails a run: it is said once, and the run goes on without.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from docpager.errors import TemporaryError
from docpager.settings import CacheSettings

FILE_NAME = "replies.sqlite3"
FORMAT = 1
BUSY_SECONDS = 10.0
"""How long another process that writes is waited for."""
CHECK_EVERY = 100
"""The size is looked at after so many new replies."""
KEEP_SHARE = 0.9
"""What stays, by size, when the file has grown too large: what was used last."""
USED_AFTER_SECONDS = 3600.0
"""A reply is marked as used again at most this often: marking is a write."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    request BLOB NOT NULL, attempt INTEGER NOT NULL, endpoint TEXT NOT NULL, run_id TEXT NOT NULL,
    question TEXT NOT NULL, archive TEXT NOT NULL, parsed INTEGER NOT NULL, reply TEXT NOT NULL,
    tokens INTEGER NOT NULL, cost_usd REAL NOT NULL, used_at REAL NOT NULL,
    PRIMARY KEY (request, attempt, endpoint)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replies_by_run ON replies (run_id);
CREATE INDEX IF NOT EXISTS replies_by_use ON replies (used_at);
CREATE TABLE IF NOT EXISTS beginnings (
    question TEXT NOT NULL, endpoint TEXT NOT NULL, run_id TEXT NOT NULL, archive TEXT NOT NULL,
    beginning TEXT NOT NULL, used_at REAL NOT NULL,
    PRIMARY KEY (question, endpoint)
) WITHOUT ROWID;
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a question of a run, at an endpoint, over an archive."""

    endpoint: str
    run_id: str
    question: str
    archive: str


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A reply as it is kept: JSON, and what it had cost the run that asked for it."""

    reply: str
    parsed: bool
    """Whether it could be made use of; one that could not serves only its own run, and replays."""
    tokens: int = 0
    cost_usd: float = 0.0
    run_id: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds."""

    replies: int
    size_bytes: int
    oldest_use: float | None
    """Seconds since the epoch."""


def folder_of(settings: CacheSettings) -> Path:
    """Where the cache is: where settings say, else in the user's own folder for caches."""
    if settings.cache_dir is not None:
        return Path(settings.cache_dir).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "docpager"


class ReplyStore:
    """The replies in one folder. Safe for several threads and processes."""

    def __init__(self, folder: Path, *, size_mib: int = 1024) -> None:
        self.path = folder / FILE_NAME
        self._limit = size_mib * 2**20
        self._reading, self._lock = self._connect(), Lock()
        self._writing = self._open()
        self._writer = ThreadPoolExecutor(1, "reply-cache")
        self._is_broken = False
        self._new = 0

    def close(self) -> None:
        """Ends what is being written, then closes the file."""
        self._writer.shutdown(wait=True)
        for connection in (self._reading, self._writing):
            connection.close()

    # Reading

    def reply(self, request: bytes, attempt: int, asker: Asker, *, own_only: bool, anyones: bool) -> KeptReply | None:
        """The reply to a request asked for the n-th time by one question.

        ``own_only`` leaves out what other runs asked; ``anyones`` takes in what came from other endpoints, and what
        could not be made use of.
        """
        found = self._first(
            "SELECT reply, parsed, tokens, cost_usd, run_id, question, used_at FROM replies "
            "WHERE request = ? AND attempt = ? AND (run_id = ? OR (NOT ? AND (? OR (endpoint = ? AND parsed)))) "
            "ORDER BY run_id = ? DESC, endpoint = ? DESC, used_at DESC LIMIT 1",
            (request, attempt, asker.run_id, own_only, anyones, asker.endpoint, asker.run_id, asker.endpoint),
        )
        if found is None:
            return None
        *fields, used_at = found
        if time.time() - used_at > USED_AFTER_SECONDS:
            mark = "UPDATE replies SET used_at = ? WHERE request = ? AND attempt = ?"
            self._write_later(mark, (time.time(), request, attempt))
        reply, parsed, tokens, cost, run_id, question = fields
        return KeptReply(reply, bool(parsed), tokens, cost, run_id, question)

    def beginning(self, asker: Asker, *, own_only: bool, anyones: bool) -> tuple[str, str] | None:
        """What a question knew as it began, and the run in which it did."""
        found = self._first(
            "SELECT beginning, run_id FROM beginnings WHERE question = ? "
            "AND (run_id = ? OR (NOT ? AND (? OR endpoint = ?))) "
            "ORDER BY run_id = ? DESC, endpoint = ? DESC, used_at DESC LIMIT 1",
            (asker.question, asker.run_id, own_only, anyones, asker.endpoint, asker.run_id, asker.endpoint),
        )
        return None if found is None else (found[0], found[1])

    def spent(self, run_id: str) -> dict[str, tuple[int, float]]:
        """Tokens and US dollars that a run's calls used, by question."""
        rows = self._all(
            "SELECT question, SUM(tokens), SUM(cost_usd) FROM replies WHERE run_id = ? GROUP BY 1", (run_id,)
        )
        return {question: (tokens, cost) for question, tokens, cost in rows}

    def contents(self) -> Contents:
        """How much there is."""
        found = self._first("SELECT COUNT(*), MIN(used_at) FROM replies", ())
        count, oldest = found or (0, None)
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        return Contents(count, sum(file.stat().st_size for file in files if file.exists()), oldest)

    # Writing

    def keep(self, request: bytes, attempt: int, asker: Asker, kept: KeptReply) -> Future[None]:
        """Keeps a reply; what is returned ends once it is durable."""
        row = (request, attempt, asker.endpoint, asker.run_id, asker.question, asker.archive, kept.parsed, kept.reply)
        self._new += 1
        done = self._write_later(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, kept.tokens, kept.cost_usd, time.time()),
        )
        if self._new % CHECK_EVERY == 0:
            self._writer.submit(self._safely, self._shrink)
        return done

    def begin(self, asker: Asker, beginning: str) -> None:
        """Keeps what a question knows as it begins."""
        row = (asker.question, asker.endpoint, asker.run_id, asker.archive, beginning, time.time())
        self._write_later("INSERT OR REPLACE INTO beginnings VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget_beginning(self, asker: Asker) -> None:
        """Has a question begin anew the next time."""
        self._write_later(
            "DELETE FROM beginnings WHERE question = ? AND endpoint = ?", (asker.question, asker.endpoint)
        )

    def forget_unparsed(self, run_id: str) -> None:
        """Drops replies of a run that could not be made use of, so that they are asked for again."""
        self._write_later("DELETE FROM replies WHERE run_id = ? AND NOT parsed", (run_id,)).result()

    def clear(self, archive: str | None = None) -> int:
        """Removes everything, or what came of one archive, also from the disk; returns how many replies that were.

        Raises ``TemporaryError`` while another process is writing.
        """
        where, values = ("", ()) if archive is None else (" WHERE archive = ?", (archive,))
        self._writer.submit(int).result()
        try:
            self._writing.execute("PRAGMA secure_delete = ON")
            with self._writing:
                count = self._writing.execute(f"DELETE FROM replies{where}", values).rowcount  # noqa: S608 - our own words
                self._writing.execute(f"DELETE FROM beginnings{where}", values)  # noqa: S608 - our own words
            self._writing.execute("VACUUM")
            self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise TemporaryError(f"The reply cache {self.path} cannot be cleared now: {error}.") from None
        return count

    # The file

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.path.exists():
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, 0o600))  # it holds words of the documents
        # autocommit: each statement is a transaction of its own.
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)

    def _open(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # locked or not writable: it may be whole
            aside = self.path.with_name(f"{self.path.name}.damaged-{int(time.time())}")
            _log.warning("The reply cache %s is damaged and was set aside as %s: %s", self.path, aside.name, error)
            self._reading.close()
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.rename(aside)
            self._reading = self._connect()
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"it has format {version}, and this is {FORMAT}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _shrink(self) -> None:
        [pages, size] = (self._writing.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        [free] = self._writing.execute("PRAGMA freelist_count").fetchone()
        used = (pages - free) * size
        if used <= self._limit:
            return
        count = self._writing.execute("SELECT COUNT(*) FROM replies").fetchone()[0]
        leaving = max(1, int(count * (1 - KEEP_SHARE * self._limit / used)))
        [moment] = self._writing.execute(
            "SELECT used_at FROM replies ORDER BY used_at LIMIT 1 OFFSET ?", (leaving - 1,)
        ).fetchone()
        self._writing.execute("DELETE FROM replies WHERE used_at <= ?", (moment,))
        self._writing.execute("DELETE FROM beginnings WHERE used_at <= ?", (moment,))

    def _write_later(self, sql: str, values: tuple[object, ...]) -> Future[None]:
        return self._writer.submit(self._safely, lambda: self._writing.execute(sql, values))

    def _safely(self, write: Callable[[], object]) -> None:
        if self._is_broken:
            return
        try:
            write()
        except sqlite3.Error as error:
            self._broken(error)

    def _broken(self, error: sqlite3.Error) -> None:
        if not self._is_broken:
            _log.warning("The reply cache %s cannot be used, and the run goes on without it: %s", self.path, error)
        self._is_broken = True

    def _first(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        return next(self._all(sql, values), None)

    def _all(self, sql: str, values: tuple[object, ...]) -> Iterator[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        try:
            with self._lock:
                rows = self._reading.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            self._broken(error)
        return iter(rows)


@contextmanager
def opened(folder: Path, *, size_mib: int) -> Iterator[ReplyStore | None]:
    """The store in a folder until the end of the block; None, said once, where it cannot be had."""
    try:
        store = ReplyStore(folder, size_mib=size_mib)
    except (sqlite3.Error, OSError) as error:
        _log.warning("There is no reply cache in %s, and the run goes on without one: %s", folder, error)
        yield None
        return
    try:
        yield store
    finally:
        store.close()
