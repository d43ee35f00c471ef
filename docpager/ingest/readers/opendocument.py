"""ODT, ODS and ODP, from the XML they are made of."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from docpager.errors import DocumentError, EncryptedDocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.opendocument_blocks import BlockWalk, Styles, attribute, local_name
from docpager.ingest.readers.opendocument_tables import sheet_grid
from docpager.ingest.readers.sheets import compose_grid
from docpager.ingest.readers.zip_parts import DAMAGES, parse_xml, read_part
from docpager.records import DocumentStatus, ParsedDocument, ParsedPage


class OpenDocumentReader:
    """Reads texts as one paper page, spreadsheets a sheet a page, presentations a slide a page."""

    name = "opendocument"
    version = "1"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; raises ``EncryptedDocumentError`` where a password is wanted, ``DocumentError``."""
        try:
            with zipfile.ZipFile(path) as archive:
                return self._document(archive)
        except DAMAGES as error:
            raise DocumentError(f"The OpenDocument file is damaged: {one_line(str(error))[:300]}") from error

    def _document(self, archive: zipfile.ZipFile) -> ParsedDocument:
        if "META-INF/manifest.xml" in archive.namelist():
            manifest = parse_xml(read_part(archive, "META-INF/manifest.xml"), "META-INF/manifest.xml")
            if next(manifest.iter("{*}encryption-data"), None) is not None:
                raise EncryptedDocumentError("It wants a password.")
        root = parse_xml(read_part(archive, "content.xml"), "content.xml")
        body = next((child for part in root.findall("{*}body") for child in part), None)
        kind = "" if body is None else local_name(body)
        if kind not in _KINDS:
            raise DocumentError(f"It holds no text, sheets or slides, but {kind or 'nothing'}.")
        composed = _pages(archive, root, body, kind)
        pages = tuple(composer.page(number, label) for number, (label, composer) in enumerate(composed, 1))
        return ParsedDocument(
            media_type=_KINDS[kind],
            reader=self.name,
            reader_version=self.version,
            pages=pages or (ParsedPage(1, ""),),
            status=DocumentStatus.INDEXED if any(page.text for page in pages) else DocumentStatus.EMPTY,
            replaced_characters=sum(composer.replaced_characters for _, composer in composed),
            **_known(archive),
        )


_KINDS = {"text": content.ODT, "spreadsheet": content.ODS, "presentation": content.ODP}


def _pages(archive: zipfile.ZipFile, root: Any, body: Any, kind: str) -> list[tuple[str | None, PageComposer]]:
    pages: list[tuple[str | None, PageComposer]] = []
    if kind == "spreadsheet":
        for sheet in body.findall("{*}table"):
            composer, name = PageComposer(), one_line(attribute(sheet, "name"))
            compose_grid(composer, name, *sheet_grid(sheet))
            pages.append((name or None, composer))
        return pages
    styles = Styles([root, *_common_styles(archive)])
    parts = body.findall("{*}page") if kind == "presentation" else [body]
    for part in parts:
        walk = BlockWalk(PageComposer(), styles, archive)
        walk.everything(part)
        pages.append((None, walk.composer))
    return pages


def _common_styles(archive: zipfile.ZipFile) -> list[Any]:
    if "styles.xml" not in archive.namelist():
        return []
    return [parse_xml(read_part(archive, "styles.xml"), "styles.xml")]


def _known(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Title, language and date from the file's own properties."""
    if "meta.xml" not in archive.namelist():
        return {}
    root = parse_xml(read_part(archive, "meta.xml"), "meta.xml")
    values = {local_name(element): one_line(element.text or "") for element in root.iter("{*}*")}
    language = values.get("language", "")[:2].lower()
    return {
        "title": values.get("title") or None,
        "language": language if len(language) == 2 and language.isalpha() else None,
        "published_at": parse_date(values.get("date")) or parse_date(values.get("creation-date")),
    }
