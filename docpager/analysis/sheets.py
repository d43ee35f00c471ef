"""Writes a sheet as CSV, JSON lines or a workbook, so that nothing in it is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from docpager.analysis.export import Cell, Sheet
from docpager.batch.disk import replace_whole, temporary_name
from docpager.errors import TemporaryError, UsageError

LONGEST_CELL = 32_767
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a workbook holds, as Excel's specification says."""
_WIDTHS = {"question": 50, "answer": 60, "citations": 60, "document": 45, "doc_path": 45}
_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that spreadsheets may run as a formula, full-width forms among it (OWASP, CSV injection)."""
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d+)?%?")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML does not have."""


def harmless(text: str) -> str:
    """Text that a spreadsheet shows as it is: an apostrophe stands before what would be a formula; numbers stay."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_csv(sheet: Sheet, file: IO[bytes]) -> None:
    """UTF-8, commas, one line a row but for newlines inside quotes."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([harmless(name) for name in sheet.header])
        for cells, _ in sheet.rows:
            writer.writerow([_csv_cell(cell) for cell in cells])
    finally:
        text.detach()  # the file is the caller's to close


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return harmless(cell) if isinstance(cell, str) else cell


def write_jsonl(sheet: Sheet, file: IO[bytes]) -> None:
    """One record a line, whole."""
    for _, record in sheet.rows:
        file.write(json.dumps(record, ensure_ascii=False, default=_plain).encode("utf-8", "replace") + b"\n")


def _plain(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def write_xlsx(sheet: Sheet, file: IO[bytes]) -> None:
    """A workbook of one sheet, its header fixed; text is text, whatever it begins with."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    _check_fits(len(sheet.header) <= MOST_COLUMNS, f"{len(sheet.header):,} columns")
    book = Workbook(write_only=True)
    page = book.create_sheet("answers")
    page.freeze_panes = "B2"
    for n, name in enumerate(sheet.header, start=1):
        page.column_dimensions[get_column_letter(n)].width = _WIDTHS.get(name, 14 if len(name) < 25 else 50)
    wrapped = Alignment(wrap_text=True, vertical="top")
    try:
        page.append([_xlsx_cell(page, name, wrapped, Font(bold=True)) for name in sheet.header])
        for n, (cells, _) in enumerate(sheet.rows, start=2):
            _check_fits(n <= MOST_ROWS, f"more than {MOST_ROWS - 1:,} rows")
            page.append([_xlsx_cell(page, cell, wrapped) for cell in cells])
    finally:
        page.close()
    book.save(file)


def _check_fits(fits: bool, what: str) -> None:
    if not fits:
        raise UsageError(f"A workbook cannot hold {what}. Export with --format csv or jsonl.")


def _xlsx_cell(page: Any, value: Cell, alignment: Any, font: Any = None) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    text = _UNWRITABLE.sub("\ufffd", value)
    if len(text) > LONGEST_CELL:
        text = text[: LONGEST_CELL - 3] + "..."
    cell = WriteOnlyCell(page, text)
    cell.data_type = "s"  # openpyxl takes text that begins with = for a formula, and #N/A for an error
    cell.alignment = alignment
    if font is not None:
        cell.font = font
    return cell


WRITERS: dict[str, Callable[[Sheet, IO[bytes]], None]] = {"csv": write_csv, "jsonl": write_jsonl, "xlsx": write_xlsx}


def format_of(path: Path | None, named: str | None) -> str:
    """The format asked for, else what the file's ending says, else csv."""
    ending = "" if path is None else path.suffix.lower().removeprefix(".")
    return named or (ending if ending in WRITERS else "csv")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that gets its name when all is written; raises ``TemporaryError`` where it cannot be."""
    temporary = temporary_name(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        replace_whole(temporary, path)
    except OSError as error:
        raise TemporaryError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
