"""The tools that page: page_in, page_out, pin and unpin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docpager.agent.arguments import Arguments
from docpager.agent.bearing import bearing_ranges
from docpager.agent.main_context import Part
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.errors import NotResidentError, ToolError
from docpager.memory import LineRange, Page, PageRequest, Place
from docpager.records.views import NoticeView
from docpager.transcript import render_view

SHARE_OF_A_PAGE = 3
"""A page that keeps coming back is shown by lines that take at most one part in so many of its tokens."""


def page_in(work: Workspace, arguments: Arguments) -> ToolResult:
    """Shows pages, or lines of them."""
    requests, asked, notices = _requests(work, arguments)
    if not requests:
        return shown(*notices)
    admission = work.pager.page_in(requests)
    work.paged += 1
    work.record(*admission.events, call=work.paged)
    parts = [_shown(work, request) for request in admission.loaded]
    notices += _trimmed(work, asked, admission.loaded)
    for page_id in dict.fromkeys(request.page_id for request in admission.hits):
        notices.append(NoticeView(f"{work.pager.table[page_id].page.handle} is resident: read it above."))
    if admission.refused:
        refused = " ".join(dict.fromkeys(work.pager.table[r.page_id].page.handle for r in admission.refused))
        notices.append(NoticeView(f"No room for {refused} beside the others: page them in with the next call."))
    parts += _read_ahead(work, [request for request in requests if request not in admission.refused])
    return ToolResult([*parts, *shown(*notices).parts], admission.evicted)


def _shown(work: Workspace, request: PageRequest) -> Part:
    """Lines that came in, as they are shown: from now on they can be cited, and count as read."""
    work.show(request.page_id, request.lines)
    work.read_tokens += work.reading_cost(request.page_id, request.lines)
    return Part(render_view(work.page_view(request.page_id, request.lines)), request.page_id)


def _requests(
    work: Workspace, arguments: Arguments
) -> tuple[list[PageRequest], dict[str, LineRange], list[NoticeView]]:
    """What may be read within the reading budget, the lines each page was asked for, what is said about the others."""
    requests: list[PageRequest] = []
    asked: dict[str, LineRange] = {}
    notices: list[NoticeView] = []
    left = work.read_left
    for handle, wanted in arguments.pages():
        page = work.pager.table.by_handle(handle).page
        lines = _within(page, wanted)
        wishes = _wishes(work, page, lines)
        cost = sum(work.reading_cost(page.page_id, wish.lines) for wish in wishes)
        if cost > left:
            notices.append(NoticeView(f"{handle} was not shown: it takes {cost} tokens, {max(0, left)} may be read."))
            continue
        left -= cost
        requests += wishes
        asked[page.page_id] = lines
    return requests, asked, notices


def _within(page: Page, wanted: LineRange | None) -> LineRange:
    if wanted is None:
        return page.all_lines
    if wanted.first > page.line_count:
        raise ToolError(f"{page.handle} has {page.line_count} lines; there is no line {wanted.first}.")
    return LineRange(wanted.first, min(wanted.last, page.line_count))


def _wishes(work: Workspace, page: Page, lines: LineRange) -> list[PageRequest]:
    """What is asked of memory for lines of a page.

    Where they cannot fit, the window grows; where it cannot, a whole page is asked for by the lines that bear on the
    question, and by its first lines where none does; a range is cut at its end.
    """
    entry = work.pager.table[page.page_id]
    tokens = _tokens(work, page, [lines])
    resident = entry.frame is not None and entry.frame.holds(lines)
    while tokens > _room(work) and not resident and work.grow("page"):
        pass
    comes_back = work.trims_refaults and entry.held(lines)
    if resident or (tokens <= _room(work) and not comes_back):
        return [PageRequest(page.page_id, lines, tokens)]
    if lines == page.all_lines:
        room = min(_room(work), tokens // SHARE_OF_A_PAGE if comes_back else tokens)
        text = work.text(page.page_id)
        ranges = bearing_ranges(
            [text.line(n) for n in range(1, len(text.spans) + 1)],
            work.question.question,
            lambda some: _tokens(work, page, some) <= room,
        )
        if ranges:
            return [PageRequest(page.page_id, some, _tokens(work, page, [some])) for some in ranges]
    return [_first_lines(work, page, lines)]


def _first_lines(work: Workspace, page: Page, lines: LineRange) -> PageRequest:
    """A request for as many of the first of these lines as can fit; for one line where none can."""
    while True:
        tokens, room = _tokens(work, page, [lines]), _room(work)
        if tokens <= room or lines.last == lines.first:
            return PageRequest(page.page_id, lines, tokens)
        fewer = max(lines.first, lines.first + (lines.last - lines.first + 1) * room // (tokens + 1) - 1)
        lines = LineRange(lines.first, min(fewer, lines.last - 1))
        if room <= 0:
            return PageRequest(page.page_id, lines, tokens)


def _room(work: Workspace) -> int:
    return work.pager.capacity - work.pager.pinned_tokens


def _tokens(work: Workspace, page: Page, ranges: Sequence[LineRange]) -> int:
    return sum(work.counter.count(render_view(work.page_view(page.page_id, some))) for some in ranges)


def _trimmed(work: Workspace, asked: Mapping[str, LineRange], loaded: Sequence[PageRequest]) -> list[NoticeView]:
    """Says of each page that came in without all the lines asked for which ones are shown."""
    notices = []
    for page_id in dict.fromkeys(request.page_id for request in loaded):
        page = work.pager.table[page_id].page
        ranges = [request.lines for request in loaded if request.page_id == page_id]
        if any(asked[page_id] in some for some in ranges):
            continue
        numbers = ", ".join(map(str, ranges))
        work.note_event("LinesTrimmed", {"lines": numbers, "asked": str(asked[page_id])}, page_ids=(page_id,))
        notices.append(
            NoticeView(
                f"{page.handle} is too large to show whole: these are lines {numbers} of {page.line_count}. Page in "
                f"others by number, as in {page.handle}:{ranges[0].first}-{ranges[0].last}."
            )
        )
    return notices


def _read_ahead(work: Workspace, admitted: Sequence[PageRequest]) -> list[Part]:
    """The page that follows two neighbours, where memory and the reading budget have room for it unasked."""
    readahead = work.readahead
    if readahead is None:
        return []
    for request in admitted:
        segment = work.text(request.page_id).segment
        readahead.use(request.page_id)
        readahead.paged_in(Place(segment.doc_id, segment.ordinal))
    place = readahead.wanted()
    next_segment = work.segment_at(place, near=segment.page_number) if place else None
    if place is None or next_segment is None:
        return []
    page = work.list_page(next_segment)
    request = PageRequest(page.page_id, page.all_lines, page.token_count)
    event = work.pager.prefetch(request) if work.may_read(page.page_id) else None
    if event is None:
        return []
    readahead.brought(page.page_id, place, request.token_count)
    work.record(event)
    return [_shown(work, request)]


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
    for page in pages:
        work.record(work.pager.pin(page.page_id))
        if work.readahead is not None:
            work.readahead.use(page.page_id)
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
