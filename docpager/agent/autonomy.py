"""Who steers: the model itself, or the built-in reader for it. One for a run: ``--autonomy``.

``auto`` begins with the model. Until one question has been worked through with pages read, a model that shows itself
too weak is assisted from then on, and the question is begun anew.
"""

from __future__ import annotations

from collections import Counter
from copy import copy

from docpager.errors import TooWeakError
from docpager.models.assisted import Assistant
from docpager.protocols import ChatModel
from docpager.settings import AUTO, AgentSettings

MOST_WITHOUT_CALL = 3
"""A model that made no call that could be carried out in so many replies cannot steer."""
MOST_WITHOUT_PAGE = 8
"""Nor can one that brought in no page in so many."""
MOST_REPEATS = 3
"""Nor one that made a search again so often, with its results before it."""


class Autonomy:
    """Who steers the questions of a run that begin now, or one question. Without an assistant it is always the model.

    What becomes of one question's trial, the run (``parent``) is told.
    """

    def __init__(self, settings: AgentSettings, assistant: Assistant | None) -> None:
        self._parent: Autonomy | None = None
        self.assistant = assistant
        self.is_assisted = assistant is not None and settings.autonomy == "assisted"
        self.is_on_trial = assistant is not None and settings.autonomy == AUTO
        self.reason = ""
        """Why a run that began in full is assisted."""

    def begin(self, *, assisted: bool, on_trial: bool) -> Autonomy:
        """Who steers one question."""
        one = copy(self)
        one._parent, one.is_assisted, one.is_on_trial = self, assisted, on_trial
        return one

    @property
    def name(self) -> str:
        """As in ``--autonomy``."""
        return "assisted" if self.is_assisted else "full"

    @property
    def short_prompt_tokens(self) -> int:
        """What the model is sent beside pages and question, where the reader steers; else 0."""
        return self.assistant.prompt_tokens if self.assistant and self.is_assisted else 0

    def model_for_question(self, model: ChatModel) -> ChatModel:
        """The model, or the reader and the model as one."""
        return self.assistant.steer(model) if self.assistant and self.is_assisted else model

    def assist(self, reason: str) -> None:
        """Has the reader steer from the next question on."""
        self.is_assisted, self.is_on_trial, self.reason = True, False, reason

    def judge_step(self, step: int, calls_made: int, counts: Counter[str]) -> None:
        """Raises ``TooWeakError`` for a model that gets nowhere, while it is on trial."""
        if not self.is_on_trial:
            return
        if not calls_made and step >= MOST_WITHOUT_CALL:
            raise TooWeakError(f"no call that could be carried out in {step} replies")
        if not counts["PageIn"] and step >= MOST_WITHOUT_PAGE:
            raise TooWeakError(f"no page read in {step} replies")
        if (repeats := counts["SearchRepeated"]) >= MOST_REPEATS:
            raise TooWeakError(f"a search made again {repeats} times while its results were in the context")

    def judge_silence(self, replies: int) -> None:
        """Raises ``TooWeakError`` for a model that only talked in so many replies, while it is on trial."""
        if self.is_on_trial:
            raise TooWeakError(f"no call in {replies} replies one after the other")

    def judge_ending(self, is_answer: bool, counts: Counter[str]) -> None:
        """Raises ``TooWeakError`` for a model that ends without reading, while it is on trial; else the trial is over.

        A model that searched, found no page worth reading and says so has not failed.
        """
        if not self.is_on_trial:
            return
        if not counts["PageIn"] and (is_answer or not counts["Search"] + counts["Find"]):
            raise TooWeakError("ended without a page read")
        if counts["PageIn"]:
            self.is_on_trial = False
            if self._parent is not None:
                self._parent.is_on_trial = False
