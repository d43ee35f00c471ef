"""Office files and mail, through unstructured itself."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime

import docx
import openpyxl
import pptx
import pytest

from docpager.errors import DocumentError, EncryptedDocumentError, UnsupportedDocumentError
from docpager.ingest.readers import choose_reader, content
from docpager.ingest.readers.mail import EmailReader
from docpager.ingest.readers.office import DocxReader
from docpager.ingest.readers.sheets import XlsxReader
from docpager.ingest.readers.slides import PptxReader
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (
    BlockKind.HEADING,
    BlockKind.PARAGRAPH,
    BlockKind.LIST_ITEM,
    BlockKind.TABLE_HEAD,
    BlockKind.TABLE_ROW,
)


def blocks(page):
    return [(block.kind, page.text[block.char_start : block.char_end]) for block in page.blocks]


@pytest.fixture
def word_file(tmp_path):
    document = docx.Document()
    document.core_properties.title = "The plan"
    document.core_properties.modified = datetime(2024, 3, 1, 12, 0)
    document.core_properties.language = "de-DE"
    document.sections[0].header.paragraphs[0].text = "running head"
    document.add_heading("One", 1)
    document.add_paragraph("A paragraph of some length, with a full stop.")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Bullet")
    document.add_heading("Two", 2)
    table = document.add_table(2, 2)
    for place, text in zip([(0, 0), (0, 1), (1, 0), (1, 1)], ["Year", "Sales", "2020", "5"]):
        table.cell(*place).text = text
    document.add_page_break()
    document.add_paragraph("After the break.")
    document.save(tmp_path / "plan.docx")
    return tmp_path / "plan.docx"


def test_a_word_file_becomes_blocks(word_file):
    document = DocxReader().read(word_file)
    (page,) = document.pages
    assert blocks(page) == [
        (H, "One"),
        (P, "A paragraph of some length, with a full stop."),
        (L, "- first"),
        (L, "- second"),
        (H, "Two"),
        (T, "Year | Sales"),
        (R, "2020 | 5"),
        (P, "After the break."),
    ]
    assert [block.level for block in page.blocks if block.kind is H] == [1, 2]


def test_a_word_file_tells_its_title_date_and_language(word_file):
    document = DocxReader().read(word_file)
    assert (document.title, document.language) == ("The plan", "de")
    assert document.published_at == datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def test_unstructured_is_kept_quiet(word_file):
    DocxReader().read(word_file)
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["SCARF_NO_ANALYTICS"] == "true"


def test_a_word_file_without_text_is_empty(tmp_path):
    docx.Document().save(tmp_path / "a.docx")
    assert DocxReader().read(tmp_path / "a.docx").status is DocumentStatus.EMPTY


def test_a_slide_is_a_paper_page(tmp_path):
    deck = pptx.Presentation()
    for title, body in (("First", "a\nb"), ("Second", "c")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, body
    deck.save(tmp_path / "a.pptx")
    pages = PptxReader().read(tmp_path / "a.pptx").pages
    assert [page.page_number for page in pages] == [1, 2]
    assert blocks(pages[0]) == [(H, "First"), (L, "- a"), (L, "- b")]


def test_a_sheet_is_a_paper_page_with_its_name(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Sales"
    for row in (["Year", "Sum"], [2020, 5.5]):
        book.active.append(row)
    book.create_sheet("Other").append(["x", "y"])
    book.save(tmp_path / "a.xlsx")
    pages = XlsxReader().read(tmp_path / "a.xlsx").pages
    assert [(page.page_number, page.page_label) for page in pages] == [(1, "Sales"), (2, "Other")]
    assert blocks(pages[0]) == [(H, "Sales"), (T, "Year | Sum"), (R, "2020 | 5.5")]


def test_a_mail_opens_with_its_header_lines(tmp_path):
    file = tmp_path / "a.eml"
    file.write_text(
        "From: A <a@x.org>\nTo: b@x.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        "Date: Mon, 1 Jan 2024 10:00:00 +0100\nContent-Type: text/plain; charset=utf-8\n\nDear B,\n\nThe body.\n"
    )
    document = EmailReader().read(file)
    assert document.title == "Grüße"
    assert document.published_at == datetime(2024, 1, 1, 9, tzinfo=UTC)
    found = blocks(document.pages[0])
    assert found[0] == (P, "From: A <a@x.org>\nTo: b@x.org\nDate: Mon, 01 Jan 2024 10:00:00 +0100\nSubject: Grüße")
    assert found[1:] == [(P, "Dear B,"), (P, "The body.")]


def test_what_a_library_raises_is_a_document_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<broken")
    with pytest.raises(DocumentError, match=r"It cannot be read \(\w+: "):
        DocxReader().read(tmp_path / "a.docx")


def made(tmp_path, name, data):
    file = tmp_path / name
    file.write_bytes(data)
    return file


CHOICES = [
    ("a.txt", b"text", content.TEXT, None),
    ("README", b"text", content.TEXT, None),
    ("a.md", b"# x", "text/markdown", None),
    ("A.HTML", b"<p>no doctype", content.HTML, None),
    ("a.pdf", b"%PDF-1.7 ...", content.PDF, None),
    ("a.pdf", b"<!DOCTYPE html><p>x", content.HTML, "Named .pdf, but it holds text/html; read as that."),
    ("a.txt", b"\xef\xbb\xbf<html><p>x", content.HTML, "Named .txt, but it holds text/html; read as that."),
    ("a.docx", b"just text", content.TEXT, "Named .docx, but it holds text/plain; read as that."),
    ("a.txt", b"%PDF-1.7 ...", content.PDF, "Named .txt, but it holds application/pdf; read as that."),
    ("a.bin", b"%PDF-1.7 ...", content.PDF, "Read as application/pdf, which is what it holds."),
    ("a.txt", "wide text".encode("utf-16"), content.TEXT, None),
]


@pytest.mark.parametrize(("name", "data", "media_type", "note"), CHOICES)
def test_the_reader_is_chosen_by_what_a_file_holds(tmp_path, name, data, media_type, note):
    entry, found = choose_reader(made(tmp_path, name, data))
    assert (entry.media_type, found) == (media_type, note)


REFUSALS = [
    ("a.xyz", b"text", UnsupportedDocumentError, "No reader takes .xyz files."),
    ("a.txt", b"GIF89a", UnsupportedDocumentError, "It is named .txt, but holds image/gif."),
    ("a.pdf", b"\x1f\x8b\x08", UnsupportedDocumentError, "It is named .pdf, but holds application/gzip."),
    (
        "a.docx",
        b"PK\x03\x04 cut off",
        DocumentError,
        "It is named .docx, but holds a zip archive without such a document, or part of one: the file is damaged, or "
        "of another kind.",
    ),
    (
        "a.pdf",
        bytes(range(256)) * 4,
        DocumentError,
        "It is named .pdf, but holds binary data of no known kind: the file is damaged, or of another kind.",
    ),
    (
        "a.docx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        EncryptedDocumentError,
        "It wants a password.",
    ),
]


@pytest.mark.parametrize(("name", "data", "error", "message"), REFUSALS)
def test_a_file_that_no_reader_fits_says_why(tmp_path, name, data, error, message):
    with pytest.raises(error) as raised:
        choose_reader(made(tmp_path, name, data))
    assert str(raised.value) == message
