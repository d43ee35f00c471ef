"""An archive in memory: for tests, examples and anything that fits there. Needs nothing but the standard library."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from docpager.archive.fusion import fuse
from docpager.archive.outlines import outline_of
from docpager.archive.schemas import removed
from docpager.errors import ToolError
from docpager.protocols import TokenCounter
from docpager.records import (
    Document,
    DocumentStatus,
    IngestedDocument,
    LastAction,
    OutlineEntry,
    PaperPage,
    SearchHit,
    Segment,
    SegmentKind,
    hex_id,
    sha256_hex,
)

_WORD = re.compile(r"\w+")
_PARAGRAPH = re.compile(r"\S(?:(?!\n[^\S\n]*\n).)*", re.DOTALL)


class InMemoryArchive:
    """A writable archive that lives as long as the object; search is BM25 over words as they stand."""

    def __init__(self, documents: Sequence[IngestedDocument] = ()) -> None:
        self._contents: dict[str, IngestedDocument] = {}
        self._segments: dict[str, Segment] = {}
        self._bm25: _BM25 | None = None
        self._generation = 0
        if documents:
            self.write(documents)

    @classmethod
    def of(cls, texts: Mapping[str, str | Sequence[str]], counter: TokenCounter | None = None) -> InMemoryArchive:
        """An archive of path -> text, or path -> texts of its paper pages; each paragraph is a segment.

        Without a ``counter`` a word is a token. A paragraph of one line that starts with ``#`` is a heading.

        >>> archive = InMemoryArchive.of({"notes.txt": "# Crew\\n\\nThe harbour master is Ole Brand."})
        >>> [(hit.segment.headings, hit.segment.text) for hit in archive.search("harbour master")]
        [(('Crew',), 'The harbour master is Ole Brand.')]
        """
        return cls([ingested_text(path, text, counter) for path, text in texts.items()])

    def snapshot(self) -> InMemoryArchive:
        """This state, whatever is written later."""
        copy = InMemoryArchive()
        copy._contents = dict(self._contents)
        copy._segments = dict(self._segments)
        copy._generation = self._generation
        return copy

    @property
    def uri(self) -> str:
        """``memory:``."""
        return "memory:"

    @property
    def generation(self) -> str:
        """Counts the changes so far."""
        return str(self._generation)

    def documents(self) -> Iterator[Document]:
        """All documents but removed ones, by path."""
        rows = [content.document for content in self._contents.values()]
        present = [row for row in rows if row.status is not DocumentStatus.REMOVED]
        return iter(sorted(present, key=lambda row: (row.path, row.doc_id)))

    def document(self, doc_id: str) -> Document | None:
        """The document with this id, a removed one too."""
        content = self._contents.get(doc_id)
        return content.document if content else None

    def segments(self, segment_ids: Sequence[str]) -> list[Segment]:
        """The segments with these ids, in this order; unknown ids are left out."""
        return [self._segments[segment_id] for segment_id in segment_ids if segment_id in self._segments]

    def segments_of(self, doc_id: str, *, page_number: int | None = None) -> list[Segment]:
        """A document's segments by ordinal, of one paper page or of all."""
        content = self._contents.get(doc_id)
        segments = content.segments if content else ()
        wanted = [segment for segment in segments if page_number is None or segment.page_number == page_number]
        return sorted(wanted, key=lambda segment: segment.ordinal)

    def outline(self, doc_id: str) -> list[OutlineEntry]:
        """A document's headings in order."""
        return outline_of(self.segments_of(doc_id))

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, doc_ids: Sequence[str] | None = None
    ) -> list[SearchHit]:
        """The best segments for a query, best first."""
        if self._bm25 is None:
            self._bm25 = _BM25(self._segments)
        raw = self._bm25.scores(query)
        if doc_ids is not None:
            raw = {key: score for key, score in raw.items() if self._segments[key].doc_id in set(doc_ids)}
        scores: dict[str, float] = fuse(raw, {})
        ranking = sorted(scores, key=lambda key: (-scores[key], *self._place(self._segments[key])))
        return [
            SearchHit(
                segment=self._segments[key],
                document=self._contents[self._segments[key].doc_id].document,
                rank=rank,
                score=scores[key],
                bm25=raw[key],
            )
            for rank, key in enumerate(ranking[offset : offset + limit], start=offset + 1)
        ]

    def find(
        self,
        pattern: str,
        *,
        regex: bool = False,
        limit: int = 10,
        offset: int = 0,
        doc_ids: Sequence[str] | None = None,
    ) -> list[Segment]:
        """Segments whose text holds a string (any case) or matches a regular expression, by path and ordinal."""
        if not pattern:
            raise ToolError("Nothing to find: the pattern is empty.")
        holds = _matcher(pattern) if regex else _text_matcher(pattern)
        scope = None if doc_ids is None else set(doc_ids)
        found = [
            segment
            for segment in self._segments.values()
            if (scope is None or segment.doc_id in scope) and holds(segment.text)
        ]
        return sorted(found, key=self._place)[offset : offset + limit]

    def paper_page(self, doc_id: str, page_number: int) -> PaperPage | None:
        """The stored text of one paper page."""
        return next((page for page in self.paper_pages(doc_id) if page.page_number == page_number), None)

    def paper_pages(self, doc_id: str) -> list[PaperPage]:
        """All paper pages of a document, in order."""
        content = self._contents.get(doc_id)
        return sorted(content.pages if content else (), key=lambda page: page.page_number)

    def write(self, batch: Sequence[IngestedDocument]) -> None:
        """Adds or replaces documents, whole."""
        for content in batch:
            self._replace(content)

    def update_documents(self, documents: Sequence[Document]) -> None:
        """Rewrites documents rows alone; their pages and segments stay."""
        for document in documents:
            old = self._contents.get(document.doc_id)
            self._replace(replace(old, document=document) if old else IngestedDocument(document))

    def remove(self, doc_ids: Sequence[str]) -> None:
        """Marks documents removed and drops their pages and segments."""
        for doc_id in doc_ids:
            document = self.document(doc_id)
            if document:
                self._replace(IngestedDocument(removed(document)))

    def sweep(self) -> int:
        """Nothing is ever half written here: 0."""
        return 0

    @property
    def is_finished(self) -> bool:
        """Always: nothing is indexed here."""
        return True

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Nothing is held."""

    def _replace(self, content: IngestedDocument) -> None:
        for segment in self.segments_of(content.document.doc_id):
            del self._segments[segment.segment_id]
        self._contents[content.document.doc_id] = content
        self._segments.update({segment.segment_id: segment for segment in content.segments})
        self._bm25 = None
        self._generation += 1

    def _place(self, segment: Segment) -> tuple[str, int]:
        return self._contents[segment.doc_id].document.path, segment.ordinal


class _BM25:
    """Okapi BM25 with the usual k1 = 1.2 and b = 0.75, over ``search_text``."""

    K1 = 1.2
    B = 0.75

    def __init__(self, segments: Mapping[str, Segment]) -> None:
        self._postings: dict[str, dict[str, int]] = {}
        self._lengths: dict[str, int] = {}
        for key, segment in segments.items():
            words = _words(segment.search_text or segment.text)
            self._lengths[key] = len(words)
            for word, count in Counter(words).items():
                self._postings.setdefault(word, {})[key] = count
        self._mean_length = sum(self._lengths.values()) / max(1, len(self._lengths))

    def scores(self, query: str) -> dict[str, float]:
        """The score of every segment that shares a word with the query."""
        scores: dict[str, float] = {}
        for word in sorted(set(_words(query))):
            postings = self._postings.get(word, {})
            rarity = math.log(1 + (len(self._lengths) - len(postings) + 0.5) / (len(postings) + 0.5))
            for key, count in postings.items():
                norm = self.K1 * (1 - self.B + self.B * self._lengths[key] / self._mean_length)
                scores[key] = scores.get(key, 0.0) + rarity * count * (self.K1 + 1) / (count + norm)
        return scores


def _text_matcher(pattern: str) -> Callable[[str], bool]:
    lowered = pattern.lower()
    return lambda text: lowered in text.lower()


def _matcher(pattern: str) -> Callable[[str], bool]:
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ToolError(f"The regular expression {pattern!r} cannot be used: {error}.") from None
    return lambda text: expression.search(text) is not None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def ingested_text(path: str, text: str | Sequence[str], counter: TokenCounter | None = None) -> IngestedDocument:
    """A document of one text, or of the texts of its paper pages, as ``InMemoryArchive.of`` makes them."""
    doc_id = hex_id("", path)
    texts = [text] if isinstance(text, str) else list(text)
    pages = tuple(PaperPage(doc_id, n, page, sha256_hex(page)) for n, page in enumerate(texts, start=1))
    segments = tuple(_paragraphs(doc_id, pages, counter))
    document = Document(
        doc_id=doc_id,
        path=path,
        status=DocumentStatus.INDEXED if segments else DocumentStatus.EMPTY,
        last_action=LastAction.ADDED,
        sha256=sha256_hex("\f".join(texts)),
        media_type="text/plain",
        page_count=len(pages),
        segment_count=len(segments),
        token_count=sum(segment.token_count for segment in segments),
        ingested_at=datetime.now(UTC),
    )
    return IngestedDocument(document, pages, segments)


def _paragraphs(doc_id: str, pages: Sequence[PaperPage], counter: TokenCounter | None) -> Iterator[Segment]:
    headings: tuple[str, ...] = ()
    seen: Counter[str] = Counter()
    ordinal = 0
    for page in pages:
        for match in _PARAGRAPH.finditer(page.text):
            text = match.group().rstrip()
            if text.startswith("#") and "\n" not in text:
                level = len(text) - len(text.lstrip("#"))
                headings = (*headings[: level - 1], text.lstrip("#").strip())
                continue
            text_sha256 = sha256_hex(text)
            yield Segment(
                segment_id=hex_id(doc_id, text_sha256, seen[text_sha256]),
                doc_id=doc_id,
                ordinal=ordinal,
                page_number=page.page_number,
                char_start=match.start(),
                char_end=match.start() + len(text),
                kind=SegmentKind.TEXT,
                text=text,
                text_sha256=text_sha256,
                headings=headings,
                search_text="\n".join([*headings, text]),
                token_count=counter.count(text) if counter else len(text.split()),
            )
            seen[text_sha256] += 1
            ordinal += 1
