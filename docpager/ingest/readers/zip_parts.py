"""The parts of documents that are zip archives of XML files: OpenDocument and EPUB."""

from __future__ import annotations

import zipfile
import zlib
from typing import Any

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.readers.composer import one_line

LARGEST_PART = 128 * 1024 * 1024
"""Bytes of one file in an archive, unpacked."""

DAMAGES = (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, EOFError, ValueError, RuntimeError)
"""What zipfile raises on a damaged archive, or where a part is not there."""


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one file in an archive; raises ``KeyError`` where it is not there, ``LimitExceededError``."""
    with archive.open(archive.getinfo(name)) as file:
        data = file.read(LARGEST_PART + 1)
    if len(data) > LARGEST_PART:
        raise LimitExceededError(f"{one_line(name)[:80]} in it has more than {LARGEST_PART:,} bytes.")
    return data


def parse_xml(data: bytes, what: str) -> Any:
    """The root element of a file of XML; raises ``DocumentError`` where there is none, ``LimitExceededError``."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    root = etree.fromstring(data, parser)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise LimitExceededError(f"The elements of {what} are nested too deep, or too long, to be read whole.")
    if root is None:
        raise DocumentError(f"The file is damaged: {what} is no XML.")
    return root
