"""Mail as Python's own library writes it, and as some programs do."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from docpager.ingest.readers.mail import EmailReader
from docpager.records import BlockKind, DocumentStatus

H, P, T, R = BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.TABLE_HEAD, BlockKind.TABLE_ROW
TABLE = "<html><body><p>See:</p><table><tr><th>Year</th><th>Sum</th></tr><tr><td>2020</td><td>5</td></tr></table>"


@pytest.fixture
def read(tmp_path):
    def read(message):
        file = tmp_path / "a.eml"
        file.write_bytes(bytes(message) if isinstance(message, EmailMessage) else message)
        document = EmailReader().read(file)
        (page,) = document.pages
        return document, [(block.kind, page.text[block.char_start : block.char_end]) for block in page.blocks]

    return read


def mail(subject="Hello", text=None, html=None, **content):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@x.org>", "bob@x.org", subject
    if text is not None:
        message.set_content(text, **content)
    if html is not None:
        if text is None:
            message.set_content(html, subtype="html", **content)
        else:
            message.add_alternative(html, subtype="html")
    return message


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
def test_html_alone_is_read_with_its_tables_however_it_is_encoded(read, encoding):
    _, found = read(mail(html=TABLE.replace("See", "Größe"), cte=encoding))
    assert found[1:] == [(P, "Größe:"), (T, "Year | Sum"), (R, "2020 | 5")]


def test_of_alternatives_the_richest_with_text_is_read_once(read):
    assert read(mail(text="See: plain", html=TABLE))[1][1:] == [(P, "See:"), (T, "Year | Sum"), (R, "2020 | 5")]
    assert read(mail(text="The plain one.", html="<html><body><img src='x'></body></html>"))[1][1:] == [
        (P, "The plain one.")
    ]


def test_attachments_are_listed_and_not_read(read):
    message = mail(text="Attached.")
    message.add_attachment(b"%PDF-1.7 secret", maintype="application", subtype="pdf", filename="Bericht für März.pdf")
    message.add_attachment("inner words", filename="notes.txt")
    _, found = read(message)
    assert found[1:] == [
        (P, "Attached."),
        (
            P,
            "Attachment: Bericht für März.pdf (application/pdf, 15 bytes)\n"
            "Attachment: notes.txt (text/plain, 12 bytes)",
        ),
    ]


def test_a_forwarded_message_is_read_under_a_heading(read):
    inner = mail(subject="The first", text="What was said.", html="<p>What was said, in <b>bold</b>.</p>")
    outer = mail(subject="Fwd", text="Look at this.")
    outer.add_attachment(inner)
    assert read(outer)[1][1:] == [
        (P, "Look at this."),
        (H, "Forwarded message: The first"),
        (P, "From: Ann <ann@x.org>\nTo: bob@x.org\nSubject: The first"),
        (P, "What was said, in bold."),
    ]


def test_alternatives_within_related_within_mixed(read):
    message = mail(text="plain", html="<p>rich <img src='cid:a' alt='a chart'></p>")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<a>")
    message.add_attachment(b"x", maintype="application", subtype="zip", filename="a.zip")
    assert read(message)[1][1:] == [
        (P, "rich a chart"),
        (P, "Attachment: without a name (image/png, 4 bytes)\nAttachment: a.zip (application/zip, 1 bytes)"),
    ]


def test_several_texts_side_by_side_are_all_read(read):
    raw = (
        b"From: a@x.org\r\nSubject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nThe body.\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nSent from the list.\r\n--b--\r\n"
    )
    assert read(raw)[1][1:] == [(P, "The body."), (P, "Sent from the list.")]


def test_encoded_headers_are_decoded(read):
    raw = (
        b"From: =?iso-8859-1?Q?J=F6rg?= <j@x.org>\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\n =?utf-8?q?_aus_K=C3=B6ln?=\n"
        b"Date: Tue, 2 Jan 2024 08:00:00 GMT\n\nHi\n"
    )
    document, found = read(raw)
    assert document.title == "Grüße aus Köln"
    assert found[0][1].startswith("From: Jörg <j@x.org>\n")


BODIES = [
    (b'Content-Type: text/plain; charset="no-such-charset"\n\nGr\xfc\xdfe an alle\n', "Grüße an alle"),
    (
        b"Content-Type: text/plain; format=flowed\n\nOne line that \nflows on.\nAnother.\n",
        "One line that flows on.\nAnother.",
    ),
    (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nbm90IHdob2x\n", None),
    (b"Content-Type: multipart/mixed; boundary=x\n\nno boundary ever\n", None),
]


@pytest.mark.parametrize(("raw", "text"), BODIES)
def test_mail_that_breaks_rules_is_read_all_the_same(read, raw, text):
    document, found = read(b"From: a@x.org\nSubject: s\n" + raw)
    assert document.status is DocumentStatus.INDEXED
    assert text is None or found[1][1] == text


def test_mail_without_anything_is_empty(read):
    assert read(b"\n\n")[0].status is DocumentStatus.EMPTY
