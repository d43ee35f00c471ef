"""Which tools a reply in JSON may call: its schema goes with each request and is no part of the prompt.

A model that repeats itself has its own words before it and repeats them again; without that tool it has to choose. And
at the last steps nothing but an ending is of use. Native schemas stand in the prompt and are left as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from docpager import loose_json
from docpager.agent.main_context import LogEntry
from docpager.agent.workspace import Workspace
from docpager.records import ModelRequest, ToolCall

ENDINGS = frozenset({"answer", "abstain"})
LAST_STEPS = 2
"""In so many steps a question has to end: an ending can be refused once."""


def with_choices(request: ModelRequest, work: Workspace, entries: Sequence[LogEntry]) -> ModelRequest:
    """The request, its JSON tools without those that lead nowhere now."""
    if work.steps_left < LAST_STEPS < work.step:
        kept = tuple(tool for tool in request.json_tools if tool.name in ENDINGS)
    else:
        again = repeated(entries)
        kept = tuple(tool for tool in request.json_tools if tool.name not in again)
    return replace(request, json_tools=kept) if kept else request


def repeated(entries: Sequence[LogEntry]) -> frozenset[str]:
    """Names of the tools that the newest exchange called just as an earlier one did; endings may be tried again."""
    if not entries:
        return frozenset()
    *earlier, newest = entries
    made = {_key(call) for entry in earlier for call in entry.calls}
    return frozenset(call.name for call in newest.calls if call.name not in ENDINGS and _key(call) in made)


def _key(call: ToolCall) -> tuple[str, str]:
    try:
        return call.name, json.dumps(loose_json.loads(call.arguments or "{}"), sort_keys=True)
    except ValueError:
        return call.name, call.arguments
