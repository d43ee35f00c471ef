"""What a worker process does: reads a file or some records, divides them into segments, counts their tokens."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from docpager.errors import (
    ChangedDocumentError,
    DocumentError,
    EncryptedDocumentError,
    LimitExceededError,
    UnsupportedDocumentError,
    lacks_memory,
)
from docpager.ingest.aside import visible_text
from docpager.ingest.cleaning import clean
from docpager.ingest.confinement import reading_only
from docpager.ingest.languages import detect_language
from docpager.ingest.output_limits import check_parsed, check_segments
from docpager.ingest.prechecks import check_file
from docpager.ingest.readers import choose_reader, warm_reader
from docpager.ingest.readers.collections import CollectionFields, Record, RecordReader, count_records
from docpager.ingest.readers.front_matter import find_period
from docpager.ingest.readers.ocr import OcrOptions
from docpager.ingest.scan import time_of_change
from docpager.peak_memory import peak_memory_mib
from docpager.protocols import TokenCounter
from docpager.records import (
    BlockKind,
    Document,
    DocumentStatus,
    IngestedDocument,
    PageStatus,
    ParsedDocument,
)

LONGEST_MESSAGE = 500
_EMPTY_MESSAGES = {DocumentStatus.EMPTY: "It holds no text."}
_FRONT_CHARACTERS = 6000
_FRONT_BLOCKS = 3

_STATUS_OF_ERROR: tuple[tuple[type[BaseException], DocumentStatus], ...] = (
    (EncryptedDocumentError, DocumentStatus.ENCRYPTED),
    (UnsupportedDocumentError, DocumentStatus.UNSUPPORTED),
    (LimitExceededError, DocumentStatus.LIMIT_EXCEEDED),
)


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What is the same for every document of an ingest."""

    counter: TokenCounter
    segment_tokens: int
    pdf_reader: str = "auto"
    language: str | None = None
    """Every document's language; None finds it in the text, else takes the file's word."""
    ocr: OcrOptions = field(default_factory=OcrOptions)


@dataclass(frozen=True, slots=True)
class ReadItem:
    """A document to be read: its row as known so far, and where its content is."""

    document: Document
    file: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class ReadTask:
    """What one worker takes at a time: one file, or some records."""

    items: tuple[ReadItem, ...]
    options: ReadingOptions

    def make_ready(self) -> None:
        """Imports what reading these items takes, so that no document's time is spent on it."""
        import docpager.ingest.segmenter  # noqa: F401

        for item in self.items:
            if item.record is None:
                warm_reader(Path(item.file).suffix, self.options.pdf_reader)


@dataclass(slots=True)
class ReadResult:
    """What became of a task's items, in their order, and the CPU seconds it took by stage."""

    documents: list[IngestedDocument] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: int = 0
    """The most memory the worker has held so far; 0 where the system does not tell."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the CPU time spent within to a stage."""
        started = time.process_time()
        try:
            yield
        finally:
            self.add(name, time.process_time() - started)

    def add(self, name: str, seconds: float) -> None:
        """Adds CPU seconds to a stage."""
        self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + seconds


@dataclass(slots=True)
class TimedCounter:
    """A counter that adds up the wall-clock time it takes: asking for the CPU time would cost as much as it tells."""

    inner: TokenCounter
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The inner counter's name."""
        return self.inner.name

    def count(self, text: str) -> int:
        """As the inner counter counts."""
        started = time.perf_counter()
        tokens = self.inner.count(text)
        self.seconds += time.perf_counter() - started
        return tokens


def read_documents(task: ReadTask) -> ReadResult:
    """Reads each of a task's documents; one that cannot be read has the status and the error that say so.

    Only a lack of memory gets through: then the worker is of no more use.
    """
    result = ReadResult()
    for item in task.items:
        started = time.perf_counter()
        try:
            ingested = _read(item, task.options, result)
        except Exception as error:  # readers of strangers' files raise anything
            if lacks_memory(error):
                raise
            ingested = IngestedDocument(failed(item.document, error))
        seconds = time.perf_counter() - started
        result.documents.append(replace(ingested, document=replace(ingested.document, seconds=seconds)))
    result.peak_mib = peak_memory_mib()
    return result


def probe_collection(file: tuple[str, CollectionFields]) -> int:
    """How many records a collection has: a broken file is found out here, and not in the parent."""
    path, fields = file
    with reading_only(path):
        return count_records(Path(path), fields)


