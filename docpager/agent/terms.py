"""What an agent and its model work by: the window, how tools are called, and the system message. One for a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any

from docpager.agent.autonomy import Autonomy
from docpager.agent.budget import COMPACT_BELOW, WindowPlan
from docpager.agent.counting import count_tool
from docpager.agent.model_window import ModelWindow, WindowFacts
from docpager.agent.prompts import prompt
from docpager.agent.sizing import WindowSizes
from docpager.agent.summaries import Summariser
from docpager.agent.tools import offered
from docpager.errors import WindowTooSmallError
from docpager.models.assisted import Assistant
from docpager.protocols import ModelFacts, TokenCounter
from docpager.records import ToolSpec, Usage
from docpager.settings import AUTO, AgentSettings
from docpager.tool_protocol import TOOL_PROTOCOLS, ToolProtocol

SYSTEM_MESSAGES = 2
"""Messages that a request has in any case, each with some tokens of its own."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a question knows of its model as it begins; with the same replies it goes the same way again from here."""

    window: WindowFacts
    start: int
    """The window it starts with."""
    native: bool
    """Whether the model calls tools natively."""
    assisted: bool
    on_trial: bool
    sums_up: bool
    """Whether the model is asked for summaries."""
    instructed_for: int
    """The window that instructions and tools were chosen for."""

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Beginning:
        """As it was; raises ``TypeError`` or ``KeyError`` for what another version kept."""
        return cls(**{**kept, "window": WindowFacts(**kept["window"])})


class Terms:
    """As the settings say at first; ``settle`` puts in what the endpoint says.

    Those of a run, and those of each question, which ``begin`` makes of them.
    """

    protocol: ToolProtocol
    system: str
    tools: tuple[ToolSpec, ...]

    def __init__(
        self,
        settings: AgentSettings,
        counter: TokenCounter,
        *,
        nonce: str,
        facts: ModelFacts | None = None,
        assistant: Assistant | None = None,
        summariser: Summariser | None = None,
    ) -> None:
        self.summariser = summariser
        self.window = ModelWindow(settings)
        self.sizes = WindowSizes(settings, self.window)
        self._counter = counter
        self._nonce = nonce
        self._facts = facts
        """What is still to be asked; None once all is known."""
        self._settling = asyncio.Lock()
        self.autonomy = Autonomy(settings, assistant)
        self._speak("native")

    @property
    def settings(self) -> AgentSettings:
        """As given; the reply's reserve grows where the model needs more."""
        return self.window.settings

    async def settle(self) -> Usage:
        """Finds out, once, how large the model's window is and whether it calls tools; returns what that used.

        Raises ``WindowTooSmallError``, and what the model raises where it cannot be asked.
        """
        if self._facts is None:
            return Usage()
        async with self._settling:
            return Usage() if self._facts is None else await self._ask(self._facts)

    async def _ask(self, facts: ModelFacts) -> Usage:
        if (stated := await facts.stated_window()) is not None:
            self.window.stated(stated)
        self._speak("native")
        usage = Usage()
        if self.settings.tool_protocol == AUTO and self.protocol.name == "native" and not self.autonomy.is_assisted:
            probe = await facts.probe_tools()
            usage = probe.usage
            self._speak("native" if probe.native else "json")
        self._facts = None
        return usage

    def beginning(self, row: int) -> Beginning:
        """What the question in this row of the file knows if it begins now."""
        return Beginning(
            self.window.facts,
            self.sizes.start(row),
            self.protocol.name == "native",
            self.autonomy.is_assisted,
            self.autonomy.is_on_trial,
            self.summariser is not None and self.summariser.is_willing,
            self._instructed_for,
        )

    def begin(self, known: Beginning) -> Terms:
        """The terms of one question, which learns for itself and tells the run, but is told nothing meanwhile."""
        terms = copy(self)
        terms.window = self.window.with_facts(known.window)
        terms.sizes = WindowSizes(self.settings, terms.window, fixed_start=known.start)
        terms.autonomy = self.autonomy.begin(assisted=known.assisted, on_trial=known.on_trial)
        terms.summariser = self.summariser and self.summariser.begin(willing=known.sums_up)
        spoken = (self.protocol.name == "native", self.autonomy.is_assisted, self._instructed_for)
        if spoken != (known.native, known.assisted, known.instructed_for):
            terms._speak("native" if known.native else "json", known.instructed_for)
        return terms

    def assist(self, reason: str) -> None:
        """From now on the built-in reader steers: the model has shown itself too weak to."""
        if not self.autonomy.is_assisted:
            self.autonomy.assist(reason)
            self._speak("json")

    def ended_at_limit(self) -> None:
        """A model that came to no end of its own while it was on trial is assisted from the next question on."""
        if self.autonomy.is_on_trial:
            self.assist("came to no end within the limits of a question")

    def _speak(self, preferred: str, window: int | None = None) -> None:
        """Takes a tool protocol: the one that is set, JSON where schemas do not fit, else the one preferred.

        Instructions and tools are those for a window of so many tokens, where it is named; else for the first of a run.

        Raises ``WindowTooSmallError`` where no question would fit beside the system message.
        """
        self._instructed_for = window = window or self.sizes.start(0)
        compact = window < COMPACT_BELOW
        name = self.settings.tool_protocol
        if name == AUTO:
            name = "json" if compact or self.autonomy.is_assisted else preferred
        self.protocol = TOOL_PROTOCOLS[name]
        memory = prompt(f"memory_{self.settings.layout}").format(nonce=self._nonce)
        kind = "as_given" if self.settings.reads_as_given else "compact" if compact else "system"
        instructions = prompt(kind).format(memory=memory)
        self.tools = offered(self.settings, window)
        self.system = self.protocol.system_text(instructions, self.tools)
        schemas = sum(count_tool(spec, self._counter) for spec in self.protocol.request_tools(self.tools))
        self._system_tokens = self._counter.count(self.system) + schemas + SYSTEM_MESSAGES * 4
        self.plan("")

    def plan(self, question: str, row: int = 0) -> WindowPlan:
        """How the window is divided for a question; raises ``WindowTooSmallError`` where the largest is too small."""
        tokens = self._counter.count(question) + 8
        window = self.sizes.start(row)
        while True:
            try:
                return WindowPlan.divide(
                    self.settings,
                    system=self._system_tokens,
                    question=tokens,
                    window=window,
                    short_prompt=self.autonomy.short_prompt_tokens,
                )
            except WindowTooSmallError:
                larger = self.sizes.above(window)
                if larger is None:
                    raise
                window = larger
