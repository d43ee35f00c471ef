"""The notes of a run: what its questions remembered, one JSON line a note, in the run's folder.

A question's notes are written together as it ends, before its line of the journal. Notes of a question that the journal
does not know (its process was killed in between) are dropped when the run goes on: it is asked again.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from docpager.agent.note_store import MemoryNotes
from docpager.batch.disk import telling_what_cannot_be_written, write_whole
from docpager.batch.journal import Key
from docpager.batch.line_file import LineFile
from docpager.records import NotedLines, RememberedNote

NOTES_NAME = "notes.jsonl"


class RunNotes:
    """A ``NoteStore`` in a run's folder. The file is made with the first note."""

    def __init__(self, folder: Path, run_id: str, finished: Container[Key]) -> None:
        self._path = folder / NOTES_NAME
        self._run_id = run_id
        self._file: LineFile | None = None
        self._writing = Lock()
        with telling_what_cannot_be_written(folder):
            self._notes = MemoryNotes(self._recover(finished))

    def __enter__(self) -> RunNotes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    @property
    def notes(self) -> tuple[RememberedNote, ...]:
        """All of them, in the order in which they were written."""
        return self._notes.notes

    def append(self, notes: Sequence[RememberedNote]) -> None:
        """Makes a question's notes durable; raises ``TemporaryError`` and keeps none of them where that fails."""
        with self._writing:
            new = [note for note in notes if note.note_id not in self._notes]
            if not new:
                return
            with telling_what_cannot_be_written(self._path.parent):
                self._file = self._file or LineFile(self._path)
                self._file.append(b"".join(self._line(note) for note in new))
            self._notes.append(new)

    def search(self, query: str) -> list[RememberedNote]:
        """The notes that share words with a query, most words first, of equals the latest."""
        return self._notes.search(query)

    def _recover(self, finished: Container[Key]) -> list[RememberedNote]:
        """This run's notes of finished questions; the file holds no others from here on."""
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        read = [(line, note) for line in lines if (note := _note(line, self._run_id)) is not None]
        kept = [(line, note) for line, note in read if (note.question_id, note.asked_doc_id) in finished]
        if len(kept) < len(lines):
            write_whole(self._path, b"".join(line for line, _ in kept))
        return [note for _, note in kept]

    def _line(self, note: RememberedNote) -> bytes:
        values = {"run_id": self._run_id} | asdict(note) | {"at": note.at.isoformat()}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _note(line: bytes, run_id: str) -> RememberedNote | None:
    """The note in a line; None for one that is torn, damaged or another run's."""
    if not line.endswith(b"\n"):
        return None
    try:
        values: dict[str, Any] = json.loads(line)
        if values.pop("run_id") != run_id:
            return None
        lines = tuple(NotedLines(**place) for place in values.pop("lines"))
        return RememberedNote(**{**values, "lines": lines, "at": datetime.fromisoformat(values["at"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
