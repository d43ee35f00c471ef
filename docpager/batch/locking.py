"""A kernel lock on a folder for as long as this process works in it; it cannot outlive the process."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from docpager.errors import LockedError

LOCK_NAME = ".lock"
_RETRY_SECONDS = 0.05


class FolderLock:
    """Holds ``folder/.lock``, or another file there, exclusively from construction to ``release``.

    Raises ``LockedError`` when another process holds it ``wait_seconds`` long.
    """

    def __init__(self, folder: Path, what: str, *, wait_seconds: float = 0, name: str = LOCK_NAME) -> None:
        path = folder / name
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        give_up_at = time.monotonic() + wait_seconds
        while not self._taken():
            if time.monotonic() >= give_up_at:
                self.release()
                raise LockedError(what, str(path))
            time.sleep(_RETRY_SECONDS)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Lets others in; does nothing the second time."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _taken(self) -> bool:
        assert self._descriptor is not None  # noqa: S101  # a released lock is never taken again
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
