# ruff: noqa: SIM905 - columns as they are printed
"""Pages of two columns are read column by column, and tables row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from docpager.ingest.readers.pdf import PdfReader

LEFT = """The harbour was built in 1874 by
the town and two merchants, who
each paid a third of its cost. It
was widened in 1901 for steamers
and dredged again in 1933. In the
war the northern pier was lost and
only the lower steps remain of it
today. Divers found its lamp in
1988, and it stands in the museum
beside the ticket hall now.""".split("\n")
RIGHT = """Fares rose by four per cent in May,
after fuel had become dearer. Those
under twelve travel free with one
adult. Season tickets are sold from
March, at the office and on board,
and they hold for all lines except
the night boat. Dogs pay half, and
bicycles are carried on weekdays
when there is room for them on the
after deck of the ferry.""".split("\n")
TITLE = "The Quern Line bulletin: news of the harbours, the ferries and the people of the isles"
GUTTER_AT = 312
ROWS = [
    ("Net sales of the group", "1,204 1,100"),
    ("Cost of sales", "804 700"),
    ("Gross profit", "400 400"),
    ("Selling costs", "100 90"),
    ("Operating income", "300 310"),
    ("Interest on the loans", "12 14"),
    ("Taxes", "40 41"),
    ("Net income of the year", "248 255"),
] * 3
PLACES = ["Quern", "Tern Holm", "Skerry Sound", "Lower Marsh", "Gull Point", "Sallow"] * 3
NAMES = [(f"Harbour of {name}", f"Opened by the council of {name}") for name in PLACES]


def text_of(path: Path, *drawn: tuple[float, float, str]) -> list[str]:
    canvas = Canvas(str(path))
    canvas.setFont("Times-Roman", 11)
    for x, y, text in drawn:
        canvas.drawString(x, y, text)
    canvas.save()
    return PdfReader().read(path).pages[0].text.split("\n")


def column(lines: list[str], x: float, top: float = 700) -> list[tuple[float, float, str]]:
    return [(x, top - 14 * number, line) for number, line in enumerate(lines)]


def by_turns(*columns: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    return [entry for row in zip(*columns, strict=True) for entry in row]


@pytest.mark.parametrize("lower", [0, 3, 7])
def test_columns_drawn_line_by_line_are_read_one_after_the_other(tmp_path: Path, lower: float) -> None:
    drawn = by_turns(column(LEFT, 72), column(RIGHT, GUTTER_AT, 700 - lower))
    assert text_of(tmp_path / "a.pdf", *drawn) == [*LEFT, *RIGHT]


def test_columns_drawn_one_after_the_other_stay_so(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.pdf", *column(LEFT, 72), *column(RIGHT, GUTTER_AT)) == [*LEFT, *RIGHT]


def test_heading_across_both_columns_stays_above_them(tmp_path: Path) -> None:
    drawn = by_turns(column(LEFT, 72), column(RIGHT, GUTTER_AT))
    assert text_of(tmp_path / "a.pdf", (72, 740, TITLE), *drawn) == [TITLE, *LEFT, *RIGHT]


def test_heading_amid_columns_parts_them(tmp_path: Path) -> None:
    drawn = by_turns(column(LEFT, 72), column(RIGHT, GUTTER_AT))
    below = by_turns(column(RIGHT, 72, 500), column(LEFT, GUTTER_AT, 500))
    found = text_of(tmp_path / "a.pdf", *drawn, (72, 530, TITLE), *below)
    assert found == [*LEFT, *RIGHT, TITLE, *RIGHT, *LEFT]


@pytest.mark.parametrize("rows", [ROWS, NAMES], ids=["figures", "words"])
def test_rows_of_a_table_stay_together(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    drawn = by_turns(column([left for left, _ in rows], 72), column([right for _, right in rows], GUTTER_AT))
    assert text_of(tmp_path / "a.pdf", *drawn) == [f"{left} {right}" for left, right in rows]


def test_one_column_stays_as_it_is(tmp_path: Path) -> None:
    lines = [f"{left} {right}" for left, right in zip(LEFT, RIGHT, strict=True)]
    assert text_of(tmp_path / "a.pdf", *column(lines, 72)) == lines
