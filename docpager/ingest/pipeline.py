"""From files to an archive: workers read, this process embeds and is the one writer."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from docpager.errors import DocumentError, LimitExceededError, UnsupportedDocumentError
from docpager.ingest.freed_memory import give_back_freed_memory
from docpager.ingest.planning import Plan
from docpager.ingest.readers.collections import CollectionFields
from docpager.ingest.readers.ocr import OcrOptions
from docpager.ingest.report import IngestProgress, IngestReport, SilentProgress
from docpager.ingest.scan import roots_of, scan
from docpager.ingest.steps import Duplicate, Moved, Settled, Step, Unchanged
from docpager.ingest.worker import (
    ReadingOptions,
    ReadItem,
    ReadResult,
    ReadTask,
    probe_collection,
    read_documents,
    with_error,
)
from docpager.protocols import Embedder, Executor, Failure, FailureKind, Outcome, TokenCounter, WritableArchive
from docpager.records import Document, DocumentStatus, IngestedDocument, LastAction
from docpager.settings import IngestSettings

EMBEDDED_SEGMENTS = 256
"""Segments embedded together, so that embedding goes on while workers read."""
BATCH_DOCUMENTS = 64
"""Documents written together, at most."""
BATCH_SEGMENTS = 2000
"""Segments written together, but for a document that has more."""
TASK_RECORDS = 64
"""Records that a worker takes at a time, at most."""
TASK_CHARACTERS = 500_000
"""Text of records that a worker takes at a time, but for a record that has more."""

_STATUS_OF_FAILURE = {
    FailureKind.TIMEOUT: DocumentStatus.LIMIT_EXCEEDED,
    FailureKind.MEMORY: DocumentStatus.LIMIT_EXCEEDED,
    FailureKind.OUTPUT: DocumentStatus.LIMIT_EXCEEDED,
    FailureKind.CRASH: DocumentStatus.FAILED,
    FailureKind.EXCEPTION: DocumentStatus.FAILED,
}


def ingest(
    paths: Sequence[str | Path],
    settings: IngestSettings,
    archive: WritableArchive,
    embedder: Embedder,
    counter: TokenCounter,
    executor: Executor,
    progress: IngestProgress | None = None,
    *,
    only: Collection[tuple[str, str]] | None = None,
) -> IngestReport:
    """Brings an archive up to date with files and folders; every document ends in one row with one status.

    ``only`` names the files to look at, by root and path; None is all of them.

    Raises ``MissingInputError`` for a path that is not there, and ``UsageError`` where ``--prune`` would remove too
    much, before any document is read or removed. Interrupted, it leaves whole documents; the same call goes on.
    """
    started = time.perf_counter()
    roots = [str(root) for root in roots_of(paths)]
    found = scan(paths, settings.include, settings.exclude)
    sources = [source for source in found if only is None or (source.root, source.path) in only]
    swept = archive.sweep()
    plan = Plan(archive.documents(), sources, settings, _Probe(executor))
    run = _Ingest(settings, archive, embedder, counter, executor, progress or SilentProgress(), plan)
    if settings.prune:
        run.remove(plan.prune(roots))
    report = run.everything()
    if report.changed or swept or not archive.is_finished:
        with run.stage("write"):
            archive.finish()
    report.seconds = time.perf_counter() - started
    return report


class _Probe:
    """Reads a whole collection file in a worker, to see whether it breaks."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def __call__(self, file: Path, fields: CollectionFields) -> None:
        for outcome in self._executor.map(probe_collection, [(str(file), fields)]):
            failure = outcome.failure
            if failure is None:
                continue
            if _STATUS_OF_FAILURE[failure.kind] is DocumentStatus.LIMIT_EXCEEDED:
                raise LimitExceededError(_readable(failure))
            if failure.error_type == UnsupportedDocumentError.__name__:
                raise UnsupportedDocumentError(failure.message)
            raise DocumentError(failure.message)


