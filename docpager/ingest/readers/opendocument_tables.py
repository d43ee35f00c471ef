"""Tables of OpenDocument files: cells in their columns, repeated and covered ones too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from docpager.errors import LimitExceededError
from docpager.ingest.readers.composer import one_line
from docpager.ingest.readers.opendocument_blocks import attribute, local_name
from docpager.ingest.readers.sheets import Cell, Grid
from docpager.ingest.readers.web import WIDEST, merged_columns

MOST_CELLS = 4_000_000
"""Of one table, with something in them."""

_ROW_GROUPS = ("table-header-rows", "table-rows", "table-row-group")


def table_cells(table: Any, text_of: Callable[[Any], str]) -> tuple[list[list[str]], int | None]:
    """The rows of a table in a text, and how many at its top are heads (None where it does not say)."""
    rows: list[list[Cell]] = []
    heads = 0
    for row, is_head in _rows(table, False):
        cells: list[Cell] = []
        for text, repeated in _cells(row, text_of):
            cells += [text] * min(repeated, WIDEST)
        if any(cells):
            heads += is_head and heads == len(rows)
            rows.append(cells)
    return merged_columns(rows), heads or None


def sheet_grid(sheet: Any) -> tuple[Grid, list[str]]:
    """The cells of a sheet that have something in them, by row and column from 1, and its comments."""
    grid: Grid = {}
    comments: list[str] = []
    number = 0
    for row, _ in _rows(sheet, False):
        repeated = _count(row, "number-rows-repeated")
        cells = list(_cells(row, _shown))
        column = 0
        line: dict[int, Cell] = {}
        for text, times in cells:
            if text or text is None:
                line |= {column + offset: text for offset in range(1, min(times, WIDEST) + 1)}
            column += times
        if any(line.values()):
            for offset in range(1, repeated + 1):
                grid.update(((number + offset, place), text) for place, text in line.items())
                if len(grid) > MOST_CELLS:
                    raise LimitExceededError(f"A sheet has more than {MOST_CELLS:,} cells.")
        number += repeated
    for note in sheet.iter("{*}annotation"):
        comments.append(f"Comment: {one_line(' '.join(_texts(note)))}")
    return grid, comments


def _rows(parent: Any, is_head: bool) -> Iterator[tuple[Any, bool]]:
    """The rows of a table but not of tables within it, and whether they are heads."""
    for child in parent:
        name = local_name(child)
        if name == "table-row":
            yield child, is_head
        elif name in _ROW_GROUPS:
            yield from _rows(child, is_head or name == "table-header-rows")


def _cells(row: Any, text_of: Callable[[Any], str]) -> Iterator[tuple[Cell, int]]:
    """Each cell's text and how often it is repeated; None is a cell that the one to its left spans."""
    spanned = 0
    for cell in row:
        name, repeated = local_name(cell), _count(cell, "number-columns-repeated")
        if name == "table-cell":
            spanned = _count(cell, "number-columns-spanned") - 1
            yield text_of(cell), repeated
        elif name == "covered-table-cell":
            if spanned:
                yield None, min(repeated, spanned)
            if repeated > spanned:
                yield "", repeated - spanned
            spanned = max(0, spanned - repeated)


def _shown(cell: Any) -> str:
    """A cell of a sheet as it is shown; as it is kept where it is not shown."""
    paragraphs = [one_line("".join(_texts(paragraph))) for paragraph in cell.findall("{*}p")]
    return one_line(" ".join(paragraphs)) or attribute(cell, "value")


def _texts(element: Any) -> Iterator[str]:
    for node in element.iter("{*}*"):
        if local_name(node) in ("s", "tab", "line-break"):
            yield " "
        elif local_name(node) not in ("creator", "date", "date-string"):
            yield node.text or ""
        if node is not element:
            yield node.tail or ""


def _count(element: Any, name: str) -> int:
    text = attribute(element, name)
    return max(1, int(text)) if re.fullmatch(r"\d{1,7}", text) else 1
