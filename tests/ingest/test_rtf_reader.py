"""RTF as Word, LibreOffice and others write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optional_programs import needs_pandoc

from docpager.errors import DocumentError
from docpager.ingest.readers import choose_reader
from docpager.ingest.readers.programs import PANDOC, run_program
from docpager.ingest.readers.rtf import RtfReader
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (BlockKind(kind) for kind in ("heading", "paragraph", "list_item", "table_head", "table_row"))

WORD = rb"""{\rtf1\ansi\ansicpg1252\deff0\uc1
{\fonttbl{\f0\froman\fcharset0 Times New Roman;}{\f1\fswiss\fcharset204 Arial CYR;}{\f2\fcharset128 MS Mincho;}}
{\colortbl;\red0\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s15 Title;}{\s7 heading 2;}}
{\info{\title Annual Report 2023}{\author Ada}{\creatim\yr2024\mo3\dy5\hr9\min30}}
{\header\pard Page head\par}{\*\generator Writer;}
\pard\s15\b Annual Report\b0\par
\pard\s1\b Results\b0\par
\pard Revenue grew by 12\'80 \endash  see note{\super\chftn}{\footnote\pard\plain{\super\chftn} Audited
 figures.\par} and {\field{\*\fldinst HYPERLINK "https://example.com"}{\fldrslt the site}}.\par
