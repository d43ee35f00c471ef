"""Writes sources as PDFs that look like the real thing: running heads, page numbers, tables, bookmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFInfo, PDFString
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from sample_content.blocks import Block, Source, inline_html, is_number

NAVY = colors.HexColor("#17365c")
SEA = colors.HexColor("#2f7f8f")
PALE = colors.HexColor("#eef4f6")
WIDTH = A4[0] - 44 * mm

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10.5, leading=14.5, spaceAfter=7)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=8.6, leading=11)
FIGURE = ParagraphStyle("figure", parent=CELL, alignment=TA_RIGHT)
CAPTION = ParagraphStyle("caption", fontName="Helvetica-Bold", fontSize=9, leading=12, spaceBefore=4, spaceAfter=3)
HEADINGS = {
    1: ParagraphStyle(
        "h1", fontName="Helvetica-Bold", fontSize=19, leading=24, textColor=NAVY, spaceAfter=10, keepWithNext=1
    ),
    2: ParagraphStyle(
        "h2", fontName="Helvetica-Bold", fontSize=13.5, leading=17, textColor=NAVY, spaceBefore=9, spaceAfter=5,
        keepWithNext=1,
    ),
    3: ParagraphStyle(
        "h3", fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=5, spaceAfter=3, keepWithNext=1
    ),
}  # fmt: skip
COVER = ParagraphStyle("cover", fontName="Helvetica-Bold", fontSize=34, leading=40, textColor=colors.white)
COVER_LINE = ParagraphStyle("cover line", fontName="Helvetica", fontSize=13, leading=18, textColor=colors.white)


class NoInfo(PDFInfo):  # type: ignore[misc]
    """Names the producer and nothing else, as many scanners and exporters do."""

    def format(self, document: Any) -> Any:
        """The information dictionary: the producer alone."""
        return PDFDictionary({"Producer": PDFString("Averil Print Office")}).format(document)


class Report(BaseDocTemplate):  # type: ignore[misc]
    """A document with a running head and, when its source asks for it, a cover and bookmarks."""

    def __init__(self, path: Path, facts: dict[str, str]) -> None:
        super().__init__(str(path), pagesize=A4, invariant=1, pageCompression=1)
        self.facts = facts
        frame = Frame(22 * mm, 20 * mm, WIDTH, A4[1] - 46 * mm, 0, 0, 0, 0, id="text")
        cover = Frame(22 * mm, 90 * mm, WIDTH, 120 * mm, 0, 0, 0, 0, id="cover")
        plain = PageTemplate("plain", [frame], onPage=self._running_head)
        templates = [plain]
        if "cover" in facts:
            templates = [PageTemplate("cover", [cover], onPage=self._cover), plain]
        self.addPageTemplates(templates)
        self._set_metadata()

    def _set_metadata(self) -> None:
        kept = self.facts.get("metadata", "full")
        if kept == "full":
            self.title = self.facts["title"]
            self.author = self.facts.get("author", "Sallow Isles Ferry Cooperative")
            self.subject = self.facts.get("subject", "")
        elif kept == "untitled":
            self.title = "Microword - document1.rtf"  # the sort of title that says nothing
            self.author = "front office"

    def beforeDocument(self) -> None:  # noqa: N802
        """Removes the metadata where the source has none."""
        if self.facts.get("metadata") == "none":
            self.canv._doc.info = NoInfo()
        if self.facts.get("outline") == "yes":
            self.canv.showOutline()

    def _cover(self, canvas: Any, _doc: Any) -> None:
        canvas.setFillColor(NAVY)
        canvas.rect(0, 0, *A4, stroke=0, fill=1)
        canvas.setFillColor(SEA)
        for row in range(5):
            path = canvas.beginPath()
            path.moveTo(0, (60 - 11 * row) * mm)
            for step in range(8):
                x, y = step * A4[0] / 8, (60 - 11 * row) * mm
                sway = 7 * mm if (step + row) % 2 else -7 * mm
                path.curveTo(x + 9 * mm, y + sway, x + 17 * mm, y + sway, x + A4[0] / 8, y)
            canvas.setStrokeColor(SEA)
            canvas.setLineWidth(2.2)
            canvas.drawPath(path)

    def _running_head(self, canvas: Any, doc: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(colors.HexColor("#555555"))
        canvas.drawString(22 * mm, A4[1] - 14 * mm, self.facts.get("header", self.facts["title"]))
        canvas.drawRightString(A4[0] - 22 * mm, 12 * mm, f"{self.facts.get('footer', 'Page')} {doc.page}".strip())
        canvas.setStrokeColor(SEA)
        canvas.setLineWidth(0.6)
        canvas.line(22 * mm, A4[1] - 16 * mm, A4[0] - 22 * mm, A4[1] - 16 * mm)

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802
        """Bookmarks the headings of a document that has an outline."""
        level = {"h1": 0, "h2": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is None or self.facts.get("outline") != "yes":
            return
        title = flowable.getPlainText()
        key = f"{self.page}-{title}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(title, key, level=level, closed=level > 0)


def write_pdf(source: Source, path: Path) -> None:
    """Writes one source; the same source gives the same bytes."""
    report = Report(path, source.facts)
    story: list[Flowable] = []
    if "cover" in source.facts:
        story += _cover_story(source.facts)
    for block in source.blocks:
        story += _flowables(block)
    report.build(story)


def _cover_story(facts: dict[str, str]) -> list[Flowable]:
    lines = [Paragraph(inline_html(line), COVER_LINE) for line in facts["cover"].split(" / ")]
    title = Paragraph(inline_html(facts["title"].partition(" – ")[2] or facts["title"]), COVER)
    return [lines[0], Spacer(1, 6 * mm), title, Spacer(1, 6 * mm), *lines[1:], NextPageTemplate("plain"), PageBreak()]


def _flowables(block: Block) -> list[Flowable]:
    if block.kind == "heading":
        return [Paragraph(inline_html(block.text), HEADINGS[block.level])]
    if block.kind == "paragraph":
        return [Paragraph(inline_html(block.text), BODY)]
    if block.kind == "break":
        return [PageBreak()]
    if block.kind in ("bullets", "numbers"):
        items = [ListItem(Paragraph(inline_html(item), BODY), leftIndent=14) for item in block.items]
        marker = {"bulletType": "bullet", "start": "•"} if block.kind == "bullets" else {"bulletType": "1"}
        return [ListFlowable(items, leftIndent=14, bulletFontSize=9, **marker), Spacer(1, 2 * mm)]
    if block.kind == "chart":
        return [KeepTogether([Paragraph(inline_html(block.text), CAPTION), _chart(block), Spacer(1, 4 * mm)])]
    caption = [Paragraph(inline_html(block.text), CAPTION)] if block.text else []
    return [KeepTogether([*caption, _table(block.rows), Spacer(1, 4 * mm)])]


def _table(rows: tuple[tuple[str, ...], ...]) -> Table:
    count = len(rows[0])
    numeric = [column for column in range(1, count) if all(is_number(row[column]) for row in rows[1:])]
    widths = _widths(rows, numeric)
    cells = [
        [Paragraph(inline_html(cell), FIGURE if column in numeric else CELL) for column, cell in enumerate(row)]
        for row in _bold_head(rows)
    ]
    table = Table(cells, colWidths=widths, repeatRows=1, hAlign="LEFT")
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, NAVY),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, NAVY),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.4),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    for number, row in enumerate(rows[1:], 1):
        if row[0].startswith("**"):
            style += [("LINEABOVE", (0, number), (-1, number), 0.5, colors.black)]
        if number % 2 == 0:
            style += [("BACKGROUND", (0, number), (-1, number), PALE)]
    table.setStyle(style)
    return table


def _bold_head(rows: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    return [tuple(f"**{cell}**" if cell else "" for cell in rows[0]), *rows[1:]]


def _widths(rows: tuple[tuple[str, ...], ...], numeric: list[int]) -> list[float]:
    """Figures take what they need; text shares the rest by its length."""
    lengths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    fixed = {column: max(13 * mm, (lengths[column] + 2) * 1.9 * mm) for column in numeric}
    rest = WIDTH - sum(fixed.values())
    free = {column: min(max(lengths[column], 7), 60) for column in range(len(rows[0])) if column not in fixed}
    return [fixed.get(column) or rest * free[column] / sum(free.values()) for column in range(len(rows[0]))]


def _chart(block: Block) -> Drawing:
    drawing = Drawing(WIDTH, 62 * mm)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 14 * mm, 9 * mm, WIDTH - 20 * mm, 50 * mm
    chart.categoryAxis.categoryNames = list(block.rows[0][1:])
    chart.data = [[float(cell.replace(",", "")) for cell in row[1:]] for row in block.rows[1:]]
    chart.valueAxis.valueMin = 0
    chart.valueAxis.valueMax = 5_000 * (int(max(map(max, chart.data))) // 5_000 + 1)
    chart.valueAxis.labels.fontSize = chart.categoryAxis.labels.fontSize = 7.5
    for number, color in enumerate((NAVY, SEA, colors.HexColor("#c58b3b"), colors.HexColor("#8aa9b8"))):
        chart.bars[number].fillColor = color
        chart.bars[number].strokeColor = None
    drawing.add(chart)
    return drawing
