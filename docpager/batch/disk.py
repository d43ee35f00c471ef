"""Files that are whole or not there: written under a temporary name, synced, renamed, and their folder synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docpager.errors import TemporaryError


def temporary_name(path: Path) -> Path:
    """Where a file is written before it gets its name: beside it, hidden, the same on every attempt."""
    return path.with_name(f".{path.name}.tmp")


def replace_whole(temporary: Path, path: Path) -> None:
    """Gives a synced file its name, durably."""
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes what was created or renamed in a folder outlast a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Writes or replaces a file: readers see the old one or the new one, never a part."""
    temporary = temporary_name(path)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace_whole(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def telling_what_cannot_be_written(folder: Path) -> Iterator[None]:
    """Turns an ``OSError`` into a ``TemporaryError`` that names the file, the reason and what to do."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise TemporaryError(
            f"Cannot write {where}: {error.strerror or error}. What was answered before is kept in {folder}; "
            "make room or mend the folder, then run the same command again."
        ) from error
