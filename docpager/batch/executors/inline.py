"""Runs tasks one after the other in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from docpager.errors import lacks_memory
from docpager.protocols import Failure, FailureKind, Item, Outcome, Result


class InlineExecutor:
    """Runs tasks where they are asked for: no limits, no processes; for tests and for a handful of files."""

    def __repr__(self) -> str:
        return "InlineExecutor()"

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Outcome[Item, Result]]:
        """Outcomes in the items' order; an exception is a failure, an interrupt ends the iteration."""
        for item in items:
            started = time.perf_counter()
            result, failure = attempt(function, item)
            yield Outcome(item, result, failure, time.perf_counter() - started)

    def close(self) -> None:
        """Does nothing: there are no workers."""


def attempt(function: Callable[[Item], Result], item: Item) -> tuple[Result | None, Failure | None]:
    """The function's result, or what it raised as a failure; only an interrupt gets through."""
    try:
        return function(item), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if lacks_memory(error):
            return None, Failure(FailureKind.MEMORY, "MemoryError", _message(error))
        return None, Failure(FailureKind.EXCEPTION, type(error).__name__, _message(error))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as another:  # a reader's exception may fail at telling what it is
        return f"(its message cannot be shown: {type(another).__name__})"
