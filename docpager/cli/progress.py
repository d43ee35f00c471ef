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
        self._bar: tqdm[object] | None = None
        if self._stream.isatty() and not console.quiet:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit=f" {noun}", file=self._stream, dynamic_ncols=True, leave=False)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, done: int, total: int | None, details: str = "") -> None:
        """``done`` of ``total`` (None while unknown), with further counts in words."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(details, refresh=False)
            self._bar.update(done - self._bar.n)
        elif self._clock() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = self._clock()
            self._console.say(self._line(done, total, details))

    def _line(self, done: int, total: int | None, details: str) -> str:
        seconds = max(self._clock() - self._started, 1e-9)
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        parts = [f"{count} {self._noun} in {duration(seconds)} ({done / seconds:,.1f} a second)"]
        parts += [details] if details else []
        if total is not None and 0 < done < total:
            parts.append(f"{duration((total - done) * seconds / done)} left")
        return ", ".join(parts)
