"""What is looked at before any library opens a file: that it is one, and what it asks for when it is taken apart.

Each rule has a number and a message that names it. Files made in good faith are far below every one of them; what
stays below and still asks for too much ends at its worker's limits of time and memory.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.zip_checks import MOST_TAGS, ZIP_MAGIC, check_zip

MOST_TEXT_BYTES = 80_000_000
"""Of a file that is read whole, as text."""
MOST_HEADER_BYTES = 256_000
"""Of a mail's headers."""
MOST_MULTIPARTS = 64
"""Multiparts that a mail declares, side by side or within one another."""
MOST_PART_HEADERS = 4_000
"""Headers that describe a mail's parts; each has one or two."""

_BLOCK = 1 << 20
_MULTIPART = re.compile(rb"boundary\s*=", re.I)
_PART_HEADER = re.compile(rb"^content-(?:type|transfer-encoding)\s*:", re.I | re.M)
_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
_MAIL_SUFFIXES = (".eml", ".mht", ".mhtml")
_HTML_SUFFIXES = (".html", ".htm", ".xhtml")
_BINARY_MAGIC = (b"%PDF-", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"GIF8")


def check_file(path: Path) -> None:
    """Raises ``LimitExceededError`` or ``DocumentError`` for a file that no library is to open; ``OSError``."""
    size = _regular_size(path)
    with path.open("rb") as file:
        head = file.read(1024)
        if head.startswith(ZIP_MAGIC):
            check_zip(path, size)
            return
        if any(magic in head for magic in _BINARY_MAGIC):
            return
        if size > MOST_TEXT_BYTES:
            raise LimitExceededError(f"It has {size:,} bytes; texts of more than {MOST_TEXT_BYTES:,} are not read.")
        file.seek(0)
        suffix = path.suffix.lower()
        if suffix in _MAIL_SUFFIXES:
            check_mail(file.read())
        elif suffix in _HTML_SUFFIXES:
            check_tags(iter(lambda: file.read(_BLOCK), b""))


def check_mail(data: bytes) -> None:
    """The rules for mail, whose library takes far more time than grows with its size."""
    end = _HEAD_END.search(data)
    header = end.start() if end else len(data)
    if header > MOST_HEADER_BYTES:
        raise LimitExceededError(f"Its headers have {header:,} bytes; more than {MOST_HEADER_BYTES:,} are not read.")
    for pattern, most, what in (
        (_MULTIPART, MOST_MULTIPARTS, "multiparts"),
        (_PART_HEADER, MOST_PART_HEADERS, "headers of parts"),
    ):
        count = sum(1 for _ in pattern.finditer(data))
        if count > most:
            raise LimitExceededError(f"It declares {count:,} {what}; mail with more than {most:,} is not read.")


def check_tags(blocks: Iterable[bytes]) -> None:
    """The rule for HTML: how many tags there may be."""
    tags = sum(block.count(b"<") for block in blocks)
    if tags > MOST_TAGS:
        raise LimitExceededError(f"It has {tags:,} tags; files with more than {MOST_TAGS:,} are not read.")


def _regular_size(path: Path) -> int:
    """The size of a file that is still what it was when it was found: a regular file, reached by no link."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode) or os.path.realpath(path) != os.path.abspath(path):
        raise DocumentError("It has become a link since it was found; links are not followed.")
    if not stat.S_ISREG(found.st_mode):
        raise DocumentError("It is no regular file any more.")
    return found.st_size
