"""One question put to the agent, within its time; whatever the agent does is the question's own affair."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from docpager.batch.rows import in_utc
from docpager.errors import OvertimeError
from docpager.records import Answer, Question


class AnswerQuestion(Protocol):
    """The agent as a run sees it."""

    def __call__(self, question: Question, /) -> Awaitable[Answer]:
        """Works on one question. A ``ConfigurationError`` or ``TemporaryError`` stops the run; others fail the row."""


async def answer_in_time(answer: AnswerQuestion, question: Question, seconds: float) -> Answer:
    """The agent's answer; raises what it raises, ``OvertimeError`` after so many seconds, ``TypeError`` for none."""
    work = asyncio.create_task(_contained(answer, question))
    try:
        done, _ = await asyncio.wait([work], timeout=seconds)
    finally:
        work.cancel()
    if not done:
        raise OvertimeError(f"The agent gave no answer within {seconds:g} s and was stopped.")
    found = work.result()
    if isinstance(found, BaseException):
        raise found
    if not isinstance(found, Answer) or found.question_id != question.question_id:
        raise TypeError(f"The agent returned no answer to question {question.question_id}: {found!r:.80}")
    return found


def timed(answer: Answer, started_at: datetime) -> Answer:
    """The answer with the moments of its work, where the agent did not note them."""
    if answer.started_at is not None and answer.finished_at is not None and answer.latency_seconds is not None:
        return answer
    started_at = in_utc(answer.started_at or started_at)
    finished_at = in_utc(answer.finished_at or datetime.now(UTC))
    seconds = answer.latency_seconds
    if seconds is None:
        seconds = (finished_at - started_at).total_seconds()
    return replace(answer, started_at=started_at, finished_at=finished_at, latency_seconds=seconds)


async def _contained(answer: AnswerQuestion, question: Question) -> Answer | BaseException:
    # A task that ends in one of these would end the event loop with it, and all other questions.
    try:
        return await answer(question)
    except (KeyboardInterrupt, SystemExit) as error:
        return error
