"""Runs tasks in worker processes that are reused, each task within its time and memory; the home of pebble.

A worker that passes a limit is killed and replaced, with all it started; the task it was at has failed, the others go
on. Nothing that a
worker raises or returns is unpickled by pebble's own threads, for an object that cannot be would break the whole pool.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as TaskTimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from docpager.batch.executors.inline import attempt
from docpager.batch.executors.worker_groups import WorkerGroups, die_with, lead_group
from docpager.errors import DocpagerError
from docpager.protocols import Failure, FailureKind, Item, Outcome, Result

TASKS_A_WORKER = 400
"""Then it is replaced, so that what third-party readers leak does not add up to the memory limit."""

OUTPUT_MIB = 128
"""The largest result a worker sends; up to two a worker wait in the parent."""

READY_SECONDS = 30
"""What a worker may take to import what a task needs, before the task's own time begins."""

_MEMORY_EXIT = 77
_FORK_EXIT = 78

_HAS_CLOCK = hasattr(signal, "setitimer")
_log = logging.getLogger(__name__)


class ProcessExecutor:
    """Runs tasks in spawned worker processes. Workers start with the first task and end with ``close``."""

    def __init__(
        self,
        *,
        workers: int = 0,
        timeout_seconds: float = 60,
        memory_mib: int = 2048,
        prepare: Callable[[str], None] | None = None,
    ) -> None:
        """``prepare`` is called in each new worker with the folder for its temporary files; it is pickled."""
        self.workers = workers or available_cores()
        self.timeout_seconds = timeout_seconds
        self.memory_mib = memory_mib
        self._prepare = prepare
        self._pool: Any = None
        self._groups: WorkerGroups | None = None

    def __repr__(self) -> str:
        return f"ProcessExecutor(workers={self.workers})"

    def __enter__(self) -> ProcessExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Outcome[Item, Result]]:
        """Outcomes as they come; at most two tasks a worker are taken ahead. ``function`` and items are pickled."""
        source = iter(items)
        running: dict[Future[bytes], tuple[Item, float]] = {}
        more = True
        try:
            while more or running:
                while more and len(running) < 2 * self.workers:
                    try:
                        item = next(source)
                    except StopIteration:
                        more = False
                        break
                    running[self._schedule(function, item)] = (item, time.perf_counter())
                # A finite wait, so that an interrupt is seen at once on every platform.
                for future in wait(set(running), timeout=1, return_when=FIRST_COMPLETED).done:
                    yield self._outcome(future, *running.pop(future))
        finally:
            for future in running:
                future.cancel()

    def close(self) -> None:
        """Ends the workers, busy or not, and waits until they are gone."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()
        groups, self._groups = self._groups, None
        if groups is not None:
            groups.close()

    def _schedule(self, function: Callable[[Item], Result], item: Item) -> Future[bytes]:
        if self._pool is None:
            self._pool = self._start()
        task = pickle.dumps((function, item))
        # The worker's own clock comes first; this one is for a worker that cannot keep it.
        timeout = self.timeout_seconds + (READY_SECONDS if _HAS_CLOCK else 0)
        future: Future[bytes] = self._pool.schedule(_work, args=(task, self.timeout_seconds), timeout=timeout)
        return future

    def _start(self) -> Any:
        import multiprocessing

        from pebble import ProcessPool

        self._groups = WorkerGroups()
        return ProcessPool(
            max_workers=self.workers,
            max_tasks=TASKS_A_WORKER,
            initializer=_prepare_worker,
            initargs=(self.memory_mib, os.getpid(), self._groups.folder, self._prepare),
            context=multiprocessing.get_context("spawn"),
        )

    def _outcome(self, future: Future[bytes], item: Item, scheduled: float) -> Outcome[Item, Any]:
        from pebble import ProcessExpired

        try:
            return Outcome(item, *pickle.loads(future.result()))  # noqa: S301 - from our own worker
        except TaskTimeoutError:
            self._sweep()
            return Outcome(item, None, self._overtime(), self.timeout_seconds)
        except ProcessExpired as expired:
            self._sweep()
            if _HAS_CLOCK and expired.exitcode == -signal.SIGALRM:
                return Outcome(item, None, self._overtime(), self.timeout_seconds)
            return Outcome(item, None, self._expired(expired.exitcode), time.perf_counter() - scheduled)
        except BrokenProcessPool as error:
            raise DocpagerError(
                "The worker processes cannot start. A script that uses docpager's workers must keep its work behind "
                '`if __name__ == "__main__":`.'
            ) from error

    def _sweep(self) -> None:
        if self._groups is not None:
            self._groups.sweep()

    def _overtime(self) -> Failure:
        return Failure(FailureKind.TIMEOUT, "TimeoutError", f"took longer than {self.timeout_seconds:g} s")

    def _expired(self, exitcode: int | None) -> Failure:
        if exitcode == _MEMORY_EXIT:
            return Failure(FailureKind.MEMORY, "MemoryError", f"needed more than {self.memory_mib:,} MiB of memory")
        return Failure(FailureKind.CRASH, "WorkerCrash", f"the worker process {_ending(exitcode)}")


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ending(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"ended with exit code {exitcode}"
    with contextlib.suppress(ValueError):
        name = signal.Signals(-exitcode).name
        why = ", perhaps for lack of memory" if name in ("SIGKILL", "SIGABRT") else ""
        return f"was ended by {name}{why}"
    return f"was ended by signal {-exitcode}"


def _work(pickled: bytes, timeout_seconds: float) -> bytes:
    """Runs one task in a worker; its outcome is pickled here, where a failure to do so is still this task's.

    The kernel ends the worker when the task's time is over, whatever code it is in. An item's ``make_ready``, where it
    has one, is called before that time begins: a new worker has yet to import what others have at hand.
    """
    process = os.getpid()
    started = time.perf_counter()
    attempt(_make_ready, pickled)
    _set_clock(timeout_seconds)
    try:
        return _answer(pickled, process, started)
    finally:
        _set_clock(0)


def _answer(pickled: bytes, process: int, started: float) -> bytes:
    result, failure = attempt(_run, pickled)
    if os.getpid() != process:
        os._exit(_FORK_EXIT)  # a child the task forked must not answer in the worker's place
    seconds = time.perf_counter() - started
    if failure is None:
        answer, failure = attempt(pickle.dumps, (result, None, seconds))
        if answer is not None and len(answer) <= OUTPUT_MIB * 1024 * 1024:
            return answer
        if answer is not None:
            failure = Failure(FailureKind.OUTPUT, "OutputError", f"gave more than {OUTPUT_MIB:,} MiB")
    if failure is not None and failure.kind is FailureKind.MEMORY:
        os._exit(_MEMORY_EXIT)  # what it holds is of no further use: a new worker starts clean
    return pickle.dumps((None, failure, seconds))


def _set_clock(seconds: float) -> None:
    if _HAS_CLOCK:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _make_ready(pickled: bytes) -> None:
    _, item = pickle.loads(pickled)  # noqa: S301 - from our own parent
    ready = getattr(item, "make_ready", None)
    if ready is not None:
        ready()


def _run(pickled: bytes) -> Any:
    function, item = pickle.loads(pickled)  # noqa: S301 - from our own parent
    return function(item)


def _prepare_worker(memory_mib: int, parent: int, folder: str, prepare: Callable[[str], None] | None) -> None:
    """Sets a worker's limits, and keeps it from outliving its parent or writing to its parent's terminal."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a worker stuck in C code must end at once, too
    if _HAS_CLOCK:
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
    if prepare is not None:
        prepare(own_folder)
