"""A search made again while its results still stand in the context: the model is led on, not told the same again.

What it asked for is there; what it lacks is what the results list. So the best of them that is unread is shown, else
the results that follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from docpager import loose_json
from docpager.agent.arguments import Arguments
from docpager.agent.looking import find, search
from docpager.agent.main_context import LogEntry
from docpager.agent.paging import page_in
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.records import ToolCall
from docpager.records.views import NoticeView, ResultsView
from docpager.transcript import parse

LOOKING = {"search": search, "find": find}
PAGES_SHOWN = 2
"""So many of the results are shown at once; the next time, those after them."""


def led_on(work: Workspace, entries: Sequence[LogEntry], call: ToolCall) -> ToolResult | None:
    """What answers a search whose results stand in the log; None for any other call."""
    asked = _asked(call)
    view = _standing(entries, call.name, asked) if asked is not None else None
    if asked is None or view is None:
        return None
    work.note_event("SearchRepeated", {"call": call.name})
    unread = [hit.handle for hit in view.hits if _is_unread(work, hit.handle)][:PAGES_SHOWN]
    if unread:
        said = f"You made this {call.name} before; its results stand above. Shown now: {' '.join(unread)}."
        result = page_in(work, Arguments("page_in", json.dumps({"pages": unread})))
        return ToolResult([*shown(NoticeView(said)).parts, *result.parts], result.evicted)
    if view.more and view.hits:
        further = asked | {"first": view.first + len(view.hits)}
        said = f"You made this {call.name} before and have read what it listed; these are its next results."
        result = LOOKING[call.name](work, Arguments(call.name, json.dumps(further)))
        return ToolResult([*shown(NoticeView(said)).parts, *result.parts], result.evicted, told=result.told)
    said = f"You made this {call.name} before and have read all it lists: answer from the pages shown, or abstain."
    return shown(NoticeView(f"{said} To look further, search with other words."))


def _asked(call: ToolCall) -> dict[str, Any] | None:
    """The arguments of a search without those left out; None for another tool, or what cannot be read."""
    if call.name not in LOOKING:
        return None
    try:
        values = loose_json.loads(call.arguments or "{}")
    except ValueError:
        return None
    if not isinstance(values, Mapping):
        return None
    given = {name: value for name, value in values.items() if value not in (None, "", [], False)}
    return given | {"first": given.get("first", 1)}


def _standing(entries: Sequence[LogEntry], name: str, asked: Mapping[str, Any]) -> ResultsView | None:
    """What the same search listed, where that stands in the log."""
    for entry in reversed(entries):
        for call, parts in zip(entry.calls, entry.results):
            if call.name == name and _asked(call) == asked:
                texts = [part.text for part in parts if not part.page_id]
                views = [view for text in texts for view in parse(text) if isinstance(view, ResultsView)]
                if views:
                    return views[-1]
    return None


def _is_unread(work: Workspace, handle: str) -> bool:
    page_id = work.pager.table.by_handle(handle).page.page_id
    return page_id not in work.ledger.read_ids and work.may_read(page_id)
