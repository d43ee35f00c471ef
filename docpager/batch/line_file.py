"""A file that is appended to by whole lines: each is on the disk before it counts, or is not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from docpager.batch.disk import sync_folder


def numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, from its start, each with its offset."""
    offset = 0
    for line in file:
        yield offset, line
        offset += len(line)


class LineFile:
    """Lines of bytes, opened to be read back and appended to. For one process, which locks the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        sync_folder(path.parent)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Every line with its offset; the last may be torn."""
        self._file.seek(0)
        yield from numbered(self._file)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def cut(self, end: int) -> None:
        """Drops whatever stands from ``end`` on."""
        self._file.truncate(end)
        os.fsync(self._file.fileno())

    def read(self, offset: int, size: int) -> bytes:
        """Some bytes from an offset."""
        self._file.seek(offset)
        return self._file.read(size)

    def append(self, lines: bytes) -> int:
        """Writes whole lines and syncs them; returns their offset. Raises ``OSError``, and keeps nothing of them."""
        offset = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(lines)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            self._drop_from(offset)
            raise
        return offset

    def _drop_from(self, offset: int) -> None:
        # Reopened, for the buffer may still hold the rest of the line that could not be written.
        with contextlib.suppress(OSError):
            self._file.close()
        self._file = self._path.open("r+b")
        self._file.truncate(offset)