def failed(document: Document, error: BaseException) -> Document:
    """The row of a document that could not be read."""
    status = next((s for kind, s in _STATUS_OF_ERROR if isinstance(error, kind)), DocumentStatus.FAILED)
    message = str(error)
    if isinstance(error, ChangedDocumentError):
        document = replace(document, sha256=None)  # what was read is not what has that hash
    if isinstance(error, OSError):
        message = f"It cannot be opened: {error.strerror or error}"
    elif not isinstance(error, DocumentError):
        message = f"It cannot be read ({type(error).__name__}: {error})."
    return with_error(document, status, type(error).__name__, message)


def with_error(document: Document, status: DocumentStatus, error_type: str, message: str) -> Document:
    """A document's row with a status and the reason for it; no pages, no segments."""
    return replace(
        document,
        status=status,
        error_type=error_type,
        error_message=clean(" ".join(message.split()))[0][:LONGEST_MESSAGE],
        segment_count=0,
        token_count=0,
    )


def _read(item: ReadItem, options: ReadingOptions, result: ReadResult) -> IngestedDocument:
    from docpager.ingest.segmenter import segment_document

    with result.stage("read"):
        parsed, note = _parsed(item, options)
    check_parsed(parsed)
    title = _cleaned(parsed.title or (_first_heading(parsed) if item.record is None else None))
    counter = TimedCounter(options.counter)
    clock, earlier = time.perf_counter(), result.cpu_seconds.get("segment", 0.0)
    with result.stage("segment"):
        fallback = "" if item.record is not None else Path(item.document.path).stem
        pages, segments = segment_document(
            parsed, item.document.doc_id, title or fallback, counter, options.segment_tokens
        )
    counting = counter.seconds / (time.perf_counter() - clock) * (result.cpu_seconds["segment"] - earlier)
    result.add("count", counting)
    result.add("segment", -counting)
    check_segments(segments)
    status = parsed.status
    if status is DocumentStatus.INDEXED and not segments:
        status = DocumentStatus.EMPTY
    document = replace(
        item.document,
        status=status,
        media_type=parsed.media_type,
        title=title,
        language=options.language or detect_language([visible_text(page) for page in parsed.pages]) or parsed.language,
        published_at=parsed.published_at,
        period=parsed.period or find_period([visible_text(page)[:_FRONT_CHARACTERS] for page in parsed.pages[:1]]),
        reader=parsed.reader,
        reader_version=parsed.reader_version,
        page_count=len(parsed.pages),
        pages_failed=sum(page.status is PageStatus.FAILED for page in parsed.pages),
        pages_without_text=sum(page.status is PageStatus.NO_TEXT for page in parsed.pages),
        segment_count=len(segments),
        token_count=sum(segment.token_count for segment in segments),
        error_type=parsed.error_type,
        error_message=_cleaned(parsed.error_message) or note or _EMPTY_MESSAGES.get(status),
    )
    return IngestedDocument(document, tuple(pages), tuple(segments))


def _parsed(item: ReadItem, options: ReadingOptions) -> tuple[ParsedDocument, str | None]:
    if item.record is not None:
        return RecordReader().parse(item.record), None
    path = Path(item.file)
    _check_unchanged(item)
    with reading_only(item.file):
        check_file(path)
        entry, note = choose_reader(path)
        parsed = entry.reader(options.pdf_reader, options.ocr).read(path)
    _check_unchanged(item)
    return parsed, note


def _check_unchanged(item: ReadItem) -> None:
    """Raises ``ChangedDocumentError`` unless the file is the one whose size, time and hash are in the row."""
    found = os.lstat(item.file)
    is_same = stat.S_ISREG(found.st_mode) and found.st_size == item.document.size_bytes
    if not is_same or time_of_change(found) != item.document.modified_at:
        raise ChangedDocumentError


def _first_heading(parsed: ParsedDocument) -> str | None:
    """The heading a document opens with; only of those whose reader knows a heading when it sees one."""
    page = parsed.pages[0] if parsed.pages else None
    for block in page.blocks[:_FRONT_BLOCKS] if page else ():
        if page is not None and block.kind is BlockKind.HEADING:
            return page.text[block.char_start : block.char_end]
    return None


def _cleaned(text: str | None) -> str | None:
    return (" ".join(clean(text)[0].split())[:LONGEST_MESSAGE] or None) if text else None
