"""What must survive a power cut: LanceDB renames its commits into place but syncs nothing."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from docpager.errors import TemporaryError

_DATA_END = b"LANC"
_LANCE_IO = re.compile(r"LanceError\(IO\): ([^\n]*?)(?:, /|$)")
_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")


class SyncedFolder:
    """Syncs whatever is new below a folder, beyond what is known to be ``synced``.

    Files there are written once and never changed.
    """

    def __init__(self, folder: Path, synced: Iterable[str] = ()) -> None:
        self._folder = folder
        self._synced = set(synced)

    def sync(self) -> None:
        """Returns when every file that came since the last time is on the disk, and its name too."""
        entries = set(below(self._folder))
        changed_folders = set()
        for path in entries - self._synced:
            if path.endswith(".lance") and os.path.isfile(path) and not is_whole(Path(path)):
                # LanceDB commits a file whose last write failed.
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            if _fsync(path):
                changed_folders.add(os.path.dirname(path))
        for folder in changed_folders:
            _fsync(folder)
        self._synced = entries


def write_durably(path: Path, text: str) -> None:
    """Replaces a small file, whole or not at all, on the disk when this returns."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _fsync(str(path.parent))


@contextmanager
def telling_what_cannot_be_written(uri: str) -> Iterator[None]:
    """Turns the system's refusal to write, in Python's words or in LanceDB's, into a ``TemporaryError``."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if (why := _refusal(error)) is None:
            raise
        raise TemporaryError(
            f"Cannot write the archive at {uri}: {why}. What was written before is kept; "
            "make room or mend the folder, then run the same command again."
        ) from error


def _refusal(error: Exception) -> str | None:
    """The system's own words; None where it was not the system."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    if found := _OS_ERROR.search(str(error)):
        return os.strerror(int(found[1]))
    # A write that failed unseen: LanceDB finds the file too short when it reads it back.
    found = _LANCE_IO.search(str(error))
    return found[1] if found else None


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(os.path.getsize(path) for path in below(folder) if os.path.isfile(path))


def below(folder: Path) -> Iterator[str]:
    """Everything below a folder, files and folders; what vanishes meanwhile is passed over."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.path.join(parent, name)


def is_whole(path: Path) -> bool:
    """Whether a file of LanceDB's has its end; one of another kind only has to hold something."""
    size = path.stat().st_size
    if path.suffix != ".lance":
        return size > 0
    with path.open("rb") as file:
        file.seek(max(0, size - len(_DATA_END)))
        return file.read() == _DATA_END


def _fsync(path: str) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return True
