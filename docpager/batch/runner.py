"""Works through a file of questions: several at once, each ending in a row, whatever happens to it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from docpager.agent.spending import Budget, Spending
from docpager.batch.answering import AnswerQuestion, answer_in_time, timed
from docpager.batch.carrying import Carrier
from docpager.batch.crew import Crew
from docpager.batch.grid import Grid
from docpager.batch.interrupts import first_interrupt
from docpager.batch.journal import Journal, JournalEntry, Key, key_of
from docpager.batch.manifest import RunIdentity, RunState, timestamp
from docpager.batch.outputs import Totals, write_outputs
from docpager.batch.page_order import PagesOf, in_page_order
from docpager.batch.question_files import QuestionFile
from docpager.batch.retrying import begin_again, rows_to_retry, statuses_to_retry
from docpager.batch.rows import Failure, QuestionRows, failed_row, rows_of
from docpager.batch.run_folder import OUTPUTS, RunFolder, open_run_folder
from docpager.batch.run_notes import RunNotes
from docpager.batch.run_report import Progress, RunProgress, RunReport
from docpager.batch.transcripts import Transcripts
from docpager.errors import (
    BudgetReachedError,
    ConfigurationError,
    DocpagerError,
    ModelError,
    OvertimeError,
    TemporaryError,
    UsageError,
)
from docpager.models.kept_replies import KeptReplies
from docpager.protocols import NoteStore
from docpager.records import FAILED_EXIT_STATUSES, Answer, ExitStatus, Question
from docpager.settings import RunSettings

GRACE_SECONDS = 5.0
"""What questions in work have left once a run is asked to end."""
OVERTIME_SECONDS = 30.0
"""How far beyond ``question_timeout_seconds`` the runner lets the agent go, which keeps that time itself."""
_CANCEL_SECONDS = 1.0
_DEFAULT_CONCURRENCY = 4


class Questions(Protocol):
    """The questions of a run, in order: a list of them, or a grid that makes them."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[Question]:
        """All of them, each time anew."""


def run_questions(
    question_file: QuestionFile,
    answer: AnswerQuestion,
    identity: RunIdentity,
    settings: RunSettings,
    *,
    grid: Grid | None = None,
    outputs: Path = OUTPUTS,
    progress: Progress | None = None,
    carrier: Carrier | None = None,
    spending: Spending | None = None,
    remembering: Callable[[NoteStore], None] | None = None,
    replies: KeptReplies | None = None,
    pages_of: PagesOf | None = None,
    at_once: Callable[[], int] | None = None,
    closing: Callable[[], Awaitable[None]] | None = None,
) -> RunReport:
    """Asks every question that has no row yet and writes the run's folder; blocks until the run ends.

    With a ``grid``, its questions are asked, which are made of the file's. ``carrier`` has the answers of an earlier
    run that still stand; ``spending`` is the account of the agent's calls; ``remembering`` is given the store of the
    run's notes; ``replies`` are those that the agent keeps; ``pages_of`` says which pages a question needs, where
    neighbours are to share them; ``at_once`` says how many questions are worked on now, where settings do not;
    ``closing`` is awaited at the end.
    Raises ``LockedError`` and ``UsageError`` before anything is asked, and ``TemporaryError`` where the folder cannot
    be written. What stops a run later is in the report.
    """
    fail_on, retry = _statuses(settings.fail_on), statuses_to_retry(settings.retry)
    if retry and settings.fresh:
        raise UsageError("--fresh starts over, and --retry goes on with what is there. Give one of them.")
    many = settings.concurrency if isinstance(settings.concurrency, int) else _DEFAULT_CONCURRENCY
    at_once = at_once or (lambda: many)
    with open_run_folder(question_file, identity, settings, outputs) as folder:
        manifest, run_id = folder.manifest, folder.manifest.run_id
        if folder.finished_exit_code is not None and not (retry & set(manifest.counts)):
            facts = (folder.path, run_id, folder.finished_exit_code, manifest.counts, manifest.usage, 0.0, 0)
            return RunReport(*facts, resumed=True, already_finished=True)
        with Journal(folder.path, run_id) as journal, RunNotes(folder.path, run_id, journal.entries) as notes:
            retried = rows_to_retry(journal, retry)
            if remembering is not None:
                remembering(notes)
            if replies is not None:
                replies.begin(run_id, is_fresh=bool(manifest.settings["run"].get("fresh")))
                begin_again(replies, retried)
            questions: Questions = question_file.questions if grid is None else grid
            account = spending or Spending()
            sitting = _Sitting(
                questions,
                answer,
                identity,
                settings,
                folder,
                journal,
                account,
                progress,
                carrier,
                replies,
                pages_of,
                at_once,
                closing,
                retried,
            )
            return sitting.run(fail_on)


def _statuses(names: Sequence[str]) -> frozenset[ExitStatus]:
    unknown = [name for name in names if name not in list(ExitStatus)]
    if unknown:
        raise UsageError(f"--fail-on {', '.join(unknown)} is no exit status; there are {', '.join(ExitStatus)}.")
    return FAILED_EXIT_STATUSES | {ExitStatus(name) for name in names}


