"""The most memory that this process has held."""

from __future__ import annotations

import sys


def peak_memory_mib() -> int:
    """The process's largest resident size so far, in MiB; 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return _by_usage()


def _by_usage() -> int:
    # On Linux this begins with the memory of the process that started this one.
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // (1 << 20)
