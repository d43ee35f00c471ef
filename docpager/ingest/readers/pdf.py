"""PDF: PDFium gives the text, pypdf gives labels, metadata and outline, and reads the pages PDFium cannot."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docpager.errors import DocumentError, EncryptedDocumentError, LimitExceededError, UsageError
from docpager.ingest.aside import hidden_note, visible_text, with_hidden
from docpager.ingest.cleaning import clean
from docpager.ingest.readers.columns import in_reading_order
from docpager.ingest.readers.front_matter import find_period, find_title
from docpager.ingest.readers.hidden_text import page_text
from docpager.ingest.readers.ocr import OcrOptions
from docpager.ingest.readers.pdf_structure import PdfStructure, layout_text, open_with_pypdf, read_structure
from docpager.ingest.readers.pictures import OcrReport, read_pdf_pictures
from docpager.records import DocumentStatus, PageStatus, ParsedDocument, ParsedPage

if TYPE_CHECKING:
    import pypdf

PDF_READERS = ("auto", "pdfium", "pypdf")
FRONT_PAGES = 3

_COLUMN_GAP = re.compile(r" {3,}")
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd]")
_HEADER_BYTES = 1024
_TRAILER_BYTES = 2048
_GARBLED_SHARE = 0.3


class PdfReader:
    """Reads PDF files; ``mode`` says who reads the text: auto is PDFium, and pypdf where PDFium finds none."""

    name = "pdf"

    def __init__(self, mode: str = "auto", ocr: OcrOptions | None = None) -> None:
        if mode not in PDF_READERS:
            raise UsageError(f"No PDF reader {mode!r}. Use one of: {', '.join(PDF_READERS)}.")
        self.mode = mode
        self.ocr = ocr or OcrOptions()

    def __repr__(self) -> str:
        return f"PdfReader({self.mode!r})"

    @property
    def version(self) -> str:
        """Changes when the text or the structure would."""
        return f"4-{self.mode}"

    def read(self, path: Path) -> ParsedDocument:
        """Reads every page; one that cannot be read is marked failed and the others are kept.

        Raises ``EncryptedDocumentError`` where a password is wanted, ``DocumentError`` for what is no readable PDF.
        """
        started = time.monotonic()
        is_whole = _checked(path)
        reading = _Reading(path, self.mode)
        pages = reading.pages()
        found = _status(pages, reading.has_pictures, is_whole)
        pages, pictures = read_pdf_pictures(path, pages, self.ocr, started)
        structure = read_structure(reading.second_reader, len(pages))
        return _document(self, pages, structure, reading, pictures, found)


class _Reading:
    """One file on its way to pages of text."""

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        self.mode = mode
        self.replaced_characters = 0
        self.has_pictures = False
        self._second_reader: pypdf.PdfReader | None = None
        self._second_failed = False

    @property
    def second_reader(self) -> pypdf.PdfReader | None:
        """pypdf's view of the file, opened once; None where pypdf cannot open it."""
        if self._second_reader is None and not self._second_failed:
            try:
                self._second_reader = open_with_pypdf(self.path)
            except Exception:  # whatever pypdf stumbles over, PDFium's text stays
                self._second_failed = True
        return self._second_reader

    def pages(self) -> list[ParsedPage]:
        """Every paper page, read by who ``mode`` says."""
        if self.mode == "pypdf":
            return self._pages_by_pypdf()
        try:
            return self._pages_by_pdfium()
        except EncryptedDocumentError:
            raise
        except DocumentError:
            if self.mode == "pdfium" or self.second_reader is None:
                raise
            return self._pages_by_pypdf()

    def _pages_by_pdfium(self) -> list[ParsedPage]:
        with _pdfium_document(self.path) as document:
            return [self._page_by_pdfium(document, number) for number in range(1, len(document) + 1)]

    def _page_by_pdfium(self, document: Any, page_number: int) -> ParsedPage:
        try:
            with closing(document[page_number - 1]) as page:
                with closing(page.get_textpage()) as text_page:
                    found_text = page_text(page, text_page)
                    seen = found_text.seen if found_text.hidden else in_reading_order(text_page, found_text.seen)
                text, hidden = self._cleaned(seen), self._cleaned(found_text.hidden)
                if text and not _is_garbled(text):
                    return with_hidden(ParsedPage(page_number, text), hidden)
                if hidden and not text:
                    self.has_pictures = self.has_pictures or _has(page, "IMAGE")
                    return with_hidden(ParsedPage(page_number, "", None, PageStatus.NO_TEXT), hidden)
                self.has_pictures = self.has_pictures or _has(page, "IMAGE")
                is_worth_another_try = bool(text) or _has(page, "TEXT")
        except Exception as error:  # a hostile page must not take the others with it
            return self._second_try(ParsedPage(page_number, "", None, PageStatus.FAILED, _reason(error)))
        found = ParsedPage(page_number, text, None, PageStatus.READ if text else PageStatus.NO_TEXT)
        return self._second_try(found) if is_worth_another_try else found

    def _second_try(self, found: ParsedPage) -> ParsedPage:
        """pypdf's text of a page where it is better than what PDFium found."""
        if self.mode != "auto" or self.second_reader is None:
            return found
        try:
            text = self._cleaned(layout_text(self.second_reader, found.page_number))
        except Exception:  # the first failure is the one to report
            return found
        if not text or (found.text and _garbled_share(text) >= _garbled_share(found.text)):
            return found
        return ParsedPage(found.page_number, text)

    def _pages_by_pypdf(self) -> list[ParsedPage]:
        with _translated_errors():
            reader = open_with_pypdf(self.path)
            count = len(reader.pages)
        self._second_reader = reader
        return [self._page_by_pypdf(reader, number) for number in range(1, count + 1)]

    def _page_by_pypdf(self, reader: pypdf.PdfReader, page_number: int) -> ParsedPage:
        try:
            text = self._cleaned(layout_text(reader, page_number))
            if not text and not self.has_pictures:
                self.has_pictures = any(True for _ in reader.pages[page_number - 1].images)
        except Exception as error:  # a hostile page must not take the others with it
            return ParsedPage(page_number, "", None, PageStatus.FAILED, _reason(error))
        return ParsedPage(page_number, text, None, PageStatus.READ if text else PageStatus.NO_TEXT)

    def _cleaned(self, raw: str) -> str:
        """Text with its lines trimmed and runs of blanks as one, or as a column's edge where pypdf laid it out."""
        # PDFium marks a hyphen at a line's end with U+0002, or U+FFFE in older versions, and joins the lines.
        text, replaced = clean(raw.replace("\x02", "-").replace("\ufffe", "-"))
        self.replaced_characters += replaced
        lines = (" ".join(line.split()) for line in text.split("\n"))
        return "\n".join(line for line in lines if line)


