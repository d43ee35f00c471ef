"""Files that ask for far more than they seem to: each with what its row may say."""
# ruff: noqa: E501

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from bomb_parts import (
    FONT,
    SHOWN,
    A,
    P,
    declaring,
    deflated,
    document_xml,
    laughs,
    one_page,
    overlapping,
    paragraph,
    pdf_of,
    replaced,
    sheet_xml,
    stream,
    with_big_member,
    zeros_deflated,
)
from hostile_files import whole

REFUSED = frozenset({"limit_exceeded", "failed"})
ANY = frozenset({"indexed", "partial", "empty", "needs_ocr", "encrypted", *REFUSED})
"""For what its library may well see through: it counts that it ends in time, in one status."""


@dataclass(frozen=True)
class Bomb:
    name: str
    make: Callable[[], bytes]
    statuses: frozenset[str] = REFUSED
    message: str = ""
    """What its row must say."""
    everyday: bool = False


LIMIT = frozenset({"limit_exceeded"})
FAILED = frozenset({"failed"})
READ = frozenset({"indexed"})


def _flate(size: int, times: int) -> bytes:
    names = b" ".join([b"/FlateDecode"] * times)
    return one_page(stream(zeros_deflated(size, times), b"/Filter [%s]" % names))


def _forms(levels: int, fan: int) -> bytes:
    """Forms that each show the next several times."""
    more = {}
    for level in range(levels):
        following = 10 + (level + 1 if level + 1 < levels else 0)
        called = b"/X Do " * fan if level + 1 < levels else SHOWN
        entries = (
            b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X %d 0 R >> >>" % following
        )
        more[10 + level] = stream(called, entries)
    return one_page(stream(b"/X Do\n" + SHOWN), resources=b"/XObject << /X 10 0 R >>", more=more)


def _form_in_itself() -> bytes:
    own = stream(
        b"/X Do " + SHOWN, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 10 0 R >> >>"
    )
    return one_page(stream(b"/X Do\n" + SHOWN), resources=b"/XObject << /X 10 0 R >>", more={10: own})


def _page_tree_loop() -> bytes:
    return pdf_of({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"})


def _claimed_pages() -> bytes:
    data = one_page(stream(SHOWN))
    return data.replace(b"/Kids [3 0 R] /Count 1 >>", b"/Kids [3 0 R] /Count 2000000000 >>")


def _deep_page_tree(levels: int) -> bytes:
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for number in range(2, levels + 2):
        objects[number] = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 1)
    objects[levels + 2] = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return pdf_of(objects)


def _many_pages(count: int) -> bytes:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * count, count),
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        4: stream(SHOWN * 50),
        5: FONT,
    }
    return pdf_of(objects)


def _outline(count: int, shape: str) -> bytes:
    """Bookmarks that lead to themselves, or each into the next."""
    more = {10: b"<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>"}
    for number in range(11, 11 + count):
        following = 11 if number == 10 + count else number + 1
        link = b"/Next %d 0 R" if shape == "loop" else b"/First %d 0 R /Last %d 0 R" % (following, following)
        link = link % following if shape == "loop" else link
        more[number] = b"<< /Title (T%d) /Parent 10 0 R /Dest [3 0 R /Fit] %s >>" % (number, link)
    return one_page(stream(SHOWN), catalog=b"/Outlines 10 0 R", more=more)


def _xref_loop() -> bytes:
    data = one_page(stream(SHOWN))
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _character_map() -> bytes:
    ranges = b"\n".join(b"<0000> <FFFFFF> <0041>" for _ in range(100))
    mapped = b"begincmap 100 beginbfrange\n" + ranges + b"\nendbfrange endcmap"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 11 0 R >>"
    return one_page(stream(SHOWN), resources=b"/Font << /F1 10 0 R >>", more={10: font, 11: stream(mapped), 5: font})


def _labels_loop() -> bytes:
    return one_page(stream(SHOWN), catalog=b"/PageLabels 10 0 R", more={10: b"<< /Kids [10 0 R 10 0 R] >>"})


def _predictor() -> bytes:
    entries = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 >>"
    return one_page(stream(deflated(SHOWN * 100), entries))


def _many_contents() -> bytes:
    return one_page(b"[%s]" % (b"6 0 R " * 300_000), more={6: stream(SHOWN * 20)})


