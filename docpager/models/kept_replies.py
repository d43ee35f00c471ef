"""A model whose replies are kept: what was asked before is answered from the cache, by the question that asks it.

A request is known by everything of it that can change the reply, and by how often its question has made it: a model
that is asked the same again is meant to say something else. What a run marks its prompts with (the nonce) does not
count, so that the same question over the same pages finds its replies in another run too.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from docpager.errors import ContextLengthError, NotKeptError, StartAnewError, ToolError
from docpager.loose_json import loads
from docpager.models.reply_store import Asker, KeptReply, ReplyStore
from docpager.protocols import ChatModel
from docpager.records import (
    Message,
    ModelReply,
    ModelRequest,
    Question,
    ReplyOrigin,
    ToolCall,
    ToolSpec,
    Usage,
    hex_id,
)
from docpager.tool_protocol import TOOL_PROTOCOLS

KEY_FORMAT = 1
_NONCE = "\ue000nonce\ue000"
"""Stands for a run's nonce in what is kept; a private character, which no document means anything by."""


@dataclass(frozen=True, slots=True)
class AbsentModel:
    """The model of a run that may ask none."""

    name: str

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Raises ``NotKeptError``."""
        del request
        raise NotKeptError("a call")


@dataclass(slots=True)
class KeptReplies:
    """The replies of one run: those it keeps, and those it finds."""

    store: ReplyStore
    settings_sha256: str
    parameters: str
    """What changes replies beside the request itself: model, temperature, the user's own fields."""
    endpoint: str
    archive: str
    nonce: str
    own_only: bool = False
    """Whether replies that other runs asked for are left out."""
    is_offline: bool = False
    run_id: str = ""
    anew: frozenset[tuple[str, str | None]] = frozenset()
    """Questions, each with the document it is asked of alone, whose calls are all made again."""

    def begin(self, run_id: str, *, is_fresh: bool) -> None:
        """Names the run; one that was begun anew on purpose takes no replies that others asked for, resumed or not."""
        self.run_id = run_id
        self.own_only = (self.own_only or is_fresh) and not self.is_offline

    def of(self, question: Question, model: ChatModel) -> QuestionReplies:
        """The model as one question sees it."""
        is_anew = (question.question_id, question.doc_id) in self.anew and not self.is_offline
        return QuestionReplies(model, self, self._asker(question), is_anew)

    def spent(self, unfinished: Iterable[Question]) -> tuple[int, float]:
        """Tokens and US dollars used by the calls of questions that the run began and did not finish."""
        by_question = self.store.spent(self.run_id)
        if not by_question:
            return 0, 0.0
        found = [by_question[key] for q in unfinished if (key := self._asker(q).question) in by_question]
        return sum(tokens for tokens, _ in found), sum(cost for _, cost in found)

    def key(self, request: ModelRequest) -> bytes:
        """SHA-256 of a request, whichever run makes it."""
        told = [KEY_FORMAT, self.parameters, _plain(request)]
        text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.replace(self.nonce, _NONCE).encode("utf-8", "surrogatepass")).digest()

    def _asker(self, question: Question) -> Asker:
        parts = (
            question.question_id,
            question.question,
            question.answer_type,
            question.doc_id or "",
            *question.documents,
        )
        return Asker(self.endpoint, self.run_id, hex_id(self.settings_sha256, *parts), self.archive)


