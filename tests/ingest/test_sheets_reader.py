"""Workbooks as openpyxl writes them."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime

import openpyxl
import pytest
from openpyxl.comments import Comment

from docpager.errors import DocumentError
from docpager.ingest.readers import sheets
from docpager.ingest.readers.sheets import XlsxReader
from docpager.records import BlockKind, DocumentStatus

H, P, T, R = BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.TABLE_HEAD, BlockKind.TABLE_ROW


def blocks(page):
    return [(block.kind, page.text[block.char_start : block.char_end]) for block in page.blocks]


@pytest.fixture
def read(tmp_path):
    def read(*rows, change=None, name="Sheet1"):
        book = openpyxl.Workbook()
        book.active.title = name
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        book.save(tmp_path / "a.xlsx")
        return XlsxReader().read(tmp_path / "a.xlsx")

    return read


def test_numbers_and_dates_are_shown_as_in_the_sheet(read):
    def formats(book):
        sheet = book.active
        sheet["B2"].number_format, sheet["C2"].number_format = "#,##0.0", "0.0%"

    document = read(
        ["Region", "Sales", "Share", "Since"], ["North", 1234.56, 0.257, datetime(2021, 5, 4)], change=formats
    )
    assert blocks(document.pages[0]) == [
        (T, "Region | Sales | Share | Since"),
        (R, "North | 1,234.6 | 25.7% | 2021-05-04"),
    ]


def test_merged_cells_stand_above_what_they_span_and_in_each_row(read):
    def merge(book):
        for area in ("A1:C1", "B2:C2", "A4:A5"):
            book.active.merge_cells(area)

    document = read(
        ["Sales by region"],
        [None, "2023", None],
        ["Region", "Q1", "Q2"],
        ["North", 1, 2],
        [None, 3, 4],
        change=merge,
    )
    assert blocks(document.pages[0]) == [
        (H, "Sales by region"),
        (T, " | 2023 |"),
        (T, "Region | Q1 | Q2"),
        (R, "North | 1 | 2"),
        (R, "North | 3 | 4"),
    ]


def test_tables_apart_on_a_sheet_are_tables_of_their_own(read):
    document = read(
        ["Item", "Price", None, "Name", "City"],
        ["Pen", 2, None, "Ann", "Rome"],
        ["Ink", 3, None, "Bob", "Oslo"],
        [],
        ["Year", "Sum"],
        [2020, 5],
    )
    assert blocks(document.pages[0]) == [
        (T, "Item | Price"),
        (R, "Pen | 2"),
        (R, "Ink | 3"),
        (T, "Name | City"),
        (R, "Ann | Rome"),
        (R, "Bob | Oslo"),
        (T, "Year | Sum"),
        (R, "2020 | 5"),
    ]


def test_an_empty_column_between_figures_parts_no_table(read):
    document = read(["Line", "2022", None, "2023"], ["Sales", 5, None, 6], ["Costs", 3, None, 4])
    assert blocks(document.pages[0])[1:] == [(R, "Sales | 5 | 6"), (R, "Costs | 3 | 4")]


def test_a_sheet_of_remarks_becomes_paragraphs(read):
    document = read(["Read this first."], ["All figures are in thousands."], name="Read me")
    assert blocks(document.pages[0]) == [(H, "Read me"), (P, "Read this first."), (P, "All figures are in thousands.")]


def test_what_is_hidden_is_read_and_said_to_be(read):
    def hide(book):
        book.active.row_dimensions[2].hidden = True
        book.create_sheet("Old").append(["secret", 1])
        book["Old"].sheet_state = "hidden"

    document = read(["a", "b"], ["c", "d"], change=hide)
    assert "c | d" in document.pages[0].text
    assert "secret | 1" in document.pages[1].text
    assert document.status is DocumentStatus.INDEXED
    assert document.error_message == "1 row of sheet 'Sheet1' is hidden. Sheet 'Old' is hidden."


def test_a_formula_that_was_never_calculated_is_shown_itself(read):
    document = read(["a", "b"], [1, "=A2*2"])
    assert blocks(document.pages[0])[-1] == (R, "1 | =A2*2")


def test_a_formula_that_was_calculated_shows_its_value(read, tmp_path):
    read(["a", "b"], [1, "=A2*2"])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, re.sub(rb"</f><v\s*/?>(</v>)?", b"</f><v>2</v>", data) if "sheet1" in name else data)
    assert blocks(XlsxReader().read(tmp_path / "b.xlsx").pages[0])[-1] == (R, "1 | 2")


def test_comments_follow_their_sheet(read):
    def remark(book):
        book.active["B1"].comment = Comment("unaudited", "Ann")

    document = read(["Sales", 5], change=remark)
    assert blocks(document.pages[0])[-1] == (P, "Comment on B1: unaudited")


def test_an_empty_sheet_keeps_its_number(read):
    def add(book):
        book.create_sheet("Nothing")
        book.create_sheet("Last").append(["x", "y"])

    document = read(["a", "b"], change=add)
    assert [(page.page_number, page.page_label, bool(page.text)) for page in document.pages] == [
        (1, "Sheet1", True),
        (2, "Nothing", False),
        (3, "Last", True),
    ]


def test_a_workbook_without_anything_is_empty(read):
    assert read().status is DocumentStatus.EMPTY


def test_one_cell_far_away_costs_nothing(read):
    def far(book):
        book.active["XFD1048576"] = "far"

    assert [text for _, text in blocks(read(["a", "b"], change=far).pages[0])] == ["a | b", "far"]


def test_a_large_sheet_is_read_without_its_formats(read, monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST_SHEET", 10)
    assert blocks(read(["Year", "Sum"], [2020, 5], [None, 1000]).pages[0])[:2] == [(T, "Year | Sum"), (R, "2020 | 5")]


def test_no_word_of_a_workbook_is_lost(read):
    def more(book):
        for number in range(3):
            sheet = book.create_sheet(f"Part {number}")
            for row in range(5):
                for column in range(1, 30, number + 1):
                    sheet.cell(2 * row + 1, column, f"w{number}x{row}x{column}")

    document = read(["one", None, None, "two"], [None, "three"], [], [None, None, "four"], change=more)
    book_words = {"one", "two", "three", "four"} | {
        f"w{n}x{row}x{column}" for n in range(3) for row in range(5) for column in range(1, 30, n + 1)
    }
    assert book_words <= set(re.findall(r"\w+", "\n".join(page.text for page in document.pages)))


def test_a_damaged_workbook_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(DocumentError, match="It cannot be read"):
        XlsxReader().read(tmp_path / "a.xlsx")
