from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from pypdf.constants import PageLabelStyle
from pypdf.generic import NameObject, NumberObject, TextStringObject
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from docpager.errors import DocumentError, EncryptedDocumentError, UsageError
from docpager.ingest.readers.front_matter import find_period, find_title
from docpager.ingest.readers.pdf import PdfReader
from docpager.protocols import Reader
from docpager.records import DocumentStatus, OutlineHeading, PageStatus

MODES = ("auto", "pdfium", "pypdf")
PAGES = (
    ["Acme Pump Handbook", "How to keep a pump running for thirty years."],
    ["2 Maintenance", "Clean the filter every week.", "Part Price 2023 Price 2022"],
    ["3 Parts", "Gasket $ 12 $ 11", "Impeller $ 130 $ 125"],
)


def make_pdf(path: Path, pages: Sequence[Sequence[str]] = PAGES, title: str | None = None) -> Path:
    canvas = Canvas(str(path), pageCompression=0)
    if title is not None:
        canvas.setTitle(title)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 760 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def rewritten(path: Path, change: object) -> Path:
    writer = pypdf.PdfWriter(clone_from=path)
    change(writer)  # type: ignore[operator]
    writer.write(path)
    return path


def picture_pdf(path: Path, texts: Sequence[str]) -> Path:
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(picture, "PNG")
    canvas = Canvas(str(path))
    for text in texts:
        canvas.drawImage(ImageReader(picture), 72, 300, 200, 150)
        if text:
            canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_read_in_order(tmp_path: Path, mode: str) -> None:
    reader = PdfReader(mode)
    assert isinstance(reader, Reader)
    parsed = reader.read(make_pdf(tmp_path / "a.pdf"))
    assert parsed.status is DocumentStatus.INDEXED
    assert (parsed.media_type, parsed.reader) == ("application/pdf", "pdf")
    assert [page.page_number for page in parsed.pages] == [1, 2, 3]
    assert parsed.pages[0].text == "Acme Pump Handbook\nHow to keep a pump running for thirty years."
    assert "Impeller $ 130 $ 125" in parsed.pages[2].text
    assert all(page.status is PageStatus.READ and not page.blocks for page in parsed.pages)


def test_modes_have_versions_of_their_own() -> None:
    assert len({PdfReader(mode).version for mode in MODES}) == 3
    with pytest.raises(UsageError, match=r"No PDF reader 'ocr'\. Use one of: auto, pdfium, pypdf\."):
        PdfReader("ocr")


def test_labels_outline_and_dates_come_from_the_file(tmp_path: Path) -> None:
    def change(writer: pypdf.PdfWriter) -> None:
        writer.set_page_label(0, 0, style=PageLabelStyle.LOWERCASE_ROMAN)
        writer.set_page_label(1, 2, prefix="A-", start=5, style=PageLabelStyle.DECIMAL)
        parent = writer.add_outline_item(title="Maintenance", page_number=1)
        writer.add_outline_item(title="Parts and prices", page_number=2, parent=parent)
        title = "Acme Pump Handbook, Second Edition"
        writer.add_metadata({"/Title": title, "/CreationDate": "D:20230415120000+02'00'"})
        writer.root_object[NameObject("/Lang")] = TextStringObject("en-GB")

    parsed = PdfReader().read(rewritten(make_pdf(tmp_path / "a.pdf"), change))
    assert [page.page_label for page in parsed.pages] == ["i", "A-5", "A-6"]
    assert parsed.outline == (OutlineHeading(1, "Maintenance", 2), OutlineHeading(2, "Parts and prices", 3))
    assert parsed.title == "Acme Pump Handbook, Second Edition"
    assert parsed.published_at == datetime(2023, 4, 15, 10, tzinfo=UTC)
    assert parsed.language == "en"


def test_damaged_structure_does_not_cost_the_text(tmp_path: Path) -> None:
    def change(writer: pypdf.PdfWriter) -> None:
        writer.root_object[NameObject("/PageLabels")] = NumberObject(7)
        writer.root_object[NameObject("/Outlines")] = NumberObject(7)

    parsed = PdfReader().read(rewritten(make_pdf(tmp_path / "a.pdf"), change))
    assert parsed.outline == ()
    assert [page.page_label for page in parsed.pages] == [None, None, None]
    assert all(page.text for page in parsed.pages)


@pytest.mark.parametrize("mode", MODES)
def test_password_is_wanted(tmp_path: Path, mode: str) -> None:
    path = rewritten(make_pdf(tmp_path / "a.pdf"), lambda writer: writer.encrypt("secret", algorithm="RC4-128"))
    with pytest.raises(EncryptedDocumentError, match=r"The PDF is encrypted and wants a password\."):
        PdfReader(mode).read(path)


