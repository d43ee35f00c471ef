"""What must survive a power cut: LanceDB renames its commits into place but syncs nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


class SyncedFolder:
    """Syncs whatever is new below a folder. Files there are written once and never changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._synced = set(_entries(folder))

    def sync(self) -> None:
        """Returns when every file that came since the last time is on the disk, and its name too."""
        entries = set(_entries(self._folder))
        changed_folders = set()
        for path in entries - self._synced:
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


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(os.path.getsize(path) for path in _entries(folder) if os.path.isfile(path))


def _entries(folder: Path) -> Iterator[str]:
    """Everything below a folder, files and folders; what vanishes meanwhile is passed over."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.path.join(parent, name)


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
