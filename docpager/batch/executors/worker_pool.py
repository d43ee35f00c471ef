"""The parent's side of worker processes: gives each its next task, takes answers, replaces those that are gone.

Every worker has a pipe of its own and no lock is shared, so whatever a worker does to itself, in the middle of an
answer or before one, is seen as the fate of the one task it was at.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from docpager.batch.executors.worker_groups import WorkerGroups
from docpager.batch.executors.worker_side import HAS_CLOCK, READY, serve

TASKS_A_WORKER = 400
"""Then it is replaced, so that what third-party readers leak does not add up to the memory limit."""
READY_SECONDS = 30
"""What a worker may take to import what a task needs, before the task's own time begins."""
START_SECONDS = 120
"""What a worker may take to start, on a machine that is busy."""
LOOK_SECONDS = 1
"""How often workers are looked at where the kernel does not tell of their end."""

_NEVER = float("inf")
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Ending:
    """How a task ended: with an answer, or with the worker that was at it, which had not started or was too slow."""

    key: Any
    answer: bytes | None = None
    exit_code: int | None = None
    is_overtime: bool = False
    is_start_failure: bool = False
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class _Task:
    key: Any
    pickled: bytes
    endings: SimpleQueue[Ending]
    started: float = 0.0


@dataclass(slots=True, eq=False)
class _Worker:
    process: Any
    pipe: Connection
    end: int
    """A descriptor that tells when the process is gone, even while what it started holds its pipes open."""
    is_ready: bool = False
    task: _Task | None = None
    done: int = 0
    deadline: float = _NEVER

    def close(self) -> None:
        """Frees what the parent holds for it."""
        self.pipe.close()
        if self.end != self.process.sentinel:
            os.close(self.end)


class WorkerPool:
    """Worker processes and the thread that serves them. Workers start when there is work, and end with ``close``."""

    def __init__(
        self, workers: int, timeout_seconds: float, memory_mib: int, prepare: Callable[[str], None] | None
    ) -> None:
        self._size = workers
        self._timeout = timeout_seconds + (READY_SECONDS if HAS_CLOCK else 0)
        self._groups = WorkerGroups()
        self._arguments = (timeout_seconds, memory_mib, os.getpid(), self._groups.folder, prepare)
        self._context = multiprocessing.get_context("spawn")
        self._waiting: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._is_closing = self._is_broken = False
        self._lock = Lock()
        self._bell, self._ringer = multiprocessing.Pipe(duplex=False)
        self._thread = Thread(target=self._serve, name="docpager-workers", daemon=True)
        self._thread.start()

    def put(self, key: Any, pickled: bytes, endings: SimpleQueue[Ending]) -> None:
        """Has a task worked on; its ending comes to ``endings``."""
        with self._lock:
            self._waiting.append(_Task(key, pickled, endings))
        if self._is_broken:
            self._give_up(None)
        self._ring()

    def forget(self, endings: SimpleQueue[Ending]) -> None:
        """Drops the tasks of that queue which no worker has begun."""
        with self._lock:
            self._waiting = deque(task for task in self._waiting if task.endings is not endings)

    def close(self) -> None:
        """Ends the workers, busy or not, and waits until they are gone."""
        self._is_closing = True
        self._ring()
        self._thread.join()
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.close()
        self._workers = []
        self._groups.close()
        self._bell.close()
        self._ringer.close()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            self._ringer.send_bytes(b".")

    def _serve(self) -> None:
        try:
            self._go_round()
        except Exception:  # a thread that ended without a word would leave its callers waiting
            _log.exception("Worker processes cannot be served any more")
            for worker in self._workers:
                if worker.task is not None:
                    worker.task.endings.put(Ending(worker.task.key))
            self._is_broken = True
            self._give_up(None)

    def _go_round(self) -> None:
        while not self._is_closing:
            self._hand_out()
            for found in self._what_happened():
                if found is self._bell:
                    self._bell.recv_bytes()
                elif isinstance(found, _Worker) and found in self._workers:
                    self._listen(found)
            for worker in list(self._workers):
                if time.monotonic() > worker.deadline:
                    self._end(worker, is_overtime=True)
                elif not worker.process.is_alive():
                    self._listen(worker)

    def _what_happened(self) -> list[Any]:
        sources: dict[Any, Any] = {self._bell: self._bell}
        for worker in self._workers:
            sources[worker.pipe] = sources[worker.end] = worker
        soonest = min((worker.deadline for worker in self._workers), default=_NEVER) - time.monotonic()
        found = wait(list(sources), timeout=min(LOOK_SECONDS, max(0.0, soonest)))
        return list(dict.fromkeys(sources[source] for source in found))

    def _hand_out(self) -> None:
        with self._lock:
            missing = min(len(self._waiting), self._size) - sum(worker.task is None for worker in self._workers)
            starting = min(missing, self._size - len(self._workers))
        for _ in range(starting):
            self._workers.append(self._started())
        for worker in list(self._workers):
            if worker.is_ready and worker.task is None:
                with self._lock:
                    task = self._waiting.popleft() if self._waiting else None
                if task is None:
                    return
                self._give(worker, task)

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, _end_of(process), deadline=time.monotonic() + START_SECONDS)

    def _give(self, worker: _Worker, task: _Task) -> None:
        now = time.monotonic()
        worker.task, task.started, worker.deadline = task, now, now + self._timeout
        with contextlib.suppress(OSError):  # gone in the meantime: its end is the next thing that is heard of it
            worker.pipe.send_bytes(task.pickled)

    def _listen(self, worker: _Worker) -> None:
        """Takes what a worker has sent; then, where it is gone, the news of that."""
        try:
            while worker.pipe.poll():
                self._hear(worker, worker.pipe.recv_bytes())
        except (EOFError, OSError):
            self._end(worker)
            return
        if worker in self._workers and not worker.process.is_alive():
            self._end(worker)

    def _hear(self, worker: _Worker, message: bytes) -> None:
        if not worker.is_ready:
            worker.is_ready, worker.deadline = message == READY, _NEVER
            return
        task, worker.task, worker.deadline = worker.task, None, _NEVER
        if task is not None:
            task.endings.put(Ending(task.key, message, seconds=time.monotonic() - task.started))
        worker.done += 1
        if worker.done >= TASKS_A_WORKER:
            self._end(worker)

    def _end(self, worker: _Worker, *, is_overtime: bool = False) -> None:
        """Ends a worker and all it has started, and says what became of its task."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        with contextlib.suppress(OSError):
            # Its number is its own until it has been waited for.
            (os.killpg if worker.is_ready else os.kill)(worker.process.pid, signal.SIGKILL)
        worker.process.join()
        worker.close()
        with contextlib.suppress(OSError):
            self._groups.sweep()
        code, task = worker.process.exitcode, worker.task
        if task is not None:
            seconds = time.monotonic() - task.started
            task.endings.put(Ending(task.key, None, code, is_overtime=is_overtime, seconds=seconds))
        elif not worker.is_ready:
            self._give_up(code)

    def _give_up(self, code: int | None) -> None:
        """Workers that cannot start will not start the next time, either."""
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
        for task in waiting:
            task.endings.put(Ending(task.key, None, code, is_start_failure=True))


def _end_of(process: Any) -> int:
    # The sentinel is a pipe, which children of a worker inherit; a process descriptor is the process's own.
    with contextlib.suppress(AttributeError, OSError):
        return int(os.pidfd_open(process.pid))
    return int(process.sentinel)
