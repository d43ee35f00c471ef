"""Recall storage: every call and result of a question, searchable after they have left the context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from docpager.agent.word_overlap import WordOverlap
from docpager.records import ToolCall
from docpager.transcript import fold

LINE_CHARACTERS = 240
CALL_CHARACTERS = 80
KEPT_ELSEWHERE = ("recall", "remember")
"""Calls that show what is kept already, or put it where ``recall`` finds it."""


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
    _overlap: WordOverlap = field(default_factory=WordOverlap)

    def add(self, step: int, call: ToolCall, result: str) -> None:
        """Keeps a call and every line of its result."""
        if call.name in KEPT_ELSEWHERE:
            return
        named = f"{call.name} {call.arguments}"
        for line in result.split("\n"):
            if line.strip():
                self._lines.append(Recollection(step, named, line.strip()))
                self._overlap.add(line, named)

    def search(self, query: str) -> Iterator[Recollection]:
        """The lines that share most words with a query, best first; of equals the latest, each once."""
        told: set[str] = set()
        for n in self._overlap.search(query):
            kept = self._lines[n]
            if kept.line not in told:
                told.add(kept.line)
                yield kept
