"""The kinds of question file, each as rows of named cells."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docpager.errors import QuestionFileError, UsageError

QUESTION = "question"
FIELD_LIMIT = 1 << 24
"""The longest cell of a CSV file, in characters."""
_DELIMITERS = (",", ";", "\t")
_NO_DELIMITER = "\x1f"
_KNOWN = frozenset({QUESTION, "question_id", "documents", "answer_type"})


@dataclass(frozen=True, slots=True)
class Cells:
    """One row: its cells by column, the columns docpager knows under their own names."""

    values: Mapping[str, Any]
    invalid_reason: str | None = None
    """Why the row cannot be read as one."""


def kind_of_content(content: bytes) -> str:
    """What kind of question file this is, told by its content."""
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(b"PK\x03\x04"):
        return "xlsx"
    text = _decoded(content).lstrip()
    if text.startswith(("{", "[")):
        return "jsonl"
    return "csv" if QUESTION in _header(text, _delimiter(text)) else "txt"


def _decoded(content: bytes) -> str:
    """Text as spreadsheets write it: UTF-8 or UTF-16 with their marks, UTF-8 without, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _known_name(name: Any) -> str:
    spelled = "" if name is None else str(name).strip()
    return spelled.casefold() if spelled.casefold() in _KNOWN else spelled


def _named(header: Sequence[Any], name: str) -> list[str]:
    """The columns' names, each one of its own; raises ``QuestionFileError`` where the question column is missing."""
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        spelled = _known_name(cell) or f"column_{position}"
        if spelled in names and spelled in _KNOWN:
            raise QuestionFileError(f"{name} has two columns named {spelled}. Rename one of them.")
        while spelled in names:
            spelled = f"{spelled}_{position}"
        names.append(spelled)
    if QUESTION not in names:
        raise _no_question_column(name, [str(cell).strip() for cell in header if cell is not None])
    return names


def _no_question_column(name: str, columns: Iterable[str], advice: str = "") -> QuestionFileError:
    found = ", ".join(column[:60] for column in columns if column) or "none"
    advice = advice or "Name the column that holds the questions 'question'."
    return QuestionFileError(f"{name} has no column 'question'; its columns are: {found}. {advice}")


def _csv(name: str, content: bytes) -> Iterator[Cells]:
    text = _decoded(content)
    told = text[:5].lower()
    if told.startswith("sep=") and len(told) == 5:
        delimiter, text = text[4], text[5:].lstrip("\r\n")
    else:
        delimiter = _delimiter(text)
    return _delimited(name, text, delimiter)


def _tsv(name: str, content: bytes) -> Iterator[Cells]:
    return _delimited(name, _decoded(content), "\t")


def _delimiter(text: str) -> str:
    """The delimiter under which the header names the most columns, the question column among them if it can."""
    headers = {delimiter: _header(text, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: (QUESTION in headers[delimiter], len(headers[delimiter])))
    # A file of one column has no delimiter: the commas in its questions need no quotes.
    return best if len(headers[best]) > 1 else _NO_DELIMITER


def _header(text: str, delimiter: str) -> list[str]:
    try:
        return [_known_name(cell) for cell in next(_records(text, delimiter), [])]
    except csv.Error:
        return []


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))
    lines = io.StringIO(text, newline="")
    return (record for record in csv.reader(lines, delimiter=delimiter) if record)


def _delimited(name: str, text: str, delimiter: str) -> Iterator[Cells]:
    records = _records(text, delimiter)
    try:
        header = next(records, None)
        if header is None:
            raise QuestionFileError(f"{name} is empty. Write a line that says 'question', then one question a line.")
        names = _named(header, name)
        for record in records:
            yield _record(names, record)
    except csv.Error as error:
        raise QuestionFileError(f"Cannot read {name}: {error}. Save it again as CSV.") from error


def _record(names: Sequence[str], record: Sequence[str]) -> Cells:
    extra = [cell for cell in record[len(names) :] if cell.strip()]
    values = dict(zip(names, record))
    if not extra:
        return Cells(values)
    reason = f"The row has {len(record)} cells, the header {len(names)}. Put cells that hold the separator in quotes."
    return Cells(values, reason)


def _txt(name: str, content: bytes) -> Iterator[Cells]:
    lines = [line.strip() for line in _decoded(content).splitlines()]
    if not any(lines):
        raise QuestionFileError(f"{name} is empty. Write one question a line.")
    return (Cells({QUESTION: line}) for line in lines if line)


