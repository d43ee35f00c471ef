"""The writer's lock: the kernel holds it and frees it when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from docpager.errors import LockedError

_RETRY_SECONDS = 0.1


class FolderLock:
    """An exclusive lock on a folder, held until ``close``; raises ``LockedError`` where it stays taken that long."""

    FILE_NAME = "writer.lock"

    def __init__(self, folder: Path, what: str, *, wait_seconds: float = 0) -> None:
        self.path = folder / self.FILE_NAME
        self._file: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        give_up_at = time.monotonic() + wait_seconds
        while not _is_taken(self._file):
            if time.monotonic() >= give_up_at:
                self.close()
                raise LockedError(what, str(self.path))
            time.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Frees the lock. The file stays: removing it would let two processes lock two files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _is_taken(file: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
