"""Mail that Outlook saved: real compound files, also as python-oxmsg reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from outlook_files import message, write_compound_file

from docpager.errors import DocumentError, EncryptedDocumentError, UnsupportedDocumentError
from docpager.ingest.readers import choose_reader
from docpager.ingest.readers.outlook import OutlookReader
from docpager.records import BlockKind, DocumentStatus

SUBJECT, BODY, HTML, RTF, SENT = 0x0037, 0x1000, 0x1013, 0x1009, 0x0039
FROM, FROM_ADDRESS = 0x0C1A, 0x5D01
NAME, ADDRESS, KIND = 0x3001, 0x39FE, 0x0C15
FILE_NAME, FILE_TYPE, FILE, METHOD = 0x3707, 0x370E, 0x3701, 0x3705
HIDDEN, CODEPAGE = 0x7FFE, 0x3FFD
WHEN = datetime(2024, 3, 5, 9, 30, tzinfo=UTC)
MAIL = {
    SUBJECT: "Budget for Köln",
    FROM: "Ada Lovelace",
    FROM_ADDRESS: "ada@example.com",
    SENT: WHEN,
    BODY: "Dear Bob,\r\n\r\nthe budget is 1,200 €.\r\n",
}
PEOPLE = [
    {NAME: "Bob", ADDRESS: "bob@example.com", KIND: 1},
    {NAME: "carol@example.com", ADDRESS: "carol@example.com", KIND: 1},
    {NAME: "Dan", 0x3003: "/O=EXCHANGE/CN=DAN", KIND: 2},
]


@pytest.fixture
def read(tmp_path):
    def read(*arguments, **options):
        path = write_compound_file(tmp_path / "mail.msg", message(*arguments, **options))
        entry, note = choose_reader(path)
        assert note is None
        return entry.reader().read(path)

    return read


def test_headers_body_and_date_are_read(read):
    parsed = read(MAIL, PEOPLE)
    assert parsed.status is DocumentStatus.INDEXED
    assert (parsed.title, parsed.published_at) == ("Budget for Köln", WHEN)
    assert parsed.pages[0].text == (
        "From: Ada Lovelace <ada@example.com>\n"
        "To: Bob <bob@example.com>, carol@example.com\n"
        "Cc: Dan\n"
        "Date: Tue, 05 Mar 2024 09:30:00 +0000\n"
        "Subject: Budget for Köln\n\n"
        "Dear Bob,\n\n"
        "the budget is 1,200 €."
    )


def test_the_file_is_one_that_others_read_alike(tmp_path):
    oxmsg = pytest.importorskip("oxmsg", reason="python-oxmsg comes with unstructured")
    path = write_compound_file(tmp_path / "mail.msg", message(MAIL, PEOPLE, [{FILE_NAME: "a.pdf", FILE: b"x" * 9000}]))
    found = oxmsg.Message.load(str(path))
    assert (found.subject, found.body, found.sent_date) == (MAIL[SUBJECT], MAIL[BODY], WHEN)
    assert [person.email_address for person in found.recipients][:2] == ["bob@example.com", "carol@example.com"]
    assert [(file.file_name, file.size) for file in found.attachments] == [("a.pdf", 9000)]


def test_html_is_preferred_where_it_says_anything(read):
    table = "<h2>Costs</h2><table><tr><th>Part</th><th>Price</th></tr><tr><td>Valve</td><td>12 €</td></tr></table>"
    page = read({**MAIL, HTML: f'<meta charset="utf-8">{table}'.encode()}).pages[0]
    rows = [page.text[b.char_start : b.char_end] for b in page.blocks if b.kind is BlockKind.TABLE_ROW]
    assert rows == ["Valve | 12 €"]
    assert "Dear Bob" not in page.text
    assert "Dear Bob" in read({**MAIL, HTML: b"<html><body> </body></html>"}).pages[0].text


def test_attachments_are_listed_and_attached_mail_is_read(read):
    inner = message(
        {SUBJECT: "The first offer", FROM: "Eve", BODY: "It was 900 €."}, attachments=[{FILE_NAME: "b.txt"}], header=24
    )
    files = [
        {FILE_NAME: "plan.pdf", FILE_TYPE: "application/pdf", FILE: b"%PDF" * 2000},
        {FILE: inner, METHOD: 5},
        {FILE_NAME: "logo.png", FILE: b"png", HIDDEN: True},
    ]
    page = read(MAIL, PEOPLE, files).pages[0]
    assert page.text.endswith(
        "Attached message: The first offer\n\nFrom: Eve\nSubject: The first offer\n\nIt was 900 €.\n\n"
        "Attachment: b.txt (application/octet-stream, 0 bytes)\n\n"
        "Attachment: plan.pdf (application/pdf, 8,000 bytes)"
    )


@pytest.mark.parametrize(("codepage", "number", "text"), [("cp1251", 1251, "Отчёт"), ("utf-8", 65001, "Größe 5 €")])
def test_text_in_a_code_page_is_decoded(read, codepage, number, text):
    parsed = read({SUBJECT: text, BODY: text * 3, CODEPAGE: number}, codepage=codepage)
    assert (parsed.title, parsed.pages[0].text) == (text, f"Subject: {text}\n\n{text * 3}")


def test_a_mail_with_rtf_alone_says_so(read):
    assert read({SUBJECT: "Hm", RTF: b"LZFu"}).error_message == "Its text is kept as RTF only, and was not read."
    assert read({**MAIL, RTF: b"LZFu"}).error_message is None


def test_endless_nesting_is_refused(read):
    inner = message({SUBJECT: "0"}, header=24)
    for depth in range(25):
        inner = message({SUBJECT: str(depth)}, attachments=[{FILE: inner}], header=24)
    with pytest.raises(DocumentError, match="Its messages are nested deeper than 20 levels"):
        read({SUBJECT: "Top"}, attachments=[{FILE: inner}])


def test_every_truncated_file_is_read_or_refused_cleanly(tmp_path):
    data = write_compound_file(tmp_path / "mail.msg", message(MAIL, PEOPLE)).read_bytes()
    for size in range(600, len(data), 509):
        (tmp_path / "mail.msg").write_bytes(data[:size])
        try:
            OutlookReader().read(tmp_path / "mail.msg")
        except DocumentError as error:
            assert str(error).startswith("It cannot be read (")  # noqa: PT017 - either end is right


OTHERS = [
    ("WordDocument", UnsupportedDocumentError, "No reader takes .xyz files. This is an old Word document"),
    ("Workbook", UnsupportedDocumentError, "This is an old Excel workbook: save it as XLSX."),
    ("PowerPoint Document", UnsupportedDocumentError, "save it as PPTX"),
    ("EncryptedPackage", EncryptedDocumentError, "It wants a password."),
    ("Something", UnsupportedDocumentError, "No reader takes .xyz files."),
]


@pytest.mark.parametrize(("stream", "error", "message"), OTHERS)
def test_other_compound_files_are_told_apart(tmp_path, stream, error, message):
    path = write_compound_file(tmp_path / "a.xyz", {stream: b"x" * 5000})
    with pytest.raises(error, match=message):
        choose_reader(path)


def test_a_mail_of_any_name_is_found_out(tmp_path):
    path = write_compound_file(tmp_path / "mail.dat", message(MAIL, attachments=[{FILE: bytes(6 * 1024 * 1024)}]))
    entry, note = choose_reader(path)
    assert (entry.target.split(":")[1], note) == (
        "OutlookReader",
        "Read as application/vnd.ms-outlook, which is what it holds.",
    )
