"""The agent: asks the model, carries out its calls, and keeps the context within the window."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from docpager.agent.budget import COMPACT_BELOW, WindowPlan
from docpager.agent.citations import Statement, cite
from docpager.agent.documents import DocumentIndex
from docpager.agent.main_context import (
    CALL_OVERHEAD,
    LogEntry,
    MainContext,
    MemoCounter,
    Part,
    common_prefix_tokens,
    count_message,
)
from docpager.agent.prompts import prompt
from docpager.agent.tail import tail_text
from docpager.agent.tool_result import Ending
from docpager.agent.tools import TOOLS, carry_out
from docpager.agent.workspace import Workspace
from docpager.errors import ModelError, PagerError, ToolError, WindowTooSmallError
from docpager.protocols import Archive, ChatModel, TokenCounter
from docpager.records import (
    VERIFIED_STATUSES,
    Answer,
    ExitStatus,
    Message,
    ModelReply,
    ModelRequest,
    PagingCounts,
    Question,
    ToolCall,
    ToolSpec,
    Usage,
)
from docpager.records.views import ErrorView
from docpager.settings import AgentSettings
from docpager.tool_protocol import TOOL_PROTOCOLS, ToolProtocol
from docpager.transcript import asked, fold, parse_addresses, render_view

MAX_SILENT_REPLIES = 3
"""A model that calls no tool so many times in a row has failed."""


class Agent:
    """Answers questions, each in a workspace of its own. One agent serves any number of questions at once."""

    def __init__(
        self,
        archive: Archive,
        model: ChatModel,
        counter: TokenCounter,
        settings: AgentSettings,
        *,
        nonce: str = "docpager",
    ) -> None:
        self.archive = archive
        self.model = model
        self.counter = counter
        self.settings = settings
        self.nonce = nonce
        self.documents = DocumentIndex(archive.documents())
        compact = settings.context_tokens < COMPACT_BELOW
        self.protocol: ToolProtocol = TOOL_PROTOCOLS["json" if compact else "native"]
        self.tools = tuple(tool.spec for tool in TOOLS.values())
        instructions = prompt("compact" if compact else "system").format(nonce=nonce)
        self.system = self.protocol.system_text(instructions, self.tools)
        self._system_tokens = self._count_system()
        self.plan("")

    def _count_system(self) -> int:
        schemas = sum(count_tool(spec, self.counter) for spec in self.protocol.request_tools(self.tools))
        return self.counter.count(self.system) + schemas + 2 * 4

    def plan(self, question: str) -> WindowPlan:
        """How the window is divided for a question; raises ``WindowTooSmallError``."""
        return WindowPlan.divide(self.settings, system=self._system_tokens, question=self.counter.count(question) + 8)

    async def answer(self, question: Question) -> Answer:
        """Works on one question until it is answered or a limit is reached.

        A question that cannot be asked here (it names a document that is not there, or leaves the window no room) ends
        as ``invalid``.
        """
        try:
            sitting = _Sitting(self, question)
        except (ToolError, WindowTooSmallError) as error:
            return Answer(
                question.question_id,
                ExitStatus.INVALID,
                error_type=type(error).__name__,
                error_message=str(error),
                model=self.model.name,
            )
        return await sitting.work_on()


@dataclass(slots=True)
class _Sitting:
    """Work on one question."""

    agent: Agent
    question: Question
    usage: Usage = field(default_factory=Usage)
    cacheable: int = 0
    peak: int = 0
    model_reported: str | None = None
    transcript: list[dict[str, Any]] = field(default_factory=list)
    silent: int = 0
    last_request: tuple[Message, ...] = ()
    work: Workspace = field(init=False)
    context: MainContext = field(init=False)

    def __post_init__(self) -> None:
        agent, text = self.agent, f"Question: {asked(self.question)}"
        counter = MemoCounter(agent.counter)
        self.work = Workspace(
            self.question,
            archive=agent.archive,
            documents=agent.documents,
            counter=counter,
            settings=agent.settings,
            plan=agent.plan(text),
        )
        self.context = MainContext(agent.system, text, agent.tools, agent.protocol, counter)

    async def work_on(self) -> Answer:
        started, clock = datetime.now(UTC), time.monotonic()
        fields: dict[str, Any]
        try:
            async with asyncio.timeout(self.agent.settings.question_timeout_seconds):
                fields = self._ended(await self._until_ended())
        except TimeoutError:
            fields = self._from_notes(ExitStatus.TIME_LIMIT)
        except ModelError as error:
            fields = {
                "exit_status": ExitStatus.MODEL_ERROR,
                "error_type": type(error).__name__,
                "error_message": str(error),
                "coverage": self.work.ledger.account("model_error"),
            }
        self.work.note_event("Answered", {"exit_status": str(fields["exit_status"])})
        return Answer(
            question_id=self.question.question_id,
            started_at=started,
            finished_at=datetime.now(UTC),
            latency_seconds=time.monotonic() - clock,
            **self._account(),
            **fields,
        )

    async def _until_ended(self) -> Ending | None:
        """The model's own ending, or None when the steps are used up."""
        while self.work.step < self.agent.settings.max_steps:
            self.work.step += 1
            ending = await self._step()
            if ending is not None:
                return ending
        return None

    async def _step(self) -> Ending | None:
        reply = await self._query()
        return await asyncio.to_thread(self._execute, reply)

    async def _query(self) -> ModelReply:
        request = await asyncio.to_thread(self._fitting_request)
        clock = time.monotonic()
        reply = await self.agent.model.complete(request)
        self._note_call(request, reply, (time.monotonic() - clock) * 1000)
        return reply

    def _fitting_request(self) -> ModelRequest:
        """The next request, after the log was trimmed and pages reclaimed as far as the window asks for."""
        work, context, plan = self.work, self.context, self.work.plan
        if context.log_tokens(work.pager.resident_tokens) > plan.log:
            self._trim(plan.log // 2)
        request = context.request(tail_text(work, self.agent.nonce), plan.reply)
        over = self._count(request) - plan.request_limit
        while over > 0:
            if not self._make_room(over):
                raise ModelError(
                    f"The request needs {self._count(request):,} tokens of {plan.request_limit:,}, and nothing more "
                    "can be moved out of the context. Set a larger --context-tokens."
                )
            request = context.request(tail_text(work, self.agent.nonce), plan.reply)
            over = self._count(request) - plan.request_limit
        self.peak = max(self.peak, self._count(request))
        return request

    def _make_room(self, over: int) -> bool:
        """Evicts at least ``over`` tokens of pages, or trims the log; False when there is nothing left to move."""
        before = self.work.pager.resident_tokens
        events = self.work.pager.shed(over)
        if events:
            self.work.record(*events)
            self._bury([page_id for event in events for page_id in event.page_ids])
            return self.work.pager.resident_tokens < before
        return bool(self._trim(0))

    def _trim(self, wanted: int) -> list[str]:
        moved = self.context.trim(wanted, self.work.pager.resident_tokens)
        if moved:
            self.work.note_event("Summarized", {"entries": len(moved)})
        return moved

    def _execute(self, reply: ModelReply) -> Ending | None:
        """Carries out a reply's calls in order, up to the one that ends the question."""
        calls, error = self._read_calls(reply)
        results: list[list[Part]] = []
        ending = None
        for call in calls:
            parts, ending = self._carry_out(call)
            results.append(parts)
            if ending is not None:
                return ending
        if error:
            results = [[Part(render_view(ErrorView(error)))]]
        said = "" if calls else reply.text[:2000]
        self.context.append(LogEntry(calls, results, said, _summary(calls)))
        return None

    def _read_calls(self, reply: ModelReply) -> tuple[tuple[ToolCall, ...], str]:
        """The calls in a reply, or what to tell a model that made none."""
        try:
            calls = self.agent.protocol.read_calls(reply)
        except ToolError as error:
            return (), str(error)
        self.silent = 0 if calls else self.silent + 1
        if self.silent >= MAX_SILENT_REPLIES:
            raise ModelError(f"The model called no tool in {self.silent} replies; the last said: {reply.text[:200]!r}")
        names = ", ".join(TOOLS)
        return calls, "" if calls else f"Your reply called no tool. Call one of: {names}. To finish, call answer."

    def _carry_out(self, call: ToolCall) -> tuple[list[Part], Ending | None]:
        try:
            result = carry_out(self.work, call.name, call.arguments)
        except (ToolError, PagerError) as error:
            return [Part(render_view(ErrorView(str(error))))], None
        self._bury(result.evicted)
        return result.parts, result.ending

    def _bury(self, page_ids: Sequence[str]) -> None:
        for page_id in page_ids:
            self.context.remove_page(page_id, render_view(self.work.tombstone(page_id)))

    def _count(self, request: ModelRequest) -> int:
        counter = self.work.counter
        return sum(count_message(m, counter) for m in request.messages) + sum(
            count_tool(spec, counter) for spec in request.tools
        )

    def _note_call(self, request: ModelRequest, reply: ModelReply, milliseconds: float) -> None:
        usage = self._known_usage(request, reply)
        self.usage += usage
        self.model_reported = reply.model_reported or self.model_reported
        if self.last_request:
            schemas = sum(count_tool(spec, self.work.counter) for spec in request.tools)
            self.cacheable += schemas + common_prefix_tokens(self.last_request, request.messages, self.work.counter)
        self.last_request = request.messages
        messages = [asdict(message) for message in request.messages]
        self.transcript.append({"step": self.work.step, "messages": messages, "reply": asdict(reply)})
        self.work.note_event(
            "ModelCall",
            {"calls": [call.name for call in reply.tool_calls]},
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
            milliseconds=milliseconds,
        )

    def _known_usage(self, request: ModelRequest, reply: ModelReply) -> Usage:
        """What the model reported; our own count of the tokens where it reported none."""
        if reply.usage.prompt_tokens:
            return reply.usage
        written = reply.text + "".join(call.name + call.arguments for call in reply.tool_calls)
        counted = self.work.counter.count(written)
        return replace(reply.usage, prompt_tokens=self._count(request), completion_tokens=counted)

    # The answer

    def _ended(self, ending: Ending | None) -> dict[str, Any]:
        if ending is None:
            return self._from_notes(ExitStatus.STEP_LIMIT)
        if ending.abstain_reason is not None:
            return {
                "exit_status": ExitStatus.ABSTAINED,
                "abstain_reason": ending.abstain_reason,
                "coverage": self.work.ledger.account("abstained"),
            }
        text, citations = cite(self.work, ending.statements)
        verified = any(citation.verify_status in VERIFIED_STATUSES for citation in citations)
        return {
            "exit_status": ExitStatus.ANSWERED if verified else ExitStatus.UNVERIFIED,
            "answer": text,
            "citations": citations,
            "conflicts": ending.conflicts,
            "confidence": ending.confidence,
            "coverage": self.work.ledger.account("answered"),
        }

    def _from_notes(self, status: ExitStatus) -> dict[str, Any]:
        """What is known when a limit ends the work: the notebook's findings, cited."""
        notes = [n for n in self.work.notebook.notes if n.addresses]
        statements = [Statement(n.text, parse_addresses(" ".join(n.addresses))) for n in notes]
        text, citations = cite(self.work, statements)
        return {
            "exit_status": status,
            "answer": text or None,
            "citations": citations,
            "coverage": self.work.ledger.account(str(status)),
        }

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
                context_peak_tokens=self.peak,
                capacity_tokens=work.pager.capacity,
            ),
            "usage": self.usage,
            "cacheable_tokens": self.cacheable,
            "instructions_found": work.instructions_found,
            "model": self.agent.model.name,
            "model_reported": self.model_reported,
            "events": tuple(work.events),
            "transcript": tuple(self.transcript),
        }


def count_tool(spec: ToolSpec, counter: TokenCounter) -> int:
    """Tokens of one tool schema as it is sent with a request."""
    return counter.count(json.dumps(asdict(spec))) + CALL_OVERHEAD


def _summary(calls: Sequence[ToolCall]) -> str:
    """The line that stands for some calls once the log has moved on."""
    return "[notice] earlier: " + "; ".join(f"{call.name} {fold(call.arguments)}" for call in calls) if calls else ""
