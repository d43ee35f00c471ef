"""Builds archive, model, agent and runner from settings: for the command line, pipelines and the public API."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import ConfigurationError, ToolError, UsageError
from docpager.protocols import Archive, ChatModel, ModelFacts, TokenCounter
from docpager.records import AnswerType, Document, Question, hex_id
from docpager.settings import (
    DEFAULT_ARCHIVE,
    AgentSettings,
    ConnectionSettings,
    IngestSettings,
    settings_sha256,
)

if TYPE_CHECKING:
    from docpager.agent.loop import Agent
    from docpager.agent.summaries import Summariser
    from docpager.archive.lance import LanceArchive
    from docpager.archive.search import SearchOptions
    from docpager.archive.writing import LanceWriter
    from docpager.ingest.report import IngestProgress, IngestReport
    from docpager.models.assisted import Assistant
    from docpager.models.openai import OpenAIModel
    from docpager.models.openai.checkup import Checkup
    from docpager.models.watched import ReplySeen
    from docpager.records import Answer


def open_archive(
    uri: str = DEFAULT_ARCHIVE,
    generation: str | None = None,
    *,
    options: SearchOptions | None = None,
    reranker: str = AgentSettings().reranker,
) -> LanceArchive:
    """Opens an archive to read, at its newest generation or the one named; raises ``MissingArchiveError``.

    >>> archive = open_archive("ferries.lancedb")
    >>> [document.path for document in archive.documents()]
    ['report-2023.md', 'report-2024.md']
    >>> [(hit.document.path, hit.segment.headings) for hit in archive.search("new captain", limit=1)]
    [('report-2024.md', ('Traffic',))]
    >>> archive.close()
    """
    from docpager.archive.lance import LanceArchive
    from docpager.archive.tables import archive_stamp
    from docpager.models.embedding import embedder_for, reranker_for

    embedder = embedder_for(archive_stamp(uri).embedder)
    return LanceArchive.open(uri, embedder, generation=generation, options=options, reranker=reranker_for(reranker))


def open_archive_for_writing(
    uri: str = DEFAULT_ARCHIVE, *, embedder: str = "wordllama", wait_seconds: float = 0
) -> LanceWriter:
    """Opens or makes an archive as its only writer; raises ``LockedError`` where there is one for that long."""
    from docpager.archive.lance import LanceArchive
    from docpager.models.embedding import embedder_for

    counter = segment_counter().name
    return LanceArchive.open_for_writing(uri, embedder_for(embedder), counter, wait_seconds=wait_seconds)


def ingest_folder(
    paths: str | Path | Sequence[str | Path],
    settings: IngestSettings | None = None,
    *,
    progress: IngestProgress | None = None,
    only: Collection[tuple[str, str]] | None = None,
) -> IngestReport:
    """Brings the settings' archive up to date with files and folders, read in worker processes.

    ``only`` names the files to look at, by root and path; None is all of them.

    >>> report = ingest_folder("ferries", IngestSettings(archive="ferries.lancedb"))
    >>> report.documents, report.segments, report.exit_code()
    (2, 2, 0)

    Raises ``MissingInputError``, ``LockedError`` or ``UsageError`` before anything is read.
    """
    from docpager.batch.executors.processes import ProcessExecutor
    from docpager.ingest.confinement import Confinement
    from docpager.ingest.pipeline import ingest
    from docpager.ingest.scan import roots_of
    from docpager.models.embedding import embedder_for

    settings = settings or IngestSettings()
    named = [paths] if isinstance(paths, str | Path) else list(paths)
    roots = roots_of(named)  # before the archive is made
    counter = segment_counter()
    executor = ProcessExecutor(
        workers=settings.workers,
        timeout_seconds=settings.file_timeout_seconds,
        memory_mib=settings.file_memory_mib,
        prepare=Confinement(tuple(map(str, roots)), counter),
    )
    embedder = embedder_for(settings.embedder)
    wait = settings.lock_wait_seconds
    with executor, open_archive_for_writing(settings.archive, embedder=settings.embedder, wait_seconds=wait) as archive:
        return ingest(named, settings, archive, embedder, counter, executor, progress, only=only)


def segment_counter() -> TokenCounter:
    """The counter that bounds segments, whichever model will read them."""
    from docpager.models.tokens import counter_for_model

    return counter_for_model("")


def chat_model(settings: AgentSettings, connection: ConnectionSettings | None = None) -> ChatModel:
    """The model of that name: the one that is built in, or one behind an endpoint that settings or environment name.

    Raises ``ConfigurationError`` where neither is there.

    >>> chat_model(AgentSettings()).name
    'extractive'
    >>> chat_model(AgentSettings(model="qwen"), ConnectionSettings(base_url="http://127.0.0.1:8000/v1")).name
    'qwen'
    """
    from docpager.models.extractive import ExtractiveModel

    if settings.model == ExtractiveModel.name:
        from docpager.models.vocabulary import Vocabulary

        return ExtractiveModel(settings.abstain_threshold, Vocabulary.load(settings.vocabulary))
    return endpoint_model(settings, connection)


def endpoint_model(settings: AgentSettings, connection: ConnectionSettings | None = None) -> OpenAIModel:
    """The model of that name behind an endpoint; raises ``ConfigurationError`` where none is named."""
    from docpager.models.openai import Connection, OpenAIModel
    from docpager.models.prices import Prices

    connection = connection or ConnectionSettings()
    reached = Connection.of(connection)
    if reached is None:
        raise ConfigurationError(
            f"There is no model {settings.model!r} here. Say where it is served with --base-url, or set OPENAI_API_KEY "
            "for OpenAI's; or use the one that is built in: extractive."
        )
    return OpenAIModel(settings, reached, Prices.load(connection.prices))


def examine_endpoint(settings: AgentSettings, connection: ConnectionSettings | None = None) -> Checkup:
    """What the settings' endpoint and model can do; raises ``ConfigurationError``, ``EndpointDownError``.

    Where the settings name no model of it, only those it has are listed.
    """
    from docpager.models.extractive import ExtractiveModel
    from docpager.models.openai.checkup import Checkup, examine, listed_models
    from docpager.models.tokens import counter_for_model

    model = endpoint_model(settings, connection)

    async def examined() -> Checkup:
        try:
            if settings.model == ExtractiveModel.name:
                return Checkup(model.connection.shown, "", await listed_models(model))
            return await examine(model, counter_for_model(settings.model))
        finally:
            await model.close()

    return asyncio.run(examined())


def make_agent(
    settings: AgentSettings,
    archive: Archive,
    model: ChatModel | None = None,
    *,
    connection: ConnectionSettings | None = None,
) -> Agent:
    """An agent that answers questions over an archive, with the settings' model where none is given.

    >>> agent = make_agent(AgentSettings(context_tokens=4096), open_archive("ferries.lancedb"))
    >>> answer = asyncio.run(agent.answer(Question("q1", 0, "Who is the new captain?")))
    >>> answer.answer, answer.paging.context_peak_tokens < 4096
    ('The new captain is Jon Dahl. [1]', True)
    """
    from docpager.agent.loop import Agent
    from docpager.models.tokens import counter_for_model

    # The same for the same settings and archive, so that a resumed run shows the model the same bytes.
    nonce = hex_id(settings_sha256(settings), archive.uri, archive.generation)[:8]
    model = model or chat_model(settings, connection)
    facts = model if isinstance(model, ModelFacts) else None
    counter = counter_for_model(settings.model)
    return Agent(
        archive,
        model,
        counter,
        settings,
        nonce=nonce,
        facts=facts,
        assistant=assistant(settings, model, counter),
        summariser=summariser(settings, model, counter),
    )


def summariser(settings: AgentSettings, model: ChatModel, counter: TokenCounter) -> Summariser | None:
    """What asks a model for summaries; None for the built-in reader, which has no words of its own."""
    from docpager.agent.summaries import Summariser
    from docpager.models.extractive import ExtractiveModel

    return None if ExtractiveModel.name in (settings.summaries, model.name) else Summariser(counter)


def assistant(settings: AgentSettings, model: ChatModel, counter: TokenCounter) -> Assistant | None:
    """What steers a model that cannot; None for the built-in reader and where the model always steers itself."""
    from docpager.agent.prompts import prompt
    from docpager.models.assisted import Assistant
    from docpager.models.extractive import ExtractiveModel
    from docpager.models.vocabulary import Vocabulary
    from docpager.tool_protocol import TOOL_PROTOCOLS

    if model.name == ExtractiveModel.name or settings.autonomy == "full":
        return None
    reader = ExtractiveModel(settings.abstain_threshold, Vocabulary.load(settings.vocabulary))
    # What is held to a schema in its text cannot miss its three replies; native calls, a weak model can.
    protocol = TOOL_PROTOCOLS["native" if settings.tool_protocol == "native" else "json"]
    steered = Assistant(reader, counter, prompt("assisted_words"), prompt("assisted"), protocol)
    # Where the pages are given, the model is shown all that its window holds.
    return replace(steered, pages_a_prompt=sys.maxsize, most_pages=sys.maxsize) if settings.reads_as_given else steered


def resolve_documents(archive: Archive, names: Sequence[str]) -> list[Document]:
    """The documents that paths, path endings, titles or ids mean; raises ``UsageError`` for one that means none.

    Names as in ``language:de``, ``since:2021-06``, ``until:2023``, ``period:FY2022``, ``path:*.pdf`` or
    ``title:report`` are terms: of the documents named, or of all, those are meant that meet every term.
    """
    from docpager.agent.document_terms import read_terms
    from docpager.agent.documents import DocumentIndex

    try:
        terms, names = read_terms(names)
    except ValueError as error:
        raise UsageError(str(error)) from None
    index = DocumentIndex(archive.documents())
    found: dict[str, Document] = {} if names else {document.doc_id: document for document in index.all}
    for name in names:
        try:
            found.update((document.doc_id, document) for document in index.resolve([name]))
        except ToolError:
            near = ", ".join(document.path for document in index.ranked(name)[:3])
            hint = f"Near: {near}." if near else "Give a path, its ending, a title or an id of a readable document."
            raise UsageError(f"No document of {archive.uri} matches {name!r}. {hint}") from None
    met = terms.among(found.values())
    if terms and not met:
        of = f"None of the {len(found):,} documents named" if names else f"No document of {archive.uri}"
        raise UsageError(f"{of} matches {terms}. docpager archive documents shows what is known of each.")
    return met


def ask_question(
    question: str,
    settings: AgentSettings | None = None,
    *,
    archive: str | Archive = DEFAULT_ARCHIVE,
    model: ChatModel | None = None,
    connection: ConnectionSettings | None = None,
    documents: Sequence[str] = (),
    answer_type: AnswerType = AnswerType.TEXT,
    progress: ReplySeen | None = None,
) -> Answer:
    """Answers one question over an archive, given or at a place. ``documents`` limits the scope.

    >>> answer = ask_question("Who is the new captain?", archive="ferries.lancedb")
    >>> print(answer.exit_status, "|", answer.answer)
    answered | The new captain is Jon Dahl. [1]
    >>> [(c.verify_status.value, c.doc_path, c.page_number, c.quote) for c in answer.citations]
    [('exact', 'report-2024.md', 1, 'The new captain is Jon Dahl.')]
    """
    if not question.strip():
        raise UsageError("The question is empty.")
    settings = settings or AgentSettings()
    asked = Question(hex_id(question), 0, question, tuple(documents), answer_type)

    async def answered(agent: Agent) -> Answer:
        chat = agent.model
        if progress is not None:
            from docpager.models.watched import Watched

            agent.model = Watched(chat, progress)
        try:
            return await agent.answer(asked)
        finally:
            await close_model(chat)

    reranker = settings.reranker
    with (
        closing(open_archive(archive, reranker=reranker))
        if isinstance(archive, str)
        else nullcontext(archive) as opened
    ):
        if documents:
            resolve_documents(opened, documents)
        return asyncio.run(answered(make_agent(settings, opened, model, connection=connection)))


async def close_model(model: ChatModel) -> None:
    """Closes a model's connections, where it has any."""
    if (close := getattr(model, "close", None)) is not None:
        await close()
