"""Recall storage: every call and result of a question, searchable after they have left the context."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from docpager.records import ToolCall
from docpager.transcript import fold

LETTERS = 6
"""Words are the same when so many of their first letters are."""
LINE_CHARACTERS = 240
CALL_CHARACTERS = 80
_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Recollection:
    """A line of what was shown, and the call it answered."""

    step: int
    call: str
    line: str

    @property
    def text(self) -> str:
        """As the model is told of it."""
        return fold(f"step {self.step}, {self.call[:CALL_CHARACTERS]}: {self.line[:LINE_CHARACTERS]}")


@dataclass(slots=True)
class RecallStorage:
    """What was said and shown, in order."""

    _lines: list[Recollection] = field(default_factory=list)

    def add(self, step: int, call: ToolCall, result: str) -> None:
        """Keeps a call and every line of its result; what was recalled is kept already."""
        if call.name == "recall":
            return
        named = f"{call.name} {call.arguments}"
        self._lines += [Recollection(step, named, line.strip()) for line in result.split("\n") if line.strip()]

    def search(self, query: str) -> Iterator[Recollection]:
        """The lines that share most words with a query, best first; of equals the latest, each once."""
        wanted = _words(query)
        scored = [
            (len(wanted & _words(kept.line)), len(wanted & _words(kept.call)), n) for n, kept in enumerate(self._lines)
        ]
        told: set[str] = set()
        for share, _, n in sorted(scored, reverse=True):
            kept = self._lines[n]
            if share and kept.line not in told:
                told.add(kept.line)
                yield kept


def _words(text: str) -> set[str]:
    return {word[:LETTERS] for word in _WORD.findall(text.lower())}
