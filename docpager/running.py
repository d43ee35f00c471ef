"""Runs files of questions: what a run is made of, and what it would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import ConfigurationError
from docpager.protocols import ChatModel
from docpager.settings import AgentSettings, CacheSettings, ConnectionSettings, RunSettings, settings_sha256
from docpager.wiring import close_model, make_agent, open_archive

if TYPE_CHECKING:
    from docpager.agent.loop import Agent
    from docpager.batch.manifest import RunIdentity
    from docpager.batch.question_files import QuestionFile
    from docpager.batch.rehearsal import Rehearsal
    from docpager.batch.run_report import Progress, RunReport
    from docpager.models.kept_replies import KeptReplies


def run_questions(
    questions: str | Path,
    agent_settings: AgentSettings | None = None,
    run_settings: RunSettings | None = None,
    *,
    connection: ConnectionSettings | None = None,
    cache: CacheSettings | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """Answers a file of questions into a run's folder; the same call continues a run that was interrupted.

    Raises ``MissingInputError``, ``QuestionFileError``, ``LockedError`` or ``UsageError`` before anything is asked.

    >>> settings = RunSettings(archive="ferries.lancedb", output="outputs/captains")
    >>> report = run_questions("captains.csv", AgentSettings(context_tokens=4096), settings)
    >>> report.counts, report.exit_code
    ({'answered': 2}, 0)
    >>> import pyarrow.parquet
    >>> pyarrow.parquet.read_table("outputs/captains/answers.parquet", columns=["answer"]).to_pylist()
    [{'answer': 'The captain is Ines Holm. [1]'}, {'answer': 'The new captain is Jon Dahl. [1]'}]
    """
    from docpager.archive.tables import recorded_generation
    from docpager.batch.question_files import read_question_file
    from docpager.batch.resuming import alone, refuse_at_work

    agent_settings, run_settings = agent_settings or AgentSettings(), run_settings or RunSettings()
    file = read_question_file(questions, run_settings.sheet, run_settings.limit, run_settings.ids)
    identity = _identity(file, agent_settings, run_settings, connection)
    generation = recorded_generation(run_settings.archive)
    with alone(identity, run_settings, generation):  # before what is slow to load
        refuse_at_work(identity, run_settings, generation)
        return _run(file, identity, run_settings, cache or CacheSettings(), progress)


def _run(
    file: QuestionFile,
    identity: RunIdentity,
    run_settings: RunSettings,
    cache: CacheSettings,
    progress: Progress | None,
) -> RunReport:
    from docpager.archive.page_cache import PageCache
    from docpager.batch import runner
    from docpager.batch.carrying import carrier_for
    from docpager.batch.grid import grid_for
    from docpager.batch.page_order import orders_by_pages, predicted_pages
    from docpager.batch.resuming import as_it_began

    agent_settings = identity.settings
    archive = open_archive(run_settings.archive, reranker=agent_settings.reranker)
    identity = replace(identity, archive_generation=archive.generation, embedder=archive.stamp.embedder)
    identity, archive = as_it_began(
        identity, run_settings, archive, partial(open_archive, archive.uri, reranker=agent_settings.reranker)
    )
    pages = PageCache(archive)
    model = absent_model(agent_settings) if cache.offline else None
    agent = make_agent(agent_settings, pages, model, connection=identity.connection)
    by_pages = orders_by_pages(run_settings, shares_notes=agent_settings.share_notes)
    grid = grid_for(file.questions, archive, run_settings)
    _refuse_unpriced(agent.model, agent_settings, run_settings)
    with keeping_replies(agent, cache) as replies, closing(archive):
        return runner.run_questions(
            file,
            agent.answer,
            identity,
            run_settings,
            grid=grid,
            progress=progress,
            carrier=carrier_for(file, identity, run_settings, archive),
            spending=agent.spending,
            remembering=agent.keep_notes_in,
            replies=replies,
            at_once=gated(agent.model, run_settings),
            pages_of=predicted_pages(pages) if by_pages else None,
            closing=partial(close_model, agent.model),
        )


def rehearse_run(
    questions: str | Path,
    agent_settings: AgentSettings | None = None,
    run_settings: RunSettings | None = None,
    *,
    connection: ConnectionSettings | None = None,
) -> Rehearsal:
    """What ``run_questions`` would do, with nothing written and no model asked; raises as it does."""
    from docpager.batch.carrying import carrier_for
    from docpager.batch.grid import grid_for
    from docpager.batch.question_files import read_question_file
    from docpager.batch.rehearsal import rehearse

    agent_settings, run_settings = agent_settings or AgentSettings(), run_settings or RunSettings()
    file = read_question_file(questions, run_settings.sheet, run_settings.limit, run_settings.ids)
    with closing(open_archive(run_settings.archive)) as archive:
        identity = replace(
            _identity(file, agent_settings, run_settings, connection),
            archive_generation=archive.generation,
            embedder=archive.stamp.embedder,
        )
        grid = grid_for(file.questions, archive, run_settings)
        carrier = carrier_for(file, identity, run_settings, archive)
        return rehearse(file.questions if grid is None else grid, identity, run_settings, archive, carrier)


def _identity(
    file: QuestionFile, settings: AgentSettings, run: RunSettings, connection: ConnectionSettings | None
) -> RunIdentity:
    """The run's identity, but for what only the archive knows."""
    from docpager.agent.prompts import PROMPTS_VERSION
    from docpager.batch.manifest import RunIdentity

    return RunIdentity(
        questions_sha256=file.questions_sha256,
        settings=settings,
        prompts_version=PROMPTS_VERSION,
        archive_uri=run.archive if "://" in run.archive else str(Path(run.archive).resolve()),
        archive_generation="",
        embedder="",
        for_each=run.for_each,
        where=run.where,
        connection=connection,
    )


