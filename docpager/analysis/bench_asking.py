"""What a benchmark keeps of a question that was asked: the answer, and what it was shown and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from docpager.analysis.intervals import Share
from docpager.analysis.workloads import CACHED_PRICE
from docpager.protocols import TokenCounter
from docpager.records import VERIFIED_STATUSES, Answer, ExitStatus, Message, Question, Role, ToolCall
from docpager.records.views import DocumentsView, OutlineView, PageView, ResultsView, View
from docpager.tool_protocol import read_exchanges
from docpager.transcript import parse, split_tail

if TYPE_CHECKING:
    from docpager.agent.loop import Agent
    from docpager.settings import AgentSettings


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer without its events and transcript, and what was counted from them."""

    answer: Answer
    shown_tokens: int = 0
    """Tokens of document text in the tool results that were sent: pages, snippets, titles and headings listed."""
    model_seconds: float = 0.0
    """Of ``latency_seconds``, what the model took."""

    @property
    def cost_tokens(self) -> float:
        """Prompt tokens as providers bill them: those that repeat the start of the request before at a tenth."""
        cacheable = self.answer.cacheable_tokens or 0
        return self.answer.usage.prompt_tokens - (1 - CACHED_PRICE) * cacheable

    @property
    def seconds(self) -> float:
        """Wall-clock time from start to answer; of an answer that failed, 0."""
        return self.answer.latency_seconds or 0.0


class AskAll(Protocol):
    """Asks questions of the benchmark's archive; what comes back is in their order."""

    def __call__(self, questions: Sequence[Question], settings: AgentSettings, /) -> list[Asked]:
        """Works on all of them, several at once."""


async def ask(agent: Agent, question: Question) -> Asked:
    """Puts one question to an agent and keeps what a benchmark needs."""
    answer = await agent.answer(question)
    milliseconds = (event.milliseconds for event in answer.events if event.event == "ModelCall")
    return Asked(
        replace(answer, events=(), transcript=()),
        shown_tokens(answer.transcript, agent.counter, agent.nonce),
        sum(filter(None, milliseconds)) / 1000,
    )


def failed(question: Question, error_type: str, error_message: str) -> Asked:
    """What stands for a question whose worker failed."""
    status = ExitStatus.INTERNAL_ERROR
    return Asked(Answer(question.question_id, status, error_type=error_type, error_message=error_message))


def shown_tokens(transcript: Iterable[Mapping[str, Any]], counter: TokenCounter, nonce: str) -> int:
    """Tokens of document text in all tool results, each counted in the request that first carried it.

    Counted from the requests as they were sent, not from the agent's own account of them.
    """
    shown: list[str] = []
    for step in transcript:
        exchanges = read_exchanges(map(_message, step["messages"]))
        for result in exchanges[-1].results if exchanges else ():
            shown += [text for view in parse(split_tail(result, nonce)[0]) for text in document_text(view)]
    return counter.count("\n".join(shown))


def document_text(view: View) -> Iterator[str]:
    """The text of documents in a view: lines and column heads, snippets, headings and titles listed."""
    match view:
        case PageView():
            yield from view.columns
            yield from (text for _, text in view.lines)
        case ResultsView():
            yield from (hit.snippet for hit in view.hits)
        case OutlineView():
            yield from (row.headings[-1] for row in view.rows if row.headings)
        case DocumentsView():
            yield from (row.title for row in view.documents)
        case _:
            return


def answer_record(asked: Asked) -> dict[str, Any]:
    """What every benchmark's rows say of an answer."""
    answer = asked.answer
    return {
        "exit_status": str(answer.exit_status),
        "autonomy": answer.autonomy,
        "confidence": answer.confidence,
        "answer": answer.answer,
        "cited": [citation.quote for citation in answer.citations],
        "citations": len(answer.citations),
        "verified": sum(citation.verify_status in VERIFIED_STATUSES for citation in answer.citations),
        "steps": answer.paging.steps,
        "refaults": answer.paging.refaults,
        "context_peak_tokens": answer.paging.context_peak_tokens,
        "shown_tokens": asked.shown_tokens,
        "prompt_tokens": answer.usage.prompt_tokens,
        "cached_tokens": answer.usage.cached_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "cacheable_tokens": answer.cacheable_tokens,
        "cost_tokens": round(asked.cost_tokens),
        "seconds": round(asked.seconds, 3),
        "model_seconds": round(asked.model_seconds, 3),
        "error_message": answer.error_message,
    }


def words_and_citations(right: Iterable[bool], answers: Sequence[Asked]) -> Iterator[tuple[str, Share]]:
    """How often the answer's words are right, and its citations verified; what the endpoint's cache held."""
    yield "right by the answer's words", Share.where(right)
    citations = [citation for asked in answers for citation in asked.answer.citations]
    yield "citations verified", Share.where(citation.verify_status in VERIFIED_STATUSES for citation in citations)
    usages = [asked.answer.usage for asked in answers]
    if any(usage.cached_tokens is not None for usage in usages):
        held = sum(usage.cached_tokens or 0 for usage in usages)
        yield "prompt tokens from the endpoint's cache", Share(held, sum(usage.prompt_tokens for usage in usages))


def every(questions: Sequence[Any], nth: int, limit: int | None, skip: int = 0) -> list[Any]:
    """Each ``nth`` of the questions behind the first ``skip``, at most ``limit`` of them."""
    return list(questions[skip::nth])[:limit]


Chosen = Callable[[Sequence[Any]], list[Any]]
"""Chooses among a benchmark's questions."""


def _message(kept: Mapping[str, Any]) -> Message:
    calls = tuple(ToolCall(**call) for call in kept["tool_calls"])
    return Message(Role(kept["role"]), kept["content"], calls, kept["tool_call_id"])
