"""What a question remembers for good: findings with the lines they rest on, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NotedLines:
    """Lines of a segment that a note rests on, as the archive has them."""

    segment_id: str
    doc_id: str
    doc_path: str
    page_number: int
    first_line: int
    last_line: int
    quote: str


@dataclass(frozen=True, slots=True)
class RememberedNote:
    """A finding in the model's words. It proves nothing: its lines do."""

    note_id: str
    question_id: str
    asked_doc_id: str | None
    """The document asked about, where each is asked alone."""
    step: int
    text: str
    lines: tuple[NotedLines, ...]
    tainted: bool
    """Lines that speak like orders had been shown when it was written."""
    at: datetime

    @property
    def words(self) -> str:
        """What a search of notes goes by: the finding and the lines it rests on."""
        return " ".join([self.text, *(lines.quote for lines in self.lines)])
