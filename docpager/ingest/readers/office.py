"""DOCX and PPTX, through unstructured; the home of unstructured and spaCy."""

from __future__ import annotations

import functools
import importlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.office_properties import core_properties
from docpager.ingest.readers.web import table_rows
from docpager.ingest.readers.word_parts import prepared
from docpager.records import DocumentStatus, ParsedDocument

_QUIET = {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}
_NUMBER = re.compile(r"(\d{1,4}[.)]|[a-zA-Z][.)])\s+(?=\S)")


class _OfficeReader:
    """What the readers below share: unstructured's elements become blocks, page by page where it tells pages apart."""

    name = ""
    version = "2"
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
        return core_properties(path)

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
    version = "3"
    library = "unstructured.partition.docx"
    media_type = content.DOCX

    def _elements(self, path: Path) -> Iterable[Any]:
        from unstructured.partition.docx import partition_docx

        held = prepared(path)
        source = {"filename": str(path)} if held is None else {"file": held}
        for element in partition_docx(**source, include_page_breaks=False):
            element.metadata.page_number = 1
            yield element


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