def _huge_picture() -> bytes:
    picture = (
        b"/Type /XObject /Subtype /Image /Width 1000000 /Height 1000000 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    )
    more = {10: stream(zeros_deflated(64 << 20), picture + b" /Filter /FlateDecode")}
    return one_page(stream(b"/X Do\n"), resources=b"/XObject << /X 10 0 R >>", more=more)


PDFS = [
    Bomb("flate.pdf", lambda: _flate(1 << 30, 1), ANY, everyday=True),
    Bomb("flate-in-flate.pdf", lambda: _flate(2 << 30, 2), ANY),
    Bomb("flate-three-times.pdf", lambda: _flate(2 << 30, 3), ANY),
    Bomb("run-length.pdf", lambda: one_page(stream(b"\x81 " * 4_000_000 + b"\x80", b"/Filter /RunLengthDecode")), ANY),
    Bomb("page-tree-loop.pdf", _page_tree_loop, ANY, everyday=True),
    Bomb("claimed-pages.pdf", _claimed_pages, ANY, everyday=True),
    Bomb("deep-page-tree.pdf", lambda: _deep_page_tree(20_000), ANY),
    Bomb("many-pages.pdf", lambda: _many_pages(60_000), LIMIT, "It has 60,000 pages"),
    Bomb("forty-thousand-pages.pdf", lambda: _many_pages(40_000), LIMIT),
    Bomb("outline-loop.pdf", lambda: _outline(2, "loop"), ANY, everyday=True),
    Bomb("deep-outline.pdf", lambda: _outline(30_000, "deep"), ANY),
    Bomb("long-outline-loop.pdf", lambda: _outline(30_000, "loop"), ANY),
    Bomb("form-in-itself.pdf", _form_in_itself, ANY, everyday=True),
    Bomb("forms-in-forms.pdf", lambda: _forms(12, 10), ANY, everyday=True),
    Bomb("deep-forms.pdf", lambda: _forms(5000, 1), ANY),
    Bomb("xref-loop.pdf", _xref_loop, ANY),
    Bomb("character-map.pdf", _character_map, ANY),
    Bomb("labels-loop.pdf", _labels_loop, ANY),
    Bomb("predictor.pdf", _predictor, ANY),
    Bomb("many-contents.pdf", _many_contents, ANY),
    Bomb("huge-picture.pdf", _huge_picture, ANY),
    Bomb("deep-arrays.pdf", lambda: one_page(stream(b"[" * 2_000_000 + SHOWN)), ANY),
    Bomb("deep-dictionaries.pdf", lambda: one_page(stream(SHOWN), catalog=b"/X " + b"<< /X " * 200_000), ANY),
]


def _word(body: str, prolog: str = "") -> bytes:
    return replaced("docx", {"word/document.xml": document_xml(body, prolog)})


def _nested(tag: str, inner: str, levels: int) -> str:
    return f"<{tag}>" * levels + inner + f"</{tag}>" * levels


def _nested_tables(levels: int) -> str:
    return "<w:tbl><w:tr><w:tc>" * levels + paragraph("x") + ("</w:tc></w:tr></w:tbl>") * levels


def _matryoshka(levels: int) -> bytes:
    inner = zeros_deflated(8 << 20)
    for _ in range(levels):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4):
                archive.writestr(f"{number}.zip", inner)
        inner = made.getvalue()
    return replaced("docx", {"word/embeddings/inner.zip": inner})


def _members(count: int) -> bytes:
    return replaced("docx", {f"word/x/{number}.xml": b"<x/>" for number in range(count)})


def _locked() -> bytes:
    data = bytearray(whole("docx"))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def _template() -> bytes:
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" TargetMode="External" Target="http://127.0.0.1:9/template.dotx" Type="http://schemas.'
        'openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"/></Relationships>'
    )
    return replaced("docx", {"word/_rels/settings.xml.rels": rels.encode()})


EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>'
DECLARES = "has a declaration <!DOCTYPE"

