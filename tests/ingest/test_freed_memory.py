"""Freed memory goes back to the system."""

import sys

import pytest

from docpager.ingest.freed_memory import give_back_freed_memory

KIB_HELD = 60_000


def resident_kib():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_freed_amid_what_is_kept_goes_back():
    pieces = [bytearray(4000) for _ in range(KIB_HELD // 4)]
    held = resident_kib()
    kept = pieces[-1]
    del pieces
    give_back_freed_memory()
    assert resident_kib() < held - KIB_HELD // 2
    assert len(kept) == 4000
