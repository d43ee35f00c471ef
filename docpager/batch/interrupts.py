"""SIGINT and SIGTERM: the first asks a run to end, the second ends the process at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_arrived: list[int] = []


def note(number: int) -> None:
    """Remembers a signal that another handler answers by raising: what it raises can get lost.

    Python drops exceptions that are raised within a destructor or a callback of another language.
    """
    _arrived.append(number)


def forget() -> None:
    """Forgets what was noted: a command begins."""
    _arrived.clear()


@contextmanager
def first_interrupt(tell: Callable[[int], None]) -> Iterator[None]:
    """Calls ``tell`` with the first signal's number, a noted one too; the next one has its ordinary deadly effect.

    Outside the main thread, where signals cannot be caught, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    # A handler of Python's own runs even while a question is worked on without awaiting anything.
    def on_signal(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        tell(number)

    before = {each: signal.signal(each, on_signal) for each in SIGNALS}
    try:
        if _arrived:
            on_signal(_arrived[0], None)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
