"""PPTX, through python-pptx: titles, text, tables, the figures of charts, notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.office_properties import core_properties
from docpager.ingest.readers.sheets import Cell, head_rows
from docpager.ingest.readers.web import merged_columns
from docpager.records import DocumentStatus, ParsedDocument

DEEPEST = 50
"""Groups of shapes within groups."""

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_FURNITURE = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")
_BULLETED = ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")
_FILE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".tif", ".tiff", ".bmp", ".svg")


class PptxReader:
    """Reads presentations, a slide a paper page; what is hidden too, with a note that it is."""

    name = "pptx"
    version = "2"

    def warm(self) -> None:
        """Imports what reading needs."""
        import pptx  # noqa: F401

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; raises ``DocumentError`` for one that python-pptx cannot open."""
        import pptx

        composers, notes = [], []
        try:
            for number, slide in enumerate(pptx.Presentation(str(path)).slides, 1):
                walk = _Slide(number, slide)
                composers.append(walk.composed())
                notes += walk.notes
            known = core_properties(path)
        except (DocpagerError, MemoryError):
            raise
        except Exception as error:  # python-pptx raises nearly anything on a damaged file
            raise DocumentError(f"It cannot be read ({type(error).__name__}: {one_line(str(error))[:300]}).") from error
        pages = tuple(composer.page(number) for number, composer in enumerate(composers, 1))
        return ParsedDocument(
            media_type=content.PPTX,
            reader=self.name,
            reader_version=self.version,
            pages=pages or (PageComposer().page(),),
            status=DocumentStatus.INDEXED if any(page.text for page in pages) else DocumentStatus.EMPTY,
            error_message=" ".join(notes) or None,
            replaced_characters=sum(composer.replaced_characters for composer in composers),
            **known,
        )


class _Slide:
    """One slide on its way to blocks."""

    def __init__(self, number: int, slide: Any) -> None:
        self.notes: list[str] = []
        """What has to be said of the slide."""
        self._number = number
        self._slide = slide
        self._composer = PageComposer()

    def composed(self) -> PageComposer:
        """The slide's blocks: its title first, then its shapes from the top, then what was noted below it."""
        if self._slide._element.get("show") == "0":
            self.notes.append(f"Slide {self._number} is hidden.")
        title = self._slide.shapes.title
        if title is not None:
            self._composer.heading(title.text_frame.text.replace("\v", " "), 1)
        self._shapes(self._slide.shapes, None if title is None else title.shape_id, 0)
        for text in _diagrams(self._slide.part):
            self._composer.paragraph(text)
        if self._slide.has_notes_slide and self._slide.notes_slide.notes_text_frame is not None:
            said = self._slide.notes_slide.notes_text_frame.text.replace("\v", "\n")
            self._composer.paragraph(f"Notes: {said}" if said.strip() else "")
        for text in _comments(self._slide.part):
            self._composer.paragraph(f"Comment: {text}")
        return self._composer

    def _shapes(self, shapes: Any, title: int | None, depth: int) -> None:
        if depth > DEEPEST:
            raise DocumentError(f"Its groups of shapes are nested deeper than {DEEPEST} levels.")
        for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
            if shape.shape_id != title or depth:
                self._shape(shape, depth)
        for element in shapes._spTree.iterchildren(_ALTERNATIVES):
            for text in _alternatives(element):
                self._composer.paragraph(text)

    def _shape(self, shape: Any, depth: int) -> None:
        kind = shape.placeholder_format.type.name if shape.is_placeholder and shape.placeholder_format.type else ""
        if kind in _FURNITURE:
            return
        if hasattr(shape, "shapes"):
            self._shapes(shape.shapes, None, depth + 1)
        elif shape.has_text_frame:
            self._text(shape.text_frame, is_list=kind in _BULLETED)
        elif getattr(shape, "has_table", False):
            table = shape.table
            rows = _table_rows(table)
            self._composer.table(rows, head_rows(rows) or int(bool(table.first_row) and len(rows) > 1) or None)
        elif getattr(shape, "has_chart", False):
            self._chart(shape)
        else:
            self._composer.paragraph(_said_of(shape))

    def _text(self, frame: Any, *, is_list: bool) -> None:
        number = 0
        for paragraph in frame.paragraphs:
            text = paragraph.text.replace("\v", "\n")
            properties = paragraph._p.pPr
            signs = () if properties is None else [child.tag for child in properties]
            number = number + 1 if f"{_A}buAutoNum" in signs and text.strip() else 0
            if number:
                self._composer.item(text, f"{number}.", paragraph.level)
            elif f"{_A}buChar" in signs or (is_list and f"{_A}buNone" not in signs):
                self._composer.item(text, depth=paragraph.level)
            else:
                self._composer.paragraph(text)

    def _chart(self, shape: Any) -> None:
        try:
            chart = shape.chart
            title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
            tables = [rows for plot in chart.plots if len(rows := _plot_rows(plot)) > 1]
        except Exception as error:  # a chart that cannot be read must not take the slide with it
            self.notes.append(f"A chart of slide {self._number} could not be read ({type(error).__name__}).")
            return
        self._composer.paragraph(f"Chart: {title or _said_of(shape) or one_line(shape.name)}")
        for rows in tables:
            self._composer.table(rows, 1)