\pard\s7 Sales\par
\trowd\trhdr\cellx2000\cellx4000\cellx6000\pard\intbl Segment\cell 2023\cell 2022\cell\row
\trowd\cellx2000\cellx4000\cellx6000\pard\intbl Pumps\cell 12\par second line\cell 11\cell\row
\trowd\clmgf\cellx2000\clmrg\cellx4000\cellx6000\pard\intbl Merged\cell\cell 5\cell\row
\pard After the table.\line A new line\tab and more{\v hidden}.\par
{\listtext\pard\plain 1.\tab}\pard\ls1\ilvl0 First\par{\listtext a)\tab}\pard\ilvl1 Second\par
{\pntext\f0\'B7\tab}\pard Bullet\par
\pard{\deleted gone}{\*\bkmkstart x}{\*\bkmkend x}{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard In a box.\par}}
{\shprslt again}}{\pict\pngblip 89504e47}Last{\*\annotation\pard a remark\par}.\par
}"""


def read(text: bytes | str, font: str = ""):
    data = text.encode("cp1252") if isinstance(text, str) else text
    return RtfReader().parse(data if data.startswith(b"{\\rtf") else b"{\\rtf1\\ansi " + font.encode() + data + b"}")


def blocks(parsed):
    page = parsed.pages[0]
    return [(b.kind, page.text[b.char_start : b.char_end]) for b in page.blocks]


def test_a_file_of_word_becomes_its_blocks(tmp_path):
    (tmp_path / "a.doc").write_bytes(WORD)
    entry, note = choose_reader(tmp_path / "a.doc")
    parsed = entry.reader().read(tmp_path / "a.doc")
    assert note == "Read as application/rtf, which is what it holds."
    assert (parsed.title, parsed.published_at) == ("Annual Report 2023", datetime(2024, 3, 5, 9, 30, tzinfo=UTC))
    assert (parsed.status, parsed.error_message) == (DocumentStatus.INDEXED, None)
    assert blocks(parsed) == [
        (H, "Annual Report"),
        (H, "Results"),
        (P, "Revenue grew by 12€ – see note[1] and the site."),
        (P, "[1] Audited figures."),
        (H, "Sales"),
        (T, "Segment | 2023 | 2022"),
        (R, "Pumps | 12 second line | 11"),
        (R, "Merged |  | 5"),
        (P, "After the table.\nA new line and more."),
        (L, "1. First"),
        (L, "  a) Second"),
        (L, "- Bullet"),
        (P, "Last."),
        (P, "In a box."),
        (P, "Comment: a remark"),
    ]
    assert [block.level for block in parsed.pages[0].blocks if block.kind is H] == [1, 1, 2]


FONTS = r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}{\f3\fcharset134 D;}{\f4\cpg1250 E;}}"
TEXTS = [
    (r"caf\'e9 \f1\'cf\'f0\'e8\'e2\'e5\'f2\f0  caf\'e9", "café Привет café"),
    (r"\f2\'93\'fa\'96\'7b\f0 , \f3\'d6\'d0\'b9\'fa", "日本, 中国"),
    (r"{\f1\'cf}\'e9", "Пé"),
    (r"\f4 \'e8e\'9aky", "češky"),
    (r"\u8364?5 and \u8364\'805.00", "€5 and €5.00"),
    (r"{\uc2\u8364 ??7}\u8364?8", "€7€8"),
    (r"{\uc0\u8364 9}", "€9"),
    (r"\u-10179?\u-8704?!", "😀!"),
    (r"\u8364\bullet 6", "€6"),
    (r"a\~b\_c\-d \{x\} \\ y", "a b-cd {x} \\ y"),
    (r"\lquote a\rquote  \ldblquote b\rdblquote \emdash", "‘a’ “b”—"),
    ("one\r\ntwo \\\nthree", "onetwo\n\nthree"),
    (r"{\pict{\*\blipuid 00}\bin5 }{\}}}shown", "shown"),
    (r"{\xe{\v index}}{\v hid\v0 den}{\*\unknown gone}", "den"),
]


@pytest.mark.parametrize(("rtf", "text"), TEXTS)
def test_characters_are_what_their_font_and_their_numbers_say(rtf, text):
    assert read(rtf, FONTS).pages[0].text == text


def test_ansi_code_pages_hold_where_a_font_names_none():
    assert read(rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}").pages[0].text == "При"
    assert read(rb"{\rtf1\mac \'8e}").pages[0].text == "é"


def test_notes_are_counted_and_stand_after_their_paragraph():
    note = r"{\super\chftn}{\*\footnote\chftn\pard %s\par}"
    text = f"A{note % 'first'} b{note % 'second'}.\\par C{{\\footnote\\pard unmarked\\par}}.\\par"
    assert read(text).pages[0].text.split("\n\n") == ["A[1] b[2].", "[1] first", "[2] second", "C[3].", "[3] unmarked"]


def test_tables_stand_apart_and_nested_ones_are_part_of_their_cell():
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row"
    nested = r"\pard\intbl\itap2 x\nestcell y\nestcell{\*\nesttableprops\trowd\cellx9\nestrow}{\nonesttables\par}"
    text = row.format("a", "1") + r"\pard\par" + row.format("b", nested + r"\pard\intbl z")
    assert blocks(read(text)) == [(R, "a | 1"), (R, "b | x y z")]


def test_a_table_at_the_end_is_not_lost():
    assert read(r"\trowd\cellx1\cellx2\pard\intbl a\cell b\cell\row").pages[0].text == "a | b"
    assert read(r"\trowd\cellx1\cellx2\pard\intbl a\cell b").pages[0].text == "a | b"


def test_a_file_that_ends_early_is_read_as_far_as_it_goes():
    parsed = RtfReader().parse(rb"{\rtf1\ansi\pard Whole.\par Half")
    assert (parsed.pages[0].text, parsed.error_message) == (
        "Whole.\n\nHalf",
        "The file ends early: what follows may be missing.",
    )


def test_what_is_no_rtf_or_nested_without_end_is_refused():
    with pytest.raises(DocumentError, match="This is no RTF"):
        RtfReader().parse(b"hello")
    with pytest.raises(DocumentError, match="nested deeper than 1,000 levels"):
        read("{" * 2000)


@given(st.lists(st.sampled_from(WORD.split(b"\\")), max_size=60))
def test_any_order_of_its_parts_is_read(parts):
    RtfReader().parse(b"{\\rtf1" + b"\\".join(parts))


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=40))
def test_any_character_survives(text):
    written = "".join(f"\\u{int.from_bytes(pair, 'little', signed=True)}?" for pair in _pairs(text))
    assert read(written).pages[0].text == text


def _pairs(text):
    data = text.encode("utf-16-le")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


@needs_pandoc
def test_words_of_a_file_that_pandoc_writes_are_kept():
    source = "# Pumps\n\nClean *them* every week.[^1]\n\n| A | B |\n|---|---|\n| x | 1 |\n\n[^1]: Or twice.\n"
    made = run_program(PANDOC, ["--from=markdown", "--to=rtf", "--standalone"], source.encode(), seconds=20)
    assert blocks(RtfReader().parse(made)) == [
        (H, "Pumps"),
        (P, "Clean them every week.[1]"),
        (P, "[1] Or twice."),
        (T, "A | B"),
        (R, "x | 1"),
    ]