@dataclass(slots=True)
class _Stop:
    """Why a run ends before its last question."""

    exit_code: int
    error: DocpagerError | None = None
    is_patient: bool = False
    """Calls in flight are waited for."""


@dataclass
class _Sitting:
    """One process's work on a run."""

    questions: Questions
    answer: AnswerQuestion
    identity: RunIdentity
    settings: RunSettings
    folder: RunFolder
    journal: Journal
    spending: Spending
    progress: Progress | None
    carrier: Carrier | None = None
    replies: KeptReplies | None = None
    pages_of: PagesOf | None = None
    at_once: Callable[[], int] = lambda: _DEFAULT_CONCURRENCY
    closing: Callable[[], Awaitable[None]] | None = None
    retried: dict[Key, JournalEntry] = field(default_factory=dict)
    """Rows that are still to be asked again."""
    stop: _Stop | None = None
    asked: int = 0
    carried: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    statuses: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.transcripts = Transcripts(self.folder.path, self.settings.keep_transcripts)
        self.started_at = datetime.now(UTC)
        self.began = time.monotonic()
        self.invalid = sum(question.invalid_reason is not None for question in self.questions)
        self.pending = self._unfinished()
        if self.pages_of is not None:
            self.pending = in_page_order(self.pending, self.pages_of)
        self.choosing = asyncio.Lock()
        self.stopped = asyncio.Event()
        self.loop = asyncio.new_event_loop()

    def run(self, fail_on: frozenset[ExitStatus]) -> RunReport:
        """Asks, then writes the outputs and the manifest, also when it was told to stop."""
        manifest = self.folder.manifest
        manifest.state, manifest.exit_code = RunState.RUNNING, None
        manifest.since = str(self.carrier.run.folder) if self.carrier else manifest.since
        self._begin_spending()
        manifest.sittings.append({"started_at": timestamp(self.started_at), "ended_at": None, "asked": 0})
        manifest.save(self.folder.path)
        self._count_earlier()
        with first_interrupt(self._on_signal):
            try:
                self.loop.run_until_complete(self._ask_all())
            finally:
                self._close_loop()
            totals = write_outputs(self.folder.path, self.questions, self.journal, manifest)
            exit_code = self._exit_code(totals, fail_on)
            self._save_manifest(totals, exit_code)
        return RunReport(
            self.folder.path,
            manifest.run_id,
            exit_code,
            manifest.counts,
            manifest.usage,
            time.monotonic() - self.began,
            self.asked,
            carried=self.carried,
            asked_again=dict(self.carrier.reasons) if self.carrier else {},
            since=manifest.since,
            resumed=self.folder.resumed,
            error=self.stop.error if self.stop else None,
        )

    def _begin_spending(self) -> None:
        """Counts what earlier sittings used; of one that was killed, what its questions did as far as it is kept."""
        sittings = self.folder.manifest.sittings
        entries = self.journal.entries.values()
        begun, begun_cost = self.replies.spent(self._unfinished()) if self.replies else (0, 0.0)
        tokens = max(sum(s.get("tokens") or 0 for s in sittings), sum(e.tokens for e in entries) + begun)
        cost = max(sum(s.get("cost_usd") or 0.0 for s in sittings), sum(e.cost_usd for e in entries) + begun_cost)
        limits = self.settings
        budget = Budget(limits.max_tokens, limits.max_cost, limits.max_time_seconds or None)
        self.before = (tokens, cost)
        self.spending.begin(budget, tokens=tokens, cost_usd=cost)

    def _unfinished(self) -> Iterator[Question]:
        finished, retried = self.journal.entries, self.retried
        asked = (question for question in self.questions if question.invalid_reason is None)
        return (q for q in asked if (key := key_of(q)) not in finished or key in retried)

    def _count_earlier(self) -> None:
        self.statuses.update(entry.exit_status for entry in self.journal.entries.values())
        if self.invalid:
            self.statuses[ExitStatus.INVALID.value] += self.invalid
        self._tell()

    async def _ask_all(self) -> None:
        crew = Crew(self._work, self.at_once)
        await crew.run(self.stopped)
        # What a member itself raises is no question's fault: the journal could not be written, or a bug of ours.
        await crew.leave(GRACE_SECONDS if self.stop and not self.stop.is_patient else None, _CANCEL_SECONDS)

    async def _work(self) -> bool:
        """Works on the next question; False where there is none."""
        if self.stop is not None or (question := await self._next()) is None or self.stop is not None:
            return False
        try:
            if not await self._carry_over(question):
                await self._ask(question)
        except BaseException:
            self.stop = self.stop or _Stop(1)
            self.stopped.set()
            raise
        return True

    async def _next(self) -> Question | None:
        """The next question to ask; putting a block of them in order takes searches, which keep no call waiting."""
        async with self.choosing:
            return await asyncio.to_thread(next, self.pending, None)

    async def _carry_over(self, question: Question) -> bool:
        """Takes over an earlier run's answer where it still stands."""
        if self.carrier is None or key_of(question) in self.retried:
            return False
        rows = await asyncio.to_thread(self.carrier.rows, question, self.folder.manifest.run_id)
        if rows is None:
            return False
        self.journal.append(rows)
        self.carried += 1
        self.statuses[str(rows.answer["exit_status"])] += 1
        self._tell()
        return True

    async def _ask(self, question: Question) -> None:
        started_at = datetime.now(UTC)
        answer: Answer | None = None
        try:
            seconds = self.identity.settings.question_timeout_seconds + OVERTIME_SECONDS
            answer = await answer_in_time(self.answer, question, seconds)
            rows = self._checked_rows(question, timed(answer, started_at))
        except (ConfigurationError, TemporaryError, BudgetReachedError) as error:
            self._stop(_Stop(error.exit_code, error, is_patient=isinstance(error, BudgetReachedError)))
            return
        except KeyboardInterrupt:
            self._stop(_Stop(128 + signal.SIGINT))
            return
        except asyncio.CancelledError as error:
            if self.stop is not None:
                raise  # the grace is over; the question is asked again by the next sitting
            rows = self._failed_rows(question, error, started_at)
        except (Exception, SystemExit) as error:
            rows = self._failed_rows(question, error, started_at)
        if answer is not None and answer.question_id == question.question_id:
            self.transcripts.keep(answer, question.doc_id)
        if (before := self.retried.pop(key_of(question), None)) is not None:
            self.statuses[before.exit_status] -= 1
            earlier = self.journal.read(key_of(question))
            rows.answer["attempts"] = (earlier.answer["attempts"] or 1) + 1
        self.journal.append(rows)
        self._finished(rows)

    def _checked_rows(self, question: Question, answer: Answer) -> QuestionRows:
        from docpager.batch.schemas import check

        rows = rows_of(question, answer, self.folder.manifest.facts)
        check(rows)
        return rows

    def _failed_rows(self, question: Question, error: BaseException, started_at: datetime) -> QuestionRows:
        status = ExitStatus.INTERNAL_ERROR
        if isinstance(error, ModelError):
            status = ExitStatus.MODEL_ERROR
        elif isinstance(error, OvertimeError):
            status = ExitStatus.TIME_LIMIT
        message = str(error) or type(error).__name__
        failure = Failure(status, type(error).__name__, message, started_at, datetime.now(UTC))
        return QuestionRows(failed_row(question, failure, self.folder.manifest.facts))

    def _finished(self, rows: QuestionRows) -> None:
        row = rows.answer
        self.asked += 1
        self.statuses[str(row["exit_status"])] += 1
        self.tokens += (row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0)
        if row["cost_usd"] is not None:
            self.cost_usd = (self.cost_usd or 0.0) + row["cost_usd"]
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            done = len(self.journal.entries) + self.invalid - len(self.retried)
            progress = RunProgress(done, len(self.questions), self.tokens, self.cost_usd, dict(self.statuses))
            self.progress.update(progress)

    def _on_signal(self, number: int) -> None:
        self.stop = _Stop(128 + number)
        with suppress(RuntimeError):  # the loop has ended: there is nothing left to stop
            self.loop.call_soon_threadsafe(self.stopped.set)

    def _stop(self, stop: _Stop) -> None:
        self.stop = self.stop or stop
        self.stopped.set()

    def _close_loop(self) -> None:
        # Not asyncio.run: it waits without end for tasks that swallow their cancellation, and for threads.
        if left := asyncio.all_tasks(self.loop):
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.wait(left, timeout=_CANCEL_SECONDS))
        if self.closing is not None:
            with suppress(Exception):  # what a connection says as it goes is nobody's concern any more
                self.loop.run_until_complete(asyncio.wait_for(self.closing(), _CANCEL_SECONDS))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def _exit_code(self, totals: Totals, fail_on: frozenset[ExitStatus]) -> int:
        if self.stop is not None and (totals.counts[ExitStatus.SKIPPED] or self.retried):
            return self.stop.exit_code
        return 3 if any(totals.counts[status] for status in fail_on) else 0

    def _save_manifest(self, totals: Totals, exit_code: int) -> None:
        manifest, now = self.folder.manifest, timestamp(datetime.now(UTC))
        finished = not totals.counts[ExitStatus.SKIPPED]
        manifest.state = RunState.FINISHED if finished else RunState.INTERRUPTED
        manifest.finished_at = now if finished else None
        manifest.exit_code = exit_code
        manifest.counts = {str(status): totals.counts[status] for status in ExitStatus if totals.counts[status]}
        manifest.usage = totals.sums
        manifest.autonomy = dict(totals.autonomy)
        manifest.sittings[-1].update(ended_at=now, asked=self.asked, carried=self.carried, exit_code=exit_code)
        tokens, cost = self.before
        manifest.sittings[-1].update(tokens=self.spending.tokens - tokens, cost_usd=self.spending.cost_usd - cost)
        manifest.paths |= {table: f"{table}.parquet" for table in ("answers", "citations", "trace")}
        manifest.save(self.folder.path)
