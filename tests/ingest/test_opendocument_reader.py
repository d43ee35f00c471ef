"""ODT, ODS and ODP, also as pandoc writes them."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime

import pytest
from optional_programs import needs_pandoc
from zipped_documents import NAMESPACES, open_document

from docpager.errors import DocumentError, EncryptedDocumentError, LimitExceededError
from docpager.ingest.readers import choose_reader
from docpager.ingest.readers.opendocument import OpenDocumentReader
from docpager.ingest.readers.programs import PANDOC, run_program
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (BlockKind(kind) for kind in ("heading", "paragraph", "list_item", "table_head", "table_row"))


def read(path):
    entry, note = choose_reader(path)
    assert note is None
    return entry.reader().read(path)


def blocks(page):
    return [(b.kind, page.text[b.char_start : b.char_end]) for b in page.blocks]


def cell(text, **attributes):
    named = "".join(f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<table:table-cell{named}><text:p>{text}</text:p></table:table-cell>"


def row(*cells):
    return f"<table:table-row>{''.join(c if c.startswith('<') else cell(c) for c in cells)}</table:table-row>"


STYLES = """
<style:style style:name="P1" style:parent-style-name="Title"/>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>
<text:list-level-style-bullet text:level="2"/></text:list-style>"""
META = """<office:meta><dc:title>Report 2023</dc:title><dc:language>fr-FR</dc:language>
<dc:date>2024-03-05T09:30:00</dc:date></office:meta>"""
TEXT = f"""
<text:tracked-changes><text:changed-region><text:deletion><text:p>Deleted</text:p></text:deletion>
</text:changed-region></text:tracked-changes>
<text:p text:style-name="P1">Annual Report</text:p>
<text:h text:outline-level="1">Results</text:h>
<text:p>Revenue<text:s text:c="2"/>grew<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Audited.</text:p></text:note-body></text:note> by <text:span>12<text:tab/>%</text:span>.
<office:annotation><dc:creator>Ada</dc:creator><text:p>Check this.</text:p></office:annotation></text:p>
<text:list text:style-name="L1"><text:list-item><text:p>One</text:p><text:list><text:list-item><text:p>Inner</text:p>
</text:list-item></text:list></text:list-item><text:list-item><text:p>Two</text:p><text:p>More of two</text:p>
</text:list-item></text:list>
<text:section><text:h text:outline-level="2">Costs</text:h><table:table>
<table:table-column table:number-columns-repeated="3"/>
<table:table-header-rows>{row("Part", cell("Price", number_columns_spanned=2), "<table:covered-table-cell/>")}
</table:table-header-rows>
{row("Seal", "12", "11")}{row(cell("x", number_columns_repeated=3))}</table:table></text:section>
<text:p>A formula <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame> and a picture
<draw:frame><draw:image xlink:href="a.png"/><svg:title>A pump</svg:title></draw:frame>.</text:p>
<text:p>Beside <draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame>it.</text:p>
"""
MATH = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>E</mi>'
    '<annotation encoding="StarMath 5.0">E = m c^2</annotation></semantics></math>'
)


def test_a_text_becomes_its_blocks(tmp_path):
    parts = {"Object 1/content.xml": MATH}
    parsed = read(open_document(tmp_path / "a.odt", "text", TEXT, styles=STYLES, meta=META, parts=parts))
    assert (parsed.title, parsed.language) == ("Report 2023", "fr")
    assert parsed.published_at == datetime(2024, 3, 5, 9, 30, tzinfo=UTC)
    assert blocks(parsed.pages[0]) == [
        (H, "Annual Report"),
        (H, "Results"),
        (P, "Revenue grew[1] by 12 %."),
        (P, "[1] Audited."),
        (P, "Comment: Check this."),
        (L, "1. One"),
        (L, "  - Inner"),
        (L, "2. Two"),
        (P, "More of two"),
        (H, "Costs"),
        (T, "Part | Price |"),
        (R, "Seal | 12 | 11"),
        (R, "x | x | x"),
        (P, "A formula E = m c^2 and a picture A pump."),
        (P, "Beside it."),
        (P, "In a box"),
    ]


@needs_pandoc
def test_no_word_of_a_file_that_pandoc_writes_is_lost(tmp_path):
    source = (
        "# Pumps\n\nClean *them*.[^1]\n\n| Part | Price |\n|---|---|\n| Seal | 12 |\n\n1. a\n2. b\n\n[^1]: Weekly.\n"
    )
    arguments = ["--from=markdown", "--to=odt", "--standalone", "--output=-"]
    (tmp_path / "a.odt").write_bytes(run_program(PANDOC, arguments, source.encode(), seconds=20))
    assert blocks(read(tmp_path / "a.odt").pages[0]) == [
        (H, "Pumps"),
        (P, "Clean them.[1]"),
        (P, "[1] Weekly."),
        (T, "Part | Price"),
        (R, "Seal | 12"),
        (L, "1. a"),
        (L, "2. b"),
    ]


SHEETS = f"""
<table:table table:name="Sales">
{row("Region", "2023", "2022")}{row("North", cell("1,200", value="1200"), "900")}
<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/>
</table:table-row>
{row("Note", cell("x", number_columns_repeated=2))}
<table:table-row table:number-rows-repeated="1048571"><table:table-cell table:number-columns-repeated="16384"/>
</table:table-row></table:table>
<table:table table:name="Empty"><table:table-row><table:table-cell/></table:table-row></table:table>
<table:table table:name="Sheet3">
<table:table-row table:number-rows-repeated="2">{cell("same")}{cell("1")}</table:table-row>
<table:table-row><table:table-cell table:value="5"/><table:table-cell><office:annotation><dc:creator>Ada</dc:creator>
<text:p>Why five?</text:p></office:annotation></table:table-cell></table:table-row></table:table>
"""


def test_each_sheet_is_a_paper_page_and_an_empty_row_parts_tables(tmp_path):
    parsed = read(open_document(tmp_path / "a.ods", "spreadsheet", SHEETS))
    assert [(page.page_label, page.text) for page in parsed.pages] == [
        ("Sales", "Sales\n\nRegion | 2023 | 2022\nNorth | 1,200 | 900\n\nNote | x | x"),
        ("Empty", ""),
        ("Sheet3", "same | 1\nsame | 1\n5 |\n\nComment: Why five?"),
    ]
    assert blocks(parsed.pages[0])[1][0] is T


def test_a_sheet_that_repeats_itself_without_end_is_refused(tmp_path):
    many = f'<table:table-row table:number-rows-repeated="1048576">{cell("1", number_columns_repeated=900)}'
    sheet = f'<table:table table:name="A">{many}</table:table-row></table:table>'
    with pytest.raises(LimitExceededError, match="A sheet has more than 4,000,000 cells"):
        read(open_document(tmp_path / "a.ods", "spreadsheet", sheet))


SLIDES = """
<draw:page draw:name="page1">
<draw:frame presentation:class="title"><draw:text-box><text:p>Pumps</text:p></draw:text-box>
</draw:frame><draw:frame><draw:text-box><text:list><text:list-item><text:p>They <text:span>turn</text:span></text:p>
</text:list-item></text:list></draw:text-box></draw:frame><draw:g><draw:custom-shape><text:p>In a group</text:p>
</draw:custom-shape></draw:g><presentation:notes><draw:frame><draw:text-box><text:p>Say hello.</text:p></draw:text-box>
</draw:frame></presentation:notes></draw:page>
<draw:page draw:name="page2"><draw:frame><table:table><table:table-row><table:table-cell><text:p>a</text:p>
</table:table-cell><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table></draw:frame>
</draw:page>"""


def test_each_slide_is_a_paper_page(tmp_path):
    pages = read(open_document(tmp_path / "a.odp", "presentation", SLIDES)).pages
    assert blocks(pages[0]) == [(H, "Pumps"), (L, "- They turn"), (P, "In a group"), (P, "Notes: Say hello.")]
    assert blocks(pages[1]) == [(R, "a | 1")]


def test_a_file_behind_a_password_is_told(tmp_path):
    manifest = (
        f"<manifest:manifest {NAMESPACES}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
        "</manifest:manifest>"
    )
    with pytest.raises(EncryptedDocumentError, match="It wants a password"):
        read(open_document(tmp_path / "a.odt", "text", "", parts={"META-INF/manifest.xml": manifest}))


def test_an_empty_text_is_empty(tmp_path):
    assert read(open_document(tmp_path / "a.odt", "text", "<text:p/>")).status is DocumentStatus.EMPTY


def test_damaged_files_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    with pytest.raises(DocumentError, match=r"The OpenDocument file is damaged: .*content\.xml"):
        read(tmp_path / "a.odt")
    deep = "<text:section>" * 220 + "<text:p>x</text:p>" + "</text:section>" * 220
    with pytest.raises(DocumentError, match="nested"):
        read(open_document(tmp_path / "b.odt", "text", deep))
    with pytest.raises(DocumentError, match="It holds no text, sheets or slides, but drawing"):
        OpenDocumentReader().read(open_document(tmp_path / "c.odg", "drawing", ""))
