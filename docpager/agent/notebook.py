"""The notebook: the model's own findings, which stay when pages go."""

from __future__ import annotations

from collections.abc import Callable

from docpager.errors import ToolError
from docpager.records import Address
from docpager.records.views import NoteView
from docpager.transcript import fold


class Notebook:
    """Notes in order, within a token budget."""

    def __init__(self, capacity: int, count: Callable[[str], int]) -> None:
        self.capacity = capacity
        """Tokens that all notes may take."""
        self._count = count
        self._tokens = 0
        self.notes: list[NoteView] = []

    def add(self, text: str, addresses: tuple[Address, ...]) -> NoteView:
        """Keeps a finding; raises ``ToolError`` when the notebook is full. The same note again is kept once."""
        note = NoteView(f"n{len(self.notes) + 1}", tuple(map(str, addresses)), fold(text))
        known = next((n for n in self.notes if (n.addresses, n.text) == (note.addresses, note.text)), None)
        if known is not None:
            return known
        tokens = self._count(f"{note.handle} | {' '.join(note.addresses)} | {note.text}") + 1
        if self._tokens + tokens > self.capacity:
            raise ToolError(
                f"The notebook is full: this note needs {tokens:,} tokens, {self._tokens:,} of {self.capacity:,} are "
                "used. Write a shorter note, or answer from the notes you have."
            )
        self._tokens += tokens
        self.notes.append(note)
        return note