OFFICE = [
    Bomb("ratio.docx", lambda: with_big_member("docx", "word/document.xml", 600 << 20), LIMIT, "for each are not read", True),
    Bomb("big-picture.docx", lambda: with_big_member("docx", "word/media/x.bmp", 1100 << 20), LIMIT, "1,000,000,000"),
    Bomb("overlapping.docx", lambda: overlapping("docx", 100_000), REFUSED, "table of contents has"),
    Bomb("lying-high.docx", lambda: declaring("docx", "word/document.xml", 0xFFFFFFF0), LIMIT, "declares", True),
    Bomb("lying-low.docx", lambda: declaring("docx", "word/document.xml", 100), FAILED, everyday=True),
    Bomb("many-members.docx", lambda: _members(21_000), LIMIT, "more than 20,000 are not read"),
    Bomb("laughs.docx", lambda: _word(paragraph("&l9;"), laughs()), FAILED, DECLARES, True),
    Bomb("external.docx", lambda: _word(paragraph("&e;"), EXTERNAL), FAILED, DECLARES, True),
    Bomb("wide.docx", lambda: replaced("docx", {"word/document.xml": document_xml("", laughs()).decode().encode("utf-16")}),
         FAILED, DECLARES),
    Bomb("properties.docx", lambda: replaced("docx", {"docProps/core.xml": f"{EXTERNAL}<x>&e;</x>".encode()}), FAILED, DECLARES),
    Bomb("template.docx", _template, READ, everyday=True),
    Bomb("nested-archives.docx", lambda: _matryoshka(4), ANY),
    Bomb("dots.docx", lambda: replaced("docx", {"../../etc/cron.d/x": b"x"}), FAILED, "names a file outside itself", True),
    Bomb("absolute.docx", lambda: replaced("docx", {"/etc/cron.d/x": b"x"}), FAILED, "names a file outside itself"),
    Bomb("locked.docx", _locked, frozenset({"encrypted"}), "wants a password"),
    Bomb("million-paragraphs.docx", lambda: _word(paragraph("x") * 1_000_000), LIMIT),
    Bomb("five-million.docx", lambda: _word("<w:p><w:r/></w:p>" * 5_000_000), LIMIT, "tags"),
    Bomb("nested-tables.docx", lambda: _word(_nested_tables(80)), ANY),
    Bomb("deep-tables.docx", lambda: _word(_nested_tables(5000)), REFUSED),
    Bomb("deep-controls.docx", lambda: _word(_nested("w:sdt", paragraph("x"), 100_000)), REFUSED),
    Bomb("far-corner.xlsx", lambda: replaced("xlsx", {"xl/worksheets/sheet1.xml": sheet_xml(
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', dimension="A1:XFD1048576")}), ANY, everyday=True),
    Bomb("wide-rows.xlsx", lambda: replaced("xlsx", {"xl/worksheets/sheet1.xml": sheet_xml("".join(
        f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 3000)))}), ANY),
    Bomb("merged.xlsx", lambda: replaced("xlsx", {"xl/worksheets/sheet1.xml": sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c></row>', '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')}), ANY),
    Bomb("laughs.xlsx", lambda: replaced("xlsx", {"xl/sharedStrings.xml": f"{laughs()}<sst>&l9;</sst>".encode()}),
         FAILED, DECLARES),
    Bomb("million-rows.xlsx", lambda: replaced("xlsx", {"xl/worksheets/sheet1.xml": sheet_xml("".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1_000_000)))}), LIMIT),
    Bomb("deep-groups.pptx", lambda: replaced("pptx", {"ppt/slides/slide1.xml": (
        f'<p:sld xmlns:p="{P}" xmlns:a="{A}"><p:cSld><p:spTree>{_nested("p:grpSp", "", 50_000)}</p:spTree></p:cSld></p:sld>'
    ).encode()}), REFUSED),
]  # fmt: skip


def _mail(header: str = "", body: str = "text", kind: str = "text/plain") -> bytes:
    return f"From: a@b.example\nSubject: s\nMIME-Version: 1.0\n{header}Content-Type: {kind}\n\n{body}\n".encode()


def _multiparts(levels: int) -> bytes:
    body = "Content-Type: text/plain\n\ntext\n"
    for level in range(levels):
        body = f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n{body}\n--b{level}--\n'
    return f"From: a@b.example\nMIME-Version: 1.0\n{body}".encode()


def _parts(count: int) -> bytes:
    return _mail(body="--b\nContent-Type: text/plain\n\nx\n" * count + "--b--", kind="multipart/mixed; boundary=b")


def _mails_in_mails(levels: int) -> bytes:
    return b"From: a@b.example\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" * levels + b"Subject: s\n\ntext"


def _million_lists() -> bytes:
    return (json.dumps({"text": "x", "more": []})[:-2] + "[]," * 5_000_000 + "[]]}\n").encode()


MAIL = [
    Bomb("header.eml", lambda: _mail("X: " + "a b " * 350_000 + "\n"), LIMIT, "Its headers have 1,400,", True),
    Bomb("recipients.eml", lambda: _mail("To: " + ", ".join(f"a{n}@b.example" for n in range(10_000)) + "\n"), ANY),
    Bomb(
        "words.eml",
        lambda: _mail("X: " + "=?utf-8?q?=41?= " * 14_000 + "\nTo: " + "(" * 9_000 + "\n"),
        ANY,
        everyday=True,
    ),
    Bomb("multiparts.eml", lambda: _multiparts(1000), LIMIT, "multiparts", True),
    Bomb("fifty-multiparts.eml", lambda: _multiparts(50), ANY),
    Bomb("parts.eml", lambda: _parts(20_000), LIMIT, "headers of parts"),
    Bomb("mails-in-mails.eml", lambda: _mails_in_mails(900), ANY),
    Bomb("deep-html.eml", lambda: _mail(body="<div>" * 300_000, kind="text/html"), ANY),
    Bomb(
        "base64.eml",
        lambda: _mail("Content-Transfer-Encoding: base64\n", base64.b64encode(b"x " * 9_000_000).decode()),
        ANY,
    ),
]

TEXTS = [
    Bomb("nested.html", lambda: b"<div>" * 1_000_000 + b"x", LIMIT, "nested too deep", True),
    Bomb("formatting.html", lambda: b"<b><font><i>x" * 100_000, ANY),
    Bomb("tables.html", lambda: b"<table><tr><td>" * 5000 + b"x", REFUSED | READ, everyday=True),
    Bomb("spans.html", lambda: b"<table>" + b"<tr>" + b"<td colspan=1000>x" * 3000 + b"</table>" + b"x" * 100, ANY),
    Bomb("wide-table.html", lambda: b"<table>" + (b"<tr>" + b"<td colspan=1000>x" * 40) * 600 + b"</table>", ANY),
    Bomb("attributes.html", lambda: b"<p " + b" ".join(b"a%d=1" % n for n in range(500_000)) + b">x", ANY),
    Bomb("tags.html", lambda: b"<p>x" * 9_000_000, LIMIT, "tags; files with more than 8,000,000 are not read"),
    Bomb("laughs.html", lambda: f"{laughs()}<html><p>&l9;".encode(), ANY),
    Bomb("external.xhtml", lambda: f"<?xml version='1.0'?>{EXTERNAL}<html><p>&e; text</p></html>".encode(), ANY, everyday=True),
    Bomb("large.txt", lambda: b"words and words\n" * 5_100_000, LIMIT, "texts of more than 80,000,000 are not read"),
    Bomb("long.txt", lambda: b"words and words\n\n" * 1_000_000, LIMIT),
    Bomb("one-word.txt", lambda: b"x" * 3_000_000, ANY, everyday=True),
    Bomb("blanks.txt", lambda: b"x" + b" " * 30_000_000 + b"x", ANY),
    Bomb("quotes.md", lambda: b">" * 100_000 + b" x", ANY, everyday=True),
    Bomb("brackets.md", lambda: b"[" * 200_000 + b"x", ANY),
    Bomb("stars.md", lambda: b"*a_ " * 100_000, ANY),
    Bomb("lists.md", lambda: b"".join(b"  " * n + b"- x\n" for n in range(2000)), ANY),
    Bomb("ticks.md", lambda: b" ".join(b"`" * n for n in range(1, 3000)), ANY),
    Bomb("links.md", lambda: b"[a](<b" * 50_000, ANY),
    Bomb("commas.csv", lambda: b"a,b\n" + b"," * 5_000_000, ANY),
    Bomb("open-quote.csv", lambda: b'a,b\n"' + b"x,\n" * 10_000_000, REFUSED),
    Bomb("deep.jsonl", lambda: b'{"text": ' + b"[" * 1_000_000 + b"\n", FAILED, everyday=True),
    Bomb("lists.jsonl", _million_lists, FAILED),
    Bomb("number.jsonl", lambda: b'{"text": ' + b"9" * 3_000_000 + b"}\n", FAILED, everyday=True),
    Bomb("line.jsonl", lambda: b'{"text": "' + b"x " * 40_000_000 + b'"}\n', REFUSED),
]  # fmt: skip

BOMBS = [*PDFS, *OFFICE, *MAIL, *TEXTS]
