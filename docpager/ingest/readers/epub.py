"""EPUB: a chapter a paper page, each read as the HTML it is."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docpager.errors import DocumentError, EncryptedDocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.web import HtmlReader, decode_html
from docpager.ingest.readers.zip_parts import DAMAGES, parse_xml, read_part
from docpager.records import BlockKind, DocumentStatus, ParsedDocument, ParsedPage

_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/xml")


class EpubReader:
    """Reads books chapter by chapter, in the order of their spine; those without text are left out."""

    name = "epub"
    version = "1"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole book; raises ``EncryptedDocumentError`` where its chapters are locked, ``DocumentError``."""
        try:
            with zipfile.ZipFile(path) as archive:
                return self._book(_Book(archive))
        except DAMAGES as error:
            raise DocumentError(f"The EPUB is damaged: {one_line(str(error))[:300]}") from error

    def _book(self, book: _Book) -> ParsedDocument:
        reader = HtmlReader()
        pages: list[ParsedPage] = []
        replaced = 0
        for data in book.chapters():
            parsed = reader.parse(decode_html(data))
            (page,) = parsed.pages
            replaced += parsed.replaced_characters
            if page.text:
                pages.append(replace(page, page_number=len(pages) + 1, page_label=_first_heading(page)))
        language = book.said("language")[:2].lower()
        return ParsedDocument(
            media_type=content.EPUB,
            reader=self.name,
            reader_version=self.version,
            pages=tuple(pages) or (PageComposer().page(),),
            status=DocumentStatus.INDEXED if pages else DocumentStatus.EMPTY,
            title=book.said("title") or None,
            language=language if len(language) == 2 and language.isalpha() else None,
            published_at=parse_date(book.said("date")),
            replaced_characters=replaced,
        )


class _Book:
    """The parts of an EPUB as its package file lists them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        container = self._xml("META-INF/container.xml")
        self._package_path = next((e.get("full-path") or "" for e in container.iter("{*}rootfile")), "")
        self._package = self._xml(self._package_path)
        self._locked = self._locked_files()

    def said(self, name: str) -> str:
        """What the package file says first under a name of Dublin Core."""
        metadata = self._package.find("{*}metadata")
        found = () if metadata is None else metadata.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")
        return next((text for element in found if (text := one_line(element.text or ""))), "")

    def chapters(self) -> Iterator[bytes]:
        """The files of the spine, in its order."""
        manifest = {item.get("id"): item for item in self._package.iter("{*}item")}
        for reference in self._package.iter("{*}itemref"):
            item = manifest.get(reference.get("idref"))
            if item is None or item.get("media-type") not in _CHAPTER_TYPES:
                continue
            name = posixpath.join(posixpath.dirname(self._package_path), unquote(item.get("href") or ""))
            name = posixpath.normpath(name.split("#")[0])
            if name in self._locked:
                raise EncryptedDocumentError("The book is locked (DRM): its chapters are encrypted.")
            yield read_part(self._archive, name)

    def _xml(self, name: str) -> Any:
        return parse_xml(read_part(self._archive, name), one_line(name)[:80])

    def _locked_files(self) -> set[str]:
        # Fonts are often scrambled in books that everyone may read; only chapters count.
        try:
            locked = self._xml("META-INF/encryption.xml")
        except KeyError:
            return set()
        return {posixpath.normpath(unquote(e.get("URI") or "")) for e in locked.iter("{*}CipherReference")}


def _first_heading(page: ParsedPage) -> str | None:
    spans = ((b.char_start, b.char_end) for b in page.blocks if b.kind is BlockKind.HEADING)
    return next((page.text[start:end][:120] for start, end in spans), None)
