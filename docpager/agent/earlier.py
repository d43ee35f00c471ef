"""What stands at the log's head for the exchanges that were moved out of it: the recursive summary."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from docpager.protocols import TokenCounter
from docpager.records import ToolCall
from docpager.transcript import REACHED, fold, quoted

EARLIER = "[notice] earlier: "
"""How a line begins that stands for a call which was moved out of the log."""
TOLD = "[notice] summary: "
"""How the model's own words on what was moved out begin."""
_HANDLE = re.compile(r"\bp\d+\b")
_FIRST = re.compile(r',?\s*"first":\s*\d+')


class Earlier:
    """A line for each call moved out, one for the pages asked for, and the model's words where it has some.

    The lines are exact and made without a model; the words are the model's, and take in the words before them.
    """

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._lines: dict[str, str] = {}
        self._read: dict[str, None] = {}
        self.told = ""
        """The model's words on all that was moved out up to its last summary."""
        self.untold: list[str] = []
        """What was moved out since, as it stood in the log."""

    def add(self, lines: Sequence[str], handles: Sequence[str]) -> None:
        """Adds what stands for an exchange: its lines, and the pages it asked for."""
        self._read.update(dict.fromkeys(handles))
        for line in filter(None, lines):
            self._lines.pop(_repeated(line), None)
            self._lines[_repeated(line)] = line

    def bound(self, tokens: int) -> None:
        """Drops the oldest lines, then the pages asked for longest ago, down to so many tokens in all."""
        while self._lines and self.tokens > tokens:
            del self._lines[next(iter(self._lines))]
        while self._read and self.tokens > tokens:
            del self._read[next(iter(self._read))]

    def retell(self, told: str) -> None:
        """Puts the model's new words in place of those before."""
        self.told, self.untold = quoted(told), []

    def head(self) -> list[str]:
        """The lines that stand at the log's head."""
        pages = json.dumps({"pages": list(self._read)}, separators=(",", ":"))
        return [
            *([f"{TOLD}{self.told}"] if self.told else []),
            *self._lines.values(),
            *([f"{EARLIER}page_in {pages}"] if self._read else []),
        ]

    @property
    def tokens(self) -> int:
        """Tokens of these lines."""
        head = self.head()
        return self._counter.count("\n".join(head)) if head else 0


def summary_with(before: str, call: ToolCall, told: str) -> str:
    """The lines that stand for some calls once the log has moved on; notes and pages stand elsewhere."""
    if call.name in ("note", "page_in"):
        return before
    line = f"{EARLIER}{call.name} {fold(call.arguments)}{told}"
    return f"{before}\n{line}" if before else line


def pages_asked_for(calls: Sequence[ToolCall]) -> tuple[str, ...]:
    """Handles of the pages that some calls asked for, without lines."""
    asked = (address.group() for c in calls if c.name == "page_in" for address in _HANDLE.finditer(c.arguments))
    return tuple(dict.fromkeys(asked))


def _repeated(line: str) -> str:
    """What lines of one search have in common, whatever page of its results they stand for."""
    return _FIRST.sub("", line.split(REACHED, 1)[0])
