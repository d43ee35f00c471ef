"""What LanceDB raises for what it cannot read, as one exception."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docpager.errors import DamagedArchiveError

_RAISED = (RuntimeError, ValueError, OSError)
_PANIC = "RustPanic"
"""A class that cannot be imported."""


@contextmanager
def telling_what_is_damaged(uri: str) -> Iterator[None]:
    """Raises ``DamagedArchiveError`` where LanceDB or Arrow cannot read what was written."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _RAISED) and type(error).__name__ != _PANIC:
            raise
        lines = str(error).splitlines() or [type(error).__name__]
        raise DamagedArchiveError(uri, lines[0][:200]) from error