@dataclass(slots=True)
class QuestionReplies:
    """The model as one question sees it. Its calls come one after the other."""

    model: ChatModel
    run: KeptReplies
    asker: Asker
    is_anew: bool = False
    """Whether nothing that is kept counts."""
    asked: Counter[bytes] = field(default_factory=Counter)
    calls: int = 0
    probe: Usage = field(default_factory=Usage)
    """What finding out about the model used, where this question had to."""
    is_foreign: bool = False
    """Whether the question goes on from what it knew in another run, as long as that leads to replies that are kept."""

    @property
    def name(self) -> str:
        """The model's own."""
        return self.model.name

    def beginning(self) -> Mapping[str, Any] | None:
        """What the question knew when it began before; raises ``NotKeptError`` offline where it never did."""
        run = self.run
        found = None
        if not self.is_anew:
            found = run.store.beginning(self.asker, own_only=run.own_only, anyones=run.is_offline)
        if found is None:
            if run.is_offline:
                raise NotKeptError("its first call")
            return None
        self.is_foreign = found[1] != self.asker.run_id
        told: dict[str, Any] = json.loads(found[0])
        probe = Usage(**told.pop("probe"))
        self.probe = replace(probe, cost_usd=0.0) if self.is_foreign and probe.prompt_tokens else probe
        return told

    def begin(self, beginning: Mapping[str, Any], probe: Usage) -> None:
        """Keeps what the question knows as it begins, before its first call, and what finding that out used."""
        self.asked.clear()
        self.calls, self.is_foreign = 0, False
        self.run.store.begin(self.asker, json.dumps({**beginning, "probe": asdict(probe)}))

    def failed(self) -> None:
        """Has the question begin anew the next time: what it knew led nowhere."""
        if not self.run.is_offline:
            self.run.store.forget_beginning(self.asker)

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply that is kept, else the model's, which is kept before it is acted on.

        Raises what the model raises, ``NotKeptError`` offline, and ``StartAnewError`` where what the question knows is
        another run's and its first call is not kept.
        """
        key = self.run.key(request)
        self.asked[key] += 1
        self.calls += 1
        attempt, run = self.asked[key], self.run
        kept = None
        if not self.is_anew:
            kept = run.store.reply(key, attempt, self.asker, own_only=run.own_only, anyones=run.is_offline)
        if kept is not None:
            return self._found(kept)
        if run.is_offline:
            raise NotKeptError(f"call {self.calls} (request {key.hex()[:16]}, attempt {attempt})")
        if self.is_foreign and self.calls == 1:
            raise StartAnewError
        try:
            reply = await self.model.complete(request)
        except ContextLengthError as error:
            await self._keep(key, attempt, {"refused": [str(error), error.limit, error.sent]}, Usage(), parsed=False)
            raise
        await self._keep(key, attempt, _reply_json(reply), reply.usage, parsed=is_of_use(request, reply))
        return reply

    def _found(self, kept: KeptReply) -> ModelReply:
        told = json.loads(kept.reply.replace(_NONCE, self.run.nonce))
        if "refused" in told:
            raise ContextLengthError(*told["refused"])
        reply = _reply(told)
        if (kept.run_id, kept.question) == (self.asker.run_id, self.asker.question):
            return replace(reply, origin=ReplyOrigin.JOURNAL)
        return replace(reply, origin=ReplyOrigin.CACHE, usage=replace(reply.usage, cost_usd=0.0))

    async def _keep(self, key: bytes, attempt: int, told: Mapping[str, Any], usage: Usage, *, parsed: bool) -> None:
        text = json.dumps(told, ensure_ascii=False).replace(self.run.nonce, _NONCE)
        text = text.encode("utf-8", "replace").decode()
        kept = KeptReply(text, parsed, usage.prompt_tokens + usage.completion_tokens, usage.cost_usd or 0.0)
        await asyncio.wrap_future(self.run.store.keep(key, attempt, self.asker, kept))


def is_of_use(request: ModelRequest, reply: ModelReply) -> bool:
    """Whether a reply can be acted on: it calls a tool with arguments that are JSON; without tools, it has words."""
    if not request.tools and not request.json_tools:
        return bool(reply.text.strip())
    try:
        calls = TOOL_PROTOCOLS["native" if request.tools else "json"].read_calls(reply)
        return bool(calls) and all(isinstance(loads(call.arguments), dict) for call in calls)
    except (ToolError, ValueError):
        return False


def _plain(request: ModelRequest) -> list[Any]:
    tools = [[_tool(tool) for tool in tools] for tools in (request.tools, request.json_tools)]
    return [[_message(message) for message in request.messages], *tools, request.max_reply_tokens]


def _message(message: Message) -> list[Any]:
    calls = [[call.call_id, call.name, call.arguments] for call in message.tool_calls]
    return [message.role.value, message.content, calls, message.tool_call_id]


def _tool(tool: ToolSpec) -> list[Any]:
    return [tool.name, tool.description, tool.parameters]


def _reply_json(reply: ModelReply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "calls": [[call.call_id, call.name, call.arguments] for call in reply.tool_calls],
        "usage": asdict(reply.usage),
        "model": reply.model_reported,
        "finish": reply.finish_reason,
    }


def _reply(told: Mapping[str, Any]) -> ModelReply:
    calls = tuple(ToolCall(*call) for call in told["calls"])
    return ModelReply(told["text"], calls, Usage(**told["usage"]), told["model"], told["finish"])
