"""HTML as it would be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import LimitExceededError
from docpager.ingest.readers.web import DEEPEST, HtmlReader, merged_columns
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (
    BlockKind.HEADING,
    BlockKind.PARAGRAPH,
    BlockKind.LIST_ITEM,
    BlockKind.TABLE_HEAD,
    BlockKind.TABLE_ROW,
)


def blocks(document):
    (page,) = document.pages
    return [(block.kind, page.text[block.char_start : block.char_end]) for block in page.blocks]


def read(text):
    return HtmlReader().parse(text)


PAGES = [
    ("<p>One\n  line &amp; <b>bold</b></p><p>Two", [(P, "One line & bold"), (P, "Two")]),
    ("loose<br>text<div>in a div</div>tail", [(P, "loose\ntext"), (P, "in a div"), (P, "tail")]),
    ("<h1>Top</h1><h3>Sub <i>x</i></h3>", [(H, "Top"), (H, "Sub x")]),
    ("<ul><li>a<ul><li>b</ul><li><p>c<p>d</ul>", [(L, "- a"), (L, "  - b"), (L, "- c"), (L, "  d")]),
    ("<ol start=3><li>a<li>b</ol>", [(L, "3. a"), (L, "4. b")]),
    ("<pre>a  b\n c</pre>", [(P, "a  b\n c")]),
    ("<script>x</script><style>y</style><nav>menu</nav><noscript>z</noscript>text", [(P, "text")]),
    ("<div style='color:red; display: none'>no</div><p hidden>no</p><i aria-hidden=true>no</i>yes", [(P, "yes")]),
    ("<p>a<!-- no --><img alt='picture'></p>", [(P, "apicture")]),
    ("<dl><dt>term<dd>meaning</dl>", [(P, "term"), (P, "meaning")]),
    ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", [(T, "A | B"), (R, "1 | 2")]),
    ("<table><tr><td>Year<td>Sales<tr><td>2020<td>5</table>", [(T, "Year | Sales"), (R, "2020 | 5")]),
    ("<table><tr><td>1<td>2<tr><td>3<td>4</table>", [(R, "1 | 2"), (R, "3 | 4")]),
    ("<table><caption>Sales</caption><tr><td>1<td>2</table>", [(P, "Sales"), (R, "1 | 2")]),
    ("<table><tr><td>left<tr><td>below</table>", [(P, "left"), (P, "below")]),
    (
        "<table><tr><td><table><tr><td>1<td>2</table><td>side</table>",
        [(R, "1 | 2"), (P, "side")],
    ),
]


@pytest.mark.parametrize(("text", "expected"), PAGES)
def test_html_becomes_blocks(text, expected):
    assert blocks(read(f"<html><body>{text}</body></html>")) == expected


def test_a_filings_table_has_its_signs_beside_their_figures_and_heads_above_what_they_span():
    found = blocks(
        read("""<table>
        <tr><td></td><td colspan=2>2023</td><td></td><td colspan=3>2022</td></tr>
        <tr><td>Net sales</td><td>$</td><td>1,234</td><td></td><td>$</td><td>(56</td><td>)</td></tr>
        <tr><td>Margin</td><td></td><td>12</td><td></td><td></td><td>7</td><td>%</td></tr></table>""")
    )
    assert found == [(T, " | 2023 | 2022"), (R, "Net sales | $1,234 | $(56)"), (R, "Margin | 12 | 7%")]


COLUMNS = [
    ([["a", "", "b"], ["1", "", "2"]], [["a", "b"], ["1", "2"]]),
    ([["a", "b"], ["1"]], [["a", "b"], ["1", ""]]),
    ([["$", "5"], ["", "6"]], [["$5"], ["6"]]),
    ([["$", "word"]], [["$", "word"]]),
    ([["h", None], ["", "1"]], [["h"], ["1"]]),
    ([["h", None], ["a", "1"]], [["h", ""], ["a", "1"]]),
    ([], []),
]


@pytest.mark.parametrize(("grid", "expected"), COLUMNS)
def test_columns_are_merged_where_nothing_is_lost(grid, expected):
    assert merged_columns(grid) == expected


def test_metadata_comes_from_the_head():
    document = read(
        '<html lang="en-GB"><head><title> My\n page </title>'
        '<meta property="article:published_time" content="2024-02-03T04:05:06Z"></head><body>x</body></html>'
    )
    assert (document.title, document.language) == ("My page", "en")
    assert document.published_at.isoformat() == "2024-02-03T04:05:06+00:00"


def test_the_first_heading_is_the_title_where_there_is_no_other():
    assert read("<h1>Head</h1>").title == "Head"


@pytest.mark.parametrize("text", ["", " ", "<html></html>", "<script>x</script>", "<!-- x -->"])
def test_a_page_without_text_is_empty(text):
    assert read(text).status is DocumentStatus.EMPTY


@pytest.mark.parametrize("tag", ["div", "font", "ul", "table", "blockquote", "span"])
def test_tags_nested_without_end_lose_no_text(tag):
    depth = 5 * DEEPEST
    document = read(f"<p>before</p>{f'<{tag}>' * depth}inside{f'</{tag}>' * depth}<p>after</p>")
    assert set(document.pages[0].text.split()) >= {"before", "inside", "after"}


def test_what_is_nested_too_deep_to_be_read_whole_is_refused():
    with pytest.raises(LimitExceededError, match="nested too deep"):
        read(f"<p>before</p>{'<div>' * 100_000}inside")


def test_the_encoding_is_the_one_the_page_names(tmp_path):
    file = tmp_path / "a.html"
    file.write_bytes('<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251"))
    assert blocks(HtmlReader().read(file)) == [(P, "Привет")]


def test_an_external_entity_reads_no_file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    document = read(f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><p>a &x; b</p>')
    assert "secret" not in document.pages[0].text.replace(str(secret), "")


@given(st.text(alphabet="<>/ab p=\"'&;!-#x\n", max_size=200))
def test_whatever_it_is_spans_cover_all_text(text):
    for page in read(text).pages:
        covered = "".join(page.text[block.char_start : block.char_end] for block in page.blocks)
        assert "".join(covered.split()) == "".join(page.text.split())


def test_a_cell_that_spans_rows_stands_in_each_of_them():
    table = (
        "<table><tr><th rowspan=2>Region</th><th colspan=2>2023</th></tr><tr><th>Q1</th><th>Q2</th></tr>"
        "<tr><td rowspan=3>North</td><td>1</td><td>2</td></tr>"
        "<tr><td>3</td><td rowspan=2>4</td></tr><tr><td>5</td></tr>"
        "<tr><td>All</td><td>9</td><td>10</td></tr></table>"
    )
    assert HtmlReader().parse(table).pages[0].text.splitlines() == [
        "Region | 2023 |",
        "Region | Q1 | Q2",
        "North | 1 | 2",
        "North | 3 | 4",
        "North | 5 | 4",
        "All | 9 | 10",
    ]


def test_signs_of_notes_stand_in_brackets_and_formulas_as_they_were_typed():
    math = "<math alttext='a/b'><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"
    signs = "<math><mi>x</mi><mo>=</mo><mn>1</mn></math>"
    text = f"<p>It grew.<a role='doc-noteref' href='#n'><sup>1</sup></a> {math} {signs}</p>"
    note = "<ol><li id='n'>Audited. <a role='doc-backlink' href='#r'>↩</a></li></ol>"
    assert HtmlReader().parse(text + note).pages[0].text == "It grew.[1] a/b x=1\n\n1. Audited."
