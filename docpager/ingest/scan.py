"""Walks the named files and folders and finds what may be read."""

from __future__ import annotations

import fnmatch
import hashlib
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docpager.errors import MissingInputError

_OWN_FOLDERS = (".lancedb", ".lance")
_HASHED_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A regular file under a root, as it was when it was found."""

    root: str
    """The named folder, or the named file's folder; absolute, links resolved."""
    path: str
    """Relative to the root, with forward slashes; bytes of a name that are not UTF-8 are U+FFFD."""
    file: Path
    size_bytes: int
    modified_at: datetime

    @property
    def collection(self) -> str:
        """The name of the root folder."""
        return Path(self.root).name


def roots_of(paths: Sequence[str | Path]) -> list[Path]:
    """The roots of the named paths, each once; raises ``MissingInputError`` for a path that is not there."""
    return list(dict.fromkeys(_root_of(Path(path)) for path in paths))


def scan(paths: Sequence[str | Path], include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Iterator[Source]:
    """Every regular file under the named paths, each once, in order of their names.

    Links are not followed; hidden files, lock files and LanceDB folders are left out. ``include`` and ``exclude`` are
    glob patterns for the relative path, whose ``*`` also matches slashes. Raises ``MissingInputError``.
    """
    roots_of(paths)
    seen: set[str] = set()
    for named in map(Path, paths):
        root = _root_of(named)
        files = [root / named.name] if named.is_file() else _walk(root)
        for file in files:
            relative = _readable(file.relative_to(root).as_posix())
            if str(file) in seen or not _wanted(relative, include, exclude):
                continue
            source = _source(root, relative, file)
            if source is not None:
                seen.add(str(file))
                yield source


def is_gone(path: str | Path) -> bool:
    """Whether nothing is at a path; one that cannot be looked at is not gone."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes; raises ``OSError``."""
    # It was a regular file when it was found; what took its place since must neither block nor lead elsewhere.
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{file.name} is no regular file any more")
        digest = hashlib.sha256()
        while block := opened.read(_HASHED_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _root_of(named: Path) -> Path:
    if named.is_dir():
        return named.resolve()
    if named.is_file():
        return named.parent.resolve()
    what = "It is no file or folder." if os.path.lexists(named) else "It is not there."
    raise MissingInputError(f"Cannot ingest {named}. {what}")


def _walk(root: Path) -> Iterator[Path]:
    """Files in order of their names, folders walked where their names stand."""
    # The next entry last; a stack, for folders may be nested deeper than calls may be.
    waiting = _entries(root)
    while waiting:
        entry = waiting.pop()
        if entry.is_dir(follow_symlinks=False):
            waiting.extend(_entries(Path(entry.path)))
        else:
            yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What may be read in a folder, files and folders, last name first."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name, reverse=True)
    except OSError as error:
        _log.warning("Cannot look into %s: %s", folder, error.strerror or error)
        return []
    return [entry for entry in entries if not entry.name.startswith((".", "~$")) and _is_readable(entry)]


def _is_readable(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return not entry.name.endswith(_OWN_FOLDERS)
    return entry.is_file(follow_symlinks=False)


def _wanted(relative: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    include = list(include)
    return (not include or _matches(relative, include)) and not _matches(relative, exclude)


def _matches(relative: str, patterns: Iterable[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(relative, pattern) or fnmatch.fnmatchcase(relative, pattern.removeprefix("**/"))
        for pattern in patterns
    )


def _source(root: Path, relative: str, file: Path) -> Source | None:
    try:
        found = file.stat()
    except OSError:
        return None  # gone since it was listed
    if not stat.S_ISREG(found.st_mode):
        return None
    return Source(_readable(str(root)), relative, file, found.st_size, time_of_change(found))


def time_of_change(found: os.stat_result) -> datetime:
    """When a file was changed last, in UTC, to the microsecond."""
    microseconds = found.st_mtime_ns // 1000
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)


def _readable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
