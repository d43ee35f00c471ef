"""Remembered notes in memory: all of a question's own, and all of a run's where there is no folder to keep them in."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from docpager.agent.word_overlap import WordOverlap
from docpager.records import RememberedNote


class MemoryNotes:
    """A ``NoteStore`` that lasts as long as its process."""

    def __init__(self, notes: Sequence[RememberedNote] = ()) -> None:
        self._notes: dict[str, RememberedNote] = {}
        self._order: list[RememberedNote] = []
        self._overlap = WordOverlap()
        self._lock = Lock()
        self.append(notes)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, note_id: object) -> bool:
        return note_id in self._notes

    @property
    def notes(self) -> tuple[RememberedNote, ...]:
        """All of them in order."""
        return tuple(self._order)

    def append(self, notes: Sequence[RememberedNote]) -> None:
        """Keeps notes, each once."""
        with self._lock:
            for note in notes:
                if note.note_id not in self._notes:
                    self._notes[note.note_id] = note
                    self._order.append(note)
                    self._overlap.add(note.words)

    def search(self, query: str) -> list[RememberedNote]:
        """The notes that share words with a query, most words first, of equals the latest."""
        with self._lock:
            return [self._order[n] for n in self._overlap.search(query)]
