"""The blocks of an RTF text: paragraphs as they end, rows as they are closed, notes after what they hang on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from docpager.ingest.readers.composer import PageComposer, one_line, trimmed_lines
from docpager.ingest.readers.web import merged_columns

_NUMBERED = re.compile(r"\(?(?:\d{1,4}|[a-zA-Z]|[ivxlcIVXLC]{1,8})[.)]$")


@dataclass(slots=True)
class ParagraphForm:
    """What an RTF text says of its current paragraph."""

    heading: int | None = None
    """A level from 1; None is no heading."""
    style: int = 0
    in_table: bool = False
    list_depth: int = 0


@dataclass(slots=True)
class _Row:
    """The cells of a row so far, and what is said of them: True is one that the cell before it spans."""

    cells: list[str] = field(default_factory=list)
    spans: list[bool] = field(default_factory=list)
    is_span: bool = False
    is_head: bool = False


@dataclass(slots=True)
class _Aside:
    """A note, a comment or a text box: what was under way when it began, and its own paragraphs."""

    sign: str
    text: list[str]
    form: ParagraphForm
    marker: str
    paragraphs: list[str] = field(default_factory=list)


class BlockBuilder:
    """Takes an RTF's text and marks in their order, and adds blocks to a composer."""

    def __init__(self, composer: PageComposer, headings: dict[int, int]) -> None:
        self.composer = composer
        self.form = ParagraphForm()
        self.marker = ""
        self._headings = headings
        self._text: list[str] = []
        self._cell: list[str] = []
        self._row = _Row()
        self._rows: list[list[str | None]] = []
        self._heads = 0
        self._asides: list[_Aside] = []
        self._hanging: list[str] = []

    @property
    def is_aside(self) -> bool:
        """Whether an aside is under way."""
        return bool(self._asides)

    def add(self, text: str) -> None:
        """Adds to the current paragraph."""
        self._text.append(text)

    def begin_aside(self, sign: str) -> None:
        """What follows is a note, a comment or a box, up to ``end_aside``."""
        self._asides.append(_Aside(sign, self._text, self.form, self.marker))
        self._text, self.form, self.marker = [], ParagraphForm(), ""

    def end_aside(self) -> None:
        """What was under way before goes on; the aside follows that paragraph."""
        if not self._asides:
            return
        self.end_paragraph()
        aside = self._asides.pop()
        text = "\n".join(aside.paragraphs)
        self._text, self.form, self.marker = aside.text, aside.form, aside.marker
        if text:
            self._hanging.append(f"{aside.sign} {text}".strip())

    def end_paragraph(self) -> None:
        """A paragraph ends: of the text, of a cell or of an aside."""
        text, marker = self._taken(), self.marker
        self.marker = ""
        if self._asides:
            if text.strip():
                self._asides[-1].paragraphs.append(trimmed_lines(f"{marker} {text}"))
        elif self.form.in_table:
            if text.strip():
                self._cell.append(one_line(f"{marker} {text}"))
        else:
            self._end_table()
            self._block(text, marker)
            self._settle()

    def end_cell(self) -> None:
        """A cell is closed."""
        if self._asides:
            self.add(" ")
            return
        text = one_line(self._taken())
        self._row.cells.append(" ".join(filter(None, [*self._cell, text])))
        self._cell = []

    def begin_row(self) -> None:
        """What is said of cells from here on is said of another row."""
        self._row.spans, self._row.is_span, self._row.is_head = [], False, False

    def head_row(self) -> None:
        """The row is one of heads."""
        self._row.is_head = True

    def span_cell(self) -> None:
        """The next cell to be defined is spanned by the one before it."""
        self._row.is_span = True

    def define_cell(self) -> None:
        """A cell is defined."""
        self._row.spans.append(self._row.is_span)
        self._row.is_span = False

    def end_row(self) -> None:
        """A row is closed."""
        if self._asides:
            self.end_paragraph()
            return
        if self._text or self._cell:
            self.end_cell()
        row, spans = self._row, self._row.spans
        cells: list[str | None] = [
            None if not text and number < len(spans) and spans[number] else text
            for number, text in enumerate(row.cells)
        ]
        if any(cells):
            self._heads += row.is_head and self._heads == len(self._rows)
            self._rows.append(cells)
        self._row = _Row(spans=spans, is_head=row.is_head)

    def end(self) -> None:
        """The text ends."""
        while self._asides:
            self.end_aside()
        if self._row.cells or self._cell:
            self.end_row()
        self.form.in_table = False
        self.end_paragraph()

    def _taken(self) -> str:
        text, self._text = "".join(self._text), []
        # Characters beyond the first 65,536 come as two halves.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _end_table(self) -> None:
        if self._rows:
            self.composer.table(merged_columns(self._rows), self._heads or None)
        self._rows, self._heads = [], 0

    def _block(self, text: str, marker: str) -> None:
        level = self.form.heading if self.form.heading is not None else self._headings.get(self.form.style)
        if level is not None:
            self.composer.heading(f"{marker} {text}", level)
        elif marker:
            sign = marker if _NUMBERED.match(marker) else "-"
            self.composer.item(text, sign, self.form.list_depth)
        else:
            self.composer.paragraph(text)

    def _settle(self) -> None:
        waiting, self._hanging = self._hanging, []
        for text in waiting:
            self.composer.paragraph(text)
