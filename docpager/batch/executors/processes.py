"""Runs tasks in worker processes that are reused, each task within its time and memory.

A worker that passes a limit is killed and replaced, with all it started; the task it was at has failed, the others go
on.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from docpager.batch.executors.worker_side import HAS_CLOCK, MEMORY_EXIT
from docpager.errors import DocpagerError
from docpager.protocols import Failure, FailureKind, Item, Outcome, Result

if TYPE_CHECKING:
    from docpager.batch.executors.worker_pool import Ending, WorkerPool


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
        """``prepare`` is called in each new worker with its folder for temporary files; it is pickled."""
        self.workers = workers or available_cores()
        self.timeout_seconds = timeout_seconds
        self.memory_mib = memory_mib
        self._prepare = prepare
        self._pool: WorkerPool | None = None

    def __repr__(self) -> str:
        return f"ProcessExecutor(workers={self.workers})"

    def __enter__(self) -> ProcessExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Outcome[Item, Result]]:
        """Outcomes as they come; at most two tasks a worker are taken ahead. ``function`` and items are pickled."""
        source = iter(items)
        numbers = count()
        running: dict[int, Item] = {}
        endings: SimpleQueue[Ending] = SimpleQueue()
        more = True
        try:
            while more or running:
                while more and len(running) < 2 * self.workers:
                    try:
                        item = next(source)
                    except StopIteration:
                        more = False
                        break
                    pickled = pickle.dumps((function, item))
                    number = next(numbers)
                    running[number] = item
                    self._running_pool().put(number, pickled, endings)
                # A finite wait, so that an interrupt is seen at once on every platform.
                with contextlib.suppress(Empty):
                    ending = endings.get(timeout=1) if running else None
                    if ending is not None:
                        yield self._outcome(running.pop(ending.key), ending)
        finally:
            if self._pool is not None:
                self._pool.forget(endings)

    def close(self) -> None:
        """Ends the workers, busy or not, and waits until they are gone."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _running_pool(self) -> WorkerPool:
        if self._pool is None:
            from docpager.batch.executors.worker_pool import WorkerPool

            self._pool = WorkerPool(self.workers, self.timeout_seconds, self.memory_mib, self._prepare)
        return self._pool

    def _outcome(self, item: Item, ending: Ending) -> Outcome[Item, Any]:
        if ending.is_start_failure:
            raise DocpagerError(
                f"The worker processes cannot start: one {_ending(ending.exit_code)}. A script that uses docpager's "
                'workers must keep its work behind `if __name__ == "__main__":`.'
            )
        if ending.answer is not None:
            return Outcome(item, *pickle.loads(ending.answer))  # noqa: S301 - from our own worker
        return Outcome(item, None, self._failure(ending), ending.seconds)

    def _failure(self, ending: Ending) -> Failure:
        code = ending.exit_code
        if ending.is_overtime or (HAS_CLOCK and code == -signal.SIGALRM):
            return Failure(FailureKind.TIMEOUT, "TimeoutError", f"took longer than {self.timeout_seconds:g} s")
        if code == MEMORY_EXIT:
            return Failure(FailureKind.MEMORY, "MemoryError", f"needed more than {self.memory_mib:,} MiB of memory")
        return Failure(FailureKind.CRASH, "WorkerCrash", f"the worker process {_ending(code)}")


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
