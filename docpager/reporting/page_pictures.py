"""Pictures of PDF pages with the places of quotes on them; made in a worker process, for a PDF may be hostile."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

WIDTH = 1000
"""Pixels across a page: a letter-size page at 118 dots an inch, where small print of filings can still be read."""
MOST_HEIGHT = 2600
CONTEXT = 110
"""Pixels shown above and below the quotes: about five lines of small print."""
WHOLE_FROM = 0.85
"""A crop that would hold so much of a page is the page."""
PADDING = 2
WEBP_QUALITY = 60
PALETTE = 16

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of a picture."""


class FileState(StrEnum):
    """What has become of a file since it was read."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class QuoteOnPage:
    """A quote to be found on a page."""

    key: int
    quote: str
    letters_before: int | None = None
    """Letters and digits that stand before it in the page's text: tells which one is meant where it stands twice."""


@dataclass(frozen=True, slots=True)
class PicturesWanted:
    """Pages of one file, each with the quotes to be found on it."""

    path: str
    sha256: str | None
    """Of the file as it was read: another file gives no pictures."""
    pages: tuple[tuple[int, tuple[QuoteOnPage, ...]], ...]
    whole: bool = False
    """Whole pages, instead of what stands around the quotes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, or the band of it that holds the quotes."""

    page_number: int
    media_type: str
    data: bytes
    width: int
    height: int
    marks: dict[int, tuple[Box, ...]]
    """The lines of each quote by its key; none where it was not found on the page."""


@dataclass(frozen=True, slots=True)
class PicturesMade:
    """What came of one file."""

    state: FileState
    pictures: tuple[Picture, ...] = ()
    failed: dict[int, str] = field(default_factory=dict)
    """Pages that could not be drawn, and why."""


def draw_pages(wanted: PicturesWanted) -> PicturesMade:
    """Draws the pages asked for; the file is read once, so that what is drawn is what was compared."""
    try:
        data = Path(wanted.path).read_bytes()
    except FileNotFoundError:
        return PicturesMade(FileState.GONE)
    except OSError:
        return PicturesMade(FileState.UNREADABLE)
    if wanted.sha256 is not None and hashlib.sha256(data).hexdigest() != wanted.sha256:
        return PicturesMade(FileState.CHANGED)
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return PicturesMade(FileState.UNREADABLE)
    pictures, failed = [], {}
    with closing(document):
        for page_number, quotes in wanted.pages:
            try:
                with closing(document[page_number - 1]) as page:
                    pictures.append(_drawn(page, page_number, quotes, wanted.whole))
            except Exception as error:  # a page that cannot be drawn must not take the others with it
                failed[page_number] = str(error) or type(error).__name__
    return PicturesMade(FileState.SAME, tuple(pictures), failed)


def _drawn(page: Any, page_number: int, quotes: Sequence[QuoteOnPage], whole: bool) -> Picture:
    width, height = page.get_size()
    scale = min(WIDTH / width, MOST_HEIGHT / height)
    image = page.render(scale=scale).to_pil().convert("RGB")
    places = _Places(page, image.size)
    marks = {quote.key: places.of(quote) for quote in quotes}
    top, bottom = _band(marks.values(), image.height, whole)
    cropped = image.crop((0, top, image.width, bottom))
    media_type, data = _smallest(cropped)
    moved = {key: tuple((x0, y0 - top, x1, y1 - top) for x0, y0, x1, y1 in boxes) for key, boxes in marks.items()}
    return Picture(page_number, media_type, data, cropped.width, cropped.height, moved)


def _band(marks: Any, height: int, whole: bool) -> tuple[int, int]:
    """The rows of the page to show: all of them where a quote has no place on it."""
    boxes = [box for found in marks for box in found]
    if whole or not all(marks) or not boxes:
        return 0, height
    top = max(0, min(box[1] for box in boxes) - CONTEXT)
    bottom = min(height, max(box[3] for box in boxes) + CONTEXT)
    return (0, height) if bottom - top > WHOLE_FROM * height else (top, bottom)


