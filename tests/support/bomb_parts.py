"""What bombs are put together from: PDFs of given objects, and Office files with one part replaced."""
# ruff: noqa: E501

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from hostile_files import whole

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
SHOWN = b"BT /F1 12 Tf 72 700 Td (Some text stands here) Tj ET\n"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A PDF stream object's content."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def pdf_of(objects: dict[int, bytes], trailer: bytes = b"", *, root: int = 1) -> bytes:
    """A PDF of these objects, whatever is in them, with a right cross-reference table."""
    made = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, content in objects.items():
        places[number] = len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(made)
    size = max(objects) + 1
    made += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        made += b"%d 1\n%010d 00000 n \n" % (number, place)
    made += b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, root, trailer, start)
    return bytes(made)


def one_page(content: bytes, *, catalog: bytes = b"", resources: bytes = b"", more: dict[int, bytes] | None = None):
    """A PDF of one page with this content object."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> %s >> >>"
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page % resources,
        4: content,
        5: FONT,
    }
    return pdf_of(objects | (more or {}))


def deflated(data: bytes, times: int = 1) -> bytes:
    """The data, deflated so many times."""
    for _ in range(times):
        data = zlib.compress(data, 9)
    return data


def zeros_deflated(size: int, times: int = 1, of: bytes = b" ") -> bytes:
    """So many blanks, deflated without ever being held."""
    packer = zlib.compressobj(9)
    block = of * ((1 << 20) // len(of))
    made = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    return deflated(made, times - 1)


def replaced(suffix: str, parts: dict[str, bytes]) -> bytes:
    """A well-made Office file with parts replaced or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole(suffix))) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, data in parts.items():
            new.writestr(name, data)
    return made.getvalue()


def with_big_member(suffix: str, name: str, size: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """The same, with a part that is mostly blanks."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole(suffix))) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for other in old.namelist():
            if other != name:
                new.writestr(other, old.read(other))
        with new.open(name, "w", force_zip64=True) as file:
            file.write(before)
            for _ in range(size >> 20):
                file.write(b" " * (1 << 20))
            file.write(after)
    return made.getvalue()


def document_xml(body: str, prolog: str = "") -> bytes:
    """A Word document's main part."""
    return f'<?xml version="1.0"?>{prolog}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode()


def paragraph(text: str) -> str:
    """A paragraph of it."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def sheet_xml(rows: str, rest: str = "", dimension: str = "A1") -> bytes:
    """A workbook's sheet."""
    return (
        f'<worksheet xmlns="{S}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData>{rest}</worksheet>'.encode()
    )


def laughs(levels: int = 10) -> str:
    """The document type of a billion laughs; the entity to name is ``l9``."""
    lines = ['<!ENTITY l0 "laugh laugh laugh laugh ">']
    lines += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels)]
    return f"<!DOCTYPE x [{''.join(lines)}]>"


def overlapping(suffix: str, copies: int) -> bytes:
    """An archive whose table of contents names one and the same file many times."""
    data = whole(suffix)
    end = data.rfind(b"PK\x05\x06")
    _, length, start = struct.unpack_from("<HII", data, end + 10)
    directory = data[start : start + length]
    first = directory[: 46 + struct.unpack_from("<H", directory, 28)[0]]
    made = directory + first * copies
    count = (data.count(b"PK\x01\x02") + copies) & 0xFFFF
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, count, count, len(made))
    return data[:start] + made + bytes(tail)


def declaring(suffix: str, member: str, size: int) -> bytes:
    """An archive that lies about how large one of its files is, in its table of contents and before the file."""
    data = bytearray(whole(suffix))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo(member)
    struct.pack_into("<I", data, info.header_offset + 22, size)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        if struct.unpack_from("<I", data, at + 42)[0] == info.header_offset:
            struct.pack_into("<I", data, at + 24, size)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)
