"""What a worker process does: takes pickled tasks from its pipe, answers each within its time, until it is told to end.

Nothing that a task raises or returns is unpickled by the parent's thread that serves the pipes: what cannot be pickled
is the task's own failure, found out here.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from docpager.batch.executors.inline import attempt
from docpager.batch.executors.worker_groups import die_with, lead_group
from docpager.protocols import Failure, FailureKind

READY = b"ready"
"""A worker's first message: it has started, and is within its limits."""
OUTPUT_MIB = 128
"""The largest result a worker sends."""
MEMORY_EXIT = 77
FORK_EXIT = 78
HAS_CLOCK = hasattr(signal, "setitimer")
"""Whether the kernel ends a worker when a task's time is over, whatever code it is in."""


def serve(
    pipe: Connection,
    timeout_seconds: float,
    memory_mib: int,
    parent: int,
    folder: str,
    prepare: Callable[[str], None] | None,
) -> None:
    """A worker's life."""
    own_folder = _set_limits(memory_mib, parent, folder)
    if prepare is not None:
        prepare(own_folder)
    pipe.send_bytes(READY)
    while True:
        try:
            task = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        if not task:
            return
        pipe.send_bytes(_answer(task, timeout_seconds))
        _set_clock(0)


def _answer(task: bytes, timeout_seconds: float) -> bytes:
    """The pickled result, failure and seconds of one task. The clock runs on until the answer is sent.

    An item's ``make_ready``, where it has one, is called before its time begins: a new worker has yet to import what
    others have at hand.
    """
    process = os.getpid()
    started = time.perf_counter()
    attempt(_make_ready, task)
    _set_clock(timeout_seconds)
    result, failure = attempt(_run, task)
    if os.getpid() != process:
        os._exit(FORK_EXIT)  # a child the task forked must not answer in the worker's place
    seconds = time.perf_counter() - started
    if failure is None:
        answer, failure = attempt(pickle.dumps, (result, None, seconds))
        if answer is not None and len(answer) <= OUTPUT_MIB * 1024 * 1024:
            return answer
        if answer is not None:
            failure = Failure(FailureKind.OUTPUT, "OutputError", f"gave more than {OUTPUT_MIB:,} MiB")
    if failure is not None and failure.kind is FailureKind.MEMORY:
        os._exit(MEMORY_EXIT)  # what it holds is of no further use: a new worker starts clean
    return pickle.dumps((None, failure, seconds))


def _make_ready(task: bytes) -> None:
    _, item = pickle.loads(task)  # noqa: S301 - from our own parent
    ready = getattr(item, "make_ready", None)
    if ready is not None:
        ready()


def _run(task: bytes) -> Any:
    function, item = pickle.loads(task)  # noqa: S301 - from our own parent
    return function(item)


def _set_clock(seconds: float) -> None:
    if HAS_CLOCK:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _set_limits(memory_mib: int, parent: int, folder: str) -> str:
    """Sets a worker's limits, and keeps it from outliving its parent or writing to its parent's terminal.

    Returns its folder for temporary files.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a worker stuck in C code must end at once, too
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent decides when it ends
    if HAS_CLOCK:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    die_with(parent)
    own_folder = lead_group(folder)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        os.environ.setdefault(name, "false" if name.startswith("TOKENIZERS") else "1")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        limit = memory_mib * 1024 * 1024
        # Data, not address space: allocators reserve far more addresses than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return own_folder
