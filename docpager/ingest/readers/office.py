"""DOCX, PPTX, XLSX and mail, through unstructured; the home of unstructured and spaCy."""

from __future__ import annotations

import functools
import importlib
import os
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.web import table_rows
from docpager.records import DocumentStatus, ParsedDocument

_QUIET = {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}
_NUMBER = re.compile(r"(\d{1,4}[.)]|[a-zA-Z][.)])\s+(?=\S)")
_MAIL_HEADERS = ("From", "To", "Cc", "Date", "Subject")


class _OfficeReader:
    """What the readers below share: unstructured's elements become blocks, page by page where it tells pages apart."""

    name = ""
    version = "1"
    media_type = ""
    library = ""
    """The module of unstructured that reads it."""
    heading_depths = 9
    """A ``Title`` element this deep or deeper is no heading."""

    def warm(self) -> None:
        """Imports what reading needs: a second or more."""
        _prepare()
        importlib.import_module(self.library)
        _pipeline()

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; raises ``DocumentError`` for one that its library cannot open."""
        _prepare()
        try:
            composers = self._compose(path)
            known = self._known(path)
        except (DocpagerError, MemoryError):
            raise
        except Exception as error:  # any of a dozen libraries may raise anything here
            raise DocumentError(f"It cannot be read ({type(error).__name__}: {one_line(str(error))[:300]}).") from error
        return self._document(composers, known)

    def _elements(self, path: Path) -> Iterable[Any]:
        raise NotImplementedError

    def _known(self, path: Path) -> dict[str, Any]:
        return _core_properties(path)

    def _opening(self, path: Path) -> dict[int, tuple[str | None, PageComposer]]:  # noqa: ARG002 - mail needs it
        return {}

    def _is_heading(self, element: Any) -> bool:
        return element.category == "Title" and (element.metadata.category_depth or 0) < self.heading_depths

    def _compose(self, path: Path) -> dict[int, tuple[str | None, PageComposer]]:
        pages = self._opening(path)
        for element in self._elements(path):
            if element.category in ("Header", "Footer", "PageBreak"):
                continue
            number = element.metadata.page_number or 1
            _, composer = pages.setdefault(number, (element.metadata.page_name, PageComposer()))
            self._add(composer, element)
        return pages

    def _add(self, composer: PageComposer, element: Any) -> None:
        depth = element.metadata.category_depth or 0
        if element.metadata.text_as_html:
            composer.table(*table_rows(element.metadata.text_as_html))
        elif self._is_heading(element):
            composer.heading(element.text, depth + 1)
        elif element.category == "ListItem":
            number = _NUMBER.match(element.text)
            composer.item(element.text[number.end() :] if number else element.text, number[1] if number else "-", depth)
        else:
            composer.paragraph(element.text)

    def _document(self, composers: dict[int, tuple[str | None, PageComposer]], known: dict[str, Any]) -> ParsedDocument:
        pages = tuple(composer.page(number, label) for number, (label, composer) in sorted(composers.items()))
        has_text = any(page.text for page in pages)
        return ParsedDocument(
            media_type=self.media_type,
            reader=self.name,
            reader_version=self.version,
            pages=pages or (PageComposer().page(),),
            status=DocumentStatus.INDEXED if has_text else DocumentStatus.EMPTY,
            replaced_characters=sum(composer.replaced_characters for _, composer in composers.values()),
            **known,
        )


class DocxReader(_OfficeReader):
    """Reads Word documents as one paper page: where its pages break is only known when it is printed."""

    name = "docx"
    library = "unstructured.partition.docx"
    media_type = content.DOCX

    def _elements(self, path: Path) -> Iterable[Any]:
        from unstructured.partition.docx import partition_docx

        for element in partition_docx(str(path), include_page_breaks=False):
            element.metadata.page_number = 1
            yield element


class PptxReader(_OfficeReader):
    """Reads presentations, a slide a paper page."""

    name = "pptx"
    library = "unstructured.partition.pptx"
    media_type = content.PPTX
    heading_depths = 1

    def _elements(self, path: Path) -> Iterable[Any]:
        from unstructured.partition.pptx import partition_pptx

        elements = partition_pptx(str(path), include_page_breaks=False, include_slide_notes=True)
        # unstructured orders a slide's shapes by their place; the title reads first wherever it stands.
        return sorted(elements, key=lambda e: (e.metadata.page_number or 1, not self._is_heading(e)))

    def _add(self, composer: PageComposer, element: Any) -> None:
        if element.category == "Title" and element.metadata.category_depth:
            composer.item(element.text, depth=element.metadata.category_depth - 1)
        else:
            super()._add(composer, element)


class XlsxReader(_OfficeReader):
    """Reads workbooks, a sheet a paper page labelled with its name."""

    name = "xlsx"
    library = "unstructured.partition.xlsx"
    media_type = content.XLSX
    heading_depths = 0

    def _elements(self, path: Path) -> Iterable[Any]:
        from unstructured.partition.xlsx import partition_xlsx

        elements: Iterable[Any] = partition_xlsx(str(path), infer_table_structure=True)
        return elements


class EmailReader(_OfficeReader):
    """Reads one mail, its header lines first; attachments are left alone."""

    name = "email"
    library = "unstructured.partition.email"
    media_type = "message/rfc822"
    heading_depths = 0

    def _elements(self, path: Path) -> Iterable[Any]:
        from unstructured.partition.email import partition_email

        elements: Iterable[Any] = partition_email(str(path), process_attachments=False)
        return elements

    def _opening(self, path: Path) -> dict[int, tuple[str | None, PageComposer]]:
        composer = PageComposer()
        composer.paragraph("\n".join(f"{name}: {value}" for name, value in _mail_headers(path).items()))
        return {1: (None, composer)}

    def _known(self, path: Path) -> dict[str, Any]:
        headers = _mail_headers(path)
        return {"title": headers.get("Subject"), "published_at": parse_date(headers.get("Date"))}


@functools.cache
def _prepare() -> None:
    """Keeps unstructured from calling home and from downloading a language model, before its first import."""
    os.environ.update(_QUIET)
    import unstructured.nlp.tokenize as tokenize

    # Its own loader fetches a model from the network; element types hardly differ without one, at 20 times the speed.
    tokenize._load_spacy_model = _pipeline


@functools.cache
def _pipeline() -> Any:
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    return pipeline


def _core_properties(path: Path) -> dict[str, Any]:
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


def _mail_headers(path: Path) -> dict[str, str]:
    from email.parser import BytesHeaderParser
    from email.policy import default

    with path.open("rb") as file:
        message = BytesHeaderParser(policy=default).parse(file)
    return {name: one_line(str(message[name])) for name in _MAIL_HEADERS if message[name]}
