"""Pages of two columns that were drawn line by line across both, put back into the order they are read in.

PDFium gives text as it was drawn, which is mostly as it is read. Only where running text stands on both sides of a
gutter, and the lines go to and fro across it, the left column is taken first. Tables stay as they are: their cells do
not go on in small letters from line to line.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

LEAST_CHARACTERS = 400
MOST_CHARACTERS = 20_000
SAMPLES = (200, 800)
LINE = 90
MOST_LEAPS = 3
"""Of so many characters; there are more in a table."""
"""Characters of a line that goes across two columns, and some more."""
LEAST_GUTTER = 9.0
"""Points; a blank is a third of that."""
LEAST_LINES = 6
LEAST_SIDE = 0.25
"""Of a page's characters."""
WIDE_LINE = 0.6
"""Of the broadest line of its column: what most lines of running text are at least."""
GOES_ON = 0.4
"""The share of lines that begin with a small letter, as they do amid a sentence."""
LEAST_LETTERS = 0.6
CROSSED = 0.08
"""Headings may cross a gutter: so many times as much ink as elsewhere."""
_MOST_DIGITS = 0.08
_BIN = 3.0
_DIGITS = str.maketrans("", "", "0123456789")

Edges = tuple[float, float, float, float]
"""Left, bottom, right, top."""


@dataclass(slots=True)
class _Piece:
    """Characters on one side of the gutter and of one line; ``side`` is 0 where they stand across it."""

    start: int
    end: int
    side: int
    left: float
    right: float


