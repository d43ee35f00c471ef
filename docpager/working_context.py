"""The working context as text, where it stands in the system message: the model's notes."""

from __future__ import annotations

from collections.abc import Sequence

from docpager.records.views import NoteView
from docpager.transcript import parse_note, render_note, tail_delimiter


def render_working_context(notes: Sequence[NoteView], nonce: str) -> str:
    """The notes, to be put behind the instructions."""
    return "\n".join(["", tail_delimiter(nonce), "notes:", *map(render_note, notes)])


def working_context(system: str, nonce: str) -> tuple[NoteView, ...] | None:
    """The notes in a system message; None where they do not stand there."""
    _, delimiter, rest = system.rpartition(f"\n{tail_delimiter(nonce)}\nnotes:")
    return tuple(parse_note(line) for line in rest.split("\n")[1:]) if delimiter else None
