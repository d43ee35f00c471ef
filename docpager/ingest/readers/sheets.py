"""XLSX: every sheet as the tables that stand on it, with their values as a spreadsheet shows them."""

from __future__ import annotations

import re
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.cell_text import cell_text
from docpager.ingest.readers.composer import PageComposer, looks_like_heads, one_line
from docpager.ingest.readers.office_properties import core_properties
from docpager.ingest.readers.web import WIDEST, merged_columns
from docpager.records import DocumentStatus, ParsedDocument, ParsedPage

LARGEST_SHEET = 64 * 1024 * 1024
"""Bytes of one sheet's XML that are held in memory with their formats; of a larger one, merged cells are not known."""

_UNCALCULATED = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>|<f[^>]{0,200}/>\s*</c>")
_NUMBERED_NAME = re.compile(r"(?:Sheet|Tabelle|Feuil|Hoja|Foglio|Blad|Planilha|Лист|工作表)\s?\d*$")
_LONGEST_TITLE = 120

Cell = str | None
"""None is a cell that the one to its left spans."""
Grid = dict[tuple[int, int], Cell]


class XlsxReader:
    """Reads workbooks, a sheet a paper page labelled with its name; what is hidden too, with a note that it is."""

    name = "xlsx"
    version = "2"

    def warm(self) -> None:
        """Imports what reading needs."""
        import openpyxl  # noqa: F401

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole workbook, values as they were last calculated; raises ``DocumentError`` for a damaged one."""
        try:
            pages, replaced, notes = _read(path)
            known = core_properties(path)
        except (DocpagerError, MemoryError):
            raise
        except Exception as error:  # openpyxl raises nearly anything on a damaged file
            raise DocumentError(f"It cannot be read ({type(error).__name__}: {one_line(str(error))[:300]}).") from error
        return ParsedDocument(
            media_type=content.XLSX,
            reader=self.name,
            reader_version=self.version,
            pages=tuple(pages) or (PageComposer().page(),),
            status=DocumentStatus.INDEXED if any(page.text for page in pages) else DocumentStatus.EMPTY,
            error_message=" ".join(notes) or None,
            replaced_characters=replaced,
            **known,
        )


def _read(path: Path) -> tuple[list[ParsedPage], int, list[str]]:
    import openpyxl

    is_large, is_uncalculated = _looked_into(path)
    book = openpyxl.load_workbook(path, data_only=True, read_only=is_large, keep_links=False)
    formulas = None
    if is_uncalculated and not is_large:
        formulas = openpyxl.load_workbook(path, data_only=False, keep_links=False)
    pages, replaced, notes = [], 0, []
    for number, sheet in enumerate(book.worksheets, 1):
        composer = PageComposer()
        grid, comments = _grid(sheet, formulas.worksheets[number - 1] if formulas is not None else None)
        compose_grid(composer, sheet.title, grid, comments)
        pages.append(composer.page(number, sheet.title))
        replaced += composer.replaced_characters
        notes += _hidden(sheet)
    book.close()
    return pages, replaced, notes


def compose_grid(composer: PageComposer, title: str, grid: Grid, comments: Sequence[str]) -> None:
    """Adds the tables of a sheet below its title, unless that is a mere number; nothing where there are none."""
    if not grid and not comments:
        return
    if not _NUMBERED_NAME.match(title):
        composer.heading(title, 1)
    for rows in _tables(grid):
        _compose(composer, rows)
    for comment in comments:
        composer.paragraph(comment)


def _looked_into(path: Path) -> tuple[bool, bool]:
    """Whether a sheet is too large to be held with its formats, and whether formulas have no values."""
    is_large = is_uncalculated = False
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                if info.file_size > LARGEST_SHEET:
                    is_large = True
                elif not is_uncalculated:
                    is_uncalculated = _UNCALCULATED.search(archive.read(info)) is not None
    return is_large, is_uncalculated


def _grid(sheet: Any, formulas: Any) -> tuple[Grid, list[str]]:
    """The cells of a sheet that have something in them, by row and column, and its comments."""
    grid: Grid = {}
    comments = []
    for cell in _cells(sheet):
        value = cell.value
        if value is None and formulas is not None:
            value = formulas.cell(cell.row, cell.column).value  # never calculated: the formula says what it would be
            value = getattr(value, "text", value)
        text = one_line(cell_text(value, cell.number_format or "General"))
        if text:
            grid[cell.row, cell.column] = text
        comment = getattr(cell, "comment", None)
        if comment is not None and comment.text.strip():
            comments.append(f"Comment on {cell.coordinate}: {one_line(comment.text)}")
    areas = getattr(getattr(sheet, "merged_cells", None), "ranges", ())
    rows = sorted({row for row, _ in grid})
    for area in areas:
        _spread(grid, area, rows)
    return grid, comments


def _cells(sheet: Any) -> Iterator[Any]:
    """The cells that the file holds; not those between them, of which one far away would make billions."""
    held = getattr(sheet, "_cells", None)
    if held is not None:
        yield from (held[place] for place in sorted(held))
        return
    for row in sheet.iter_rows():
        yield from (cell for cell in row if cell.value is not None)


def _spread(grid: Grid, area: Any, rows: Sequence[int]) -> None:
    """What a merged area shows stands in each of its rows, for each is read by itself, and spans its columns."""
    text = grid.get((area.min_row, area.min_col))
    if not text:
        return
    last = min(area.max_col, area.min_col + WIDEST)
    for row in rows[bisect_left(rows, area.min_row) : bisect_right(rows, area.max_row)]:
        grid[row, area.min_col] = text
        for column in range(area.min_col + 1, last + 1):
            grid.setdefault((row, column), None)


def _tables(grid: Grid) -> Iterator[list[list[Cell]]]:
    """The tables of a sheet: an empty row parts them, and an empty column with names of rows to its right."""
    by_row: dict[int, dict[int, Cell]] = {}
    for (row, column), text in grid.items():
        by_row.setdefault(row, {})[column] = text
    block: list[dict[int, Cell]] = []
    last = None
    for row in sorted(by_row):
        if not any(by_row[row].values()):
            continue
        if last is not None and row > last + 1:
            yield from _side_by_side(block)
            block = []
        block.append(by_row[row])
        last = row
    if block:
        yield from _side_by_side(block)


def _side_by_side(block: Sequence[dict[int, Cell]]) -> Iterator[list[list[Cell]]]:
    columns = sorted({column for row in block for column in row})
    groups: list[list[int]] = []
    for column in columns:
        if groups and column == groups[-1][-1] + 1:
            groups[-1].append(column)
        else:
            groups.append([column])
    parts: list[list[int]] = []
    for group in groups:
        # An empty column within a table only sets figures apart: what follows it does not begin with names of rows.
        is_table = len(group) > 1 and bool(parts) and len(parts[-1]) > 1 and _are_names(block, group[0])
        if parts and not is_table:
            parts[-1] += group
        else:
            parts.append(list(group))
    for part in parts:
        rows = [[row.get(column, "") for column in part] for row in block]
        yield [row for row in rows if any(row)]


def _are_names(block: Sequence[dict[int, Cell]], column: int) -> bool:
    texts = [text for row in block[1:] if (text := row.get(column))]
    words = sum(sum(map(str.isalpha, text)) > sum(map(str.isdigit, text)) for text in texts)
    return len(texts) > 1 and words > 0.7 * len(texts)


def _compose(composer: PageComposer, rows: list[list[Cell]]) -> None:
    """Adds a table; rows above it that hold one cell are its title and what is said of it."""
    start = 0
    while start < len(rows) and rows[start][0] and sum(map(bool, rows[start])) == 1:
        text = next(cell for cell in rows[start] if cell)
        has_more = any(sum(map(bool, row)) > 1 for row in rows[start:])
        if not has_more:
            break
        if start == 0 and len(text) <= _LONGEST_TITLE and any(map(str.isalpha, text)):
            composer.heading(text, 2)
        else:
            composer.paragraph(text)
        start += 1
    table = rows[start:]
    if all(sum(map(bool, row)) == 1 for row in table):
        for row in table:
            composer.paragraph(next(cell for cell in row if cell))
        return
    merged = merged_columns(table)
    composer.table(merged, head_rows(merged))


def head_rows(table: Sequence[Sequence[str]]) -> int:
    """How many rows at the top name columns: a row that does so, and at most two that name groups of columns."""
    for number, row in enumerate(table[:3]):
        if looks_like_heads(row):
            return number + 1 if number + 1 < len(table) else 0
        if row[0] or not looks_like_heads(["", *filter(None, row)]):
            return 0
    return 0


def _hidden(sheet: Any) -> list[str]:
    """What a person who opens the workbook does not see of a sheet."""
    if sheet.sheet_state != "visible":
        return [f"Sheet {sheet.title!r} is hidden."]
    found = []
    for what, dimensions in (("row", "row_dimensions"), ("column", "column_dimensions")):
        count = sum(
            (item.max or item.min or 1) - (item.min or 1) + 1 if what == "column" else 1
            for item in getattr(sheet, dimensions, {}).values()
            if item.hidden
        )
        if count:
            found.append(
                f"{count:,} {what}{'s' if count > 1 else ''} of sheet {sheet.title!r} "
                f"{'are' if count > 1 else 'is'} hidden."
            )
    return found
