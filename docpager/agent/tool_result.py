"""What a tool call comes back with."""

from __future__ import annotations

from dataclasses import dataclass

from docpager.agent.citations import Statement
from docpager.agent.main_context import Part
from docpager.records.views import View
from docpager.transcript import render_view


@dataclass(frozen=True, slots=True)
class Ending:
    """A call that ends the question: an answer's statements, or the reason to abstain."""

    statements: tuple[Statement, ...] = ()
    conflicts: tuple[str, ...] = ()
    confidence: float | None = None
    abstain_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call shows the model, the pages that had to go for it, and whether it ends the question."""

    parts: list[Part]
    evicted: tuple[str, ...] = ()
    ending: Ending | None = None
    told: str = ""
    """What is kept of it once it has left the context."""


def shown(*views: View, told: str = "") -> ToolResult:
    """A result that only shows views."""
    return ToolResult([Part(render_view(view)) for view in views], told=told)
