"""Presentations, as python-pptx writes them and with parts that it does not know."""

from __future__ import annotations

import io
import zipfile

import pptx
import pytest
from PIL import Image
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from docpager.errors import DocumentError
from docpager.ingest.readers.slides import PptxReader
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (BlockKind(kind) for kind in ("heading", "paragraph", "list_item", "table_head", "table_row"))
TITLE_AND_BODY, TITLE, BLANK = 1, 5, 6
BOX = (Inches(1), Inches(2), Inches(5), Inches(3))


@pytest.fixture
def deck():
    return pptx.Presentation()


@pytest.fixture
def read(deck, tmp_path):
    def read():
        deck.save(tmp_path / "a.pptx")
        return PptxReader().read(tmp_path / "a.pptx")

    return read


def add(deck, layout, title=None):
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def text_box(shapes, text, top=1):
    box = shapes.add_textbox(Inches(1), Inches(top), Inches(2), Inches(1))
    box.text_frame.text = text
    return box


def blocks(page):
    return [(block.kind, page.text[block.char_start : block.char_end]) for block in page.blocks]


def test_title_body_and_notes_in_the_order_they_are_read(deck, read):
    slide = add(deck, TITLE_AND_BODY, "Results")
    frame = slide.placeholders[1].text_frame
    frame.text = "Revenue grew 12 %"
    inner = frame.add_paragraph()
    inner.text, inner.level = "Europe 15 %", 1
    slide.notes_slide.notes_text_frame.text = "Mention the one-off."
    text_box(slide.shapes, "Above all", top=0)
    assert blocks(read().pages[0]) == [
        (H, "Results"),
        (P, "Above all"),
        (L, "- Revenue grew 12 %"),
        (L, "  - Europe 15 %"),
        (P, "Notes: Mention the one-off."),
    ]


def test_merged_cells_of_tables_stand_in_each_row(deck, read):
    rows = [["Region", "2023", "2022"], ["North", "1", "2"], ["", "3", "4"], ["All", "", "10"]]
    table = add(deck, BLANK).shapes.add_table(4, 3, *BOX).table
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 0).merge(table.cell(3, 1))
    assert blocks(read().pages[0]) == [
        (T, "Region | 2023 | 2022"),
        (R, "North | 1 | 2"),
        (R, "North | 3 | 4"),
        (R, "All |  | 10"),
    ]


def test_charts_give_their_figures(deck, read):
    data = CategoryChartData()
    data.categories = ["2022", "2023"]
    data.add_series("Revenue", (10.5, 1200))
    data.add_series("Cost", (8, None))
    slide = add(deck, TITLE, "Chart")
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *BOX, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "EUR million"
    points = XyChartData()
    series = points.add_series("Flow")
    series.add_data_point(0.5, 2)
    series.add_data_point(1.5, 2.25)
    add(deck, BLANK).shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *BOX, points)
    bars, scatter = read().pages
    assert blocks(bars) == [
        (H, "Chart"),
        (P, "Chart: EUR million"),
        (T, " | Revenue | Cost"),
        (R, "2022 | 10.5 | 8"),
        (R, "2023 | 1200 |"),
    ]
    assert blocks(scatter)[1:] == [(T, " | Flow"), (R, "0.5 | 2"), (R, "1.5 | 2.25")]


def test_groups_pictures_and_hidden_slides_are_read(deck, read):
    slide = add(deck, BLANK)
    group = slide.shapes.add_group_shape()
    text_box(group.shapes, "In a group")
    text_box(group.shapes.add_group_shape().shapes, "In a group of it", top=2)
    held = io.BytesIO()
    Image.new("RGB", (4, 4)).save(held, "PNG")
    for said in ("A pump in a hall", "image1.png"):
        picture = slide.shapes.add_picture(held, Inches(1), Inches(5))
        picture._element.nvPicPr.cNvPr.set("descr", said)
    hidden = add(deck, BLANK)
    hidden._element.set("show", "0")
    text_box(hidden.shapes, "Not for all")
    add(deck, BLANK)
    parsed = read()
    assert [page.text for page in parsed.pages] == [
        "In a group\n\nIn a group of it\n\nA pump in a hall",
        "Not for all",
        "",
    ]
    assert (parsed.error_message, parsed.status) == ("Slide 2 is hidden.", DocumentStatus.INDEXED)


def test_slide_numbers_and_footers_are_left_out(deck, read):
    slide = add(deck, TITLE, "Title")
    for placeholder in deck.slide_layouts[TITLE].placeholders:
        if placeholder.placeholder_format.type.name in ("SLIDE_NUMBER", "FOOTER"):
            slide.shapes.clone_placeholder(placeholder)
    for shape in list(slide.placeholders)[1:]:
        shape.text_frame.text = "furniture"
    assert len(list(slide.placeholders)) == 3
    assert read().pages[0].text == "Title"


def changed(path, old, new):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts["ppt/slides/slide1.xml"]
    parts["ppt/slides/slide1.xml"] = parts["ppt/slides/slide1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_numbered_lists_and_shapes_of_newer_programs_are_read(deck, tmp_path, read):
    box = text_box(add(deck, BLANK).shapes, "first")
    box.text_frame.add_paragraph().text = "second"
    for paragraph in box.text_frame.paragraphs:
        properties = paragraph._p.get_or_add_pPr()
        properties.append(properties.makeelement(f"{{{properties.nsmap['a']}}}buAutoNum", {"type": "arabicPeriod"}))
    read()
    new = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice>'
        "<p:sp><p:txBody><a:p><a:r><a:t>A formula: </a:t></a:r><a:r><a:t>x</a:t></a:r></a:p></p:txBody></p:sp>"
        "</mc:Choice><mc:Fallback><p:sp/></mc:Fallback></mc:AlternateContent></p:spTree>"
    )
    changed(tmp_path / "a.pptx", b"</p:spTree>", new.encode())
    page = PptxReader().read(tmp_path / "a.pptx").pages[0]
    assert blocks(page) == [(L, "1. first"), (L, "2. second"), (P, "A formula: x")]


def test_a_damaged_presentation_is_refused_and_an_unknown_chart_costs_only_itself(deck, tmp_path, read):
    data = CategoryChartData()
    data.categories = ["a"]
    data.add_series("s", (1,))
    slide = add(deck, TITLE, "Kept")
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, *BOX, data)
    read()
    with zipfile.ZipFile(tmp_path / "a.pptx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in [name for name in parts if name.startswith("ppt/charts/chart")]:
        parts[name] = parts[name].replace(b"pieChart", b"newChart")
    with zipfile.ZipFile(tmp_path / "a.pptx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    parsed = PptxReader().read(tmp_path / "a.pptx")
    assert parsed.pages[0].text == "Kept\n\nChart: Chart 2"
    (tmp_path / "b.pptx").write_bytes((tmp_path / "a.pptx").read_bytes()[:-100])
    with pytest.raises(DocumentError, match="It cannot be read"):
        PptxReader().read(tmp_path / "b.pptx")
