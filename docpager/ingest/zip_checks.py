"""The rules for zip archives (DOCX, PPTX, XLSX, EPUB, ODT): what they declare, then what really comes out of them.

Nothing is kept of what comes out, and archives in archives are not opened, here or by any reader.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from docpager.errors import DocumentError, EncryptedDocumentError, LimitExceededError

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
MOST_MEMBERS = 20_000
"""Files in an archive."""
MOST_DIRECTORY_BYTES = 16_000_000
"""Of an archive's table of contents."""
MOST_INFLATED_BYTES = 1_000_000_000
"""Of all files in an archive together."""
MOST_XML_BYTES = 400_000_000
"""Of one XML file in an archive."""
MOST_RATIO = 200
"""Bytes that come out of each byte of an archive, where more than ``FREE_BYTES`` come out."""
FREE_BYTES = 16_000_000
MOST_TAGS = 8_000_000
"""Of one XML file in an archive."""

_BLOCK = 1 << 20
_END_BYTES = 65_536 + 22
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_PACKAGE = "[Content_Types].xml"
_XML_SUFFIXES = (".xml", ".rels", ".vml", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".svg")
_WORDS = (b"<!ENTITY", b"<!DOCTYPE")
_DECLARATION = re.compile(b"|".join(b"\x00{0,3}".join(bytes([sign]) for sign in word) for word in _WORDS))
_OVERLAP = 64
_NOT_A_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, struct.error)


def check_zip(path: Path, size: int) -> None:
    """Raises ``LimitExceededError``, ``EncryptedDocumentError`` or ``DocumentError`` for an archive not to be opened.

    One that is damaged passes: its reader says what is wrong with it.
    """
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_declared(members, size)
            _check_inflated(archive, members, size)
    except _NOT_A_ZIP:
        return


def _check_directory(path: Path) -> None:
    """Of the table of contents itself, before a library makes objects of its entries."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        return
    members, length = struct.unpack_from("<HI", tail, at + 10)
    at_64 = tail.rfind(_END_64)
    if 0xFFFF in (members, length >> 16) and at_64 >= 0:
        members, length = struct.unpack_from("<QQ", tail, at_64 + 32)
    if members > MOST_MEMBERS:
        raise LimitExceededError(f"Its archive has {members:,} files; more than {MOST_MEMBERS:,} are not read.")
    if length > MOST_DIRECTORY_BYTES:
        raise LimitExceededError(
            f"Its archive's table of contents has {length:,} bytes; more than {MOST_DIRECTORY_BYTES:,} are not read."
        )


def _check_declared(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise LimitExceededError(f"Its archive has {len(members):,} files; more than {MOST_MEMBERS:,} are not read.")
    for member in members:
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name):
            raise DocumentError(f"Its archive names a file outside itself: {name[:100]!r}.")
        if member.flag_bits & 1:
            raise EncryptedDocumentError("It wants a password: files in its archive are encrypted.")
    _check_total(sum(member.file_size for member in members), size, "declares")


def _check_inflated(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], size: int) -> None:
    is_package = any(member.filename == _PACKAGE for member in members)
    total = 0
    for member in members:
        is_xml = member.filename.lower().endswith(_XML_SUFFIXES)
        if member.compress_type == zipfile.ZIP_STORED and not is_xml:
            total += member.compress_size
            continue
        with archive.open(member) as opened:
            inflated = tags = 0
            before = b""
            while block := opened.read(_BLOCK):
                inflated += len(block)
                _check_total(total + inflated, size, "holds")
                if is_xml:
                    tags += block.count(b"<")
                    _check_xml(member.filename, inflated, tags)
                    _check_declarations(member.filename, before + block, is_package=is_package)
                    before = block[-_OVERLAP:]
            total += inflated


def _check_total(inflated: int, size: int, verb: str) -> None:
    if inflated > MOST_INFLATED_BYTES:
        raise LimitExceededError(
            f"Its archive {verb} {inflated:,} bytes once inflated; more than {MOST_INFLATED_BYTES:,} are not read."
        )
    if inflated > FREE_BYTES and inflated > MOST_RATIO * size:
        raise LimitExceededError(
            f"Its archive of {size:,} bytes {verb} {inflated:,} bytes once inflated; more than {MOST_RATIO} for each "
            "are not read."
        )


def _check_xml(name: str, inflated: int, tags: int) -> None:
    if inflated > MOST_XML_BYTES:
        raise LimitExceededError(f"Its {name[:100]} has more than {MOST_XML_BYTES:,} bytes, and is not read.")
    if tags > MOST_TAGS:
        raise LimitExceededError(f"Its {name[:100]} has more than {MOST_TAGS:,} tags, and is not read.")


def _check_declarations(name: str, data: bytes, *, is_package: bool) -> None:
    """No entity is ever declared in good faith; an Office file has no document type, either."""
    for match in _DECLARATION.finditer(data):
        kind = match[0].replace(b"\x00", b"").decode("latin-1")
        if is_package or kind == "<!ENTITY":
            raise DocumentError(
                f"Its {name[:100]} has a declaration {kind}, which may lead elsewhere, and is not read."
            )