def _document(
    reader: PdfReader,
    pages: list[ParsedPage],
    structure: PdfStructure,
    reading: _Reading,
    pictures: OcrReport,
    found: tuple[DocumentStatus, str | None],
) -> ParsedDocument:
    labels = structure.page_labels
    if labels:
        pages = [replace(page, page_label=labels[page.page_number - 1]) for page in pages]
    status, message = pictures.judge(*found, len(pages))
    front = [visible_text(page) for page in pages[:FRONT_PAGES]]
    return ParsedDocument(
        media_type="application/pdf",
        reader=reader.name,
        reader_version=pictures.version(reader.version),
        pages=tuple(pages),
        status=status,
        title=find_title(front, structure.title),
        language=structure.language,
        published_at=structure.published_at,
        period=find_period(front),
        outline=structure.outline,
        error_type="DocumentError" if message and status is not DocumentStatus.INDEXED else None,
        error_message=" ".join(said for said in (message, hidden_note(pages)) if said) or None,
        replaced_characters=reading.replaced_characters + pictures.replaced_characters,
    )


def _status(pages: list[ParsedPage], has_pictures: bool, is_whole: bool) -> tuple[DocumentStatus, str | None]:
    failed = [page for page in pages if page.status is PageStatus.FAILED]
    if failed and len(failed) == len(pages):
        raise DocumentError(f"None of its {len(pages)} pages could be read; the first says: {failed[0].error_message}")
    if failed:
        numbers = ", ".join(str(page.page_number) for page in failed[:8]) + (", ..." if len(failed) > 8 else "")
        which = f"page {numbers}" if len(failed) == 1 else f"pages {numbers}"
        return DocumentStatus.PARTIAL, f"{len(failed)} of {len(pages)} pages could not be read: {which}."
    if not any(visible_text(page).strip() for page in pages):
        pages_are = "Its page is" if len(pages) == 1 else f"Its {len(pages)} pages are"
        if has_pictures:
            return DocumentStatus.NEEDS_OCR, f"{pages_are} pictures without text."
        return DocumentStatus.EMPTY, f"{pages_are} blank."
    if not is_whole:
        return DocumentStatus.PARTIAL, f"The file ends early (no %%EOF): pages after {len(pages)} may be missing."
    return DocumentStatus.INDEXED, None


def _checked(path: Path) -> bool:
    """Whether the file has a PDF's end; raises ``DocumentError`` where it has no PDF's beginning."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if not head:
            raise DocumentError("The file is empty (0 bytes).")
        if b"%PDF-" not in head:
            raise DocumentError(f"This is no PDF: there is no %PDF- in its first {_HEADER_BYTES:,} bytes.")
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TRAILER_BYTES))
        return b"%%EOF" in file.read()


@contextmanager
def _pdfium_document(path: Path) -> Iterator[Any]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise EncryptedDocumentError("The PDF is encrypted and wants a password.") from error
        if "security" in str(error).lower():
            raise EncryptedDocumentError("The PDF is encrypted in a way that is not known here.") from error
        raise DocumentError(_damage(path, error)) from error
    try:
        yield document
    finally:
        document.close()


@contextmanager
def _translated_errors() -> Iterator[None]:
    import pypdf.errors

    try:
        yield
    except DocumentError:
        raise
    except pypdf.errors.LimitReachedError as error:
        raise LimitExceededError(f"The PDF asks for more than pypdf allows: {error}") from error
    except Exception as error:  # pypdf raises nearly anything on a damaged file
        raise DocumentError(f"The PDF is damaged: {_reason(error)}") from error


def _damage(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TRAILER_BYTES))
        has_end = b"%%EOF" in file.read()
    what = "has a broken cross-reference table or page tree" if has_end else "is truncated: it has no %%EOF"
    return f"The PDF of {size:,} bytes {what}. PDFium says: {error}"


def _has(page: Any, kind: str) -> bool:
    import pypdfium2.raw

    wanted = getattr(pypdfium2.raw, f"FPDF_PAGEOBJ_{kind}")
    return any(True for _ in page.get_objects(filter=[wanted], max_depth=4))


def _is_garbled(text: str) -> bool:
    return _garbled_share(text) > _GARBLED_SHARE


def _garbled_share(text: str) -> float:
    return len(_PRIVATE.findall(text)) / max(1, len(text) - text.count(" ") - text.count("\n"))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
