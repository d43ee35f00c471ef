"""What an Office file says of itself: title, language, date."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from docpager.ingest.readers.composer import one_line
from docpager.ingest.readers.dates import parse_date


def core_properties(path: Path) -> dict[str, Any]:
    """Title, language and date from an Office file's own properties; a file without them has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("docProps/core.xml")
            if info.file_size > 1024 * 1024:
                return {}
            return _parsed_properties(archive.read(info))
    except (KeyError, zipfile.BadZipFile, OSError, ValueError):
        return {}


def _parsed_properties(data: bytes) -> dict[str, Any]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(data, parser)
    if root is None:
        return {}
    values = {etree.QName(element).localname: (element.text or "").strip() for element in root.iter("{*}*")}
    language = values.get("language", "")[:2].lower()
    return {
        "title": one_line(values.get("title", "")) or None,
        "language": language if language.isalpha() and len(language) == 2 else None,
        "published_at": parse_date(values.get("modified")) or parse_date(values.get("created")),
    }
