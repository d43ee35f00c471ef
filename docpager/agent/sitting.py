"""Work on one question: asks the model, carries out its calls, and keeps the context within the window."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docpager.agent.choices import with_choices
from docpager.agent.citations import Statement
from docpager.agent.counting import MemoCounter
from docpager.agent.earlier import pages_asked_for, summary_with
from docpager.agent.finishing import finished
from docpager.agent.ladder import Ladder
from docpager.agent.main_context import LogEntry, MainContext, Part
from docpager.agent.model_calls import ModelCalls
from docpager.agent.queue_context import QueueContext
from docpager.agent.repeats import led_on
from docpager.agent.spending import limit_reached
from docpager.agent.terms import Terms
from docpager.agent.tool_result import Ending, ToolResult, shown
from docpager.agent.tools import carry_out
from docpager.agent.window_keeper import WindowKeeper
from docpager.agent.workspace import Workspace
from docpager.errors import (
    ContextLengthError,
    ModelError,
    NoRoomError,
    PagerError,
    ToolError,
)
from docpager.protocols import ChatModel
from docpager.records import (
    VERIFIED_STATUSES,
    Answer,
    ExitStatus,
    ModelReply,
    ModelRequest,
    PagingCounts,
    Question,
    ToolCall,
)
from docpager.records.views import ErrorView
from docpager.transcript import QUESTION, asked, parse_addresses, render_view

if TYPE_CHECKING:
    from docpager.agent.loop import Agent

MAX_SILENT_REPLIES = 3
"""A model that calls no tool so many times in a row has failed."""
MAX_REFUSED_REQUESTS = 5
"""An endpoint that finds so many requests of a question too long takes none that holds a page."""


@dataclass(slots=True)
class Sitting:
    """Work on one question."""

    agent: Agent
    question: Question
    terms: Terms
    """The question's own."""
    asked: ChatModel
    """The model, which another may steer."""
    calls: ModelCalls
    silent: int = 0
    refused: set[tuple[str, str, str]] = field(default_factory=set)
    calls_made: int = 0
    """Calls that could be carried out."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    model: ChatModel = field(init=False)
    autonomy: str = field(init=False)
    work: Workspace = field(init=False)
    context: MainContext = field(init=False)
    ladder: Ladder = field(init=False)
    keeper: WindowKeeper = field(init=False)

    def __post_init__(self) -> None:
        agent, terms, text = self.agent, self.terms, f"{QUESTION}{asked(self.question)}"
        counter = MemoCounter(agent.counter)
        self.work = Workspace(
            self.question,
            archive=agent.archive,
            documents=agent.documents,
            counter=counter,
            settings=terms.settings,
            plan=terms.plan(text, self.question.row),
            sizes=terms.sizes,
            others=agent.notes if agent.settings.share_notes else None,
        )
        self.model, self.autonomy = terms.autonomy.model_for_question(self.asked), terms.autonomy.name
        self.begin_context()

    def begin_context(self) -> None:
        """A context that holds the question and nothing else."""
        terms, text = self.terms, f"{QUESTION}{asked(self.question)}"
        layout = QueueContext if self.work.plan.flushes else MainContext
        self.context = layout(
            terms.system, text, terms.tools, terms.protocol, self.work.counter, nonce=self.agent.nonce
        )
        self.ladder = Ladder(self.work, self.context)
        self.keeper = WindowKeeper(self.work, terms.window, self.ladder.bury)

    def assisted(self, reason: str) -> Sitting:
        """The question begun anew with a model that is steered; what was used for it so far stays counted."""
        self.terms.assist(reason)
        calls = self.calls.begun_anew()
        again = type(self)(
            self.agent, self.question, self.terms, self.asked, calls, started=self.started, clock=self.clock
        )
        again.work.note_event("Assisted", {"reason": reason, "steps": self.work.step})
        return again

    async def work_on(self) -> Answer:
        """Asks and carries out until the question is answered or a limit is reached.

        Raises ``TooWeakError`` for a model that is to be assisted, and what stops all questions.
        """
        fields: dict[str, Any]
        left = self.agent.settings.question_timeout_seconds - (time.monotonic() - self.clock)
        try:
            async with asyncio.timeout(left):
                fields = self._ended(await self.until_ended())
        except TimeoutError:
            fields = self._from_notes(ExitStatus.TIME_LIMIT)
        except NoRoomError as error:
            fields = self._from_notes(ExitStatus.TOKEN_LIMIT) | {"error_message": str(error)}
        except ModelError as error:
            fields = {
                "exit_status": ExitStatus.MODEL_ERROR,
                "error_type": type(error).__name__,
                "error_message": str(error),
                "coverage": self.work.ledger.account("model_error"),
            }
        self.agent.terms.sizes.ended(self.question.row, self._needed_tokens())
        self.agent.notes.append(self.work.remembered.notes)
        cited = {citation.segment_id for citation in fields.get("citations", ())}
        told = {"exit_status": str(fields["exit_status"]), **self.work.readahead_account(cited)}
        self.work.note_event("Answered", told)
        return Answer(
            question_id=self.question.question_id,
            started_at=self.started,
            finished_at=datetime.now(UTC),
            latency_seconds=time.monotonic() - self.clock,
            **self._account(),
            **fields,
        )

    async def until_ended(self) -> Ending | ExitStatus:
        """The model's own ending, or the limit that ends the work."""
        while self.work.steps_left > 0:
            if (limit := limit_reached(self.agent.settings, self.calls.usage)) is not None:
                return limit
            self.work.step += 1
            reply = await self._query()
            ending = await asyncio.to_thread(self._execute, reply)
            trial = self.terms.autonomy
            if ending is not None:
                trial.judge_ending(ending.abstain_reason is None, self.work.counts)
                return ending
            trial.judge_step(self.work.step, self.calls_made, self.work.counts)
            if not self.ladder.relieved():
                return ExitStatus.THRASHING
        return ExitStatus.STEP_LIMIT

    async def _query(self) -> ModelReply:
        """The model's next reply, to a request that is made smaller as often as the endpoint finds it too long."""
        refused = 0
        while True:
            self.agent.spending.check()
            request = await asyncio.to_thread(self._fitting_request)
            if await self._summed_up():
                request = await asyncio.to_thread(self._fitting_request)
            clock = time.monotonic()
            try:
                reply = await self.model.complete(request)
            except ContextLengthError as error:
                refused, tokens = refused + 1, self.ladder.count(request)
                self.calls.peak = max(self.calls.peak, tokens)
                if refused == MAX_REFUSED_REQUESTS:
                    raise NoRoomError(tokens, error.limit or self.work.plan.request_limit) from None
                self.keeper.refused(tokens, error)
                continue
            milliseconds, window = (time.monotonic() - clock) * 1000, self.terms.window
            self.calls.note(request, reply, milliseconds, work=self.work, window=window)
            if not self.keeper.makes_room_for(reply):
                return reply

    async def _summed_up(self) -> bool:
        """Has the model sum up what left its context, where it steers; False where nothing did, or it gave nothing."""
        summariser, earlier, plan = self.terms.summariser, self.context.earlier, self.work.plan
        if summariser is None or not summariser.is_willing or self.autonomy == "assisted":
            earlier.untold.clear()
        if summariser is None or not earlier.untold:
            return False
        text, sent = await summariser.sum_up(
            self.model,
            self.work.question.question,
            earlier.told,
            earlier.untold,
            tokens=min(plan.summary // 2, plan.reply),
            limit=plan.window - plan.reply,
        )
        if sent is not None:
            self.calls.note_one(sent, self.work, self.terms.window, aside="summary")
        if text:
            earlier.retell(text)
            earlier.bound(plan.summary)
            self.work.note_event("Summarized", {"by": "model", "tokens": self.work.counter.count(text)})
        return bool(text)

    def _fitting_request(self) -> ModelRequest:
        self.keeper.keep()
        return with_choices(self.ladder.fitting_request(), self.work, self.context.entries)

    def _execute(self, reply: ModelReply) -> Ending | None:
        """Carries out a reply's calls in order, up to the one that ends the question."""
        calls, error = self._read_calls(reply)
        # Results join the log one by one, so that a call finds the pages of those before it when it evicts them.
        entry = LogEntry(calls, [], "" if calls else reply.text[:2000], read=pages_asked_for(calls))
        self.context.append(entry)
        for call in calls:
            result = self._carry_out(call)
            entry.results.append(result.parts)
            entry.summary = summary_with(entry.summary, call, result.told)
            self.work.keep(call, "\n".join(part.text for part in result.parts))
            if result.ending is not None:
                return result.ending
        if error:
            entry.results.append([Part(render_view(ErrorView(error)))])
        return None

    def _read_calls(self, reply: ModelReply) -> tuple[tuple[ToolCall, ...], str]:
        """The calls in a reply, or what to tell a model that made none."""
        try:
            calls = self.context.protocol.read_calls(reply)
        except ToolError as error:
            return (), str(error)
        self.silent = 0 if calls else self.silent + 1
        if self.silent >= MAX_SILENT_REPLIES:
            self.terms.autonomy.judge_silence(self.silent)
            raise ModelError(f"The model called no tool in {self.silent} replies; the last said: {reply.text[:200]!r}")
        names = ", ".join(spec.name for spec in self.context.tools)
        if not calls and reply.finish_reason == "length":
            return (), "Your reply was cut off before its call was whole: call one tool, with fewer words."
        return calls, "" if calls else f"Your reply called no tool. Call one of: {names}. To finish, call answer."

    def _carry_out(self, call: ToolCall) -> ToolResult:
        try:
            # A search whose results stand above is not made again: its results are what the model has not looked at.
            result = led_on(self.work, self.context.entries[:-1], call) or carry_out(
                self.work, call.name, call.arguments
            )
        except (ToolError, PagerError) as error:
            return shown(ErrorView(self._refused_again(call, str(error))))
        self.calls_made += 1
        self.ladder.bury(result.evicted)
        return result

    def _refused_again(self, call: ToolCall, error: str) -> str:
        """An error in words; one that the very same call met before says so, for models that go on as they began."""
        key = (call.name, call.arguments, error)
        told = f"{error} You made this very call before, and it failed then too: change it, or call another tool."
        again = key in self.refused
        self.refused.add(key)
        return told if again else error

    # The answer

    def _ended(self, ending: Ending | ExitStatus) -> dict[str, Any]:
        if isinstance(ending, ExitStatus):
            self.agent.terms.ended_at_limit()
            return self._from_notes(ending)
        if ending.abstain_reason is not None:
            return {
                "exit_status": ExitStatus.ABSTAINED,
                "abstain_reason": ending.abstain_reason,
                "confidence": ending.confidence,
                "coverage": self.work.ledger.account("abstained", self.work.may_read),
            }
        fields = finished(self.work, ending.statements, ending.conflicts)
        verified = any(citation.verify_status in VERIFIED_STATUSES for citation in fields["citations"])
        return {
            **fields,
            "exit_status": ExitStatus.ANSWERED if verified else ExitStatus.UNVERIFIED,
            "confidence": ending.confidence,
            "coverage": self.work.ledger.account("answered", self.work.may_read),
        }

    def _from_notes(self, status: ExitStatus) -> dict[str, Any]:
        """What is known when a limit ends the work: the notebook's findings, cited."""
        notes = [n for n in self.work.notebook.notes if n.addresses]
        statements = [Statement(n.text, parse_addresses(" ".join(n.addresses))) for n in notes]
        return {
            **finished(self.work, statements),
            "exit_status": status,
            "coverage": self.work.ledger.account(str(status)),
        }

    def _needed_tokens(self) -> int:
        """What the question needed of the window: what it grew to, or its largest request with the reply."""
        grown = self.work.plan.window if self.work.counts["Resized"] else 0
        return max(grown, self.calls.peak + self.work.plan.reply)

    def _account(self) -> dict[str, Any]:
        work, counts = self.work, self.work.counts
        return {
            "paging": PagingCounts(
                steps=work.step,
                searches=counts["Search"] + counts["Find"],
                page_ins=counts["PageIn"],
                page_outs=counts["PageOut"],
                evictions=counts["Eviction"],
                faults=counts["PageFault"],
                refaults=work.refaults,
                prefetches=counts["Prefetch"],
                context_peak_tokens=self.calls.peak,
                capacity_tokens=work.pager.capacity,
            ),
            **self.calls.as_fields(),
            "tool_protocol": self.context.protocol.name,
            "autonomy": self.autonomy,
            "instructions_found": work.instructions_found,
            "model": self.agent.model.name,
            "events": tuple(work.events),
        }