def _smallest(image: Any) -> tuple[str, bytes]:
    """The picture as WebP, or as PNG where that is smaller: pages of text alone have few tones."""
    webp, png = io.BytesIO(), io.BytesIO()
    image.save(webp, "WEBP", quality=WEBP_QUALITY, method=4)
    if image.convert("L").getextrema()[0] == 255:
        image = image.convert("L")
    image.quantize(PALETTE).save(png, "PNG", optimize=True)
    pairs = [("image/webp", webp.getvalue()), ("image/png", png.getvalue())]
    return min(pairs, key=lambda pair: len(pair[1]))


class _Places:
    """Where the characters of a page stand, in pixels."""

    def __init__(self, page: Any, size: tuple[int, int]) -> None:
        self._page, self._size = page, size
        self._text_page = page.get_textpage()
        codes = _unicodes(self._text_page)
        pairs = [(letter, at) for at, code in enumerate(codes) for letter in letters(_character(code))]
        self._letters = "".join(letter for letter, _ in pairs)
        self._at = [at for _, at in pairs]

    def of(self, quote: QuoteOnPage) -> tuple[Box, ...]:
        """The lines of a quote, a box each; none where it does not stand on the page."""
        wanted = letters(quote.quote)
        starts = list(_occurrences(self._letters, wanted))
        if not starts:
            return ()
        before = quote.letters_before
        start = starts[0] if before is None else min(starts, key=lambda at: abs(at - before))
        first, last = self._at[start], self._at[start + len(wanted) - 1]
        boxes = [box for at in range(first, last + 1) if (box := self._box(at)) is not None]
        return tuple(apart([_grown(box, self._size) for box in lines(boxes)]))

    def _box(self, at: int) -> Box | None:
        import ctypes

        import pypdfium2.raw as pdfium

        if not _character(pdfium.FPDFText_GetUnicode(self._text_page, at)).strip():
            return None
        rectangle = pdfium.FS_RECTF()
        if not pdfium.FPDFText_GetLooseCharBox(self._text_page, at, rectangle):
            return None
        corners = []
        for x, y in ((rectangle.left, rectangle.top), (rectangle.right, rectangle.bottom)):
            column, row = ctypes.c_int(), ctypes.c_int()
            pdfium.FPDF_PageToDevice(self._page, 0, 0, *self._size, 0, x, y, column, row)
            corners.append((column.value, row.value))
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _unicodes(text_page: Any) -> list[int]:
    import pypdfium2.raw as pdfium

    return [pdfium.FPDFText_GetUnicode(text_page, at) for at in range(text_page.count_chars())]


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else " "


def letters(text: str) -> str:
    """Letters and digits alone, in one case: what two readings of a page agree on."""
    return "".join(character.casefold() for character in text if character.isalnum())


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def lines(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of characters, in reading order, as boxes of lines: what overlaps by half its height shares a line."""
    joined: list[Box] = []
    for box in boxes:
        if joined and _on_one_line(joined[-1], box):
            x0, y0, x1, y1 = joined[-1]
            joined[-1] = (min(x0, box[0]), min(y0, box[1]), max(x1, box[2]), max(y1, box[3]))
        else:
            joined.append(box)
    return joined


def _on_one_line(line: Box, box: Box) -> bool:
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    return overlap * 2 >= min(line[3] - line[1], box[3] - box[1])


def apart(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of lines that follow each other closely, parted half-way, so that no stripe is marked twice."""
    parted = list(boxes)
    for n in range(1, len(parted)):
        above, below = parted[n - 1], parted[n]
        if above[1] < below[1] < above[3] < below[3]:
            middle = (above[3] + below[1]) // 2
            parted[n - 1] = (*above[:3], middle)
            parted[n] = (below[0], middle, *below[2:])
    return parted


def _grown(box: Box, size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = box
    return max(0, x0 - PADDING), max(0, y0 - PADDING), min(size[0], x1 + PADDING), min(size[1], y1 + PADDING)
