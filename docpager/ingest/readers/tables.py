"""CSV and TSV as one table."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from docpager.ingest.readers.composer import PageComposer, looks_like_heads
from docpager.ingest.readers.encoding import decode
from docpager.records import ParsedDocument

DELIMITERS = ",;\t|"
LONGEST_FIELD = 16 * 1024 * 1024
_SAMPLE_CHARACTERS = 20_000


class CsvReader:
    """Reads delimited text as one table, a row a line."""

    name = "csv"
    version = "1"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file as one paper page; its first row holds the column heads where it looks so."""
        text = decode(path.read_bytes()).replace("\x00", "")
        composer = PageComposer()
        for number, row in enumerate(csv_rows(io.StringIO(text, newline=""), delimiter_of(text, path.suffix))):
            composer.row(row, head=number == 0 and (looks_like_heads(row) or len(row) == 1))
        return composer.document("text/csv", self.name, self.version)


def csv_rows(lines: Iterator[str] | io.StringIO, delimiter: str) -> Iterator[list[str]]:
    """The rows of delimited text that have anything in them."""
    csv.field_size_limit(min(sys.maxsize, LONGEST_FIELD))
    for row in csv.reader(lines, delimiter=delimiter):
        if any(cell.strip() for cell in row):
            yield row


def delimiter_of(text: str, suffix: str = "") -> str:
    """The delimiter that divides the first rows most evenly."""
    if suffix.lower() in (".tsv", ".tab"):
        return "\t"
    lines = text[:_SAMPLE_CHARACTERS].splitlines()[:20]
    return max(DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """How many rows have as many columns as the first, and how many those are."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return (0, 0)
    if not widths or widths[0] < 2:
        return (0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])
