"""The agent: has each question worked on by itself, with a model that all of them share."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from docpager.agent.budget import WindowPlan
from docpager.agent.documents import DocumentIndex
from docpager.agent.model_calls import ModelCalls
from docpager.agent.note_store import MemoryNotes
from docpager.agent.sitting import Sitting
from docpager.agent.spending import Spending
from docpager.agent.strategies import SITTINGS
from docpager.agent.summaries import Summariser
from docpager.agent.terms import Beginning, Terms
from docpager.errors import DocpagerError, ModelError, StartAnewError, ToolError, TooWeakError, WindowTooSmallError
from docpager.models.assisted import Assistant
from docpager.models.kept_replies import KeptReplies, QuestionReplies
from docpager.protocols import Archive, ChatModel, ModelFacts, NoteStore, TokenCounter
from docpager.records import Answer, ExitStatus, Question, Usage
from docpager.settings import AgentSettings


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
        facts: ModelFacts | None = None,
        assistant: Assistant | None = None,
        summariser: Summariser | None = None,
    ) -> None:
        self.archive = archive
        self.model = model
        self.counter = counter
        self.nonce = nonce
        self.documents = DocumentIndex(archive.documents())
        self.replies: KeptReplies | None = None
        """Where replies are kept and found again; None where they are not."""
        self.spending = Spending()
        self.notes: NoteStore = MemoryNotes()
        """What questions remember is kept here as each ends."""
        self.terms = Terms(settings, counter, nonce=nonce, facts=facts, assistant=assistant, summariser=summariser)

    @property
    def settings(self) -> AgentSettings:
        """As given; the reply's reserve grows where the model needs more."""
        return self.terms.settings

    def keep_notes_in(self, store: NoteStore) -> None:
        """From now on, what questions remember is kept in this store."""
        self.notes = store

    def plan(self, question: str, row: int = 0) -> WindowPlan:
        """How the window is divided for a question; raises ``WindowTooSmallError`` where the largest is too small."""
        return self.terms.plan(question, row)

    async def answer(self, question: Question) -> Answer:
        """Works on one question until it is answered or a limit is reached.

        A question that cannot be asked here (it names a document that is not there, or leaves the window no room) ends
        as ``invalid``. Raises what stops all questions: ``ConfigurationError``, ``TemporaryError``,
        ``BudgetReachedError``.
        """
        kept = self.replies.of(question, self.model) if self.replies is not None else None
        try:
            return await self._answer(question, kept)
        except StartAnewError:  # before anything was asked
            return await self._answer(question, kept, anew=True)

    async def _answer(self, question: Question, kept: QuestionReplies | None, *, anew: bool = False) -> Answer:
        try:
            async with asyncio.timeout(self.settings.question_timeout_seconds):
                beginning, usage = await self._beginning(question, kept, anew=anew)
        except TimeoutError:
            late = ModelError("What the model can do could not be found out in the time a question has.")
            return self._failed(question, ExitStatus.TIME_LIMIT, late)
        except ModelError as error:
            return self._failed(question, ExitStatus.MODEL_ERROR, error)
        try:
            terms, calls = self.terms.begin(beginning), ModelCalls(self.spending, usage)
            if kept is not None and kept.is_foreign:
                calls.replayed_tokens = usage.prompt_tokens + usage.completion_tokens
            sitting = SITTINGS.get(self.settings.strategy, Sitting)
            answer = await self._worked_on(sitting(self, question, terms, kept or self.model, calls))
        except (ToolError, WindowTooSmallError) as error:
            return self._failed(question, ExitStatus.INVALID, error)
        if kept is not None and answer.exit_status is ExitStatus.MODEL_ERROR:
            kept.failed()
        return answer

    async def _beginning(
        self, question: Question, kept: QuestionReplies | None, *, anew: bool
    ) -> tuple[Beginning, Usage]:
        """What a question knew when it began before, where that is kept; else what the run knows now."""
        if kept is not None and not anew and (known := kept.beginning()) is not None:
            with suppress(TypeError, KeyError):  # another version kept it
                return Beginning.of_json(known), kept.probe
        usage = await self.terms.settle()
        self.spending.charge(usage)
        beginning = self.terms.beginning(question.row)
        if kept is not None:
            kept.begin(beginning.as_json(), usage)
        return beginning, usage

    async def _worked_on(self, sitting: Sitting) -> Answer:
        try:
            return await sitting.work_on()
        except TooWeakError as error:
            if self.terms.autonomy.is_on_trial:
                self.terms.assist(str(error))
            return await sitting.assisted(str(error)).work_on()

    def _failed(self, question: Question, status: ExitStatus, error: DocpagerError) -> Answer:
        return Answer(
            question.question_id,
            status,
            error_type=type(error).__name__,
            error_message=str(error),
            model=self.model.name,
        )
