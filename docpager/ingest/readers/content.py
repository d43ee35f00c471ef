"""What a file holds, by its bytes: names lie."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from docpager.errors import EncryptedDocumentError

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
RTF = "application/rtf"
ORG = "text/x-org"
RST = "text/x-rst"
LATEX = "application/x-latex"
NOTEBOOK = "application/x-ipynb+json"
DOCBOOK = "application/docbook+xml"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
MSG = "application/vnd.ms-outlook"
PARQUET = "application/vnd.apache.parquet"
HTML = "text/html"
TEXT = "text/plain"
BINARY = "application/octet-stream"

_HEAD_BYTES = 8192
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("__properties_version1.0", MSG),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_MAGIC = (
    (b"PAR1", PARQUET),
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF8", "image/gif"),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?><!--.{0,2000}?-->\s*)*+<(?:!doctype\s+html|html)\b", re.I | re.S
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def content_type(path: Path) -> str:
    """The media type of what a file holds: ``text/plain`` for all but HTML that has no bytes of binary formats.

    Raises ``EncryptedDocumentError`` for an Office file behind a password.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _zip_content(path)
    if head.startswith(_OLE):
        return _ole_content(path)
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return HTML
    return TEXT if _is_text(head) else BINARY


def _zip_content(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            declared = _declared(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return "application/zip"
    if declared in (EPUB, ODT, ODS, ODP):
        return declared
    return next((kind for prefix, kind in _PARTS if any(name.startswith(prefix) for name in names)), "application/zip")


def _declared(archive: zipfile.ZipFile) -> str:
    """The media type that EPUB and OpenDocument files say they are of."""
    with archive.open("mimetype") as file:
        return file.read(256).decode("latin-1").strip().removesuffix("-template")


def _ole_content(path: Path) -> str:
    import olefile

    try:
        with olefile.OleFileIO(path) as file:
            kind = next((kind for name, kind in _OLE_STREAMS if file.exists(name)), None)
    except Exception:  # olefile raises nearly anything on a damaged file
        kind = None
    if kind is not None:
        return kind
    with path.open("rb") as file:
        directory = file.read(4 * 1024 * 1024)
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 1024 * 1024))
        directory += file.read()
    if "EncryptedPackage".encode("utf-16-le") in directory:
        raise EncryptedDocumentError("It wants a password.")
    return "application/x-ole-storage"


def _is_text(head: bytes) -> bool:
    if head.startswith(_WIDE_MARKS):
        return True
    odd, even = head[1::2].count(0), head[::2].count(0)
    if max(odd, even) > 0.4 * len(head) / 2 and min(odd, even) < 0.05 * len(head) / 2:
        return True  # UTF-16 without its mark
    return len(_CONTROL.findall(head)) <= 0.02 * len(head)
