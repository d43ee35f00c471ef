"""The notebook: the model's own findings, which stay when pages go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from docpager.errors import ToolError
from docpager.records import Address
from docpager.records.views import NoteView
from docpager.transcript import fold

SHORTENED = "…"
"""The end of a note that was cut to the room there was."""
LEAST_KEPT = 24
"""A note is not cut to fewer characters than this."""


class Notebook:
    """Notes in order, within a token budget."""

    def __init__(self, capacity: int, count: Callable[[str], int]) -> None:
        self.capacity = capacity
        """Tokens that all notes may take."""
        self._count = count
        self._tokens = 0
        self.notes: list[NoteView] = []

    def add(self, text: str, addresses: tuple[Address, ...]) -> NoteView:
        """Keeps a finding, cut to the room there is where it has addresses: what it rests on is more than its words.

        Raises ``ToolError`` when the notebook is full. The same note again is kept once.
        """
        note = NoteView(f"n{len(self.notes) + 1}", tuple(map(str, addresses)), fold(text))
        known = next((n for n in self.notes if n.addresses == note.addresses and _is_cut_of(n.text, note.text)), None)
        if known is not None:
            return known
        kept = note if self._fits(note) or not addresses else self._cut(note)
        if not self._fits(kept):
            raise ToolError(
                f"The notebook is full: this note needs {self._size(note):,} tokens, {self._tokens:,} of "
                f"{self.capacity:,} are used. Write a shorter note, or answer from the notes you have."
            )
        self._tokens += self._size(kept)
        self.notes.append(kept)
        return kept

    def _size(self, note: NoteView) -> int:
        return self._count(f"{note.handle} | {' '.join(note.addresses)} | {note.text}") + 1

    def _fits(self, note: NoteView) -> bool:
        return self._tokens + self._size(note) <= self.capacity

    def _cut(self, note: NoteView) -> NoteView:
        """As much of a note as fits; no less than ``LEAST_KEPT`` characters of it."""
        low, high = min(LEAST_KEPT, len(note.text)), len(note.text)
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(_first(note, middle)):
                low = middle
            else:
                high = middle - 1
        return _first(note, low)


def _first(note: NoteView, characters: int) -> NoteView:
    return replace(note, text=note.text[:characters].rstrip() + SHORTENED)


def _is_cut_of(kept: str, text: str) -> bool:
    return kept == text or (kept.endswith(SHORTENED) and text.startswith(kept.removesuffix(SHORTENED)))
