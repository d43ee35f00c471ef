"""Checks every citation of a run against the archive again, with no model and no trust in what the run wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from docpager.batch.manifest import read_manifest
from docpager.batch.rows import evidence_sha256
from docpager.batch.tables import read_answers, read_citations
from docpager.quotes import QuotableText
from docpager.records import VERIFIED_STATUSES, Document, DocumentStatus, ExitStatus, PaperPage, VerifyStatus

Row = dict[str, Any]
FAILED_EXIT_CODE = 5
_PAGES_KEPT = 32
_STRUCT_COLUMNS = ("n", "doc_id", "doc_path", "page_number", "quote", "verify_status")


class PageSource(Protocol):
    """The part of an ``Archive`` that verifying needs."""

    @property
    def generation(self) -> str:
        """Names the state that is being read."""

    def documents(self) -> Iterator[Document]:
        """All documents but removed ones."""

    def document(self, doc_id: str) -> Document | None:
        """The document with this id."""

    def paper_page(self, doc_id: str, page_number: int) -> PaperPage | None:
        """The stored text of one paper page."""

    def paper_pages(self, doc_id: str) -> list[PaperPage]:
        """All paper pages of a document, in order."""


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """A citation, what the run said of it and what the archive says."""

    question_id: str
    citation_id: str
    n: int
    doc_id: str
    doc_path: str
    page_number: int | None
    quote: str
    recorded: str
    """``verify_status`` in the run's file."""
    found: VerifyStatus
    score: float | None = None
    found_doc_path: str | None = None
    """Where the quote stands now, if it is elsewhere."""
    found_page_number: int | None = None

    @property
    def failed(self) -> bool:
        """The citation cannot be opened where it points."""
        return self.found not in VERIFIED_STATUSES


@dataclass(slots=True)
class VerifyReport:
    """What became of a run's citations. Those that hold are counted; those that fail are kept."""

    run_folder: Path
    run_id: str
    same_archive: bool
    """The archive is in the very state the run asked."""
    counts: Counter[VerifyStatus] = field(default_factory=Counter)
    failed: list[CheckedCitation] = field(default_factory=list)
    changed: int = 0
    """Citations whose status is no longer what the run recorded."""
    disagreements: list[str] = field(default_factory=list)
    """Where ``answers.parquet`` and ``citations.parquet`` do not say the same, one sentence each."""

    @property
    def checked(self) -> int:
        """Citations in all."""
        return sum(self.counts.values())

    @property
    def stale(self) -> int:
        """Failed citations whose document changed after the run: no fault of the run's."""
        return self.counts[VerifyStatus.STALE]

    @property
    def exit_code(self) -> int:
        """0, or 5 where a citation fails or the two tables disagree."""
        return FAILED_EXIT_CODE if self.failed or self.disagreements else 0


def verify_run(run_folder: Path, archive: PageSource) -> VerifyReport:
    """Checks every row of ``citations.parquet`` against the archive, and ``answers.parquet`` against it.

    Raises ``MissingInputError`` where there is no run, ``DocpagerError`` where its files are damaged.
    """
    manifest = read_manifest(run_folder)
    same_archive = manifest.archive_generation == archive.generation
    report = VerifyReport(run_folder, manifest.run_id, same_archive)
    verifier = _Verifier(archive, same_archive)
    unplaced: list[Row] = []
    for row in read_citations(run_folder):
        report.disagreements.extend(verifier.wrong_names(row))
        checked = verifier.check(row)
        if checked is None:
            unplaced.append(row)
        else:
            _note(report, checked)
    for checked in verifier.check_elsewhere(unplaced):
        _note(report, checked)
    report.disagreements.extend(disagreements(run_folder))
    return report


def _note(report: VerifyReport, checked: CheckedCitation) -> None:
    report.counts[checked.found] += 1
    report.changed += checked.recorded != checked.found
    if checked.failed:
        report.failed.append(checked)


class _Verifier:
    def __init__(self, archive: PageSource, same_archive: bool) -> None:
        self._archive = archive
        self._same_archive = same_archive
        # Citations come by question, so the same few documents and paper pages are wanted again and again.
        self._document: Callable[[str], Document | None] = lru_cache(_PAGES_KEPT)(archive.document)
        self._page: Callable[[str, int], QuotableText | None] = lru_cache(_PAGES_KEPT)(self._quotable)

    def wrong_names(self, row: Row) -> Iterator[str]:
        """Says where a citation calls its document by the path of another; a file may have moved since the run."""
        document = self._document(row["doc_id"])
        if self._same_archive and document is not None and document.path != row["doc_path"]:
            yield (
                f"Question {row['question_id']}: citation {row['n']} names {row['doc_path']}, "
                f"but document {row['doc_id']} is {document.path}."
            )

    def check(self, row: Row) -> CheckedCitation | None:
        """A citation as its own document has it; None where only another document can still hold it."""
        page = None if row["page_number"] is None else self._page(row["doc_id"], row["page_number"])
        start, end, quote = row["char_start"], row["char_end"], row["quote"]
        if not quote.strip():
            return _checked(row, VerifyStatus.NOT_FOUND)
        if page is not None:
            if start is not None and end is not None and start >= 0 and page.text[start:end] == quote:
                return _checked(row, VerifyStatus.EXACT, 1.0)
            if (match := page.find(quote)) is not None:
                if self._same_archive and not _stands_near(page.text, quote, start, end):
                    return _checked(row, VerifyStatus.RELOCATED, match.score, row["doc_path"], row["page_number"])
                return _checked(row, VerifyStatus.NORMALIZED, match.score)
        return self._check_document(row)

    def check_elsewhere(self, rows: list[Row]) -> Iterator[CheckedCitation]:
        """The citations that their own document does not hold, sought in all others in one pass."""
        left = list(rows)
        for document in self._archive.documents() if left else ():
            if not left:
                break
            others = [row for row in left if row["doc_id"] != document.doc_id]
            held = {id(row): checked for row, checked in self._held(others, document)}
            left = [row for row in left if id(row) not in held]
            yield from held.values()
        yield from (_checked(row, VerifyStatus.NOT_FOUND) for row in left)

    def _check_document(self, row: Row) -> CheckedCitation | None:
        document = self._document(row["doc_id"])
        if document is None or document.status is DocumentStatus.REMOVED:
            # In the state the run asked, a document that is not there never was.
            return None if self._same_archive else _checked(row, VerifyStatus.STALE)
        for _, checked in self._held([row], document, VerifyStatus.RELOCATED):
            return checked
        if row["doc_sha256"] is not None and document.sha256 != row["doc_sha256"]:
            return _checked(row, VerifyStatus.STALE)
        return None

    def _held(
        self, rows: Iterable[Row], document: Document, status: VerifyStatus = VerifyStatus.MISATTRIBUTED
    ) -> Iterator[tuple[Row, CheckedCitation]]:
        left = list(rows)
        for page in self._archive.paper_pages(document.doc_id) if left else ():
            text = QuotableText(page.text)
            for row in list(left):
                if (match := text.find(row["quote"])) is not None:
                    left.remove(row)
                    yield row, _checked(row, status, match.score, document.path, page.page_number)

    def _quotable(self, doc_id: str, page_number: int) -> QuotableText | None:
        page = self._archive.paper_page(doc_id, page_number)
        return None if page is None else QuotableText(page.text)