@pytest.mark.parametrize("mode", MODES)
def test_empty_user_password_opens(tmp_path: Path, mode: str) -> None:
    path = rewritten(make_pdf(tmp_path / "a.pdf"), lambda writer: writer.encrypt("", "owner", algorithm="RC4-128"))
    assert PdfReader(mode).read(path).status is DocumentStatus.INDEXED


@pytest.mark.parametrize("mode", MODES)
def test_pictures_without_text_need_ocr(tmp_path: Path, mode: str) -> None:
    parsed = PdfReader(mode).read(picture_pdf(tmp_path / "a.pdf", ["", ""]))
    assert parsed.status is DocumentStatus.NEEDS_OCR
    assert [page.status for page in parsed.pages] == [PageStatus.NO_TEXT] * 2


@pytest.mark.parametrize("mode", MODES)
def test_pages_without_text_are_counted_not_failed(tmp_path: Path, mode: str) -> None:
    parsed = PdfReader(mode).read(picture_pdf(tmp_path / "a.pdf", ["A caption", ""]))
    assert parsed.status is DocumentStatus.INDEXED
    assert [page.status for page in parsed.pages] == [PageStatus.READ, PageStatus.NO_TEXT]


@pytest.mark.parametrize("mode", MODES)
def test_blank_pages_are_empty(tmp_path: Path, mode: str) -> None:
    assert PdfReader(mode).read(make_pdf(tmp_path / "a.pdf", [[], []])).status is DocumentStatus.EMPTY


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"The file is empty \(0 bytes\)\."),
        (b"just words, no PDF", r"This is no PDF: there is no %PDF- in its first 1,024 bytes\."),
    ],
)
def test_what_is_no_pdf_says_so(tmp_path: Path, mode: str, content: bytes, message: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=message):
        PdfReader(mode).read(path)


@pytest.mark.parametrize("mode", MODES)
def test_garbage_after_a_pdf_header_is_an_error(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    with pytest.raises(DocumentError):
        PdfReader(mode).read(path)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.97])
def test_truncated_file_is_never_passed_off_as_whole(tmp_path: Path, mode: str, share: float) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    try:
        parsed = PdfReader(mode).read(path)
    except DocumentError:
        return
    assert parsed.status is not DocumentStatus.INDEXED
    assert parsed.error_message or parsed.status in (DocumentStatus.EMPTY, DocumentStatus.NEEDS_OCR)


def test_truncated_pdf_names_what_is_wrong(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DocumentError, match="The PDF of 300 bytes is truncated: it has no %%EOF"):
        PdfReader("pdfium").read(path)


def test_failed_page_keeps_the_others(tmp_path: Path) -> None:
    def change(writer: pypdf.PdfWriter) -> None:
        writer.root_object["/Pages"]["/Kids"][1] = NumberObject(7)  # type: ignore[index]

    parsed = PdfReader("pdfium").read(rewritten(make_pdf(tmp_path / "a.pdf"), change))
    assert parsed.status is DocumentStatus.PARTIAL
    assert parsed.error_message == "1 of 3 pages could not be read: page 2."
    assert [page.status for page in parsed.pages] == [PageStatus.READ, PageStatus.FAILED, PageStatus.READ]
    assert parsed.pages[1].error_message
    assert "Gasket" in parsed.pages[2].text


@pytest.mark.parametrize(
    ("stated", "first_page", "expected"),
    [
        ("Annual Review 2023", "x", "Annual Review 2023"),
        ("Microsoft Word - review_final.doc", "Annual Review 2023\nAcme", "Annual Review 2023"),
        ("0000320187-19-000051", "EMPLOYMENT AGREEMENT\nbetween", "EMPLOYMENT AGREEMENT"),
        ("report_v3.indd", "", None),
        ("untitled", "we begin in the middle of a sentence,\nand go on", None),
        (
            "0000320187-19-000051",
            "UNITED STATES\nFORM 10-K\nFor the fiscal year ended May 31, 2019\n_____ ACME, Inc.\n"
            "(Exact name of Registrant as specified in its charter)",
            "ACME, Inc. Form 10-K FY2019",
        ),
    ],
)
def test_title_is_the_plausible_one(stated: str, first_page: str, expected: str | None) -> None:
    assert find_title([first_page], stated) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("For the fiscal year ended December 31, 2019", "FY2019 (ended 2019-12-31)"),
        ("ANNUAL REPORT\nFor the Fiscal Year Ended\nMay 31 , 2019", "FY2019 (ended 2019-05-31)"),
        ("for the year ended January 3, 2021", "FY2020 (ended 2021-01-03)"),
        ("For the fiscal year ended February 2, 2019", "FY2019 (ended 2019-02-02)"),
        ("For the quarterly period ended June 30, 2023", "quarter ended 2023-06-30"),
        ("For the fiscal year ended February 31, 2019", None),
        ("A handbook printed on May 31, 2019", None),
    ],
)
def test_period_is_what_the_first_pages_state(text: str, expected: str | None) -> None:
    assert find_period([text]) == expected
