"""Plain text and Markdown, down to the spans of their blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.ingest.readers.encoding import decode
from docpager.ingest.readers.text import MarkdownReader, TextReader
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


def levels(document):
    return [block.level for block in document.pages[0].blocks if block.kind is H]


def markdown(tmp_path, text):
    file = tmp_path / "a.md"
    file.write_text(text, encoding="utf-8")
    return MarkdownReader().read(file)


WRAPPED = """\
This is a paragraph that someone has wrapped by hand at a column near to
seventy characters, as people did for decades, and which therefore ought to
become one line again.
"""
PAIRS = """\
913a732a-42b2-40c7-bf7c-00a6b63c85a1: 68f99a60-ed69-42a4-8a13-58bc7d200d01
adde4211-888b-48e3-9dbe-66c66551b05f: 8bc3e90d-e044-4923-9a5d-7bf48917ed39
2a8d601d-1d69-4e64-9f90-8ad825a74195: bb3ba2a5-7de8-434b-a86e-a88bb9fa7289
"""
CODES = """\
913a732a-42b2-40c7-bf7c-00a6b63c85a1 68f99a60-ed69-42a4-8a13-58bc7d200d01
adde4211-888b-48e3-9dbe-66c66551b05f 8bc3e90d-e044-4923-9a5d-7bf48917ed39
2a8d601d-1d69-4e64-9f90-8ad825a74195 bb3ba2a5-7de8-434b-a86e-a88bb9fa7289
006b46ef-03fd-4380-938c-49cb03754370 9faeacbe-1d0e-40da-a5db-df598a104880
"""
TEXTS = [
    ("One line.\n\nAnother.\n", [(P, "One line."), (P, "Another.")]),
    (WRAPPED, [(P, " ".join(WRAPPED.split()))]),
    ("ANNUAL REPORT\n\nSome text.\n", [(H, "ANNUAL REPORT"), (P, "Some text.")]),
    ("Title\n=====\nText.\n", [(H, "Title"), (P, "Text.")]),
    ("2.1 Scope of work\n\nText.\n", [(H, "2.1 Scope of work"), (P, "Text.")]),
    ("THE END\n", [(P, "THE END")]),
    ("- one\n- two\n  goes on\n", [(L, "- one"), (L, "- two\n  goes on")]),
    ("a\tb\n1\t2\n", [(T, "a | b"), (R, "1 | 2")]),
    ("first\fsecond", [(P, "first"), (P, "second")]),
    (PAIRS, [(P, PAIRS.strip())]),
    (CODES, [(P, CODES.strip())]),
    ("dos\r\nlines\r\n\r\nend\r\n", [(P, "dos\nlines"), (P, "end")]),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_plain_text_becomes_blocks(text, expected):
    assert blocks(TextReader().parse(text)) == expected


MAIL = f"""\
From: Alice Example <alice@example.org>
To: Bob Example <bob@example.org>, and all of the others in the sales team
Subject: The figures that we spoke of on Monday, and what has become of them
Date: 2 March 2024

