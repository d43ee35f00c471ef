"""What pypdf knows about a PDF: page labels, metadata and outline; and its layout mode as a second reader of text."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pypdf

from docpager.errors import EncryptedDocumentError
from docpager.ingest.cleaning import clean
from docpager.ingest.readers.dates import parse_date
from docpager.lines import CELL_SEPARATOR
from docpager.records import OutlineHeading

# pypdf logs each small fault of a file; a fault that matters becomes an error of the document.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

MOST_OUTLINE_HEADINGS = 10_000
DEEPEST_OUTLINE = 8

_COLUMN_GAP = re.compile(r" {3,}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?$")

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class PdfStructure:
    """What the file says of itself; nothing of it is needed to read the text."""

    page_labels: tuple[str, ...] = ()
    """One for each paper page; empty where the file has none, or none but 1, 2, 3."""
    title: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    outline: tuple[OutlineHeading, ...] = ()


def open_with_pypdf(path: Path) -> pypdf.PdfReader:
    """pypdf's reader, opened with the empty user password; raises ``EncryptedDocumentError`` if that is not it."""
    reader = pypdf.PdfReader(path, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise EncryptedDocumentError("The PDF is encrypted and wants a password.")
    return reader


def layout_text(reader: pypdf.PdfReader, page_number: int) -> str:
    """A page's text by pypdf, table rows intact, columns set apart by `` | ``."""
    text = reader.pages[page_number - 1].extract_text(
        extraction_mode="layout", layout_mode_space_vertically=False, layout_mode_strip_rotated=False
    )
    return "\n".join(_COLUMN_GAP.sub(CELL_SEPARATOR, line.strip()) for line in text.split("\n"))


def read_structure(reader: pypdf.PdfReader | None, page_count: int) -> PdfStructure:
    """The structure of a file with this many pages; each part that pypdf fails at is left out."""
    if reader is None:
        return PdfStructure()
    return PdfStructure(
        page_labels=_attempt(lambda: _page_labels(reader, page_count), ()),
        title=_attempt(lambda: _title(reader), None),
        language=_attempt(lambda: _language(reader), None),
        published_at=_attempt(lambda: _published_at(reader), None),
        outline=_attempt(lambda: _outline(reader, page_count), ()),
    )


def _attempt(part: Callable[[], Part], otherwise: Part) -> Part:
    try:
        return part()
    except Exception:  # a damaged outline or date must not cost the text
        return otherwise


def _page_labels(reader: pypdf.PdfReader, page_count: int) -> tuple[str, ...]:
    if "/PageLabels" not in reader.root_object:
        return ()
    labels = tuple(clean(label)[0] for label in reader.page_labels)
    says_nothing = labels == tuple(str(number) for number in range(1, page_count + 1))
    return labels if len(labels) == page_count and not says_nothing else ()


def _title(reader: pypdf.PdfReader) -> str | None:
    title = reader.metadata.title if reader.metadata else None
    return " ".join(clean(title)[0].split()) or None if isinstance(title, str) else None


def _language(reader: pypdf.PdfReader) -> str | None:
    match = _LANGUAGE.match(str(reader.root_object.get("/Lang", "")).strip())
    return match.group(1).lower() if match else None


def _published_at(reader: pypdf.PdfReader) -> datetime | None:
    return parse_date(reader.metadata.creation_date) if reader.metadata else None


def _outline(reader: pypdf.PdfReader, page_count: int) -> tuple[OutlineHeading, ...]:
    headings: list[OutlineHeading] = []
    for level, bookmark in _bookmarks(reader.outline, 1):
        page_index = _attempt(lambda mark=bookmark: reader.get_destination_page_number(mark), None)  # type: ignore[misc]
        title = " ".join(clean(str(bookmark.title))[0].split())
        if title and page_index is not None and 0 <= page_index < page_count:
            headings.append(OutlineHeading(level, title, page_index + 1))
        if len(headings) == MOST_OUTLINE_HEADINGS:
            break
    return tuple(headings)


def _bookmarks(items: list[Any], level: int) -> Iterator[tuple[int, Any]]:
    for item in items:
        if isinstance(item, list):
            if level < DEEPEST_OUTLINE:
                yield from _bookmarks(item, level + 1)
        else:
            yield level, item
