"""Pages that are pictures: those of PDF files without text, and files that are nothing else; read by OCR."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.cleaning import clean
from docpager.ingest.readers.composer import one_line
from docpager.ingest.readers.ocr import RESOLUTION, WITHOUT_OCR, Ocr, OcrOptions
from docpager.records import DocumentStatus, PageStatus, ParsedDocument, ParsedPage

MOST_PIXELS = 40_000_000
"""Of one picture: A3 at 400 dots an inch; larger ones are drawn smaller."""
LARGEST_PICTURE = 200_000_000
"""Pixels above which a picture is not opened at all."""
MOST_FRAMES = 5000
POINTS_AN_INCH = 72


@dataclass(slots=True)
class OcrReport:
    """What became of a document's pages that are pictures."""

    language: str
    obstacle: str | None = None
    pictures: int = 0
    read: int = 0
    failed: int = 0
    first_failure: str = ""
    skipped: int = 0
    """Pages for which no time was left."""
    confidence: float = 0.0
    """The sum over the pages that were read."""
    replaced_characters: int = 0
    undrawable: str | None = None
    """Why no page can be drawn; pages without text are then no known pictures."""

    def version(self, reader_version: str) -> str:
        """The version of a reader, with a mark where OCR would read more."""
        return reader_version + (WITHOUT_OCR if self.pictures and self.obstacle is not None else "")

    def judge(self, status: DocumentStatus, message: str | None, pages: int) -> tuple[DocumentStatus, str | None]:
        """A document's status and message in the light of this."""
        if status is DocumentStatus.NEEDS_OCR and self.undrawable is not None and self.obstacle is None:
            raise DocumentError(f"{message} They cannot be drawn for OCR: {self.undrawable}")
        if not self.pictures:
            return status, message
        if status is DocumentStatus.NEEDS_OCR and self.skipped and not self.read:
            raise LimitExceededError("No time was left for OCR: raise --file-timeout, and add --retry-failed.")
        if status is DocumentStatus.NEEDS_OCR and self.failed == self.pictures:
            raise DocumentError(f"None of its pictures could be read; the first says: {self.first_failure}")
        return self._status(status), " ".join(part for part in (self._kept(status, message), self._said(pages)) if part)

    def _status(self, status: DocumentStatus) -> DocumentStatus:
        if self.failed or self.skipped:
            return DocumentStatus.PARTIAL
        if status is DocumentStatus.NEEDS_OCR and self.obstacle is None:
            return DocumentStatus.INDEXED if self.read else DocumentStatus.EMPTY
        return status

    def _kept(self, status: DocumentStatus, message: str | None) -> str | None:
        return None if status is DocumentStatus.NEEDS_OCR else message

    def _said(self, pages: int) -> str:
        are = "is a picture" if self.pictures == 1 else "are pictures"
        which = f"Its page {are}" if pages == 1 else f"{self.pictures:,} of {pages:,} pages {are}"
        if self.obstacle is not None:
            return f"{which} without text. {self.obstacle}"
        if self.read:
            how = f"by OCR (Tesseract, {self.language}; mean confidence {self.confidence / self.read:.0f} %)"
            were = "was" if self.read == 1 else "were"
            said = [
                f"Its page was read {how}." if pages == 1 else f"{self.read:,} of {pages:,} pages {were} read {how}."
            ]
        else:
            said = [f"{which} in which OCR found no text."] if self.failed + self.skipped < self.pictures else []
        if self.failed:
            said.append(f"{self.failed:,} could not be read by OCR.")
        if self.skipped:
            said.append(f"For {self.skipped:,} no time was left: raise --file-timeout, and add --retry-failed.")
        return " ".join(said)


def read_pdf_pictures(
    path: Path, pages: Sequence[ParsedPage], options: OcrOptions, started: float
) -> tuple[list[ParsedPage], OcrReport]:
    """The pages of a PDF, those without text but with pictures as OCR reads them."""
    ocr = Ocr(options, started)
    report = OcrReport(ocr.language, ocr.obstacle())
    if not any(page.status is PageStatus.NO_TEXT for page in pages):
        return list(pages), report
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        report.undrawable = one_line(str(error))
        return list(pages), report
    with closing(document):
        return [_pdf_page(ocr, report, document, page) for page in pages], report


def _pdf_page(ocr: Ocr, report: OcrReport, document: Any, page: ParsedPage) -> ParsedPage:
    if page.status is not PageStatus.NO_TEXT or page.page_number > len(document):
        return page
    try:
        with closing(document[page.page_number - 1]) as drawn:
            if not _has_picture(drawn):
                return page
            return _read(ocr, report, page, lambda: _drawn(drawn))
    except Exception as error:  # a hostile page must not take the others with it
        return _failed(report, page, error)


def _has_picture(page: Any) -> bool:
    import pypdfium2.raw

    return any(True for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=4))


