"""Printed table rows: labels, values, and the years above them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.table_rows import columns_of, table_row, years_above


@pytest.mark.parametrize(
    ("line", "label", "printed"),
    [
        ("Total current assets $ 7,292 $ 6,106", "Total current assets", ("7,292", "6,106")),
        ("Net loss ($4,935) ($4,202)", "Net loss", ("(4,935)", "(4,202)")),
        ("Loss on sale of ships — 40 12", "Loss on sale of ships", ("0", "40", "12")),
        ("Effective tax rate 20.7 % 19.1%", "Effective tax rate", ("20.7", "19.1%")),
        ("Basic $ 0.48 $ (0.09)", "Basic", ("0.48", "(0.09)")),
        ("Brackwater | 600 | 400", "Brackwater", ("600", "400")),
        (
            "Receivables, net of $132 at December 31, 2019 and $190 at December 31, 2018 848 1,035",
            "Receivables, net of 132 at December 31, 2019 and 190 at December 31, 2018",
            ("848", "1,035"),
        ),
    ],
)
def test_row_is_a_label_and_the_values_it_ends_with(line, label, printed):
    row = table_row(line)
    assert (row.label, row.printed) == (label, printed)


@pytest.mark.parametrize(
    "line",
    [
        "Balance at December 31, 2019",
        "(Dollars in millions) 2019 2018",
        "Current assets:",
        "12 13",
        "— —",
        "",
        "Note 4",
    ],
)
def test_heads_headings_and_bare_numbers_are_no_rows(line):
    assert table_row(line) is None


@given(
    label=st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{3,8}){0,3}", fullmatch=True),
    values=st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=5),
)
def test_what_was_printed_is_read_again(label, values):
    cells = [f"{v:,}" if v > 0 else f"({-v:,})" for v in values]
    row = table_row(f"{label} {' '.join(cells)}")
    assert row.label == label
    assert row.values == tuple(map(Decimal, values))


@pytest.mark.parametrize(
    ("lines", "years"),
    [
        (["Years ended December 31, 2022 2021 2020", "Revenue:"], ("2022", "2021", "2020")),
        (["December 28, 2019 December 29, 2018", "ASSETS"], ("2019", "2018")),
        (["As of December 31, 2017 2016"], ("2017", "2016")),
        (["(Dollars in millions) 2019 2018"], ("2019", "2018")),
        (["Years Ended", "December 2,", "2016", "November 27,", "2015", "Revenue:"], ("2016", "2015")),
        (
            ["2020 2019", "Cash paid, net of refunds of $24 and $30 in", "2020 and 2019, respectively 28 26"],
            ("2020", "2019"),
        ),
        (["2020 2019", "This ends the table of the two years above, and begins a text."], ()),
        (["In 2019 we sold 2018 things"], ()),
        (["2019 2019"], ()),
        ([], ()),
    ],
)
def test_years_above_are_those_that_head_the_columns(lines, years):
    assert years_above(lines) == years


@pytest.mark.parametrize(
    ("line", "years", "columns"),
    [
        ("Borrowings 27,300 20,900", ("2023", "2022"), {"2023": 0, "2022": 1}),
        ("Borrowings 5 27,300 20,900", ("2023", "2022"), {"2023": 1, "2022": 2}),
        ("Revenue 120 100 20%", ("2023", "2022"), {"2023": 0, "2022": 1}),
        ("Borrowings 27,300", ("2023", "2022"), {}),
        ("Borrowings 27,300 20,900", (), {}),
    ],
)
def test_values_stand_below_their_years_past_a_note_and_before_a_change(line, years, columns):
    assert columns_of(table_row(line), years) == columns
