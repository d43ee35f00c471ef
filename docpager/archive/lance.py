"""The archive on disk: a LanceDB database, read as of one generation."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from docpager.archive.checking import Damage, check_files, check_rows
from docpager.archive.durability import size_of
from docpager.archive.filters import both, cleaned, holds_text, matches, one_of, quoted, turns
from docpager.archive.finding import rows_with_words
from docpager.archive.healing import damaged_head
from docpager.archive.ledger import Ledger
from docpager.archive.outlines import outline_of
from docpager.archive.pins import Pin, TableVersion, pin, versions_of
from docpager.archive.reading import telling_what_is_damaged
from docpager.archive.schemas import (
    DOCUMENT_COLUMNS,
    PAGE_COLUMNS,
    SEGMENT_COLUMNS,
    document_of,
    page_of,
    segment_of,
)
from docpager.archive.search import QUERY_CHARACTERS, Ranking, SearchOptions, rank, share_found
from docpager.archive.tables import ArchiveStamp, Tables, archive_folder, is_archive
from docpager.errors import DamagedArchiveError, EmbedderMismatchError, MissingArchiveError, ToolError
from docpager.protocols import Embedder, QueryEmbedder, Reranker
from docpager.records import (
    Document,
    DocumentStatus,
    OutlineEntry,
    PaperPage,
    SearchHit,
    Segment,
    sha256_hex,
)

if TYPE_CHECKING:
    import numpy

    from docpager.archive.writing import LanceWriter

_DOCUMENTS_KEPT = 20_000
_PLACE = ("segment_id", "doc_id", "ordinal")


@dataclass(frozen=True, slots=True)
class ArchiveStats:
    """What is in an archive."""

    uri: str
    generation: str
    embedder: str
    token_counter: str
    documents: Mapping[DocumentStatus, int]
    """How many documents have each status that occurs."""
    paper_pages: int
    segments: int
    tokens: int
    bytes_on_disk: int


class LanceArchive:
    """Reads an archive as of the generation it was opened at, whatever is written meanwhile."""

    def __init__(
        self,
        tables: Tables,
        embedder: Embedder,
        generation: str,
        pin: Pin | None = None,
        options: SearchOptions | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._tables = tables
        self._embedder = embedder
        self._options = options or SearchOptions()
        self._reranker = reranker
        self._generation = generation
        self._pin = pin
        if pin is not None:
            weakref.finalize(self, pin.release)
        self._kept: dict[str, Document] = {}

    @classmethod
    def open(
        cls,
        uri: str,
        embedder: Embedder,
        *,
        generation: str | None = None,
        options: SearchOptions | None = None,
        reranker: Reranker | None = None,
    ) -> LanceArchive:
        """Opens the newest generation, or the one named, and keeps it from being cleaned up until ``close``.

        Raises ``MissingArchiveError`` where there is no archive, ``MissingInputError`` where the generation is gone.
        """
        if not is_archive(uri):
            raise MissingArchiveError(uri)
        if (manifest := damaged_head(archive_folder(uri))) is not None:
            raise DamagedArchiveError(uri, f"{manifest} has other bytes than were written")
        with telling_what_is_damaged(uri):
            tables = Tables(uri)
            require_embedder(tables, embedder)
            return LanceArchive(tables, embedder, *pin(tables, generation), options, reranker)

    @classmethod
    def open_for_writing(
        cls, uri: str, embedder: Embedder, counter_name: str, *, wait_seconds: float = 0
    ) -> LanceWriter:
        """Opens or makes an archive as its only writer; raises ``LockedError`` where there is one for that long."""
        from docpager.archive.writing import LanceWriter

        return LanceWriter.open_or_make(uri, embedder, counter_name, wait_seconds=wait_seconds)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri} generation {self.generation}>"

    @property
    def uri(self) -> str:
        """The archive's folder."""
        return self._tables.uri

    @property
    def generation(self) -> str:
        """The versions of ``documents``, ``pages`` and ``segments``, as in ``12.12.13``; ``open`` takes it back."""
        return self._generation

    @property
    def stamp(self) -> ArchiveStamp:
        """The format, embedder and token counter the archive was made with."""
        return self._tables.stamp

    def documents(self) -> Iterator[Document]:
        """All documents but removed ones, by path."""
        rows = self._rows(self._tables.documents, DOCUMENT_COLUMNS, f"status != {quoted(DocumentStatus.REMOVED)}")
        return map(document_of, sorted(rows, key=lambda row: (row["path"], row["doc_id"])))

    def all_documents(self) -> Iterator[Document]:
        """All documents, removed ones too, by path."""
        rows = self._rows(self._tables.documents, DOCUMENT_COLUMNS, None)
        return map(document_of, sorted(rows, key=lambda row: (row["path"], row["doc_id"])))

    def versions(self) -> list[TableVersion]:
        """The versions of the three tables that are still there, newest first."""
        return versions_of(self._tables)

    def document(self, doc_id: str) -> Document | None:
        """The document with this id, a removed one too."""
        return self._documents_with([doc_id]).get(doc_id)

    def segments(self, segment_ids: Sequence[str]) -> list[Segment]:
        """The segments with these ids, in this order; unknown ids are left out."""
        found: dict[str, Segment] = {}
        for ids in turns(segment_ids):
            rows = self._rows(self._tables.segments, SEGMENT_COLUMNS, one_of("segment_id", ids))
            found.update((row["segment_id"], self._segment(row)) for row in rows)
        return [found[segment_id] for segment_id in segment_ids if segment_id in found]

    def segments_of(self, doc_id: str, *, page_number: int | None = None) -> list[Segment]:
        """A document's segments by ordinal, of one paper page or of all."""
        condition = both(one_of("doc_id", [doc_id]), _is_number("page_number", page_number))
        segments = map(self._segment, self._rows(self._tables.segments, SEGMENT_COLUMNS, condition))
        return sorted(segments, key=lambda segment: segment.ordinal)

    def outline(self, doc_id: str) -> list[OutlineEntry]:
        """A document's headings in order."""
        return outline_of(self.segments_of(doc_id))

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, doc_ids: Sequence[str] | None = None
    ) -> list[SearchHit]:
        """The best segments for a query by BM25 and cosine together, best first; equals by path and ordinal."""
        if not query.strip() or limit < 1 or (doc_ids is not None and not doc_ids):
            return []
        vector = self._vectors([query[:QUERY_CHARACTERS]])[0] if self._embedder.dimensions else None
        condition = None if doc_ids is None else one_of("doc_id", doc_ids)
        segments, enough = self._tables.segments, offset + limit
        rerank = None if self._reranker is None else partial(self._read_with, self._reranker, query)
        with telling_what_is_damaged(self.uri):
            ranking = rank(segments, query, vector, self._options, condition=condition, at_least=enough, rerank=rerank)
        return self._hits(ranking, offset, limit)

    def find(
        self,
        pattern: str,
        *,
        regex: bool = False,
        limit: int = 10,
        offset: int = 0,
        doc_ids: Sequence[str] | None = None,
    ) -> list[Segment]:
        """Segments whose text holds a string (any case) or matches a regular expression, by path and ordinal.

        Raises ``ToolError`` for an expression that cannot be used (Rust's syntax: linear time, no look-around).
        """
        if not pattern:
            raise ToolError("Nothing to find: the pattern is empty.")
        scope = None if doc_ids is None else one_of("doc_id", doc_ids)
        rows = self._matching(pattern, scope) if regex else self._holding(pattern, scope)
        paths = {key: row.path for key, row in self._documents_with({row["doc_id"] for row in rows}).items()}
        rows.sort(key=lambda row: (paths.get(row["doc_id"], ""), row["doc_id"], row["ordinal"]))
        return self.segments([row["segment_id"] for row in rows[offset : offset + limit]])

    def paper_page(self, doc_id: str, page_number: int) -> PaperPage | None:
        """The stored text of one paper page."""
        condition = both(one_of("doc_id", [doc_id]), _is_number("page_number", page_number))
        return next(map(self._page, self._rows(self._tables.pages, PAGE_COLUMNS, condition)), None)

    def paper_pages(self, doc_id: str) -> list[PaperPage]:
        """All paper pages of a document, in order."""
        pages = map(self._page, self._rows(self._tables.pages, PAGE_COLUMNS, one_of("doc_id", [doc_id])))
        return sorted(pages, key=lambda page: page.page_number)

    def stats(self) -> ArchiveStats:
        """Counts what is here."""
        rows = self._rows(self._tables.documents, ["status", "token_count"], None)
        return ArchiveStats(
            uri=self.uri,
            generation=self.generation,
            embedder=self.stamp.embedder,
            token_counter=self.stamp.token_counter,
            documents=dict(Counter(DocumentStatus(row["status"]) for row in rows)),
            paper_pages=self._tables.pages.count_rows(),
            segments=self._tables.segments.count_rows(),
            tokens=sum(row["token_count"] for row in rows),
            bytes_on_disk=size_of(self._tables.folder),
        )

    def nearest_found(self, queries: Sequence[str], limit: int = 100) -> float:
        """The share of the segments nearest to queries that a search by vector finds; 1 without a vector index."""
        vectors = self._vectors(queries)
        shares = [share_found(self._tables.segments, vector, limit) for vector in vectors] if vectors.size else []
        return sum(shares) / len(shares) if shares else 1.0

    def check(self) -> Iterator[Damage]:
        """What is damaged: files, rows, hashes, spans, references, counts, and what the indexes find."""
        yield from check_files(Ledger(self._tables.folder))
        yield from check_rows(self._tables)

    def close(self) -> None:
        """Lets the generation go; so does the end of this object, and of the process."""
        if self._pin is not None:
            self._pin.release()

    def _rows(self, table: Any, columns: Sequence[str], condition: str | None) -> list[dict[str, Any]]:
        query = table.search().select(list(columns))
        if condition:
            query = query.where(condition)
        with telling_what_is_damaged(self.uri):
            rows: list[dict[str, Any]] = query.to_arrow().to_pylist()
        return rows

    def _segment(self, row: Mapping[str, Any]) -> Segment:
        """The segment of a row, with the text that was stored and no other."""
        segment = segment_of(row)
        if sha256_hex(segment.text) != segment.text_sha256:
            raise DamagedArchiveError(self.uri, f"segment {segment.segment_id} has another text than was stored")
        return segment

    def _page(self, row: Mapping[str, Any]) -> PaperPage:
        page = page_of(row)
        if sha256_hex(page.text) != page.text_sha256:
            raise DamagedArchiveError(
                self.uri, f"page {page.page_number} of document {page.doc_id} has another text than was stored"
            )
        return page

    def _vectors(self, queries: Sequence[str]) -> numpy.ndarray:
        if isinstance(self._embedder, QueryEmbedder):
            return self._embedder.embed_queries(queries)
        return self._embedder.embed(queries)

    def _read_with(self, reranker: Reranker, query: str, row_ids: list[int]) -> Sequence[float]:
        """The scores of segments by a reranker, which is shown what stands above them too."""
        segments = self._segments_at(row_ids)
        titles = self._documents_with({segment.doc_id for segment in segments.values()})
        found = [(titles[segments[row_id].doc_id].title, segments[row_id]) for row_id in row_ids]
        texts = ["\n".join(filter(None, (title, *s.headings, s.prefix, s.text))) for title, s in found]
        return reranker.scores(query[:QUERY_CHARACTERS], texts)

    def _matching(self, expression: str, scope: str | None) -> list[dict[str, Any]]:
        try:
            return self._rows(self._tables.segments, _PLACE, both(scope, matches("text", expression)))
        except DamagedArchiveError as error:
            if "did not compile" in (why := str(error.__cause__)):
                raise ToolError(_regex_refusal(expression, why)) from None
            raise

    def _holding(self, text: str, scope: str | None) -> list[dict[str, Any]]:
        segments, wanted = self._tables.segments, cleaned(text).lower()
        with telling_what_is_damaged(self.uri):
            row_ids = rows_with_words(segments, text, scope)
            if row_ids is None:
                return self._rows(segments, _PLACE, both(scope, holds_text("text", text)))
            rows = segments.take_row_ids(row_ids).select([*_PLACE, "text"]).to_arrow().to_pylist()
        return [row for row in rows if wanted in row["text"].lower()]

    def _hits(self, ranking: Ranking, offset: int, limit: int) -> list[SearchHit]:
        first, row_ids = ranking.with_ties(offset, offset + limit)
        segments = self._segments_at(row_ids)
        documents = self._documents_with({segment.doc_id for segment in segments.values()})
        group = ranking.tie_groups(row_ids)

        def place(row_id: int) -> tuple[int, str, int]:
            segment = segments[row_id]
            return group[row_id], documents[segment.doc_id].path, segment.ordinal

        return [
            SearchHit(
                segment=segments[row_id],
                document=documents[segments[row_id].doc_id],
                rank=position + 1,
                score=ranking.scores[row_id],
                bm25=ranking.bm25.get(row_id),
                cosine=ranking.cosine.get(row_id),
            )
            for position, row_id in enumerate(sorted(row_ids, key=place), start=first)
            if offset <= position < offset + limit
        ]

    def _segments_at(self, row_ids: list[int]) -> dict[int, Segment]:
        if not row_ids:
            return {}
        with telling_what_is_damaged(self.uri):
            rows = self._tables.segments.take_row_ids(row_ids).select(SEGMENT_COLUMNS).with_row_id().to_arrow()
        return {row["_rowid"]: self._segment(row) for row in rows.to_pylist()}

    def _documents_with(self, doc_ids: Iterable[str]) -> dict[str, Document]:
        """The documents with these ids; a generation's rows never change, so they are kept."""
        wanted = list(doc_ids)
        found = {doc_id: self._kept[doc_id] for doc_id in wanted if doc_id in self._kept}
        for ids in turns([doc_id for doc_id in wanted if doc_id not in found]):
            rows = self._rows(self._tables.documents, DOCUMENT_COLUMNS, one_of("doc_id", ids))
            found.update((row["doc_id"], document_of(row)) for row in rows)
        if len(self._kept) + len(found) > _DOCUMENTS_KEPT:
            self._kept = {}
        self._kept.update(found)
        return found


def require_embedder(tables: Tables, embedder: Embedder) -> None:
    """Refuses an embedder whose vectors are not the archive's."""
    if tables.stamp.embedder != embedder.name:
        raise EmbedderMismatchError(tables.uri, tables.stamp.embedder, embedder.name)


def _is_number(column: str, value: int | None) -> str | None:
    return None if value is None else f"{column} = {int(value)}"


def _regex_refusal(pattern: str, message: str) -> str:
    if "CompiledTooBig" in message:
        reason = "it is too big"
    else:
        reasons = [line.removeprefix("error: ") for line in message.splitlines() if line.startswith("error: ")]
        reason = reasons[-1].rstrip(")") if reasons else "its syntax is not understood"
    return f"The regular expression {cleaned(pattern)!r} cannot be used: {reason}."
