"""What a question's calls to the model used: tokens, cost, what a prompt cache could have served; the transcript."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from docpager.agent.counting import common_prefix_tokens, count_request, count_tool
from docpager.agent.model_window import ModelWindow
from docpager.agent.spending import Spending
from docpager.agent.workspace import Workspace
from docpager.records import Message, ModelReply, ModelRequest, ReplyOrigin, SentRequest, Usage


@dataclass(slots=True)
class ModelCalls:
    """The account of one question."""

    spending: Spending
    """The run's account, which every call is charged to."""
    usage: Usage = field(default_factory=Usage)
    cacheable: int = 0
    counted: int | None = None
    """Our count of the prompts whose tokens the endpoint reported; None where it reported none."""
    count_error: float | None = None
    """The largest error of our count, as a share of the endpoint's."""
    asked: Counter[ReplyOrigin] = field(default_factory=Counter)
    """Calls by where their replies came from."""
    replayed_tokens: int = 0
    """Tokens of calls that other runs or questions paid for."""
    peak: int = 0
    """Tokens of the largest request."""
    model_reported: str | None = None
    transcript: list[dict[str, Any]] = field(default_factory=list)
    _last: tuple[Message, ...] = ()

    def begun_anew(self) -> ModelCalls:
        """The same tokens used, for a context that begins anew."""
        again = ModelCalls(self.spending, self.usage, asked=self.asked, transcript=self.transcript)
        again.replayed_tokens = self.replayed_tokens
        return again

    def note(
        self,
        request: ModelRequest,
        reply: ModelReply,
        milliseconds: float,
        *,
        work: Workspace,
        window: ModelWindow,
    ) -> None:
        """Notes a reply, and every request that was sent for it."""
        sent = (SentRequest(request, reply, milliseconds),) if reply.sent is None else reply.sent
        for call in sent:
            self.note_one(call, work, window)
        self.model_reported = reply.model_reported or self.model_reported
        for remark in reply.remarks:
            work.note_event(remark.event, remark.arguments)

    def note_one(self, call: SentRequest, work: Workspace, window: ModelWindow, *, aside: str = "") -> None:
        """Notes one request that was sent; ``aside`` names what it was for where it was no step of the question's."""
        request, reply, tokens = call.request, call.reply, count_request(call.request, work.counter)
        usage = _known_usage(reply, tokens, work)
        self.usage += usage
        self.asked[reply.origin] += 1
        if reply.origin is ReplyOrigin.MODEL:
            self.spending.charge(usage)
        elif reply.origin is ReplyOrigin.CACHE:
            self.replayed_tokens += usage.prompt_tokens + usage.completion_tokens
        self.peak = max(self.peak, tokens)
        self._compare(tokens, reply.usage.prompt_tokens, window)
        if self._last and not aside:
            schemas = sum(count_tool(spec, work.counter) for spec in request.tools)
            self.cacheable += schemas + common_prefix_tokens(self._last, request.messages, work.counter)
        self._last = self._last if aside else request.messages
        messages = [_plain(message) for message in request.messages]
        kept = {"step": work.step, "messages": messages, "reply": asdict(reply)}
        self.transcript.append(kept | _if_told(aside=aside))
        work.note_event(
            "ModelCall",
            {"calls": [call.name for call in reply.tool_calls], **_if_told(aside=aside, origin=_origin(reply))},
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
            milliseconds=call.milliseconds,
        )

    def _compare(self, ours: int, theirs: int, window: ModelWindow) -> None:
        """Notes how far our count of a request is from the endpoint's, which said none where it says 0."""
        if theirs:
            window.counted(ours, theirs)
            self.counted = (self.counted or 0) + ours
            self.count_error = max(self.count_error or 0.0, abs(theirs - ours) / theirs)

    def as_fields(self) -> dict[str, Any]:
        """The fields of ``Answer`` that tell of them."""
        return {
            "usage": self.usage,
            "cacheable_tokens": self.cacheable,
            "counted_tokens": self.counted,
            "count_error": self.count_error,
            "model_reported": self.model_reported,
            "from_cache": self.asked[ReplyOrigin.CACHE] > 0 and self.asked.total() == self.asked[ReplyOrigin.CACHE],
            "replayed_tokens": self.replayed_tokens,
            "transcript": tuple(self.transcript),
        }


def _plain(message: Message) -> dict[str, Any]:
    """A message as a dict; not ``asdict``, which copies every text of a prompt at every step."""
    calls = [{"call_id": c.call_id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls]
    return {"role": message.role, "content": message.content, "tool_calls": calls, "tool_call_id": message.tool_call_id}


def _origin(reply: ModelReply) -> str:
    return "" if reply.origin is ReplyOrigin.MODEL else reply.origin.value


def _if_told(**words: str) -> dict[str, str]:
    return {name: word for name, word in words.items() if word}


def _known_usage(reply: ModelReply, prompt_tokens: int, work: Workspace) -> Usage:
    """What the model reported; our own count of the tokens where it reported none."""
    if reply.usage.prompt_tokens:
        return reply.usage
    written = reply.text + "".join(call.name + call.arguments for call in reply.tool_calls)
    return replace(reply.usage, prompt_tokens=prompt_tokens, completion_tokens=work.counter.count(written))
