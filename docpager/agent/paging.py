"""The tools that page: page_in, page_out, pin and unpin."""

from __future__ import annotations

from collections.abc import Sequence

from docpager.agent.arguments import Arguments
from docpager.agent.main_context import Part
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.errors import NotResidentError, ToolError
from docpager.memory import LineRange, Page, PageRequest
from docpager.records.views import NoticeView
from docpager.transcript import render_view


def page_in(work: Workspace, arguments: Arguments) -> ToolResult:
    """Shows pages, or lines of them."""
    requests, notices = _requests(work, arguments)
    if not requests:
        return shown(*notices)
    admission = work.pager.page_in(requests)
    work.record(*admission.events)
    parts = []
    for request in admission.loaded:
        work.show(request.page_id, request.lines)
        work.read_tokens += work.reading_cost(request.page_id, request.lines)
        parts.append(Part(render_view(work.page_view(request.page_id, request.lines)), request.page_id))
    for request in admission.hits:
        handle = work.pager.table[request.page_id].page.handle
        notices.append(NoticeView(f"{handle} is resident: read it above."))
    if admission.refused:
        refused = " ".join(work.pager.table[r.page_id].page.handle for r in admission.refused)
        notices.append(NoticeView(f"No room for {refused} beside the others: page them in with the next call."))
    return ToolResult([*parts, *shown(*notices).parts], admission.evicted)


def _requests(work: Workspace, arguments: Arguments) -> tuple[list[PageRequest], list[NoticeView]]:
    """The pages that may be read within the reading budget, and what is said about the others."""
    requests: list[PageRequest] = []
    notices: list[NoticeView] = []
    left = work.read_left
    for handle, wanted in arguments.pages():
        page = work.pager.table.by_handle(handle).page
        lines = _within(page, wanted)
        cost = work.reading_cost(page.page_id, lines)
        if cost > left:
            notices.append(NoticeView(f"{handle} was not shown: it takes {cost} tokens, {max(0, left)} may be read."))
            continue
        left -= cost
        requests.append(_request(work, page, lines))
    return requests, notices


def _within(page: Page, wanted: LineRange | None) -> LineRange:
    if wanted is None:
        return page.all_lines
    if wanted.first > page.line_count:
        raise ToolError(f"{page.handle} has {page.line_count} lines; there is no line {wanted.first}.")
    return LineRange(wanted.first, min(wanted.last, page.line_count))


def _request(work: Workspace, page: Page, lines: LineRange) -> PageRequest:
    """A request for lines of a page; where the whole page cannot fit, for as many of its first lines as can."""
    while True:
        tokens = work.counter.count(render_view(work.page_view(page.page_id, lines)))
        room = work.pager.capacity - work.pager.pinned_tokens
        if tokens <= room or lines.last == lines.first:
            return PageRequest(page.page_id, lines, tokens)
        fewer = max(lines.first, lines.first + (lines.last - lines.first + 1) * room // (tokens + 1) - 1)
        lines = LineRange(lines.first, min(fewer, lines.last - 1))
        if room <= 0:
            return PageRequest(page.page_id, lines, tokens)


def page_out(work: Workspace, arguments: Arguments) -> ToolResult:
    """Removes pages that are no longer wanted."""
    pages = _resident(work, arguments, "page out")
    for page in pages:
        work.record(work.pager.page_out(page.page_id))
    return ToolResult(
        _done("Paged out", pages).parts,
        tuple(page.page_id for page in pages),
    )


def pin(work: Workspace, arguments: Arguments) -> ToolResult:
    """Keeps pages resident until they are unpinned."""
    pages = _resident(work, arguments, "pin")
    work.record(*(work.pager.pin(page.page_id) for page in pages))
    return _done("Pinned", pages)


def unpin(work: Workspace, arguments: Arguments) -> ToolResult:
    """Lets pages be evicted again."""
    pages = _resident(work, arguments, "unpin")
    work.record(*(work.pager.unpin(page.page_id) for page in pages))
    return _done("Unpinned", pages)


def _resident(work: Workspace, arguments: Arguments, wanted: str) -> list[Page]:
    """The pages a call names, once each, all of them resident: a call that is refused changes nothing."""
    entries = {handle: work.pager.table.by_handle(handle) for handle, _ in arguments.pages()}
    for handle, entry in entries.items():
        if entry.frame is None:
            raise NotResidentError(handle, wanted)
    return [entry.page for entry in entries.values()]


def _done(what: str, pages: Sequence[Page]) -> ToolResult:
    return shown(NoticeView(f"{what}: {' '.join(page.handle for page in pages)}."))
