"""The tool that recalls: what was shown earlier for this question, searched."""

from __future__ import annotations

from docpager.agent.arguments import Arguments
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.records.views import NoticeView
from docpager.transcript import render_view


def recall(work: Workspace, arguments: Arguments) -> ToolResult:
    """Lines of earlier results; their text counts as text that was read."""
    query, first = arguments.text("query"), arguments.rank()
    found = list(work.recall.search(query))[first - 1 :]
    room = work.plan.log // 2
    views: list[NoticeView] = []
    for kept in found[: work.settings.results_per_page]:
        view = NoticeView(kept.text)
        tokens = work.counter.count(render_view(view)) + 1
        if views and tokens > room:
            break
        room -= tokens
        work.read_tokens += tokens
        views.append(view)
    work.note_event("Recalled", {"query": query, "first": first, "results": len(views)})
    left = len(found) - len(views)
    told = (
        f"{left} more: recall with first {first + len(views)}" if left else "that is all" if views else "nothing found"
    )
    return shown(*views, NoticeView(f"Recalled {len(views)} lines; {told}."))
