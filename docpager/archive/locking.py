"""The writer's lock: the kernel holds it and frees it when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from docpager.errors import LockedError


class FolderLock:
    """An exclusive lock on a folder, held until ``close``; raises ``LockedError`` at once where it is taken."""

    FILE_NAME = "writer.lock"

    def __init__(self, folder: Path, what: str) -> None:
        self.path = folder / self.FILE_NAME
        self._file: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise LockedError(what, str(self.path)) from None

    def close(self) -> None:
        """Frees the lock. The file stays: removing it would let two processes lock two files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
