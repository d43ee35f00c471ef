"""OpenDocument and EPUB files, from the XML that stands in them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
    for name, urn in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "style": "style",
        "presentation": "presentation",
        "meta": "meta",
        "svg": "svg-compatible",
        "manifest": "manifest",
    }.items()
)
NAMESPACES = (
    f'{_NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:math="http://www.w3.org/1998/Math/MathML"'
)
MEDIA_TYPE = "application/vnd.oasis.opendocument."


def open_document(
    path: Path, kind: str, body: str, *, styles: str = "", meta: str = "", parts: Mapping[str, str] | None = None
) -> Path:
    """An OpenDocument file; ``kind`` is text, spreadsheet or presentation, ``body`` what stands in it."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMESPACES}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", MEDIA_TYPE + kind)
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
        if meta:
            archive.writestr("meta.xml", f"<office:document-meta {NAMESPACES}>{meta}</office:document-meta>")
        for name, text in (parts or {}).items():
            archive.writestr(name, text)
    return path


def epub(
    path: Path, chapters: Sequence[str], *, metadata: str = "", parts: Mapping[str, str] | None = None, opf: str = ""
) -> Path:
    """An EPUB with these bodies of XHTML as chapters, in a folder of its own as most have it."""
    items = "".join(
        f'<item id="c{n}" href="text/chapter%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = opf or (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata>'
        f'<manifest><item id="css" href="a.css" media-type="text/css"/>{items}</manifest>'
        f"<spine>{spine}</spine></package>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        archive.writestr("OEBPS/package.opf", package)
        for number, body in enumerate(chapters):
            page = (
                '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" '
                f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>T</title></head><body>{body}</body></html>'
            )
            archive.writestr(f"OEBPS/text/chapter {number}.xhtml", page, zipfile.ZIP_DEFLATED)
        for name, text in (parts or {}).items():
            archive.writestr(name, text)
    return path
