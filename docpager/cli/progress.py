"""How far a command is: a bar on a terminal, one line a minute elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from docpager.cli.console import Console, duration

if TYPE_CHECKING:
    from tqdm import tqdm

SECONDS_BETWEEN_LINES = 60.0


class Progress:
    """Counts work done. ``total`` may become known, or grow, on the way."""

    def __init__(
        self,
        console: Console,
        noun: str,
        *,
        total: int | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._noun = noun
        self._stream = stream or sys.stderr
        self._clock = clock
        self._started = self._last_line = clock()
        self._before = 0
        self._bar: tqdm[object] | None = None
        if self._stream.isatty() and not console.quiet and console.log_format == "text":
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit=f" {noun}", file=self._stream, dynamic_ncols=True, leave=False)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def go_on_from(self, done: int) -> None:
        """So much was done before this began: it counts in what is done, and not in the rate."""
        self._before = done
        if self._bar is not None:
            self._bar.initial = self._bar.n = done

    def show(self, done: int, total: int | None, details: str = "", **facts: object) -> None:
        """``done`` of ``total`` (None while unknown), with further counts in words, and as ``facts`` for machines."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(details, refresh=False)
            self._bar.update(done - self._bar.n)
        elif self._clock() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = self._clock()
            self._console.say(self._line(done, total, details), done=done, total=total, **facts)

    def _line(self, done: int, total: int | None, details: str) -> str:
        seconds = max(self._clock() - self._started, 1e-9)
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        done_now = done - self._before
        parts = [f"{count} {self._noun} in {duration(seconds)} ({_rate(done_now / seconds)})"]
        parts += [details] if details else []
        if total is not None and done_now > 0 and done < total:
            parts.append(f"{duration((total - done) * seconds / done_now)} left")
        return ", ".join(parts)


def _rate(a_second: float) -> str:
    """``4.2 a second``; what is slower is told by the minute."""
    return f"{a_second:,.1f} a second" if a_second >= 1 else f"{60 * a_second:,.1f} a minute"
