"""A cursor over the lines of a transcript."""

from __future__ import annotations

from collections.abc import Iterator

from docpager.errors import TranscriptError


class LineCursor:
    """A cursor over the lines of a text."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n") if text else []
        self._at = 0

    def left(self) -> bool:
        """Whether there is a line to take."""
        return self._at < len(self._lines)

    def peek(self) -> str:
        """The next line; raises ``TranscriptError`` at the end."""
        if not self.left():
            raise TranscriptError("The transcript ends in the middle of a view.")
        return self._lines[self._at]

    def take(self, start: str = "") -> str:
        """The next line, which has to begin so, and moves on; raises ``TranscriptError``."""
        line = self.peek()
        if not line.startswith(start):
            raise TranscriptError(f"Expected a line that begins with {start!r}, found {line[:80]!r}.")
        self._at += 1
        return line

    def until(self, start: str) -> Iterator[str]:
        """The lines before one that begins so."""
        while not self.peek().startswith(start):
            yield self.take()
