"""What an archive returned, kept for the questions that need the same pages: one for a run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from docpager.protocols import Archive
from docpager.records import Document, OutlineEntry, PaperPage, SearchHit, Segment

MOST_CHARACTERS = 16_000_000
"""Characters of text that are kept: some ten thousand segments, or a few hundred megabytes as Python holds them."""
ENTRY_CHARACTERS = 200
"""What an entry takes beside its text."""
Value = TypeVar("Value")


@dataclass(slots=True)
class PageCache:
    """An archive that answers again from memory what it was asked before, as long as that was lately.

    The least recently used leaves. A generation never changes, so nothing that is kept grows stale. Safe for several
    threads at once: what two of them ask at the same time may be fetched twice.
    """

    archive: Archive
    most_characters: int = MOST_CHARACTERS
    hits: int = 0
    misses: int = 0
    _kept: OrderedDict[tuple[Any, ...], tuple[Any, int]] = field(default_factory=OrderedDict)
    _characters: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def uri(self) -> str:
        """The archive's."""
        return self.archive.uri

    @property
    def generation(self) -> str:
        """The archive's."""
        return self.archive.generation

    def documents(self) -> Iterator[Document]:
        """All documents but removed ones, by path; never kept."""
        return self.archive.documents()

    def document(self, doc_id: str) -> Document | None:
        """The document with this id."""
        return self._answer(("document", doc_id), lambda: self.archive.document(doc_id), lambda _: 0)

    def segments(self, segment_ids: Sequence[str]) -> list[Segment]:
        """The segments with these ids, in this order; unknown ids are left out."""
        key = ("segments", *segment_ids)
        return list(self._answer(key, lambda: self.archive.segments(segment_ids), _text_of))

    def segments_of(self, doc_id: str, *, page_number: int | None = None) -> list[Segment]:
        """A document's segments by ordinal, of one paper page or of all."""
        key = ("segments_of", doc_id, page_number)
        return list(self._answer(key, lambda: self.archive.segments_of(doc_id, page_number=page_number), _text_of))

    def outline(self, doc_id: str) -> list[OutlineEntry]:
        """A document's headings in order."""
        return list(self._answer(("outline", doc_id), lambda: self.archive.outline(doc_id), len))

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, doc_ids: Sequence[str] | None = None
    ) -> list[SearchHit]:
        """The best segments for a query, best first."""
        key = ("search", query, limit, offset, None if doc_ids is None else tuple(doc_ids))

        def fetched() -> list[SearchHit]:
            return self.archive.search(query, limit=limit, offset=offset, doc_ids=doc_ids)

        return list(self._answer(key, fetched, lambda hits: _text_of(hit.segment for hit in hits)))

    def find(
        self,
        pattern: str,
        *,
        regex: bool = False,
        limit: int = 10,
        offset: int = 0,
        doc_ids: Sequence[str] | None = None,
    ) -> list[Segment]:
        """Segments whose text holds a string or matches a regular expression, by path and ordinal."""
        key = ("find", pattern, regex, limit, offset, None if doc_ids is None else tuple(doc_ids))

        def fetched() -> list[Segment]:
            return self.archive.find(pattern, regex=regex, limit=limit, offset=offset, doc_ids=doc_ids)

        return list(self._answer(key, fetched, _text_of))

    def paper_page(self, doc_id: str, page_number: int) -> PaperPage | None:
        """The stored text of one paper page."""
        key = ("paper_page", doc_id, page_number)
        return self._answer(
            key, lambda: self.archive.paper_page(doc_id, page_number), lambda p: len(p.text) if p else 0
        )

    def paper_pages(self, doc_id: str) -> list[PaperPage]:
        """All paper pages of a document, in order."""
        key = ("paper_pages", doc_id)
        return list(self._answer(key, lambda: self.archive.paper_pages(doc_id), _text_of))

    def _answer(self, key: tuple[Any, ...], fetch: Callable[[], Value], size: Callable[[Any], int]) -> Value:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self.hits += 1
                found: Value = self._kept[key][0]
                return found
            self.misses += 1
        value = fetch()
        self._keep(key, value, ENTRY_CHARACTERS + size(value))
        return value

    def _keep(self, key: tuple[Any, ...], value: Any, characters: int) -> None:
        if characters > self.most_characters // 2:
            return  # it would drive out all the rest
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = value, characters
            self._characters += characters
            while self._characters > self.most_characters:
                self._characters -= self._kept.popitem(last=False)[1][1]


def _text_of(items: Iterable[Segment | PaperPage]) -> int:
    return sum(len(item.text) + ENTRY_CHARACTERS for item in items)
