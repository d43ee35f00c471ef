"""What an ingest may have to do with a document, from least to most."""

from __future__ import annotations

from dataclasses import dataclass

from docpager.errors import DocumentError
from docpager.ingest.worker import ReadItem
from docpager.records import Document


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing is to be done."""

    document: Document


@dataclass(frozen=True, slots=True)
class Moved:
    """Only the row changes."""

    document: Document


@dataclass(frozen=True, slots=True)
class Settled:
    """A document that needs no reading: an empty file, a file that cannot be opened."""

    document: Document


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same content as another document's; its row is written when that one is known."""

    document: Document
    original_id: str


Step = Unchanged | Moved | Settled | Duplicate | ReadItem


@dataclass(frozen=True, slots=True)
class Survey:
    """A collection as it is now: each record's path and SHA-256, in order; or why it has none."""

    records: dict[str, str]
    error: DocumentError | OSError | None = None
    known: Document | None = None
    """The row of a file that failed before and is still the same."""