def in_reading_order(text_page: Any, text: str) -> str:
    """A page's text, column by column where it was drawn across two."""
    count = text_page.count_chars()
    if not LEAST_CHARACTERS <= count <= MOST_CHARACTERS:
        return text
    boxes = _Boxes(text_page.raw)
    # Each look at a character costs as much as reading ten of them: a line from amid the page tells most pages apart.
    if not _has_leap(boxes, count) or len(text) - len(text.translate(_DIGITS)) > _MOST_DIGITS * count:
        return text
    for samples in SAMPLES:
        sampled = [box for at in range(0, count, max(1, count // samples)) if (box := boxes.of(at)) is not None]
        if _gutter(sampled) is None:
            return text
    all_boxes = [boxes.of(at) for at in range(count)]
    gutter = _gutter([box for box in all_boxes if box is not None])
    if gutter is None:
        return text
    return _put_in_order(text_page, _pieces(all_boxes, gutter)) or text


class _Boxes:
    """Where characters stand."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._numbers = [ctypes.c_double() for _ in range(4)]

    def of(self, at: int) -> Edges | None:
        """A character's edges; None for a blank."""
        left, right, bottom, top = self._numbers
        if not pdfium.FPDFText_GetCharBox(self._raw, at, left, right, bottom, top):
            return None
        found = left.value, bottom.value, right.value, top.value
        return found if found[0] < found[2] and found[1] < found[3] else None


def _has_leap(boxes: _Boxes, count: int) -> bool:
    """Whether some line amid the page leaves out as much room as a gutter takes."""
    before: Edges | None = None
    leaps = 0
    first = count * 2 // 5
    for at in range(first, first + LINE):
        box = boxes.of(at)
        if box is None:
            continue
        if before is not None and box[0] - before[2] >= LEAST_GUTTER and box[1] < before[3] and before[1] < box[3]:
            leaps += 1
        before = box
    return 0 < leaps <= MOST_LEAPS


def _gutter(boxes: Sequence[Edges]) -> tuple[float, float] | None:
    """The widest upright strip near the middle that hardly any character stands in."""
    if len(boxes) < LEAST_LINES:
        return None
    first, last = min(box[0] for box in boxes), max(box[2] for box in boxes)
    bins = [0] * (int((last - first) / _BIN) + 2)
    for left, _, right, _ in boxes:
        for number in range(int((left - first) / _BIN), int((right - first) / _BIN) + 1):
            bins[number] += 1
    allowed = CROSSED * sum(bins) / len(bins)
    best = (0, 0)
    start = None
    for number in range(len(bins) * 3 // 10, len(bins) * 7 // 10 + 1):
        if bins[number] <= allowed:
            start = number if start is None else start
            if number + 1 - start > best[1] - best[0]:
                best = (start, number + 1)
        else:
            start = None
    # The bins at its edges may be empty in part.
    if (best[1] - best[0]) * _BIN < LEAST_GUTTER - _BIN:
        return None
    gutter = first + best[0] * _BIN, first + best[1] * _BIN
    on_left = sum(box[2] <= gutter[0] + _BIN for box in boxes)
    on_right = sum(box[0] >= gutter[1] - _BIN for box in boxes)
    return gutter if min(on_left, on_right) >= LEAST_SIDE * len(boxes) else None


def _pieces(boxes: Sequence[Edges | None], gutter: tuple[float, float]) -> list[_Piece]:
    """The characters in their order, parted where a line ends and where it steps over the gutter."""
    pieces: list[_Piece] = []
    last: Edges | None = None
    for at, box in enumerate(boxes):
        if box is None:
            continue
        side = -1 if box[2] <= gutter[0] + _BIN else 1 if box[0] >= gutter[1] - _BIN else 0
        is_new = last is None or box[1] >= last[3] or box[3] <= last[1] or box[2] < last[0]
        steps_over = last is not None and box[0] - last[2] >= LEAST_GUTTER - _BIN and side != pieces[-1].side
        if is_new or steps_over or not pieces:
            pieces.append(_Piece(at, at + 1, side, box[0], box[2]))
        else:
            piece = pieces[-1]
            piece.end, piece.right = at + 1, max(piece.right, box[2])
            piece.side = piece.side if piece.side == side else 0
        last = box
    for piece, following in itertools.pairwise(pieces):
        piece.end = following.start
    return pieces


def _put_in_order(text_page: Any, pieces: Sequence[_Piece]) -> str | None:
    """The text with the left column first in each part between lines across; None where no part needs that."""
    texts = [text_page.get_text_range(piece.start, piece.end - piece.start).strip() for piece in pieces]
    ordered: list[str] = []
    is_changed = False
    for first, last in _parts(pieces):
        lines = list(zip(pieces[first:last], texts[first:last]))
        sides = [[line for line in lines if line[0].side == side] for side in (-1, 1)]
        if _goes_to_and_fro(pieces[first:last]) and all(map(_is_running_text, sides)):
            is_changed = True
            ordered += [text for side in sides for _, text in side]
        else:
            start = pieces[first].start
            ordered.append(text_page.get_text_range(start, pieces[last - 1].end - start).strip("\r\n"))
    return "\n".join(ordered) if is_changed else None


def _parts(pieces: Sequence[_Piece]) -> Iterator[tuple[int, int]]:
    """Stretches of pieces beside the gutter, and of pieces across it."""
    start = 0
    for at in range(1, len(pieces) + 1):
        if at == len(pieces) or (pieces[at].side == 0) != (pieces[start].side == 0):
            yield start, at
            start = at


def _goes_to_and_fro(pieces: Sequence[_Piece]) -> bool:
    steps = sum(a.side != b.side for a, b in itertools.pairwise(pieces))
    return steps >= 2 * LEAST_LINES - 1 and steps >= len(pieces) // 2


def _is_running_text(lines: Sequence[tuple[_Piece, str]]) -> bool:
    """Whether a column's lines are of like width and go on from one to the next."""
    if len(lines) < LEAST_LINES:
        return False
    widest = max(piece.right - piece.left for piece, _ in lines)
    wide = sum(piece.right - piece.left >= WIDE_LINE * widest for piece, _ in lines)
    small = sum(text[:1].islower() for _, text in lines)
    letters = sum(sum(map(str.isalpha, text)) for _, text in lines)
    characters = sum(len(text) for _, text in lines)
    return wide >= 0.7 * len(lines) and small >= GOES_ON * len(lines) and letters >= LEAST_LETTERS * characters
