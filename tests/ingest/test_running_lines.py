from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.ingest.running_lines import at_edges, running_spans
from docpager.records import ParsedPage

FILINGS = Path(__file__).parents[3] / "shared" / "data" / "financebench" / "pdfs"


def running(pages: list[str]) -> list[list[str]]:
    parsed = [ParsedPage(n, text) for n, text in enumerate(pages, 1)]
    return [[text[a:b] for a, b in spans] for text, spans in zip(pages, running_spans(parsed), strict=True)]


def bodies(count: int) -> list[str]:
    words = ["rivers", "engines", "loans", "gardens", "ships", "schools", "roads", "mines", "farms", "tools"]
    said = [words[n % 10] + " and their upkeep" * (n // 10) for n in range(count)]
    return [f"What is said of {what} stands here.\nSo much for {what}." for what in said]


def framed(count: int, head: str = "", foot: str = "", first: int = 1) -> list[str]:
    frames = [(head.format(n=n), foot.format(n=n)) for n in range(first, first + count)]
    return ["\n".join(part for part in (top, body, end) if part) for (top, end), body in zip(frames, bodies(count))]


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        ("", "{n}"),
        ("", "- {n} -"),
        ("", "F-{n}"),
        ("{n}", ""),
        ("", "Page {n} of 9"),
        ("", "Seite {n} von 9"),
        ("", "[{n}/9]"),
    ],
)
def test_page_numbers_are_running_lines_from_three_pages_on(head: str, foot: str) -> None:
    expected = [[(head or foot).format(n=n)] for n in range(7, 10)]
    assert running(framed(3, head, foot, first=7)) == expected
    assert running(framed(2, head, foot, first=7)) == [[], []]


def test_roman_page_numbers_count_too() -> None:
    numerals = ["iii", "iv", "v", "vi"]
    pages = [f"{body}\n{numeral}" for body, numeral in zip(bodies(4), numerals)]
    assert running(pages) == [[numeral] for numeral in numerals]


@pytest.mark.parametrize(
    "line",
    ["ACME Corporation", "Annual report 2021", "TABLE OF CONTENTS", "See the notes.", "ACME 2021 Form 10-K"],
)
@pytest.mark.parametrize("side", ["head", "foot"])
def test_line_with_words_is_kept_once_and_runs_from_then_on(line: str, side: str) -> None:
    assert running(framed(6, **{side: line})) == [[], *[[line]] * 5]


def test_left_and_right_pages_may_differ() -> None:
    pages = [f"{'ACME Corporation' if n % 2 else 'Report of the board'}\n{body}" for n, body in enumerate(bodies(12))]
    assert sum(map(len, running(pages))) == 10


@pytest.mark.parametrize(
    "line",
    [
        "(in millions, except per share data)",
        "Dollars in thousands",
        "Unaudited",
        "Year ended December 31,",
        "Fiscal year 2021",
        "December 31, 2021",
        "2021 2020 2019",
        "Name 2021 2020",
        "* Not meaningful",
        "(1) Restated for the merger.",
        "n/a Not applicable",
        "2,021",
        "Total 100 100 100",
    ],
)
@pytest.mark.parametrize("side", ["head", "foot"])
def test_what_says_how_to_read_figures_is_never_a_running_line(line: str, side: str) -> None:
    assert running(framed(8, **{side: line})) == [[]] * 8


def test_column_heads_repeated_above_their_rows_are_no_running_lines() -> None:
    rows = [f"Region {'ABCDEFGH'[n]} {n * 37 + 11} {n * 91 + 7}" for n in range(8)]
    pages = [f"Region Sold Returned\n{row}\n{body}" for row, body in zip(rows, bodies(8))]
    assert running(pages) == [[]] * 8


def test_figures_that_do_not_count_pages_are_no_page_numbers() -> None:
    assert running([f"{body}\n{figure}" for body, figure in zip(bodies(6), [12, 7, 31, 8, 90, 2])]) == [[]] * 6


@pytest.mark.parametrize("part", ["Exhibit", "Chapter", "Question", "Note", "Step"])
def test_named_parts_that_begin_on_each_page_are_no_running_lines(part: str) -> None:
    assert running(framed(8, head=part + " {n}")) == [[]] * 8


def test_line_that_comes_back_now_and_then_is_none() -> None:
    pages = bodies(30)
    for number in range(0, 30, 5):
        pages[number] = "Operator\n" + pages[number]
    assert running(pages) == [[]] * 30


def test_what_stands_within_a_page_is_none() -> None:
    texts = [body.replace("\n", f"\nAnd of {n * n}.\n") for n, body in enumerate(bodies(9))]
    assert (
        running([f"{text}\n{body}\nThe same everywhere.\n{body}\n{text}" for text, body in zip(texts, bodies(9))])
        == [[]] * 9
    )


def test_page_of_nothing_else_keeps_its_lines() -> None:
    pages = framed(8, head="ACME Corporation", foot="{n}")
    pages[4] = "ACME Corporation\n5"
    assert running(pages)[4] == []
    assert running(pages)[5] == ["ACME Corporation", "6"]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [((), ["A", "B", "9"]), (((2, 3),), ["A", "9"]), (((0, 1),), ["9"])],
)
def test_line_that_stays_keeps_those_inside_of_it(kept: tuple[tuple[int, int], ...], expected: list[str]) -> None:
    text = "A\nB\nText.\n9"
    assert [text[a:b] for a, b in at_edges(text, [(0, 1), (2, 3), (10, 11)], kept)] == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab1 9ixıİK\n$.|\u00a0\u2028²"), max_size=60), max_size=9))
def test_spans_are_whole_lines_in_order_and_never_a_whole_page(pages: list[str]) -> None:
    for text, spans in zip(pages, running_spans([ParsedPage(n, p) for n, p in enumerate(pages, 1)]), strict=True):
        lines = [line.strip() for line in text.split("\n")]
        assert all(text[a:b] in lines and text[a:b] for a, b in spans)
        assert list(spans) == sorted(set(spans))
        assert len(spans) < len([line for line in lines if line]) or not spans


@pytest.mark.slow
@pytest.mark.skipif(not FILINGS.is_dir(), reason=f"needs the filings in {FILINGS}")
def test_filings_running_lines_are_few_kinds_of_line() -> None:
    from docpager.ingest.readers.pdf import PdfReader

    marked = lines = 0
    for path in sorted(FILINGS.glob("*.pdf")):
        pages = PdfReader().read(path).pages
        spans = running_spans(pages)
        found = [page.text[a:b] for page, of_page in zip(pages, spans, strict=True) for a, b in of_page]
        kinds = {"".join("#" if c.isdigit() else c for c in line) for line in found}
        assert len(kinds) <= 15
        marked += len(found)
        lines += sum(page.text.count("\n") + 1 for page in pages)
    assert 0.03 < marked / lines < 0.05
