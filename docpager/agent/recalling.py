"""The tool that recalls: what was shown and remembered earlier, searched."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from docpager.agent.arguments import Arguments
from docpager.agent.recall_storage import Recollection
from docpager.agent.remembering import told_of
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.word_overlap import shared_words
from docpager.agent.workspace import Workspace
from docpager.records import RememberedNote
from docpager.records.views import NoticeView
from docpager.transcript import render_view


def recall(work: Workspace, arguments: Arguments) -> ToolResult:
    """Notes, and lines of earlier results; their text counts as text that was read."""
    query, first = arguments.text("query"), arguments.rank()
    found = list(_found(work, query))[first - 1 :]
    room = work.plan.log // 2
    views: list[NoticeView] = []
    foreign: list[str] = []
    for kept in found[: work.settings.results_per_page]:
        view = NoticeView(kept.text if isinstance(kept, Recollection) else told_of(work, kept))
        tokens = work.counter.count(render_view(view)) + 1
        if views and tokens > room:
            break
        room -= tokens
        work.read_tokens += tokens
        views.append(view)
        if isinstance(kept, RememberedNote) and kept.note_id not in work.remembered:
            work.tainted |= kept.tainted
            foreign.append(kept.note_id)
    told = {"query": query, "first": first, "results": len(views)}
    work.note_event("Recalled", told | ({"notes": foreign} if foreign else {}))
    left = len(found) - len(views)
    more = (
        f"{left} more: recall with first {first + len(views)}" if left else "that is all" if views else "nothing found"
    )
    return shown(*views, NoticeView(f"Recalled {len(views)} lines; {more}."))


def _found(work: Workspace, query: str) -> Iterator[RememberedNote | Recollection]:
    """What shares most words with a query first; of equals, notes before lines and one's own before others'."""

    def rank(kept: RememberedNote | Recollection) -> int:
        return -shared_words(query, kept.line if isinstance(kept, Recollection) else kept.words)

    own, lines = work.remembered.search(query), work.recall.search(query)
    return merge(own, _of_others(work, query), lines, key=rank)


def _of_others(work: Workspace, query: str) -> Iterator[RememberedNote]:
    """Other questions' notes, where they are shared; all that they rest on lies in this question's own scope."""
    if work.others is None:
        return
    scope = {document.doc_id for document in work.scope}
    asked = (work.question.question_id, work.question.doc_id)
    for note in work.others.search(query):
        within = not scope or scope.issuperset(lines.doc_id for lines in note.lines)
        if within and (note.question_id, note.asked_doc_id) != asked:
            yield note
