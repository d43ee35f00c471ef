"""EPUB: chapters as paper pages."""

from __future__ import annotations

import contextlib
import zipfile
from datetime import UTC, datetime

import pytest
from zipped_documents import epub

from docpager.errors import DocumentError, EncryptedDocumentError
from docpager.ingest.readers import choose_reader
from docpager.records import BlockKind, DocumentStatus

METADATA = "<dc:title>The Pump</dc:title><dc:language>de-AT</dc:language><dc:date>2021-05-04</dc:date>"
CHAPTERS = [
    "<img src='cover.png'/>",
    "<h1>One</h1><p>Clean the filter.<a epub:type='noteref' href='#n'>1</a></p><p id='n'>Twice a month.</p>",
    "<section><h2>Two</h2><table><tr><th>Part</th><th>Price</th></tr><tr><td>Seal</td><td>12</td></tr></table>"
    "<p>It is <math xmlns='http://www.w3.org/1998/Math/MathML'><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>"
    "<annotation encoding='application/x-tex'>E = m c^2</annotation></semantics></math>.</p></section>",
]


def read(path):
    entry, note = choose_reader(path)
    assert note is None
    return entry.reader().read(path)


def test_each_chapter_with_text_is_a_paper_page(tmp_path):
    parsed = read(epub(tmp_path / "a.epub", CHAPTERS, metadata=METADATA))
    assert (parsed.title, parsed.language, parsed.published_at) == ("The Pump", "de", datetime(2021, 5, 4, tzinfo=UTC))
    assert [(page.page_number, page.page_label, page.text) for page in parsed.pages] == [
        (1, "One", "One\n\nClean the filter.[1]\n\nTwice a month."),
        (2, "Two", "Two\n\nPart | Price\nSeal | 12\n\nIt is E = m c^2."),
    ]
    assert [block.kind for block in parsed.pages[1].blocks][1] is BlockKind.TABLE_HEAD
    assert parsed.status is DocumentStatus.INDEXED


def test_a_book_of_pictures_is_empty(tmp_path):
    assert read(epub(tmp_path / "a.epub", CHAPTERS[:1])).status is DocumentStatus.EMPTY


def locked(uri):
    return {
        "META-INF/encryption.xml": '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:CipherData><enc:CipherReference URI="{uri}"/></enc:CipherData></enc:EncryptedData></encryption>'
    }


def test_locked_chapters_are_told_and_scrambled_fonts_do_not_matter(tmp_path):
    path = epub(tmp_path / "a.epub", CHAPTERS, parts=locked("OEBPS/text/chapter%201.xhtml"))
    with pytest.raises(EncryptedDocumentError, match="The book is locked"):
        read(path)
    assert len(read(epub(tmp_path / "b.epub", CHAPTERS, parts=locked("OEBPS/fonts/a.otf"))).pages) == 2


def test_damaged_books_are_refused(tmp_path):
    assert (
        read(
            epub(tmp_path / "a.epub", CHAPTERS, opf="<package><spine><itemref idref='a'/></spine><manifest/></package>")
        ).status
        is DocumentStatus.EMPTY
    )
    with pytest.raises(DocumentError, match=r"The file is damaged: OEBPS/package\.opf is no XML\."):
        read(epub(tmp_path / "b.epub", CHAPTERS, opf="no XML at all"))
    with zipfile.ZipFile(tmp_path / "c.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    with pytest.raises(DocumentError, match=r"The EPUB is damaged: .*META-INF/container\.xml"):
        read(tmp_path / "c.epub")


def test_every_byte_may_be_damaged(tmp_path):
    data = epub(tmp_path / "a.epub", CHAPTERS, metadata=METADATA).read_bytes()
    for at in range(30, len(data), 37):
        (tmp_path / "b.epub").write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with contextlib.suppress(DocumentError):
            choose_reader(tmp_path / "b.epub")[0].reader().read(tmp_path / "b.epub")
