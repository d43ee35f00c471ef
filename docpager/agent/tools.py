"""The tools a model has: a closed list, none with an effect outside the question's own memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from docpager.agent.arguments import Arguments
from docpager.agent.calculating import calculate
from docpager.agent.looking import find, outline, search
from docpager.agent.paging import page_in, page_out, pin, unpin
from docpager.agent.recalling import recall
from docpager.agent.remembering import remember
from docpager.agent.tool_result import ToolResult
from docpager.agent.workspace import Workspace
from docpager.agent.writing import abstain, answer, note
from docpager.errors import AdmissionRefusedError, ToolError
from docpager.records import ToolSpec
from docpager.settings import MEMGPT, AgentSettings


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool's specification and what carries it out."""

    spec: ToolSpec
    function: Callable[[Workspace, Arguments], ToolResult]


REMEMBERS_FROM = 4096
"""In a smaller window ``remember`` is offered only where notes are shared: alone, a question has ``note``."""
_TERMS = "language:de, since:2021-06, until:2023, period:FY2022"
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TEXTS = {"type": ["array", "null"], "items": _TEXT}
_NULLABLE_NUMBER = {"type": ["number", "null"]}
_RANK = {"type": ["integer", "null"]}
_FLAG = {"type": ["boolean", "null"]}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A strict schema: every property required, nothing else allowed; optional ones may be null."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_STATEMENTS = {"type": "array", "items": _object({"text": _TEXT, "addresses": _TEXTS})}


def _tool(name: str, function: Callable[[Workspace, Arguments], ToolResult], about: str, **schema: Any) -> Tool:
    return Tool(ToolSpec(name, about, _object(schema)), function)


TOOLS: dict[str, Tool] = {
    tool.spec.name: tool
    for tool in (
        _tool(
            "search",
            search,
            "Lists the pages that fit a query best; first is the rank to start from.",
            query=_TEXT,
            documents=_NULLABLE_TEXTS,
            first=_RANK,
        ),
        _tool(
            "find",
            find,
            "Lists pages with exactly this text, or matching a regular expression.",
            text=_TEXT,
            regex=_FLAG,
            documents=_NULLABLE_TEXTS,
            first=_RANK,
        ),
        _tool(
            "outline",
            outline,
            "Lists documents whose names share words, or one document's headings.",
            document=_NULLABLE_TEXT,
            words=_NULLABLE_TEXT,
            first=_RANK,
        ),
        _tool("page_in", page_in, "Shows pages, or lines of them: p7, p8:20-60.", pages=_TEXTS),
        _tool("page_out", page_out, "Removes pages you no longer need.", pages=_TEXTS),
        _tool("pin", pin, "Keeps pages until unpinned.", pages=_TEXTS),
        _tool("unpin", unpin, "Lets pages be evicted again.", pages=_TEXTS),
        _tool("note", note, "Keeps a finding with the addresses it rests on.", text=_TEXT, addresses=_TEXTS),
        _tool("recall", recall, "Searches what you were shown earlier.", query=_TEXT, first=_RANK),
        _tool("remember", remember, "Keeps a finding for good; recall finds it.", text=_TEXT, addresses=_TEXTS),
        _tool(
            "calculate",
            calculate,
            "Works out numbers: (75,028 - 70,647) / 70,647.",
            expression=_TEXT,
            addresses=_NULLABLE_TEXTS,
        ),
        _tool(
            "answer",
            answer,
            "Ends with statements, each with addresses; conflicts says where sources disagree.",
            statements=_STATEMENTS,
            conflicts=_NULLABLE_TEXTS,
            confidence=_NULLABLE_NUMBER,
        ),
        _tool("abstain", abstain, "Ends without an answer, saying why.", reason=_TEXT, confidence=_NULLABLE_NUMBER),
    )
}


_BY_POLICY = frozenset({"page_out", "pin", "unpin"})
"""Tools that work on frames, of which a queue has none."""
_ENDING = ("calculate", "answer", "abstain")
"""Tools of a model that looks no further."""


def tools_for(settings: AgentSettings) -> dict[str, Tool]:
    """The tools a model has, by name."""
    if settings.reads_as_given:
        return {name: TOOLS[name] for name in _ENDING}
    without = _BY_POLICY if settings.layout == MEMGPT else frozenset()
    return {name: tool for name, tool in TOOLS.items() if name not in without}


def offered(settings: AgentSettings, window: int) -> tuple[ToolSpec, ...]:
    """The tools a model is told of, the same for all questions of a run that begins with this window."""
    specs = {name: tool.spec for name, tool in tools_for(settings).items()}
    if settings.share_notes and "recall" in specs:
        about = "Searches what you were shown, and what other questions remembered."
        specs["recall"] = replace(specs["recall"], description=about)
    elif window < REMEMBERS_FROM:
        specs.pop("remember", None)
    if window >= REMEMBERS_FROM and "search" in specs:
        about = f"{specs['search'].description} documents takes handles, paths, and {_TERMS}."
        specs["search"] = replace(specs["search"], description=about)
    return tuple(specs.values())


def carry_out(work: Workspace, name: str, arguments_text: str) -> ToolResult:
    """Carries out one call; raises ``ToolError`` or ``PagerError`` in words for the model, and changes nothing then."""
    tools = tools_for(work.settings)
    tool = tools.get(name)
    if tool is None:
        raise ToolError(f"There is no tool {name!r}. There are: {', '.join(tools)}.")
    try:
        return tool.function(work, Arguments(name, arguments_text))
    except AdmissionRefusedError as refusal:
        work.note_event("AdmissionRefused", {"reason": str(refusal)})
        raise
