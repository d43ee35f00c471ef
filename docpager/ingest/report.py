"""What an ingest did, in figures; and who is told while it works."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from docpager.records import (
    FAILED_DOCUMENT_STATUSES,
    SILENT_DOCUMENT_STATUSES,
    Document,
    DocumentStatus,
    LastAction,
)

MOST_SLOW = 10
MOST_FAILURES = 100
"""Only so many failures are listed; all are counted."""

STAGES = ("read", "segment", "count", "embed", "write")


class IngestProgress(Protocol):
    """Is told how far an ingest is."""

    def expect(self, documents: int) -> None:
        """So many documents will be looked at, in all."""

    def advance(self, document: Document, pages: int, segments: int) -> None:
        """A document is settled: pages and segments were read for it, or it was unchanged and both are 0."""


class SilentProgress:
    """Tells no one."""

    def expect(self, documents: int) -> None:
        """Does nothing."""

    def advance(self, document: Document, pages: int, segments: int) -> None:
        """Does nothing."""


@dataclass(frozen=True, slots=True)
class IngestFailure:
    """A document that counts as failed, and why."""

    path: str
    status: DocumentStatus
    error_type: str | None
    error_message: str | None
    last_action: LastAction


@dataclass(frozen=True, slots=True, order=True)
class SlowDocument:
    """A document by the wall-clock seconds its reading took."""

    seconds: float
    path: str
    status: DocumentStatus
    pages: int


@dataclass(slots=True)
class IngestReport:
    """The figures of one ingest, over the documents that the named paths hold."""

    by_status: Counter[DocumentStatus] = field(default_factory=Counter)
    by_action: Counter[LastAction] = field(default_factory=Counter)
    duplicates: int = 0
    pages: int = 0
    """Paper pages read; unchanged documents have none here, nor segments, nor tokens."""
    segments: int = 0
    tokens: int = 0
    seconds: float = 0.0
    """Wall-clock time."""
    cpu_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    """CPU time by stage: read, segment and count in the workers, embed and write in this process."""
    busy_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("workers", "embed", "write"), 0.0))
    """Wall-clock time at work: of all workers together, and of this process where they may have to wait for it."""
    worker_peak_mib: int = 0
    """The most memory that a worker held when it had read something; those that broke a limit had more."""
    slowest: list[SlowDocument] = field(default_factory=list)
    """The ``MOST_SLOW`` documents that took longest to read, the slowest first."""
    failures: list[IngestFailure] = field(default_factory=list)
    """The first ``MOST_FAILURES`` documents of a failed status, skipped ones too."""
    notes: list[IngestFailure] = field(default_factory=list)
    """The first ``MOST_FAILURES`` documents that are empty, need OCR or have no reader."""

    @property
    def documents(self) -> int:
        """Documents looked at; removed ones are not among them."""
        return sum(self.by_status.values())

    @property
    def failed(self) -> int:
        """Documents whose status makes an ingest end with exit code 3."""
        return sum(self.by_status[status] for status in FAILED_DOCUMENT_STATUSES)

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(count for action, count in self.by_action.items() if action is not LastAction.UNCHANGED)

    def exit_code(self, *, strict: bool = False) -> int:
        """3 when a document has failed, now or in the ingest that last read it; else 0."""
        silent = sum(self.by_status[status] for status in SILENT_DOCUMENT_STATUSES) if strict else 0
        return 3 if self.failed or silent else 0

    def add(self, document: Document, action: LastAction, pages: int = 0) -> None:
        """Counts a settled document."""
        self.by_status[document.status] += 1
        self.by_action[action] += 1
        self.duplicates += document.duplicate_of is not None
        if action is not LastAction.UNCHANGED:
            self.pages += pages
            self.segments += document.segment_count if pages else 0
            self.tokens += document.token_count if pages else 0
            self._time(SlowDocument(document.seconds or 0.0, document.path, document.status, pages))
        for statuses, listed in (
            (FAILED_DOCUMENT_STATUSES, self.failures),
            (SILENT_DOCUMENT_STATUSES, self.notes),
        ):
            if document.status in statuses and len(listed) < MOST_FAILURES:
                listed.append(
                    IngestFailure(document.path, document.status, document.error_type, document.error_message, action)
                )

    def _time(self, read: SlowDocument) -> None:
        if read.seconds and (len(self.slowest) < MOST_SLOW or read.seconds > self.slowest[-1].seconds):
            self.slowest = sorted([*self.slowest, read], key=lambda slow: (-slow.seconds, slow.path))[:MOST_SLOW]