def _jsonl(name: str, content: bytes) -> Iterator[Cells]:
    text = _decoded(content)
    records = list(_json_array(name, text) if text.lstrip().startswith("[") else _json_lines(name, text))
    if not records:
        raise QuestionFileError(f'{name} is empty. Write one object a line: {{"question": "..."}}.')
    keys = list(dict.fromkeys(key for record in records for key in record))
    if QUESTION not in map(_known_name, keys):
        raise _no_question_column(name, keys)
    return (Cells({_known_name(key): value for key, value in record.items()}) for record in records)


def _json_lines(name: str, text: str) -> Iterator[dict[str, Any]]:
    # Split at newlines alone: a JSON string may hold U+2028 and its like as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _object(f"line {number} of {name}", _parsed(f"line {number} of {name}", line))


def _json_array(name: str, text: str) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(_parsed(name, text), start=1):
        yield _object(f"item {number} of {name}", item)


def _parsed(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionFileError(f"Cannot read {what}: it is not JSON ({error}).") from error


def _object(what: str, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise QuestionFileError(f'Cannot read {what}: write an object, as in {{"question": "..."}}.')
    return item


def _parquet(name: str, content: bytes) -> Iterator[Cells]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(content))
        names = _named(table.schema_arrow.names, name)
        rows = [row for batch in table.iter_batches() for row in zip(*(column.to_pylist() for column in batch.columns))]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise QuestionFileError(f"Cannot read {name} as Parquet: {error}.") from error
    return (Cells(dict(zip(names, row))) for row in rows)


def _xlsx(name: str, content: bytes, sheet: str | None = None) -> Iterator[Cells]:
    rows = _sheet(name, _sheets(name, content), sheet)
    names = _named(_without_empty_end(rows[0]), name)
    while len(rows) > 1 and not any(map(_filled, rows[-1])):
        rows.pop()
    return (Cells(dict(zip(names, (*row, *[None] * (len(names) - len(row)))))) for row in rows[1:])


def _sheets(name: str, content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every sheet that holds any, from the first that is not blank."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {}
        for worksheet in book.worksheets:
            worksheet.reset_dimensions()
            sheets[worksheet.title] = _from_first_filled(worksheet.iter_rows(values_only=True))
    except Exception as error:  # whatever a damaged workbook makes openpyxl raise
        raise QuestionFileError(f"Cannot read {name} as a workbook: {error}. Save it again as .xlsx.") from error
    return sheets


def _sheet(name: str, sheets: dict[str, list[tuple[Any, ...]]], wanted: str | None) -> list[tuple[Any, ...]]:
    """The rows of the sheet asked for, else of the first with a question column."""
    if wanted is not None and wanted not in sheets:
        raise QuestionFileError(f"{name} has no sheet {wanted!r}; its sheets are: {', '.join(sheets)}.")
    for title, rows in sheets.items():
        if rows and (title == wanted or (wanted is None and QUESTION in map(_known_name, rows[0]))):
            return rows
    first = sheets[wanted] if wanted is not None else next((rows for rows in sheets.values() if rows), [])
    if not first:
        raise QuestionFileError(f"{name} is empty. Write 'question' in the first row, then one question a row.")
    titles = f"Its sheets are: {', '.join(sheets)}."
    advice = f"Name the column that holds the questions 'question' in the first row. {titles}"
    raise _no_question_column(name, [str(cell) for cell in first[0] if _filled(cell)], advice)


def _from_first_filled(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    kept: list[tuple[Any, ...]] = []
    for row in rows:
        if kept or any(map(_filled, row)):
            kept.append(row)
    return kept


def _without_empty_end(header: Sequence[Any]) -> list[Any]:
    cells = list(header)
    while cells and not _filled(cells[-1]):
        cells.pop()
    return cells


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


FORMATS: dict[str, Callable[[str, bytes], Iterator[Cells]]] = {
    "csv": _csv,
    "tsv": _tsv,
    "xlsx": _xlsx,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "txt": _txt,
}
"""Every kind of question file: its name and content in, rows out."""


def rows_of(kind: str, name: str, content: bytes, sheet: str | None = None) -> Iterator[Cells]:
    """The rows of a question file; raises ``QuestionFileError``, and ``UsageError`` for a sheet of what has none."""
    if kind == "xlsx":
        return _xlsx(name, content, sheet)
    if sheet is not None:
        raise UsageError(f"--sheet {sheet} is for workbooks; {name} is read as {kind}.")
    return FORMATS[kind](name, content)