def _drawn(page: Any) -> tuple[bytes, int]:
    """A page as a grey picture in PGM, and its dots an inch."""
    width, height = page.get_size()
    area = max(1.0, width * height) / POINTS_AN_INCH**2
    resolution = min(RESOLUTION, int((MOST_PIXELS / area) ** 0.5)) or 1
    with closing(page.render(scale=resolution / POINTS_AN_INCH, grayscale=True)) as bitmap:
        rows = memoryview(bitmap.buffer).cast("B")
        held = b"".join(bytes(rows[y * bitmap.stride :][: bitmap.width]) for y in range(bitmap.height))
        return _pgm(bitmap.width, bitmap.height, held), resolution


def _pgm(width: int, height: int, pixels: bytes) -> bytes:
    return b"P5 %d %d 255\n" % (width, height) + pixels


def _read(ocr: Ocr, report: OcrReport, page: ParsedPage, draw: Callable[[], tuple[bytes, int]]) -> ParsedPage:
    report.pictures += 1
    if report.obstacle is not None:
        return page
    if not ocr.has_time():
        report.skipped += 1
        return replace(page, status=PageStatus.FAILED, error_message="No time was left for OCR.")
    picture, resolution = draw()
    try:
        found = ocr.read(picture, resolution)
    except LimitExceededError:
        report.skipped += 1
        return replace(page, status=PageStatus.FAILED, error_message="No time was left for OCR.")
    text, replaced = clean(found.text)
    report.replaced_characters += replaced
    if not text.strip():
        return page
    report.read += 1
    report.confidence += found.confidence
    note = f"Read by OCR (confidence {found.confidence:.0f} %)."
    return replace(page, text=text, status=PageStatus.READ, error_message=note, hidden=())


def _failed(report: OcrReport, page: ParsedPage, error: Exception) -> ParsedPage:
    why = one_line(str(error))[:200] or type(error).__name__
    report.failed += 1
    report.first_failure = report.first_failure or why
    return replace(page, status=PageStatus.FAILED, error_message=f"OCR failed: {why}")


class PictureReader:
    """Reads a picture file by OCR, a frame a paper page; needs Tesseract, else the status is ``needs_ocr``."""

    name = "picture"
    version = "1"

    def __init__(self, media_type: str, options: OcrOptions | None = None) -> None:
        self.media_type = media_type
        self.options = options or OcrOptions()

    def read(self, path: Path) -> ParsedDocument:
        """Reads every frame; raises ``DocumentError`` for what is no picture, ``LimitExceededError``."""
        ocr = Ocr(self.options)
        report = OcrReport(ocr.language, ocr.obstacle())
        pages: list[ParsedPage] = []
        for number, draw in enumerate(_frames(path), 1):
            page = ParsedPage(number, "", None, PageStatus.NO_TEXT)
            try:
                pages.append(_read(ocr, report, page, draw))
            except DocumentError as error:  # the other frames may be whole
                pages.append(_failed(report, page, error))
        status, message = report.judge(DocumentStatus.NEEDS_OCR, None, len(pages))
        is_whole = status in (DocumentStatus.INDEXED, DocumentStatus.EMPTY)
        return ParsedDocument(
            media_type=self.media_type,
            reader=self.name,
            reader_version=report.version(self.version),
            pages=tuple(pages),
            status=status,
            error_type=None if is_whole else DocumentError.__name__,
            error_message=message,
            replaced_characters=report.replaced_characters,
        )


def _frames(path: Path) -> Iterator[Callable[[], tuple[bytes, int]]]:
    from PIL import Image, ImageSequence

    with _translated_errors(), Image.open(path) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            if number > MOST_FRAMES or frame.width * frame.height > LARGEST_PICTURE:
                raise LimitExceededError(
                    f"Pictures of more than {LARGEST_PICTURE:,} pixels, or {MOST_FRAMES:,} frames, are not read."
                )
            yield lambda frame=frame: _decoded(frame)  # type: ignore[misc]


@contextmanager
def _translated_errors() -> Iterator[None]:
    from PIL import Image

    try:
        yield
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise DocumentError(f"The picture is damaged: {one_line(str(error))[:200]}") from error


def _decoded(frame: Any) -> tuple[bytes, int]:
    with _translated_errors():
        return _grey(frame)


def _grey(frame: Any) -> tuple[bytes, int]:
    """A frame the right way up as a grey picture in PGM, transparent parts white, and its dots an inch."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(frame)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    grey = upright.convert("L")
    resolution = frame.info.get("dpi", (0, 0))[0]
    resolution = int(resolution) if 70 < resolution < 2400 else RESOLUTION
    pixels = grey.width * grey.height
    if pixels > MOST_PIXELS:
        share = (MOST_PIXELS / pixels) ** 0.5
        grey = grey.resize((max(1, int(grey.width * share)), max(1, int(grey.height * share))))
        resolution = max(70, int(resolution * share))
    return _pgm(grey.width, grey.height, grey.tobytes()), resolution
