"""Text of a PDF page that an eye does not see: never painted, white on white, off the page, or far too small.

A scan's recognised words are such text too, laid under its picture: where a picture stands over them and no visible
text does, they are what the page says, and are kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

STRIDE = 64
"""One of so many characters is looked at; only where one of them is hidden, all of the page's are."""
WHITE = 250
"""Each of red, green and blue, of 255."""
TINY_POINTS = 1.0
"""The height of a letter that is taken for too small to be read."""
DOT_POINTS = 0.2
"""The width of such a dot; a low character that is broader may be a dash of any size."""
DEEPEST = 4

_UNPAINTED = frozenset({3, 7})
_STROKED = frozenset({1, 5})
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


@dataclass(slots=True)
class PageText:
    """A page's text as PDFium gives it, what is hidden apart from what is seen."""

    seen: str
    hidden: str = ""


def page_text(page: Any, text_page: Any) -> PageText:
    """The text of a page of pypdfium2."""
    looked = _Looked(page, text_page)
    count = text_page.count_chars()
    if not any(looked.is_odd(at) for at in range(STRIDE // 2, count, STRIDE)):
        return PageText(text_page.get_text_range())
    hidden = looked.hidden(count)
    if True not in hidden:
        return PageText(text_page.get_text_range())
    seen: list[str] = []
    unseen: list[str] = []
    for start, end, is_hidden in _runs(hidden):
        (unseen if is_hidden else seen).append(text_page.get_text_range(start, end - start))
    return PageText("".join(seen), "".join(unseen))


def _runs(flags: list[bool]) -> Iterator[tuple[int, int, bool]]:
    start = 0
    for at in range(1, len(flags) + 1):
        if at == len(flags) or flags[at] != flags[start]:
            yield start, at, flags[start]
            start = at


@dataclass(slots=True)
class _Places:
    """Where a page has something other than text."""

    pictures: list[Box] = field(default_factory=list)
    grounds: list[Box] = field(default_factory=list)
    """What white text can be read upon."""


class _Looked:
    """One page, looked at character by character."""

    def __init__(self, page: Any, text_page: Any) -> None:
        self._page = page
        self._raw = text_page.raw
        self._box: Box = tuple(page.get_bbox())
        self._numbers = [ctypes.c_double() for _ in range(4)]
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._places: _Places | None = None

    def is_odd(self, at: int) -> bool:
        """Whether a character, or the next where it may be a blank, is unpainted, white, tiny or off the page."""
        box = self._box_of(at)
        if box is not None and self._oddity(at, box) is not None:
            return True
        is_low = box is None or box[3] - box[1] < TINY_POINTS
        return is_low and self._oddity(at + 1) is not None

    def hidden(self, count: int) -> list[bool]:
        """For each of the page's characters whether it is hidden; a blank between two is as the one before it."""
        boxes = [self._box_of(at) for at in range(count)]
        oddities = [self._oddity(at, box) for at, box in enumerate(boxes)]
        seen = _Grid([box for box, oddity in zip(boxes, oddities) if box is not None and oddity is None])
        flags: list[bool] = []
        for box, oddity in zip(boxes, oddities):
            if box is None:
                flags.append(bool(flags) and flags[-1])
            else:
                flags.append(oddity is not None and self._stays_hidden(box, oddity, seen))
        return flags

    def _oddity(self, at: int, box: Box | None = None) -> str | None:
        box = box or self._box_of(at)
        if box is None:
            return None
        left, bottom, right, top = self._box
        if box[2] <= left or box[0] >= right or box[3] <= bottom or box[1] >= top:
            return "off"
        if box[3] - box[1] < TINY_POINTS and self._is_tiny(at, box[2] - box[0]):
            return "tiny"
        red, green, blue, alpha = self._colours
        if not pdfium.FPDFText_GetFillColor(self._raw, at, red, green, blue, alpha):
            return None
        is_white = red.value >= WHITE and green.value >= WHITE and blue.value >= WHITE
        mode = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(self._raw, at))
        if mode in _UNPAINTED:
            return "unpainted"
        if mode in _STROKED:
            return None
        return "unpainted" if alpha.value == 0 else "white" if is_white else None

    def _is_tiny(self, at: int, width: float) -> bool:
        """Whether so low a character is no dash or dot of common size."""
        return width < DOT_POINTS or chr(pdfium.FPDFText_GetUnicode(self._raw, at)).isalpha()

    def _box_of(self, at: int) -> Box | None:
        left, right, bottom, top = self._numbers
        if not pdfium.FPDFText_GetCharBox(self._raw, at, left, right, bottom, top):
            return None
        if left.value == right.value or bottom.value == top.value:
            return None  # a blank
        return left.value, bottom.value, right.value, top.value

    def _stays_hidden(self, box: Box, oddity: str, seen: _Grid) -> bool:
        if oddity in ("off", "tiny"):
            return True
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if self._places is None:
            self._places = _Places()
            _find_places(self._page.raw, self._places)
        if oddity == "white" and any(_holds(ground, middle) for ground in self._places.grounds):
            return False
        return seen.holds(middle) or not any(_holds(picture, middle) for picture in self._places.pictures)


class _Grid:
    """Boxes by the square of the page they stand in."""

    SIZE = 20.0

    def __init__(self, boxes: list[Box]) -> None:
        self._squares: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            for column in range(int(box[0] // self.SIZE), int(box[2] // self.SIZE) + 1):
                for row in range(int(box[1] // self.SIZE), int(box[3] // self.SIZE) + 1):
                    self._squares.setdefault((column, row), []).append(box)

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether a point is in one of the boxes."""
        square = int(point[0] // self.SIZE), int(point[1] // self.SIZE)
        return any(_holds(box, point) for box in self._squares.get(square, ()))


def _find_places(page: Any, places: _Places) -> None:
    count = pdfium.FPDFPage_CountObjects(page)
    for found in (pdfium.FPDFPage_GetObject(page, at) for at in range(count)):
        _add_place(found, places)


def _add_place(found: Any, places: _Places) -> None:
    kind = pdfium.FPDFPageObj_GetType(found)
    if kind == _TEXT:
        return
    edges = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(found, *edges):
        return
    left, bottom, right, top = (edge.value for edge in edges)
    box = (left, bottom, right, top)
    if kind == _IMAGE:
        places.pictures.append(box)
    if kind == _FORM:
        # What a form holds stands in its own coordinates: all of its place counts as what it holds.
        within = _Places()
        _find_in_form(found, within, 1)
        places.pictures += [box] if within.pictures else []
        places.grounds += [box] if within.grounds else []
    elif kind in (_IMAGE, _SHADING) or (kind == _PATH and _is_dark(found)):
        places.grounds.append(box)


def _find_in_form(form: Any, places: _Places, depth: int) -> None:
    for at in range(pdfium.FPDFFormObj_CountObjects(form)):
        found = pdfium.FPDFFormObj_GetObject(form, at)
        if pdfium.FPDFPageObj_GetType(found) != _FORM:
            _add_place(found, places)
        elif depth < DEEPEST:
            _find_in_form(found, places, depth + 1)


def _is_dark(path: Any) -> bool:
    """Whether a path is filled, and not with white."""
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, mode, stroke) or mode.value == 0:
        return False
    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(path, *parts):
        return True  # a pattern
    return parts[3].value > 0 and any(part.value < WHITE for part in parts[:3])


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
