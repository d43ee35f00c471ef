"""What is to be done with each document that the named paths hold: nothing, if that can be seen from outside."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from docpager.errors import DocumentError, UsageError
from docpager.ingest.readers import current_version, is_awaited
from docpager.ingest.readers.collections import (
    PARQUET_SUFFIX,
    CollectionFields,
    Record,
    RecordReader,
    is_collection,
    records,
)
from docpager.ingest.readers.ocr import WITHOUT_OCR, OcrOptions
from docpager.ingest.scan import Source, is_gone, sha256_of
from docpager.ingest.steps import Duplicate, Moved, Settled, Step, Survey, Unchanged
from docpager.ingest.worker import ReadItem, failed
from docpager.records import FAILED_DOCUMENT_STATUSES, Document, DocumentStatus, LastAction, hex_id
from docpager.settings import IngestSettings

RECORD_SIGN = "#"
_BROKEN_LINE = re.compile(r"#line-\d+(~\d+)?$")


class Plan:
    """Compares what was found with the archive's rows; of a file only its bytes, to tell whether they changed."""

    def __init__(
        self,
        rows: Iterable[Document],
        sources: Sequence[Source],
        settings: IngestSettings,
        probe: Callable[[Path, CollectionFields], None],
    ) -> None:
        self.settings = settings
        self.fields = CollectionFields(settings.text_field, settings.id_field, settings.title_field)
        self._ocr = OcrOptions.of(settings)
        self.rows = {row.doc_id: row for row in rows}
        self.sources = sources
        self.superseded: list[Document] = []
        """Rows of files that became collections, and of broken lines that are no longer there."""
        self._doomed: set[str] = set()
        self._moved: set[str] = set()
        self._ids = set(self.rows)
        self._hashes: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._places = {(row.root, row.path): row for row in self.rows.values()}
        gone = {root for root in {row.root for row in self.rows.values()} if root and is_gone(root)}
        self._orphans = {(row.collection, row.path): row for row in self.rows.values() if row.root in gone}
        self._by_sha: dict[str, list[Document]] = {}
        for row in self.rows.values():
            if row.sha256:
                self._by_sha.setdefault(row.sha256, []).append(row)
        self._found = {(source.root, source.path): source for source in sources}
        self._probe = probe
        self._surveys = {
            (source.root, source.path): self._survey(source)
            for source in sources
            if is_collection(source.file, self.fields)
        }

    def __len__(self) -> int:
        """How many documents there are to look at."""
        return len(self.sources) + sum(max(0, len(survey.records) - 1) for survey in self._surveys.values())

    def prune(self, roots: Sequence[str]) -> list[Document]:
        """Rows under these roots whose files or records are gone; they are taken as removed from here on.

        Raises ``UsageError`` where they are more than half of a root's, unless ``prune_force`` is set.
        """
        doomed: list[Document] = []
        for root in roots:
            own = [row for row in self.rows.values() if self._is_under(row, root)]
            vanished = [row for row in own if self._has_vanished(row, root)]
            doomed += self._without_moved(vanished)
            if 2 * len(doomed) > len(own) and not self.settings.prune_force:
                raise UsageError(
                    f"--prune would remove {len(doomed):,} of the {len(own):,} documents of {root}, more than half; is "
                    "it mounted, and the right folder? Nothing was changed. Use --prune-force to remove them."
                )
        self._doomed = {row.doc_id for row in doomed}
        return doomed

    def steps(self) -> Iterator[Step]:
        """What to do with each document, in order of their paths; every one is there exactly once."""
        for source in self.sources:
            survey = self._surveys.get((source.root, source.path))
            if survey is None:
                yield self._file_step(source)
            elif survey.known is not None:
                yield Unchanged(survey.known)
            elif not survey.records:
                yield self._broken_collection_step(source, survey)
            else:
                yield from self._record_steps(source, survey)

    def _file_step(self, source: Source) -> Step:
        try:
            return self._step(source, source.path, lambda: self._hash(source), may_trust_times=True)
        except OSError as error:
            return Settled(failed(self._template(source, source.path, None, LastAction.UPDATED), error))

    def _broken_collection_step(self, source: Source, survey: Survey) -> Step:
        row = self._row_at(source, source.path)
        sha = None if isinstance(survey.error, OSError) else self._hash(source)
        document = self._template(source, source.path, sha, LastAction.ADDED if row is None else LastAction.UPDATED)
        document = _empty(document) if survey.error is None else failed(document, survey.error)
        if row is None or (row.sha256, row.status) != (document.sha256, document.status):
            return Settled(document)
        if self._is_retried(row):
            return Settled(replace(document, last_action=LastAction.RETRIED))
        return Settled(document) if self.settings.force else Unchanged(row)

    def _record_steps(self, source: Source, survey: Survey) -> Iterator[Step]:
        self._supersede(source, survey)
        rows = [self._row_at(source, path) for path in survey.records]
        if all(row and self._is_current(row, source, path) for row, path in zip(rows, survey.records)):
            yield from (self._step(source, path, _Constant(sha)) for path, sha in survey.records.items())
            return
        for record in records(source.file, self.fields):
            path = f"{source.path}{RECORD_SIGN}{record.record_id}"
            yield self._step(source, path, _Constant(record.sha256), record)

    def _is_current(self, row: Document, source: Source, path: str) -> bool:
        survey = self._surveys[(source.root, source.path)]
        return row.sha256 == survey.records[path] and not self._must_read_again(row)

    def _step(
        self,
        source: Source,
        path: str,
        sha256: Callable[[], str],
        record: Record | None = None,
        *,
        may_trust_times: bool = False,
    ) -> Step:
        row = self._row_at(source, path)
        action = LastAction.ADDED
        if row is not None:
            is_same = (may_trust_times and _times_agree(row, source)) or (row.sha256 == sha256())
            if is_same and not self._must_read_again(row):
                return self._keep(row, source, path)
            action = LastAction.RETRIED if is_same and self._is_retried(row) else LastAction.UPDATED
        sha = sha256()
        old = self._moved_from(sha) if row is None else None
        if old is not None:
            return self._keep(old, source, path)
        document = self._template(source, path, sha, action)
        if record is None and source.size_bytes == 0:
            return Settled(_empty(document))
        original = self._original_of(sha, document.doc_id)
        if original is not None:
            return Duplicate(replace(document, duplicate_of=original), original)
        self._originals[sha] = document.doc_id
        return ReadItem(document, str(source.file), record)

    def _keep(self, row: Document, source: Source, path: str) -> Step:
        """The row as it is, or at its new place."""
        if row.duplicate_of is None and row.sha256:
            self._originals.setdefault(row.sha256, row.doc_id)
        if (row.root, row.path) == (source.root, path):
            return Unchanged(row)
        self._moved.add(row.doc_id)
        return Moved(
            replace(
                row,
                path=path,
                root=source.root,
                collection=source.collection,
                size_bytes=row.size_bytes if RECORD_SIGN in path else source.size_bytes,
                modified_at=source.modified_at,
                last_action=LastAction.MOVED,
            )
        )

    def _must_read_again(self, row: Document) -> bool:
        if self.settings.force or row.sha256 is None or self._is_retried(row):
            return True
        if row.duplicate_of is not None:
            original = self.rows.get(row.duplicate_of)
            if original is None or original.sha256 != row.sha256 or self._will_change(original):
                return True
            return self._must_read_again(original)
        if is_awaited(row, self._ocr):
            return True
        if row.reader is None:
            return False
        is_record = row.reader == RecordReader.name
        version = RecordReader.version if is_record else current_version(row.reader, self.settings.pdf_reader)
        return version is not None and (row.reader_version or "").removesuffix(WITHOUT_OCR) != version

    def _is_retried(self, row: Document) -> bool:
        return self.settings.retry_failed and row.status in FAILED_DOCUMENT_STATUSES

    def _will_change(self, row: Document) -> bool:
        """Whether this ingest drops a row's content or replaces it with another."""
        if row.doc_id in self._doomed:
            return True
        source = self._found.get((row.root, row.path))
        if source is not None:
            return not _times_agree(row, source) and self._hash(source) != row.sha256
        file = self._file_of(row)
        survey = self._surveys.get((row.root, file)) if file else None
        return survey is not None and survey.error is None and survey.records.get(row.path, row.sha256) != row.sha256

    def _original_of(self, sha: str, doc_id: str) -> str | None:
        """Another document with this content that keeps it."""
        known = self._originals.get(sha)
        if known is not None and known != doc_id:
            return known
        for row in self._by_sha.get(sha, ()):
            if row.doc_id == doc_id or row.duplicate_of is not None or self._will_change(row):
                continue
            if row.doc_id not in self._moved and self._file_of(row) is not None:
                return row.doc_id
        return None

    def _moved_from(self, sha: str) -> Document | None:
        """A row with this content whose own place is empty now."""
        for row in self._by_sha.get(sha, ()):
            if row.doc_id not in self._moved and row.doc_id not in self._doomed and self._place_is_empty(row):
                return row
        return None

    def _place_is_empty(self, row: Document) -> bool:
        if (row.root, row.path) in self._found:
            return False
        file = self._file_of(row)
        if file is None:
            return True
        survey = self._surveys.get((row.root, file))
        return file != row.path and survey is not None and survey.error is None and row.path not in survey.records

    def _file_of(self, row: Document) -> str | None:
        """The relative path of the file that is this document or has it as a record; None where it is gone."""
        ends = [len(row.path), *(match.start() for match in re.finditer(RECORD_SIGN, row.path))]
        for candidate in (row.path[:end] for end in ends):
            if (row.root, candidate) in self._found or not is_gone(os.path.join(row.root, candidate)):
                return candidate
        return None

    def _is_under(self, row: Document, root: str) -> bool:
        if row.root == root:
            return True
        return row.collection == Path(root).name and self._orphans.get((row.collection, row.path)) is row

    def _has_vanished(self, row: Document, root: str) -> bool:
        here = replace(row, root=root)
        return self._place_is_empty(here)

    def _without_moved(self, vanished: Sequence[Document]) -> list[Document]:
        """Those of them whose content is not found at a new place."""
        if not vanished:
            return []
        shas: Counter[str | None] = Counter()
        for source in self.sources:
            survey = self._surveys.get((source.root, source.path))
            new = {source.path: None} if survey is None else survey.records
            for path, sha in new.items():
                if self._row_at(source, path) is None:
                    shas[sha or self._hash(source)] += 1
        gone = []
        for row in vanished:
            if shas[row.sha256] > 0:
                shas[row.sha256] -= 1
            else:
                gone.append(row)
        return gone

    def _supersede(self, source: Source, survey: Survey) -> None:
        whole = self._places.get((source.root, source.path))
        if whole is not None:
            self.superseded.append(whole)
        start = source.path + RECORD_SIGN
        for row in self.rows.values():
            is_old = row.root == source.root and row.path.startswith(start) and row.path not in survey.records
            if is_old and row.status is DocumentStatus.FAILED and _BROKEN_LINE.search(row.path):
                self.superseded.append(row)

    def _survey(self, source: Source) -> Survey:
        row = self._row_at(source, source.path)
        is_known = row is not None and row.status in FAILED_DOCUMENT_STATUSES and _times_agree(row, source)
        if is_known and not (self.settings.retry_failed or self.settings.force):
            return Survey({}, known=row)
        if source.size_bytes == 0:
            return Survey({})
        try:
            if source.file.suffix.lower() == PARQUET_SUFFIX and not self._was_read_before(source):
                self._probe(source.file, self.fields)
            found = {f"{source.path}{RECORD_SIGN}{r.record_id}": r.sha256 for r in records(source.file, self.fields)}
        except (DocumentError, OSError) as error:
            return Survey({}, error=error)
        return Survey(found)

    def _was_read_before(self, source: Source) -> bool:
        start = source.path + RECORD_SIGN
        return any(
            row.root == source.root and row.modified_at == source.modified_at and row.path.startswith(start)
            for row in self.rows.values()
        )

    def _row_at(self, source: Source, path: str) -> Document | None:
        row = self._places.get((source.root, path)) or self._orphans.get((source.collection, path))
        return None if row is None or row.doc_id in self._moved or row.doc_id in self._doomed else row

    def _template(self, source: Source, path: str, sha: str | None, action: LastAction) -> Document:
        row = self._row_at(source, path)
        return Document(
            doc_id=row.doc_id if row is not None else self._new_id(source, path),
            path=path,
            status=DocumentStatus.FAILED,
            last_action=action,
            collection=source.collection,
            root=source.root,
            sha256=sha,
            size_bytes=source.size_bytes,
            modified_at=source.modified_at,
        )

    def _new_id(self, source: Source, path: str) -> str:
        """Of the label and the path; of the root, too, where another document has that one."""
        choices = chain(
            [hex_id(source.collection, path), hex_id(source.collection, path, source.root)],
            (hex_id(source.collection, path, source.root, number) for number in count(2)),
        )
        doc_id = next(choice for choice in choices if choice not in self._ids)
        self._ids.add(doc_id)
        return doc_id

    def _hash(self, source: Source) -> str:
        key = str(source.file)
        if key not in self._hashes:
            self._hashes[key] = sha256_of(source.file)
        return self._hashes[key]


class _Constant(str):
    """A SHA-256 that is known already, where one that may have to be computed is asked for."""

    def __call__(self) -> str:
        return str(self)


def _empty(document: Document) -> Document:
    return replace(document, status=DocumentStatus.EMPTY, error_message="It is an empty file.")


def _times_agree(row: Document, source: Source) -> bool:
    """Whether a file looks as it did when it was read: its size and its time of change."""
    return (row.root, row.size_bytes, row.modified_at) == (source.root, source.size_bytes, source.modified_at)
