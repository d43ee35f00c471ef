"""Composes the text of one paper page from blocks, and keeps where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from docpager.errors import LimitExceededError
from docpager.ingest.cleaning import clean
from docpager.lines import CELL_SEPARATOR
from docpager.records import Block, BlockKind, DocumentStatus, PageStatus, ParsedDocument, ParsedPage

MOST_CHARACTERS = 256 * 1024 * 1024
"""The most text a page may have; a reader's time limit ends it long before that."""

_BLANKS = re.compile(r"[^\S\n]+")
_CLOSE_KIN = {BlockKind.LIST_ITEM: "list", BlockKind.TABLE_HEAD: "table", BlockKind.TABLE_ROW: "table"}


class PageComposer:
    """Adds blocks one below the other: a blank line between them, none between rows of a table or items of a list."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0
        self._last: str = ""
        self.replaced_characters = 0

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Adds a block as it is but for trailing blanks; one without text is left out."""
        text, replaced = clean(text)
        self.replaced_characters += replaced
        text = text.rstrip().lstrip("\n")
        if not text.strip():
            return
        family = _CLOSE_KIN.get(kind, "")
        if self._blocks:
            self._append("\n" if family and family == self._last else "\n\n")
        start = self._length
        self._append(text)
        self._blocks.append(Block(kind, start, self._length, level))
        self._last = family

    def heading(self, text: str, level: int) -> None:
        """Adds a heading, on one line."""
        self.add(BlockKind.HEADING, one_line(text), max(1, level))

    def paragraph(self, text: str) -> None:
        """Adds a paragraph; a newline in it is kept, other runs of blanks become one."""
        self.add(BlockKind.PARAGRAPH, trimmed_lines(text))

    def item(self, text: str, marker: str = "-", depth: int = 0) -> None:
        """Adds a list item with its marker, indented by its depth."""
        text = one_line(text)
        if text:
            self.add(BlockKind.LIST_ITEM, f"{'  ' * depth}{marker} {text}")

    def row(self, cells: Iterable[str], *, head: bool = False) -> None:
        """Adds a row of a table, on one line."""
        line = CELL_SEPARATOR.join(one_line(cell) for cell in cells)
        if line.strip(" |"):
            self.add(BlockKind.TABLE_HEAD if head else BlockKind.TABLE_ROW, line)

    def table(self, rows: Sequence[Sequence[str]], heads: int | None = None) -> None:
        """Adds a table whose first ``heads`` rows hold column heads; None leaves that to ``looks_like_heads``."""
        self.end_table()
        if heads is None:
            heads = 1 if len(rows) > 1 and looks_like_heads(rows[0]) else 0
        for number, row in enumerate(rows):
            self.row(row, head=number < heads)
        self.end_table()

    def end_table(self) -> None:
        """Sets the next row apart from those before it: another table begins."""
        self._last = ""

    def page(self, page_number: int = 1, page_label: str | None = None) -> ParsedPage:
        """The page as composed so far."""
        status = PageStatus.READ if self._blocks else PageStatus.NO_TEXT
        return ParsedPage(page_number, "".join(self._pieces), page_label, status, blocks=tuple(self._blocks))

    def document(self, media_type: str, reader: str, reader_version: str, **known: Any) -> ParsedDocument:
        """A document of this one page; ``known`` are further fields of ``ParsedDocument``."""
        return ParsedDocument(
            media_type=media_type,
            reader=reader,
            reader_version=reader_version,
            pages=(self.page(),),
            status=DocumentStatus.INDEXED if self._blocks else DocumentStatus.EMPTY,
            replaced_characters=self.replaced_characters,
            **known,
        )

    def _append(self, text: str) -> None:
        self._length += len(text)
        if self._length > MOST_CHARACTERS:
            raise LimitExceededError(f"It holds more than {MOST_CHARACTERS:,} characters of text.")
        self._pieces.append(text)


def one_line(text: str) -> str:
    """``text`` with every run of blanks and newlines as one space."""
    return " ".join(text.split())


def trimmed_lines(text: str) -> str:
    """``text`` with its lines trimmed, blank ones left out and runs of blanks as one space."""
    return "\n".join(line for raw in text.split("\n") if (line := _BLANKS.sub(" ", raw).strip()))


def looks_like_heads(cells: Sequence[str]) -> bool:
    """Whether a first row names columns: words or years, no other figures, and no cell but the first empty."""
    texts = [one_line(cell) for cell in cells]
    if len(texts) < 2 or not all(texts[1:]):
        return False
    return all(not text or _names_column(text) for text in texts)


def _names_column(text: str) -> bool:
    if re.fullmatch(r"(?:FY|Q[1-4])?\s*(?:19|20)\d\d[AEF]?", text):
        return True
    return len(text) <= 80 and any(c.isalpha() for c in text) and not re.match(r"[$€£(]?\s*-?\d[\d.,]*\s*%?\)?$", text)