class _Ingest:
    """One ingest at work."""

    def __init__(
        self,
        settings: IngestSettings,
        archive: WritableArchive,
        embedder: Embedder,
        counter: TokenCounter,
        executor: Executor,
        progress: IngestProgress,
        plan: Plan,
    ) -> None:
        language = None if settings.language == "auto" else settings.language
        self.report = IngestReport()
        ocr = OcrOptions.of(settings)
        self._options = ReadingOptions(counter, settings.segment_tokens, settings.pdf_reader, language, ocr)
        self._archive = archive
        self._embedder = embedder
        self._executor = executor
        self._progress = progress
        self._plan = plan
        self._now = datetime.now(UTC)
        self._waiting: list[IngestedDocument] = []
        self._batch: list[IngestedDocument] = []
        self._moved: list[Document] = []
        self._duplicates: list[Duplicate] = []
        self._rows: dict[str, Document] = {}

    def everything(self) -> IngestReport:
        """Takes every step of the plan and writes what it leads to."""
        self._progress.expect(len(self._plan))
        alone: list[ReadTask] = []
        for outcome in self._executor.map(read_documents, self._tasks()):
            alone += self._take(outcome)
        # Records whose task broke a limit or a worker: each on its own, so that only those at fault fail.
        for outcome in self._executor.map(read_documents, alone):
            self._take(outcome)
        self._settle_duplicates()
        self._embed()
        self._write()
        self._write_moved()
        self.remove(self._plan.superseded)
        return self.report

    def remove(self, documents: Sequence[Document]) -> None:
        """Removes documents from the archive."""
        if documents:
            with self.stage("write"):
                self._archive.remove([document.doc_id for document in documents])
            self.report.by_action[LastAction.REMOVED] += len(documents)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time spent within to a stage."""
        clock, started = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.report.cpu_seconds[name] += time.process_time() - started
            self.report.busy_seconds[name] += time.perf_counter() - clock

    def _tasks(self) -> Iterator[ReadTask]:
        """What workers have to read, as they come to need it; every other step is taken on the way."""
        records: list[ReadItem] = []
        for step in self._plan.steps():
            if not isinstance(step, ReadItem):
                self._settle(step)
            elif step.record is None:
                yield ReadTask((step,), self._options)
            else:
                records.append(step)
                characters = sum(len(item.record.text) for item in records if item.record)
                if len(records) >= TASK_RECORDS or characters >= TASK_CHARACTERS:
                    yield ReadTask(tuple(records), self._options)
                    records = []
        if records:
            yield ReadTask(tuple(records), self._options)

    def _settle(self, step: Step) -> None:
        match step:
            case Unchanged(document):
                self._rows[document.doc_id] = document
                self._tell(document, LastAction.UNCHANGED)
            case Moved(document):
                self._rows[document.doc_id] = document
                self._moved.append(document)
                self._tell(document, LastAction.MOVED)
            case Settled(document):
                self._add(IngestedDocument(document))
            case Duplicate():
                self._duplicates.append(step)

    def _take(self, outcome: Outcome[ReadTask, ReadResult]) -> list[ReadTask]:
        """Takes what a worker has read; returns the tasks that have to be tried again, a document each."""
        task, result, failure = outcome.item, outcome.result, outcome.failure
        self.report.busy_seconds["workers"] += outcome.seconds
        if failure is not None:
            if len(task.items) > 1:
                return [ReadTask((item,), task.options) for item in task.items]
            document = _not_read(task.items[0].document, failure)
            self._add(IngestedDocument(replace(document, seconds=outcome.seconds)))
        if result is not None:
            self.report.worker_peak_mib = max(self.report.worker_peak_mib, result.peak_mib)
            for stage, seconds in result.cpu_seconds.items():
                self.report.cpu_seconds[stage] += seconds
            for ingested in result.documents:
                self._add(ingested)
        return []

    def _settle_duplicates(self) -> None:
        """A duplicate fares as its original did, and has no segments of its own."""
        for duplicate in self._duplicates:
            original = self._rows.get(duplicate.original_id) or self._plan.rows[duplicate.original_id]
            document = duplicate.document
            self._add(
                IngestedDocument(
                    replace(
                        original,
                        doc_id=document.doc_id,
                        path=document.path,
                        root=document.root,
                        collection=document.collection,
                        size_bytes=document.size_bytes,
                        modified_at=document.modified_at,
                        last_action=document.last_action,
                        duplicate_of=original.doc_id,
                        segment_count=0,
                        token_count=0,
                        seconds=0.0,
                    )
                )
            )

    def _add(self, ingested: IngestedDocument) -> None:
        document = replace(ingested.document, ingested_at=self._now)
        self._rows[document.doc_id] = document
        self._waiting.append(replace(ingested, document=document))
        self._tell(document, document.last_action, len(ingested.pages))
        if _segments(self._waiting) >= EMBEDDED_SEGMENTS or len(self._waiting) >= BATCH_DOCUMENTS:
            self._embed()
            if len(self._batch) >= BATCH_DOCUMENTS or _segments(self._batch) >= BATCH_SEGMENTS:
                self._write()

    def _tell(self, document: Document, action: LastAction, pages: int = 0) -> None:
        self.report.add(document, action, pages)
        self._progress.advance(document, pages, document.segment_count if pages else 0)

    def _embed(self) -> None:
        """Embeds the segments that wait for it, and puts their documents among those to be written."""
        waiting, self._waiting = self._waiting, []
        texts = [segment.search_text for ingested in waiting for segment in ingested.segments]
        if not texts or not self._embedder.dimensions:
            self._batch += waiting
            return
        with self.stage("embed"):
            vectors = self._embedder.embed(texts)
        start = 0
        for ingested in waiting:
            end = start + len(ingested.segments)
            self._batch.append(replace(ingested, vectors=vectors[start:end]) if end > start else ingested)
            start = end

    def _write(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            with self.stage("write"):
                self._archive.write(batch)
                give_back_freed_memory()

    def _write_moved(self) -> None:
        if self._moved:
            with self.stage("write"):
                self._archive.update_documents(self._moved)


def _segments(documents: Sequence[IngestedDocument]) -> int:
    return sum(len(ingested.segments) for ingested in documents)


def _not_read(document: Document, failure: Failure) -> Document:
    return with_error(document, _STATUS_OF_FAILURE[failure.kind], failure.error_type, _readable(failure))


def _readable(failure: Failure) -> str:
    match failure.kind:
        case FailureKind.TIMEOUT:
            return f"Reading it {failure.message} (--file-timeout)."
        case FailureKind.MEMORY:
            return f"Reading it {failure.message or 'needed more memory than there is'}."
        case FailureKind.OUTPUT:
            return f"Reading it {failure.message} of text."
        case FailureKind.CRASH:
            return f"Reading it failed: {failure.message}."
        case _:
            return f"It cannot be read ({failure.error_type}: {failure.message})."