def _table_rows(table: Any) -> list[list[str]]:
    """The rows of a table; a merged cell stands in each row it spans."""
    rows: list[list[Cell]] = []
    above: dict[int, tuple[int, str, int]] = {}  # by column: rows left, text, columns
    for row in table.rows:
        line: list[Cell] = []
        cells = list(row.cells)
        for column, cell in enumerate(cells):
            if not cell.is_spanned:
                text = one_line(cell.text_frame.text)
                if cell.is_merge_origin:
                    above[column] = (cell.span_height - 1, text, cell.span_width)
                line.append(text)
            elif above.get(column, (0,))[0] > 0:
                left, text, width = above[column]
                above[column] = (left - 1, text, width)
                line.append(text)
            else:
                line.append(None)
        rows.append(line)
    return merged_columns(rows)


def _plot_rows(plot: Any) -> list[list[str]]:
    """The figures of a chart: a category a row, a series a column."""
    series = list(plot.series)
    names = [_category(category) for category in plot.categories]
    longest = max([len(names), *(len(one.values) for one in series)], default=0)
    if not names:
        names = [_figure(value) for value in _x_values(series)]
    rows = [["", *(one_line(str(one.name)) for one in series)]]
    for place in range(longest):
        figures = [_figure(one.values[place]) if place < len(one.values) else "" for one in series]
        rows.append([names[place] if place < len(names) else "", *figures])
    return [row for row in rows if any(row)]


def _category(category: Any) -> str:
    return one_line(str(category.label if hasattr(category, "label") else category))


def _x_values(series: list[Any]) -> Iterator[float | str]:
    """The places of a scatter chart's points, which python-pptx gives no name to."""
    for element in series[0]._element.iterfind(".//{*}xVal//{*}pt/{*}v") if series else ():
        yield element.text or ""


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    return one_line(str(value))


def _said_of(shape: Any) -> str:
    """What is said of a picture for those who cannot see it; not the name of its file."""
    for element in shape._element.iter("{*}cNvPr"):
        said = one_line(element.get("descr") or "")
        return "" if said.lower().endswith(_FILE_ENDINGS) else said
    return ""


def _alternatives(element: Any) -> Iterator[str]:
    """The paragraphs of a shape that only newer programs show."""
    choice = next(iter(element), None)
    if choice is not None:
        for paragraph in choice.iter(f"{_A}p"):
            yield "".join(text.text or "" for text in paragraph.iter("{*}t"))


def _diagrams(part: Any) -> Iterator[str]:
    """The texts of diagrams (SmartArt), whose shapes python-pptx does not know."""
    for root in _related(part, "/diagramData"):
        for held in root.iter(f"{_DGM}t"):
            yield "\n".join("".join(t.text or "" for t in p.iter(f"{_A}t")) for p in held.iter(f"{_A}p"))


def _comments(part: Any) -> Iterator[str]:
    for root in _related(part, "/comments"):
        for comment in root.iter("{*}cm"):
            yield one_line(" ".join(t.text or "" for t in comment.iter("{*}text", "{*}t")))


def _related(part: Any, ending: str) -> Iterator[Any]:
    """The XML of parts that stand in this relation to a slide."""
    from lxml import etree

    for relation in part.rels.values():
        if not relation.is_external and relation.reltype.endswith(ending):
            parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
            root = etree.fromstring(relation.target_part.blob, parser)
            if root is not None:
                yield root
