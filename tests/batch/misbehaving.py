"""What tasks may do to their worker; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Any


class AwkwardError(Exception):
    """Cannot be unpickled: its arguments are not what its constructor takes."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


class SpeechlessError(Exception):
    """Fails at saying what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def hang() -> None:
    time.sleep(600)


def spin() -> None:
    while True:
        pass


def eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(20_000_000))


def segfault() -> None:
    ctypes.string_at(0)


def leave() -> None:
    os._exit(3)


def leave_politely() -> None:
    sys.exit(4)


def abort() -> None:
    os.abort()


def raise_awkwardly() -> None:
    raise AwkwardError("boom", "bang")


def raise_speechless() -> None:
    raise SpeechlessError


def return_a_function() -> Callable[[], None]:
    return lambda: None


def fork() -> None:
    os.fork()


def flood_output() -> None:
    for descriptor in (1, 2):
        os.write(descriptor, b"flood\n" * 100_000)


KINDS = {
    name: found
    for name, found in list(globals().items())
    if callable(found) and getattr(found, "__module__", "") == __name__
}


def behave(kind: str) -> Any:
    """Does what is asked for, or gives its argument back in capitals."""
    if kind in KINDS:
        return KINDS[kind]()
    if kind.startswith("sleep "):
        time.sleep(float(kind.split()[1]))
    return kind.upper()


def read_or_misbehave(function: Callable[[Any], Any], task: Any) -> Any:
    """Reads a task's documents, but for those whose path names a way to misbehave."""
    for item in task.items:
        for kind in KINDS:
            if kind in item.document.path:
                KINDS[kind]()
    return function(task)
