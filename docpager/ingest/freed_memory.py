"""Memory that was freed goes back to the system: between batches, glibc would keep it in pieces, ever more of them."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable


def give_back_freed_memory() -> None:
    """Returns what the allocator holds free; does nothing where the C library has no such call."""
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
