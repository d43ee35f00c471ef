"""What leaves for a spreadsheet stays text there, whatever it begins with."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.analysis import sheets
from docpager.analysis.export import Sheet
from docpager.analysis.sheets import format_of, harmless, whole_file, write_csv, write_jsonl, write_xlsx
from docpager.errors import TemporaryError, UsageError

CELLS = [
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("+1-800-CALL", "'+1-800-CALL"),
    ("-2+3", "'-2+3"),
    ("- a list item", "'- a list item"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1+1", "'\t=1+1"),
    ("\r=1+1", "'\r=1+1"),
    ("\n=1+1", "'\n=1+1"),
    ("＝1+1", "'＝1+1"),
    ("=-1", "'=-1"),
    ("-1-1", "'-1-1"),
    ("-12.5", "-12.5"),
    ("+3", "+3"),
    ("-1,234,567.80", "-1,234,567.80"),
    ("-3%", "-3%"),
    ("-1e5", "-1e5"),
    ("a=b", "a=b"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), CELLS)
def test_a_formula_is_shown_and_a_number_stays(text, shown):
    assert harmless(text) == shown


@given(st.text())
def test_no_cell_begins_as_a_formula_does(text):
    shown = harmless(text)
    assert shown.endswith(text)
    assert not shown.startswith(("=", "@", "\t", "\r"))
    if shown.startswith(("+", "-")):
        float(shown.rstrip("%").replace(",", ""))


def sheet(*rows):
    return Sheet(["=head", "n"], iter([(row, {"cells": list(row)}) for row in rows]))


def written(write, made):
    file = io.BytesIO()
    write(made, file)
    assert not file.closed
    return file.getvalue()


def test_csv_holds_every_cell_in_its_place():
    content = written(write_csv, sheet(('=1, "x"\nnext', -2.5), (None, True), ("\ud800é", 7)))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    assert rows == [["'=head", "n"], ['\'=1, "x"\nnext', "-2.5"], ["", "true"], ["?é", "7"]]


def test_jsonl_keeps_values_as_they_are():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    content = written(write_jsonl, sheet(("=1", moment), ("line\u2028break", None)))
    assert [json.loads(line)["cells"] for line in content.split(b"\n") if line] == [
        ["=1", "2026-01-02T00:00:00+00:00"],
        ["line\u2028break", None],
    ]


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers():
    content = written(write_xlsx, sheet(("=HYPERLINK(1)", -2.5), ("#N/A", 3), ("bell\x07", None), ("x" * 40_000, True)))
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [[(cell.value, cell.data_type) for cell in row] for row in page.iter_rows()]
    assert cells[0][0] == ("=head", "s")
    assert cells[1] == [("=HYPERLINK(1)", "s"), (-2.5, "n")]
    assert cells[2] == [("#N/A", "s"), (3, "n")]
    assert cells[3][0] == ("bell\ufffd", "s")
    assert len(cells[4][0][0]) == sheets.LONGEST_CELL
    assert page.freeze_panes == "B2"


def test_a_workbook_that_would_be_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    with pytest.raises(UsageError) as caught:
        written(write_xlsx, sheet(("a", 1), ("b", 2)))
    assert str(caught.value) == "A workbook cannot hold more than 1 rows. Export with --format csv or jsonl."


FORMATS = [("a.xlsx", None, "xlsx"), ("a.JSONL", None, "jsonl"), ("a.xlsx", "csv", "csv"), ("a.dat", None, "csv")]


@pytest.mark.parametrize(("name", "named", "kind"), FORMATS)
def test_the_format_is_the_one_named_or_the_file_s_ending(name, named, kind, tmp_path):
    assert format_of(tmp_path / name, named) == kind


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"%d" % (1 // 0))
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "before"
    with (
        pytest.raises(TemporaryError, match=r"Cannot write .*gone/a.csv: No such file or directory\."),
        whole_file(tmp_path / "gone" / "a.csv"),
    ):
        pass
