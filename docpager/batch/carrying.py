"""Which answers of an earlier run still stand, though the archive has changed since: ``--changed-only``.

An answer is carried over unless the question changed, a segment that was read or cited is gone, a segment of a document
that came or changed since enters the best results of a search it made, or a list it looked at is no longer the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docpager.agent.documents import DocumentIndex
from docpager.agent.looking import OUTLINE_ROWS
from docpager.batch.journal import EarlierJournal, key_of
from docpager.batch.manifest import Manifest, RunIdentity, RunState, differing_parts, read_manifest
from docpager.batch.question_files import QuestionFile, read_question_file
from docpager.batch.rows import QuestionRows, Row
from docpager.batch.run_folder import OUTPUTS, resolve_run
from docpager.errors import DocpagerError, ToolError, UsageError
from docpager.protocols import Archive
from docpager.records import Document, ExitStatus, Question, Segment
from docpager.settings import RunSettings

STANDING = frozenset({ExitStatus.ANSWERED, ExitStatus.UNVERIFIED, ExitStatus.ABSTAINED})
"""How a question ended whose answer can be carried over; what met a limit or an error is asked again."""
_NOT_COMPARED = frozenset({"questions_sha256", "archive_generation"})
_SPENT = (
    *("prompt_tokens", "cached_tokens", "cacheable_tokens", "completion_tokens", "reasoning_tokens", "embed_tokens"),
    *("cost_usd", "counted_tokens"),
)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A finished run whose answers may be carried over."""

    folder: Path
    manifest: Manifest

    @property
    def started_at(self) -> datetime:
        """When it pinned the archive."""
        return datetime.fromisoformat(self.manifest.started_at)

    def questions(self, now: QuestionFile) -> dict[str, Question]:
        """Its questions by id; those asked now where the file is the same."""
        if self.manifest.question_file.get("sha256") == now.sha256:
            return {question.question_id: question for question in now.questions}
        copy = self.folder / str(self.manifest.paths.get("questions", ""))
        try:
            before = read_question_file(copy, self.manifest.settings["run"].get("sheet"))
        except (DocpagerError, KeyError, OSError):
            return {}
        return {question.question_id: question for question in before.questions}


def earlier_run(stem: str, identity: RunIdentity, outputs: Path, since: Path | None) -> EarlierRun | None:
    """The run that is compared with: the one named, else the newest finished of the same stem and settings.

    Raises ``UsageError`` for one named that is not finished or was made with other settings.
    """
    if since is not None:
        manifest = read_manifest(since)
        if manifest.state != RunState.FINISHED:
            raise UsageError(f"{since} is not finished: name another run with --since, or none.")
        if different := _differences(manifest, identity):
            raise UsageError(f"{since} was made with other settings: {'; '.join(different)}. Name another run.")
        return EarlierRun(since, manifest)
    found = [run for run in _finished_runs(stem, outputs) if not _differences(run.manifest, identity)]
    return max(found, key=lambda run: run.manifest.started_at, default=None)


def carrier_for(
    file: QuestionFile, identity: RunIdentity, settings: RunSettings, archive: Archive, outputs: Path = OUTPUTS
) -> Carrier | None:
    """What hands out an earlier run's answers; None where that is not asked for, or there is no such run.

    Raises ``UsageError`` for settings that cannot go together, and as ``earlier_run`` does.
    """
    if not settings.changed_only:
        if settings.since is not None:
            raise UsageError("--since names the run that --changed-only compares with: add --changed-only.")
        return None
    if identity.settings.share_notes:
        raise UsageError("With --share-notes an answer depends on those before it; --changed-only would lose them.")
    since = None if settings.since is None else resolve_run(settings.since, outputs)
    earlier = earlier_run(file.stem, identity, outputs, since)
    return None if earlier is None else Carrier(earlier, archive, settings.changed_depth, earlier.questions(file))


def _finished_runs(stem: str, outputs: Path) -> Iterator[EarlierRun]:
    for path in outputs.glob("*/manifest.json"):
        try:
            manifest = read_manifest(path.parent)
        except DocpagerError:
            continue
        named = Path(str(manifest.question_file.get("name", ""))).stem
        if manifest.state == RunState.FINISHED and named == stem:
            yield EarlierRun(path.parent, manifest)


def _differences(manifest: Manifest, identity: RunIdentity) -> list[str]:
    theirs, ours = (
        {name: value for name, value in parts.items() if name not in _NOT_COMPARED}
        for parts in (manifest.identity_parts, identity.parts())
    )
    return differing_parts(theirs, ours)