{WRAPPED}
Sincerely,
Alice
"""


def test_a_mail_keeps_its_header_lines_and_its_signature():
    found = blocks(TextReader().parse(MAIL))
    assert found[0] == (P, MAIL.split("\n\n")[0])
    assert found[1] == (P, " ".join(WRAPPED.split()))
    assert found[2] == (P, "Sincerely,\nAlice")


def test_columns_set_with_blanks_are_left_as_they_are():
    table = "Name          2020      2021\nSales            5         6\nProfit           1         2"
    assert blocks(TextReader().parse(f"{WRAPPED}\n{table}\n"))[-1] == (P, table)


@given(st.text())
def test_spans_cover_all_text_but_blank_lines(text):
    (page,) = TextReader().parse(text).pages
    end = 0
    for block in page.blocks:
        assert end <= block.char_start < block.char_end
        assert not page.text[end : block.char_start].strip()
        end = block.char_end
    assert end == len(page.text)


@given(st.text(alphabet="ab é\n.-#|"))
def test_no_word_is_lost_or_made(text):
    (page,) = TextReader().parse(text).pages
    assert set("".join(page.text.split())) <= set("".join(text.split()))
    assert sum(map(str.isalpha, page.text)) == sum(map(str.isalpha, text))


SENTENCE = "Größe, Übermaß und Straße: der Umsatz stieg um 5 % auf 3.000 €."
ENCODINGS = [
    ("utf-8", SENTENCE),
    ("utf-8-sig", SENTENCE),
    ("utf-16", SENTENCE),
    ("utf-16-le", "Plain words in a file without a mark.\n" * 3),
    ("utf-16-be", "Plain words in a file without a mark.\n" * 3),
    ("utf-32", SENTENCE),
    ("cp1252", SENTENCE),
    ("latin-1", "Café résumé naïve"),
    ("cp1251", "Привет, это документ о продажах компании за прошлый год. Выручка выросла."),
    ("shift_jis", "売上高は前年比で増加しました。報告書の概要をここに記します。"),
    ("gb18030", "公司今年的收入比去年增长了百分之五。这是报告的摘要。"),
]


@pytest.mark.parametrize(("encoding", "text"), ENCODINGS)
def test_text_is_read_in_its_own_encoding(encoding, text):
    assert decode(text.encode(encoding)) == text


def test_damage_in_utf8_is_not_taken_for_another_encoding():
    half = (SENTENCE * 20).encode()
    assert decode(half + b"\xff" + half) == SENTENCE * 20 + "\ufffd" + SENTENCE * 20


def test_nuls_are_replaced_and_counted(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"be\x00fore\n\nafter")
    document = TextReader().read(file)
    assert blocks(document) == [(P, "be\ufffdfore"), (P, "after")]
    assert document.replaced_characters == 1


def test_blank_text_is_empty():
    assert TextReader().parse(" \n\n\t").status is DocumentStatus.EMPTY


MARKDOWNS = [
    ("# One *two*\n\ntext\n", [(H, "One two"), (P, "text")]),
    ("soft\nbreak  \nhard\n", [(P, "soft break\nhard")]),
    ("- a\n  b\n- c\n  1. d\n", [(L, "- a b"), (L, "- c"), (L, "  1. d")]),
    ("3. a\n4. b\n", [(L, "3. a"), (L, "4. b")]),
    ("| A | B |\n|---|---|\n| 1 | `x` |\n", [(T, "A | B"), (R, "1 | x")]),
    ("```\nx = 1\n\ny\n```\n", [(P, "x = 1\n\ny")]),
    ("> quoted [link](http://x) ![alt](y)\n", [(P, "quoted link alt")]),
    ("<div>in <b>HTML</b></div>\n", [(P, "in HTML")]),
    ("a<br>b <span>c</span>\n", [(P, "a\nb c")]),
]


@pytest.mark.parametrize(("text", "expected"), MARKDOWNS)
def test_markdown_becomes_blocks(tmp_path, text, expected):
    assert blocks(markdown(tmp_path, text)) == expected


def test_headings_have_their_levels(tmp_path):
    assert levels(markdown(tmp_path, "# a\n\n### b\n\nc\n---\n")) == [1, 3, 2]


def test_two_tables_in_a_row_stay_two(tmp_path):
    table = "| A |\n|---|\n| 1 |\n"
    (page,) = markdown(tmp_path, f"{table}\n{table}").pages
    assert page.text == "A\n1\n\nA\n1"


def test_front_matter_gives_title_date_and_language(tmp_path):
    document = markdown(tmp_path, '---\ntitle: "A title"\ndate: 2023-05-06\nlang: de\n---\n# Other\n')
    assert (document.title, document.language) == ("A title", "de")
    assert document.published_at.isoformat() == "2023-05-06T00:00:00+00:00"
    assert blocks(document) == [(H, "Other")]


def test_a_rule_at_the_top_is_no_front_matter(tmp_path):
    assert blocks(markdown(tmp_path, "---\n\ntext\n\n---\n\nmore\n")) == [(P, "text"), (P, "more")]


def test_the_first_top_heading_is_the_title(tmp_path):
    assert markdown(tmp_path, "## sub\n\n# Top\n").title == "Top"
