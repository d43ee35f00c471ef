"""The table of readers. A new one is a class (``docpager.protocols.Reader``) and a line here."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from docpager.errors import DocumentError, NotInstalledError, UnsupportedDocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.ocr import TIME_SHARE, WITHOUT_OCR, Ocr, OcrOptions
from docpager.ingest.readers.programs import PANDOC, PROGRAMS, TESSERACT, OptionalProgram, find_program
from docpager.protocols import Reader
from docpager.records import Document, DocumentStatus


@dataclass(frozen=True, slots=True)
class ReaderEntry:
    """One kind of file: its media type, the suffixes it is known by and the class that reads it."""

    media_type: str
    suffixes: tuple[str, ...]
    target: str
    """``module:Class``, imported when the first such file comes."""
    content: str = content.TEXT
    """What ``content_type`` finds in such a file."""

    program: OptionalProgram | None = None
    """What has to be installed for it."""

    def reader(self, pdf_reader: str = "auto", ocr: OcrOptions | None = None) -> Reader:
        """A reader of this kind; ``pdf_reader`` says how PDF files are read, ``ocr`` whether pictures are."""
        ocr = ocr or OcrOptions()
        module, _, name = self.target.partition(":")
        made = getattr(importlib.import_module(module), name)
        arguments: tuple[object, ...] = ()
        if self.media_type == content.PDF:
            arguments = (pdf_reader, ocr)
        elif self.program is PANDOC:
            arguments = (self.media_type, ocr.seconds * TIME_SHARE)
        elif self.program is TESSERACT:
            arguments = (self.media_type, ocr)
        reader: Reader = made(*arguments)
        return reader


_HERE = "docpager.ingest.readers"
_OPEN = f"{_HERE}.opendocument:OpenDocumentReader"
_PANDOC = f"{_HERE}.converted:PandocReader"
_PICTURE = f"{_HERE}.pictures:PictureReader"
_TEXT_SUFFIXES = (".txt", ".text", ".log", ".asc", "")

READERS: tuple[ReaderEntry, ...] = (
    ReaderEntry(content.PDF, (".pdf",), f"{_HERE}.pdf:PdfReader", content.PDF),
    ReaderEntry(content.DOCX, (".docx", ".docm", ".dotx"), f"{_HERE}.office:DocxReader", content.DOCX),
    ReaderEntry(content.PPTX, (".pptx", ".pptm", ".ppsx"), f"{_HERE}.slides:PptxReader", content.PPTX),
    ReaderEntry(content.XLSX, (".xlsx", ".xlsm"), f"{_HERE}.sheets:XlsxReader", content.XLSX),
    ReaderEntry(content.HTML, (".html", ".htm", ".xhtml"), f"{_HERE}.web:HtmlReader", content.HTML),
    ReaderEntry("text/markdown", (".md", ".markdown", ".mdown"), f"{_HERE}.text:MarkdownReader"),
    ReaderEntry(content.TEXT, _TEXT_SUFFIXES, f"{_HERE}.text:TextReader"),
    ReaderEntry("text/csv", (".csv", ".tsv", ".tab"), f"{_HERE}.tables:CsvReader"),
    ReaderEntry("message/rfc822", (".eml",), f"{_HERE}.mail:EmailReader"),
    ReaderEntry(content.MSG, (".msg",), f"{_HERE}.outlook:OutlookReader", content.MSG),
    ReaderEntry(content.EPUB, (".epub",), f"{_HERE}.epub:EpubReader", content.EPUB),
    ReaderEntry(content.ODT, (".odt", ".ott"), _OPEN, content.ODT),
    ReaderEntry(content.ODS, (".ods", ".ots"), _OPEN, content.ODS),
    ReaderEntry(content.ODP, (".odp", ".otp"), _OPEN, content.ODP),
    ReaderEntry(content.RTF, (".rtf",), f"{_HERE}.rtf:RtfReader", content.RTF),
    ReaderEntry(content.RST, (".rst",), _PANDOC, program=PANDOC),
    ReaderEntry(content.ORG, (".org",), _PANDOC, program=PANDOC),
    ReaderEntry(content.LATEX, (".tex", ".latex"), _PANDOC, program=PANDOC),
    ReaderEntry(content.NOTEBOOK, (".ipynb",), _PANDOC, program=PANDOC),
    ReaderEntry(content.DOCBOOK, (".dbk", ".docbook"), _PANDOC, program=PANDOC),
    ReaderEntry(content.PNG, (".png",), _PICTURE, content.PNG, TESSERACT),
    ReaderEntry(content.JPEG, (".jpg", ".jpeg"), _PICTURE, content.JPEG, TESSERACT),
    ReaderEntry(content.TIFF, (".tif", ".tiff"), _PICTURE, content.TIFF, TESSERACT),
)


@functools.cache
def entry_for_suffix(suffix: str) -> ReaderEntry | None:
    """The entry that a suffix names; the empty one is plain text."""
    return next((entry for entry in READERS if suffix.lower() in entry.suffixes), None)


def is_awaited(row: Document, ocr: OcrOptions) -> bool:
    """Whether a document was not read, or not as it could be, for lack of something that is there now."""
    if row.error_type == NotInstalledError.__name__:
        words = (row.error_message or "").replace(",", " ").split()
        return any(program.name in words and find_program(program) is not None for program in PROGRAMS)
    if row.status is DocumentStatus.NEEDS_OCR or (row.reader_version or "").endswith(WITHOUT_OCR):
        return Ocr(ocr).obstacle() is None
    if row.reader != "text":
        return False
    program = next((entry.program for entry in READERS if entry.media_type == row.media_type), None)
    return program is not None and find_program(program) is not None


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
            old = _OLD.get(found)
            hint = f" {old}" if old is not None else ""
            raise UnsupportedDocumentError(f"No reader takes {path.suffix} files.{hint}")
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


_OLD = {
    "application/msword": "This is an old Word document: save it as DOCX.",
    "application/vnd.ms-excel": "This is an old Excel workbook: save it as XLSX.",
    "application/vnd.ms-powerpoint": "This is an old PowerPoint presentation: save it as PPTX.",
}
_DAMAGED = {
    content.BINARY: "binary data of no known kind",
    "application/zip": "a zip archive without such a document, or part of one",
}