def _stands_near(text: str, quote: str, start: int | None, end: int | None) -> bool:
    """Whether a quote stands where its offsets point, or overlaps that; always where there are none.

    Only in the state the run asked: offsets move when a paper page is read anew.
    """
    if start is None or end is None:
        return True
    around = text[max(0, start - 2 * len(quote)) : max(0, end + 2 * len(quote))]
    offset = max(0, start - 2 * len(quote))
    found = QuotableText(around).find(quote)
    return found is not None and offset + found.start < end and offset + found.end > start


def _checked(
    row: Row,
    found: VerifyStatus,
    score: float | None = None,
    found_doc_path: str | None = None,
    found_page_number: int | None = None,
) -> CheckedCitation:
    return CheckedCitation(
        question_id=row["question_id"],
        citation_id=row["citation_id"],
        n=row["n"],
        doc_id=row["doc_id"],
        doc_path=row["doc_path"],
        page_number=row["page_number"],
        quote=row["quote"],
        recorded=row["verify_status"],
        found=found,
        score=score,
        found_doc_path=found_doc_path,
        found_page_number=found_page_number,
    )


def disagreements(run_folder: Path) -> Iterator[str]:
    """Where a run's two tables do not say the same of its citations, one sentence each."""
    # Only a question that was asked has citations: an invalid duplicate may bear the same id.
    asked = {_answer_key(row) for row in read_answers(run_folder, _ASKED_COLUMNS) if _asked(row)}
    groups = groupby(read_citations(run_folder), key=_citation_key)
    strange: list[_Key] = []

    def next_group() -> tuple[_Key | None, list[Row]]:
        for key, rows in groups:
            if key in asked:
                return key, list(rows)
            strange.append(key)
        return None, []

    cited_by, cited = next_group()
    for answer in read_answers(run_folder, _COMPARED_COLUMNS):
        if _asked(answer) and _answer_key(answer) == cited_by:
            yield from _differences(answer, cited)
            cited_by, cited = next_group()
        else:
            yield from _differences(answer, [])
    strange.extend([] if cited_by is None else [cited_by, *(key for key, _ in groups)])
    for question_id, doc_id in strange:
        where = f" of document {doc_id}" if doc_id is not None else ""
        yield f"citations.parquet cites for question {question_id}{where} where answers.parquet has no place for it."


_Key = tuple[str, str | None]
"""A question_id, and the doc_id of the one document it was asked of, if it was."""
_ASKED_COLUMNS = ("question_id", "doc_id", "exit_status")


def _answer_key(answer: Row) -> _Key:
    return answer["question_id"], answer["doc_id"]


def _citation_key(citation: Row) -> _Key:
    return citation["question_id"], citation.get("asked_doc_id")


def _asked(answer: Row) -> bool:
    return bool(answer["exit_status"] != ExitStatus.INVALID)


_COMPARED_COLUMNS = (
    *_ASKED_COLUMNS,
    "citations",
    "n_citations",
    "n_verified",
    "n_documents",
    "cited_segment_ids",
    "evidence_sha256",
)


def _differences(answer: Mapping[str, Any], cited: list[Row]) -> Iterator[str]:
    said = {name: answer[name] for name in _COMPARED_COLUMNS[len(_ASKED_COLUMNS) :]}
    segments = [row["segment_id"] for row in cited if row["segment_id"] is not None]
    found = {
        "citations": [{name: row[name] for name in _STRUCT_COLUMNS} for row in cited],
        "n_citations": len(cited),
        "n_verified": sum(row["verify_status"] in VERIFIED_STATUSES for row in cited),
        "n_documents": len({row["doc_id"] for row in cited}),
        "cited_segment_ids": list(dict.fromkeys(segments)),
        "evidence_sha256": evidence_sha256([(row["segment_id"], row["quote"]) for row in cited]),
    }
    wrong = [name for name in found if said[name] != found[name]]
    if wrong:
        names = ", ".join(wrong)
        yield f"Question {answer['question_id']}: {names} in answers.parquet differ from citations.parquet."