@dataclass
class Carrier:
    """Hands out the rows of answers that still stand."""

    run: EarlierRun
    archive: Archive
    depth: int
    """A changed segment among so many best results of a recorded search has the question asked again."""
    questions: Mapping[str, Question]
    """The earlier run's, by id."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why questions are asked again."""

    def __post_init__(self) -> None:
        self._journal = EarlierJournal(self.run.folder, self.run.manifest.run_id)
        self._documents = {document.doc_id: document for document in self.archive.documents()}
        self._index = DocumentIndex(self._documents.values())

    def rows(self, question: Question, run_id: str) -> QuestionRows | None:
        """The rows of an answer that still stands, as this run's own; None where the question has to be asked."""
        earlier = self._journal.read(key_of(question))
        reason = "not answered before" if earlier is None else self._reason(question, earlier)
        if earlier is None or reason:
            self.reasons[reason] += 1
            return None
        return _as_own(earlier, question, run_id)

    def _reason(self, question: Question, earlier: QuestionRows) -> str:
        """Why a question is asked again; empty where its answer stands."""
        answer = earlier.answer
        if answer["exit_status"] not in STANDING:
            return f"ended as {answer['exit_status']}"
        if not _is_same(question, self.questions.get(question.question_id), answer):
            return "the question changed"
        if not self._all_there([*(answer["read_segment_ids"] or ()), *answer["cited_segment_ids"]]):
            return "what was read changed"
        looks = [(row["event"], json.loads(row["arguments"] or "{}"), row["page_ids"] or ()) for row in earlier.trace]
        try:
            scope = [d.doc_id for d in self._index.resolve(question.documents)] if question.documents else None
            if any(self._enters(ranked) for ranked in self._rankings(looks, scope)):
                return "a changed document ranks high"
            if any(not self._lists_the_same(*look[1:], scope) for look in looks if look[0] == "Outline"):
                return "a list of documents or headings changed"
        except (ToolError, KeyError):
            return "its documents changed"
        return ""

    def _all_there(self, segment_ids: Iterable[str]) -> bool:
        wanted = list(dict.fromkeys(segment_ids))
        return len(self.archive.segments(wanted)) == len(wanted)

    def _rankings(
        self, looks: Sequence[tuple[str, Any, Sequence[str]]], scope: list[str] | None
    ) -> Iterator[tuple[list[Segment], set[str]]]:
        """The best results of each recorded search now, and the ids of those it listed then."""
        listed: dict[str, set[str]] = {}
        calls: dict[str, tuple[str, Any]] = {}
        for event, arguments, page_ids in looks:
            if event in ("Search", "Find"):
                if arguments["documents"] and "doc_ids" not in arguments:
                    raise KeyError("doc_ids")
                name = json.dumps([event, {k: v for k, v in arguments.items() if k not in ("first", "results")}])
                calls[name] = event, arguments
                listed.setdefault(name, set()).update(page_ids)
        for name, (event, arguments) in calls.items():
            doc_ids = arguments.get("doc_ids", scope)
            if event == "Search":
                hits = self.archive.search(arguments["query"], limit=self.depth, doc_ids=doc_ids)
                best = [hit.segment for hit in hits]
            else:
                most = max(self.depth, len(listed[name]) + 1)
                text, regex = arguments["text"], arguments["regex"]
                best = self.archive.find(text, regex=regex, limit=most, doc_ids=doc_ids)
            yield best, listed[name]

    def _enters(self, ranked: tuple[list[Segment], set[str]]) -> bool:
        best, listed = ranked
        return any(s.segment_id not in listed and self._is_new(self._documents[s.doc_id]) for s in best)

    def _is_new(self, document: Document) -> bool:
        """Whether a document came or changed since the earlier run pinned the archive."""
        at = document.ingested_at
        return at is None or (at if at.tzinfo else at.replace(tzinfo=UTC)) >= self.run.started_at

    def _lists_the_same(self, arguments: Mapping[str, Any], page_ids: Sequence[str], scope: list[str] | None) -> bool:
        doc_ids = arguments["doc_ids"]
        if arguments["document"]:
            return not any(self._is_new(self._documents[doc_id]) for doc_id in doc_ids) and self._all_there(page_ids)
        first = arguments["first"] - 1
        ranked = [d.doc_id for d in self._index.ranked(arguments["words"] or "") if scope is None or d.doc_id in scope]
        return ranked[first : first + OUTLINE_ROWS] == list(doc_ids)


def _is_same(question: Question, before: Question | None, answer: Row) -> bool:
    """Whether a question is asked as it was; of a grid's question, its text and document decide."""
    if question.doc_id is not None:
        return bool(answer["question"] == question.question)
    if before is None:
        return False
    asked = (question.question, question.documents, question.answer_type)
    return asked == (before.question, before.documents, before.answer_type)


def _as_own(rows: QuestionRows, question: Question, run_id: str) -> QuestionRows:
    """An earlier run's rows as this run's: nothing was spent on them, and the row says whose they are."""
    answer = {
        **rows.answer,
        "run_id": run_id,
        "row": question.row,
        "input": dict(question.input),
        "carried_from_run_id": rows.answer["carried_from_run_id"] or rows.answer["run_id"],
        **{name: None if rows.answer.get(name) is None else 0 for name in _SPENT},
    }
    unspent = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd", "milliseconds"))
    return QuestionRows(
        answer,
        tuple({**row, "run_id": run_id} for row in rows.citations),
        tuple({**row, "run_id": run_id, **unspent} for row in rows.trace),
    )
