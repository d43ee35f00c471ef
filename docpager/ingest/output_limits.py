"""How much one document may give, so that none of them fills the memory of the process that takes them all."""

from __future__ import annotations

from collections.abc import Sequence

from docpager.errors import LimitExceededError
from docpager.records import ParsedDocument, Segment

MOST_CHARACTERS = 16_000_000
"""Of text in one document: five times War and Peace."""
MOST_PAGES = 50_000
"""Paper pages in one document."""
MOST_SEGMENTS = 100_000
"""Segments in one document."""


def check_page_count(pages: int) -> None:
    """Raises ``LimitExceededError`` for more paper pages than a document may have; a file may claim any number."""
    if pages > MOST_PAGES:
        raise LimitExceededError(f"It has {pages:,} pages; documents of more than {MOST_PAGES:,} are not read.")


def check_parsed(parsed: ParsedDocument) -> None:
    """Raises ``LimitExceededError`` where a reader gave more pages or text than a document may have."""
    check_page_count(len(parsed.pages))
    characters = sum(len(page.text) for page in parsed.pages)
    if characters > MOST_CHARACTERS:
        raise LimitExceededError(
            f"It holds {characters:,} characters of text; documents of more than {MOST_CHARACTERS:,} are not read. "
            "Divide it, or make it a collection of records (JSONL)."
        )


def check_segments(segments: Sequence[Segment]) -> None:
    """Raises ``LimitExceededError`` where a text divides into more segments than a document may have."""
    if len(segments) > MOST_SEGMENTS:
        raise LimitExceededError(
            f"Its text divides into {len(segments):,} segments; documents of more than {MOST_SEGMENTS:,} are not read."
        )
