"""Questions put to agents in worker processes, each with an archive and a model of its own: for benchmarks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from docpager.records import Question
from docpager.settings import AgentSettings, ConnectionSettings
from docpager.wiring import make_agent, open_archive

if TYPE_CHECKING:
    from docpager.agent.loop import Agent
    from docpager.analysis.bench_asking import Asked

_WORKER_START_SECONDS = 60.0
"""What a worker process may take to open the archive, beyond its first question's own time."""


def ask_in_processes(
    questions: Sequence[Question],
    settings: AgentSettings,
    *,
    archive: str,
    connection: ConnectionSettings | None = None,
    workers: int = 0,
    progress: Callable[[], None] | None = None,
) -> list[Asked]:
    """Puts questions to agents in worker processes, for benchmarks; answers in the order of the questions.

    A worker that dies leaves an answer that says so. 0 workers are one a core.
    """
    from docpager.analysis.bench_asking import failed
    from docpager.batch.executors.processes import ProcessExecutor

    connection = connection or ConnectionSettings()
    opened = open_archive(archive, reranker=settings.reranker)
    agent = make_agent(settings, opened, connection=connection)  # raises what would fail every question
    ask_one = partial(_ask_in_worker, settings, connection, archive, agent.archive.generation)
    timeout = settings.question_timeout_seconds + _WORKER_START_SECONDS
    found: dict[int, Asked] = {}
    with ProcessExecutor(workers=min(workers, len(questions)), timeout_seconds=timeout) as executor:
        for outcome in executor.map(ask_one, enumerate(questions)):
            number, question = outcome.item
            failure, asked = outcome.failure, outcome.result
            if asked is None:
                told = ("", "") if failure is None else (failure.error_type, failure.message)
                asked = failed(question, *told)
            found[number] = asked
            if progress is not None:
                progress()
    return [found[number] for number in range(len(questions))]


def _ask_in_worker(
    settings: AgentSettings, connection: ConnectionSettings, uri: str, generation: str, numbered: tuple[int, Question]
) -> Asked:
    from docpager.analysis.bench_asking import ask

    runner, agent = _worker_agent(settings, connection, uri, generation)
    return runner.run(ask(agent, numbered[1]))


@cache
def _worker_agent(
    settings: AgentSettings, connection: ConnectionSettings, uri: str, generation: str
) -> tuple[asyncio.Runner, Agent]:
    """A worker's agent and the one event loop it lives in, for as long as the worker does."""
    archive = open_archive(uri, generation, reranker=settings.reranker)
    return asyncio.Runner(), make_agent(settings, archive, connection=connection)
