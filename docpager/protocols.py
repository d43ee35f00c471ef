"""What the floors hand each other. An implementation is known by what it can do, never by where it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

from docpager.records import (
    Document,
    IngestedDocument,
    ModelReply,
    ModelRequest,
    OutlineEntry,
    PaperPage,
    ParsedDocument,
    RememberedNote,
    SearchHit,
    Segment,
    Usage,
)

if TYPE_CHECKING:
    import numpy

Item = TypeVar("Item")
Result = TypeVar("Result")


@runtime_checkable
class TokenCounter(Protocol):
    """Counts tokens as a model does. Picklable, so that worker processes can have it."""

    @property
    def name(self) -> str:
        """Names the encoding, as in ``o200k_base``."""

    def count(self, text: str) -> int:
        """The number of tokens of ``text``; special-token text counts as ordinary text."""


@runtime_checkable
class Embedder(Protocol):
    """Turns text into vectors."""

    @property
    def name(self) -> str:
        """Names the model and its dimensions, as in ``wordllama-256``; stored with the archive."""

    @property
    def dimensions(self) -> int:
        """The length of a vector; 0 for the embedder that makes none."""

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Vectors of unit length, shape ``(len(texts), dimensions)``, float32."""


@runtime_checkable
class QueryEmbedder(Embedder, Protocol):
    """An embedder whose vectors of queries are made otherwise than those of texts."""

    def embed_queries(self, queries: Sequence[str]) -> numpy.ndarray:
        """Vectors of unit length, shape ``(len(queries), dimensions)``, float32."""


@runtime_checkable
class Reranker(Protocol):
    """Reads a query and each of the best texts found for it together, and orders them anew."""

    @property
    def name(self) -> str:
        """As ``--reranker`` takes it."""

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers the query, from 0 to 1."""


@runtime_checkable
class Reader(Protocol):
    """Reads one kind of file into pages of text. Runs in a worker process."""

    @property
    def name(self) -> str:
        """Stored with each document it reads."""

    @property
    def version(self) -> str:
        """Changes when the reader's output changes."""

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; raises ``DocumentError`` for a file it cannot read."""


@runtime_checkable
class Archive(Protocol):
    """External context: documents and their segments, as of one generation."""

    @property
    def uri(self) -> str:
        """Where it is."""

    @property
    def generation(self) -> str:
        """Names the state that is being read; another state has another name."""

    def documents(self) -> Iterator[Document]:
        """All documents but removed ones, by path."""

    def document(self, doc_id: str) -> Document | None:
        """The document with this id."""

    def segments(self, segment_ids: Sequence[str]) -> list[Segment]:
        """The segments with these ids, in this order; unknown ids are left out."""

    def segments_of(self, doc_id: str, *, page_number: int | None = None) -> list[Segment]:
        """A document's segments by ordinal, of one paper page or of all."""

    def outline(self, doc_id: str) -> list[OutlineEntry]:
        """A document's headings in order."""

    def search(
        self, query: str, *, limit: int = 10, offset: int = 0, doc_ids: Sequence[str] | None = None
    ) -> list[SearchHit]:
        """The best segments for a query, best first; ``doc_ids`` limits the scope (an empty one finds nothing)."""

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

    def paper_page(self, doc_id: str, page_number: int) -> PaperPage | None:
        """The stored text of one paper page."""

    def paper_pages(self, doc_id: str) -> list[PaperPage]:
        """All paper pages of a document, in order."""


@runtime_checkable
class WritableArchive(Archive, Protocol):
    """An archive as its one writer sees it."""

    def write(self, batch: Sequence[IngestedDocument]) -> None:
        """Adds or replaces documents, whole; their ``documents`` rows are written last."""

    def update_documents(self, documents: Sequence[Document]) -> None:
        """Rewrites ``documents`` rows alone (a move, a last action); their pages and segments stay as they are."""

    def remove(self, doc_ids: Sequence[str]) -> None:
        """Marks documents removed and drops their pages and segments."""

    def sweep(self) -> int:
        """Drops pages and segments that no documents row commits to; returns how many."""

    @property
    def is_finished(self) -> bool:
        """Whether every row is indexed; not after a writer that was cut off before ``finish``."""
        ...

    def finish(self) -> None:
        """Brings indexes up to date and compacts, after the last write."""


@runtime_checkable
class ChatModel(Protocol):
    """Replies to messages, as chat completions do."""

    @property
    def name(self) -> str:
        """As asked for by ``--model``."""

    async def complete(self, request: ModelRequest) -> ModelReply:
        """One reply; raises ``ModelError`` where there is none for this request."""


@runtime_checkable
class ModelFacts(Protocol):
    """What can be found out about a model by asking its endpoint."""

    async def stated_window(self) -> int | None:
        """The model's window in its own tokens, where the endpoint states it."""

    async def probe_tools(self) -> ToolProbe:
        """Whether the model calls tools natively, by one small request; raises as ``ChatModel.complete`` does."""


@dataclass(frozen=True, slots=True)
class ToolProbe:
    """What became of a probe for native tool calls, and what it used."""

    native: bool
    usage: Usage = field(default_factory=Usage)


@runtime_checkable
class NoteStore(Protocol):
    """What questions remembered. Safe for several threads at once."""

    def append(self, notes: Sequence[RememberedNote]) -> None:
        """Keeps what one question remembered, all or nothing; the same note (by its id) is kept once.

        Raises ``TemporaryError`` where it cannot be kept.
        """

    def search(self, query: str) -> list[RememberedNote]:
        """The notes that share words with a query, most words first, of equals the latest."""


class FailureKind(StrEnum):
    """Why a task gave no result."""

    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that gave no result."""

    kind: FailureKind
    error_type: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Result]):
    """A task and how it ended: exactly one of ``result`` and ``failure`` is there."""

    item: Item
    result: Result | None
    failure: Failure | None
    seconds: float


@runtime_checkable
class Executor(Protocol):
    """Runs a function over items elsewhere, each within its limits."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Outcome[Item, Result]]:
        """Outcomes as they come, every item exactly once; takes items no faster than it can work on them."""

    def close(self) -> None:
        """Ends the workers."""
