"""The table of readers. A new one is a class (``docpager.protocols.Reader``) and a line here."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from docpager.errors import DocumentError, UnsupportedDocumentError
from docpager.ingest.readers import content
from docpager.protocols import Reader


@dataclass(frozen=True, slots=True)
class ReaderEntry:
    """One kind of file: its media type, the suffixes it is known by and the class that reads it."""

    media_type: str
    suffixes: tuple[str, ...]
    target: str
    """``module:Class``, imported when the first such file comes."""
    content: str = content.TEXT
    """What ``content_type`` finds in such a file."""

    def reader(self, pdf_reader: str = "auto") -> Reader:
        """A reader of this kind; ``pdf_reader`` says how PDF files are read."""
        module, _, name = self.target.partition(":")
        made = getattr(importlib.import_module(module), name)
        reader: Reader = made(pdf_reader) if self.media_type == content.PDF else made()
        return reader


_HERE = "docpager.ingest.readers"
_TEXT_SUFFIXES = (".txt", ".text", ".log", ".asc", "")

READERS: tuple[ReaderEntry, ...] = (
    ReaderEntry(content.PDF, (".pdf",), f"{_HERE}.pdf:PdfReader", content.PDF),
    ReaderEntry(content.DOCX, (".docx", ".docm", ".dotx"), f"{_HERE}.office:DocxReader", content.DOCX),
    ReaderEntry(content.PPTX, (".pptx", ".pptm", ".ppsx"), f"{_HERE}.office:PptxReader", content.PPTX),
    ReaderEntry(content.XLSX, (".xlsx", ".xlsm"), f"{_HERE}.office:XlsxReader", content.XLSX),
    ReaderEntry(content.HTML, (".html", ".htm", ".xhtml"), f"{_HERE}.web:HtmlReader", content.HTML),
    ReaderEntry("text/markdown", (".md", ".markdown", ".mdown"), f"{_HERE}.text:MarkdownReader"),
    ReaderEntry(content.TEXT, _TEXT_SUFFIXES, f"{_HERE}.text:TextReader"),
    ReaderEntry("text/csv", (".csv", ".tsv", ".tab"), f"{_HERE}.tables:CsvReader"),
    ReaderEntry("message/rfc822", (".eml",), f"{_HERE}.office:EmailReader"),
)


@functools.cache
def entry_for_suffix(suffix: str) -> ReaderEntry | None:
    """The entry that a suffix names; the empty one is plain text."""
    return next((entry for entry in READERS if suffix.lower() in entry.suffixes), None)


@functools.cache
def current_version(reader_name: str, pdf_reader: str = "auto") -> str | None:
    """The version of the reader that goes by this name now; None where there is none."""
    # The commonest first: each entry imports its module, and those of Office files are the largest.
    readers = (entry.reader(pdf_reader) for entry in READERS)
    return next((reader.version for reader in readers if reader.name == reader_name), None)


@functools.cache
def warm_reader(suffix: str, pdf_reader: str = "auto") -> None:
    """Imports what the reader of such files needs; one that has much to import has a method ``warm`` for it."""
    entry = entry_for_suffix(suffix)
    reader = entry.reader(pdf_reader) if entry is not None else None
    warm = getattr(reader, "warm", None)
    if warm is not None:
        warm()


def choose_reader(path: Path) -> tuple[ReaderEntry, str | None]:
    """The entry that fits what the file holds, and a note where that is not what its name says.

    Raises ``UnsupportedDocumentError`` where no reader fits, ``DocumentError`` where the content is damaged.
    """
    named = entry_for_suffix(path.suffix)
    found = content.content_type(path)
    if named is not None and (found == named.content or (found == content.TEXT and named.content == content.HTML)):
        return named, None
    fitting = next((entry for entry in READERS if entry.content == found and found != content.TEXT), None)
    if named is None:
        if fitting is None:
            raise UnsupportedDocumentError(f"No reader takes {path.suffix} files.")
        return fitting, f"Read as {found}, which is what it holds."
    if fitting is None and found == content.TEXT:
        fitting = entry_for_suffix(".txt")
    if fitting is None:
        _refuse(path.suffix, named, found)
    return fitting, f"Named {path.suffix}, but it holds {found}; read as that."


def _refuse(suffix: str, named: ReaderEntry, found: str) -> NoReturn:
    what = _DAMAGED.get(found)
    if what is None or named.content == content.TEXT:
        raise UnsupportedDocumentError(f"It is named {suffix or 'without a suffix'}, but holds {what or found}.")
    raise DocumentError(f"It is named {suffix}, but holds {what}: the file is damaged, or of another kind.")


_DAMAGED = {
    content.BINARY: "binary data of no known kind",
    "application/zip": "a zip archive without such a document, or part of one",
}