def gated(model: ChatModel, settings: RunSettings) -> Callable[[], int]:
    """Has a model's calls go through the limits of a run; returns how many questions are worked on now."""
    if not hasattr(model, "gate"):
        many = settings.concurrency
        return lambda: many if isinstance(many, int) else 1
    from docpager.models.openai.gate import gate_for

    gate = model.gate = gate_for(settings)
    return lambda: gate.questions_at_once


def absent_model(settings: AgentSettings) -> ChatModel | None:
    """What stands for the settings' model where none may be asked; None for the one that is built in."""
    from docpager.models.extractive import ExtractiveModel
    from docpager.models.kept_replies import AbsentModel

    return None if settings.model == ExtractiveModel.name else AbsentModel(settings.model)


@contextmanager
def keeping_replies(agent: Agent, cache: CacheSettings) -> Iterator[KeptReplies | None]:
    """Has an agent's replies kept, until the end of the block, where the cache is in use and the model not built in."""
    from docpager.models import reply_store
    from docpager.models.extractive import ExtractiveModel
    from docpager.models.kept_replies import KeptReplies

    if cache.cache == "off" or agent.model.name == ExtractiveModel.name:
        yield None
        return
    with reply_store.opened(reply_store.folder_of(cache), size_mib=cache.cache_mib) as store:
        if store is None and cache.offline:
            raise ConfigurationError("--offline answers from the reply cache, and there is none to be had.")
        if store is not None:
            settings, reached = agent.settings, getattr(agent.model, "connection", None)
            agent.replies = KeptReplies(
                store,
                settings_sha256(settings),
                json.dumps([settings.model, settings.temperature, settings.extra_body]),
                endpoint=reached.shown if reached else "",
                archive=str(Path(agent.archive.uri).resolve()),
                nonce=agent.nonce,
                own_only=cache.cache == "refresh",
                is_offline=cache.offline,
            )
        yield agent.replies


def _refuse_unpriced(model: ChatModel, agent_settings: AgentSettings, run_settings: RunSettings) -> None:
    """Raises ``ConfigurationError`` where cost is limited and not known, before anything is spent."""
    limited = run_settings.max_cost is not None or agent_settings.question_cost
    if limited and not getattr(model, "has_price", True):
        raise ConfigurationError(
            f"The cost of {model.name} is limited, but its price is not known. Give one with --prices, as "
            f'in ["{model.name}"] input = 2.5, output = 10 (US dollars a million tokens), or set --max-tokens instead.'
        )
