"""Cells as a spreadsheet shows them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.ingest.readers.cell_text import cell_text

SHOWN = [
    (1234567.891, "General", "1234567.891"),
    (5.0, "General", "5"),
    (0.1 + 0.2, "General", "0.3"),
    (7, '"No. "General', "No. 7"),
    (1234567.891, "#,##0", "1,234,568"),
    (1234567.891, "#,##0.00", "1,234,567.89"),
    (0.1534, "0.0%", "15.3%"),
    (-0.5, "0%", "-50%"),
    (1234.5, "$#,##0.00", "$1,234.50"),
    (1234.5, '"$"#,##0.00', "$1,234.50"),
    (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
    (1234.5, "#,##0.00 [$kr-41D]", "1,234.50 kr"),
    (-1234.5, "#,##0.0;(#,##0.0)", "(1,234.5)"),
    (-1234, '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)', "$(1,234)"),
    (0, '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)', "$-"),
    (-3, "0;[Red]-0", "-3"),
    (2500000, "0.0,,", "2.5"),
    (2500000, '$0.0,,"M"', "$2.5M"),
    (12345, "0.00E+00", "1.23E+04"),
    (42, "00000", "00042"),
    (3.14159, "0.##", "3.14"),
    (3.0, "0.##", "3"),
    (2.5, "0", "3"),
    (-0.001, "0.0", "0.0"),
    (0.5, "# ?/?", "0.5"),
    (1e300, "#,##0", None),
    (12, "@", "12"),
    (12, '"x;y" 0', "x;y 12"),
    (True, "General", "TRUE"),
    ("text", "0.00", "text"),
    (None, "General", ""),
    (datetime(2024, 3, 1), "mm-dd-yy", "2024-03-01"),
    (datetime(2024, 3, 1), "d mmm yyyy", "2024-03-01"),
    (datetime(2024, 3, 1), "yyyy-mm-dd hh:mm", "2024-03-01"),
    (datetime(2024, 3, 1, 14, 30, 5), "General", "2024-03-01 14:30:05"),
    (date(2024, 3, 1), "General", "2024-03-01"),
    (time(14, 30), "h:mm", "14:30"),
    (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
]


@pytest.mark.parametrize(("value", "number_format", "shown"), SHOWN)
def test_a_value_is_shown_as_its_format_says(value, number_format, shown):
    text = cell_text(value, number_format)
    assert text == shown if shown is not None else text


@given(st.one_of(st.integers(), st.floats(), st.booleans()), st.text('#0?,.%;@"\\_*[]$-() eE+/hmsGeneral', max_size=30))
def test_no_format_makes_a_number_break(value, number_format):
    cell_text(value, number_format)


@given(st.integers(-(10**15), 10**15))
def test_the_digits_of_a_whole_number_are_kept(value):
    assert int(cell_text(value, "#,##0").replace(",", "")) == value
