"""The tools that look: search, find and outline. They list pages; none of them brings one in."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

import regex

from docpager.agent.arguments import Arguments
from docpager.agent.scopes import Scope, scope_of
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.errors import ToolError
from docpager.records import Document, OutlineEntry, Segment
from docpager.records.views import (
    DocumentsView,
    DocumentView,
    HeadingView,
    HitView,
    OutlineView,
    ResultsView,
)
from docpager.transcript import fold, reached, render_view

SNIPPET_CHARACTERS = 160
OUTLINE_ROWS = 30
FOUND_ROWS = 12
"""So many rows of an outline are listed at once where words are asked for."""
SECTION_PAGES = 6
"""A heading that words ask for is listed with all its pages where it has no more than this."""
HEADING_LETTERS = 6
"""Words of a heading and words asked for are the same when so many of their first letters are."""
MATCH_SECONDS = 0.05
"""A regular expression of a model's own may take this long on one line."""


def search(work: Workspace, arguments: Arguments) -> ToolResult:
    """Hybrid search; lists pages."""
    query, first = arguments.text("query"), arguments.rank()
    scope = scope_of(work, arguments.texts("documents"))
    limit = work.settings.results_per_page
    hits = work.archive.search(query, limit=limit + 1, offset=first - 1, doc_ids=scope.doc_ids)
    more, hits = len(hits) > limit, hits[:limit]
    views = [_hit_view(work, hit.segment, _snippet(work, hit.segment, query)) for hit in hits]
    fitting = _bounded(work, views)
    handles = scope.handles
    ranked = hits[: len(fitting)]
    work.ledger.asked(query, _paths(work, handles))
    work.ledger.ranked(query, handles, [(h.segment.segment_id, first + n, h.score) for n, h in enumerate(ranked)])
    view = ResultsView("search", fold(query), scope.shown, first, more or len(fitting) < len(hits), tuple(fitting))
    work.note_event(
        "Search",
        {"query": query, **_scoped(scope), "first": first, "results": len(fitting)},
        page_ids=tuple(hit.segment.segment_id for hit in ranked),
        page_tokens=tuple(v.token_count for v in fitting),
    )
    return shown(view, *scope.notices, told=reached(view))


def find(work: Workspace, arguments: Arguments) -> ToolResult:
    """Exact text or a regular expression; lists pages with the numbers of the lines that match."""
    text, is_regex, first = arguments.text("text"), arguments.flag("regex"), arguments.rank()
    scope = scope_of(work, arguments.texts("documents"))
    pattern = _pattern(text, is_regex)
    limit = work.settings.results_per_page
    segments = work.archive.find(text, regex=is_regex, limit=limit + 1, offset=first - 1, doc_ids=scope.doc_ids)
    more, segments = len(segments) > limit, segments[:limit]
    views = [_found_view(work, segment, pattern) for segment in segments]
    fitting = _bounded(work, views)
    handles = scope.handles
    work.ledger.asked(f"find{' regex' if is_regex else ''}: {text}", _paths(work, handles))
    view = ResultsView("find", fold(text), scope.shown, first, more or len(fitting) < len(segments), tuple(fitting))
    work.note_event(
        "Find",
        {"text": text, "regex": is_regex, **_scoped(scope), "first": first, "results": len(fitting)},
        page_ids=tuple(s.segment_id for s in segments[: len(fitting)]),
        page_tokens=tuple(v.token_count for v in fitting),
    )
    return shown(view, *scope.notices, told=reached(view))


def outline(work: Workspace, arguments: Arguments) -> ToolResult:
    """The documents that match some words, or one document's headings."""
    name, words, first = arguments.optional_text("document"), arguments.optional_text("words"), arguments.rank()
    if not name:
        return _documents(work, words, first)
    scope = scope_of(work, [name])
    if scope.handles:
        return _outline_of(work, work.documents.resolve(scope.handles[:1])[0], words, first)
    listed = _documents(work, words or name, first)
    return ToolResult([*listed.parts, *shown(*scope.notices).parts])


def _documents(work: Workspace, words: str, first: int) -> ToolResult:
    allowed = {d.doc_id for d in work.scope}
    documents = [d for d in work.documents.ranked(words) if not allowed or d.doc_id in allowed]
    rows = [
        DocumentView(
            work.documents.handle(d.doc_id), d.path, fold(d.title or ""), fold(d.period or ""), d.page_count or 1
        )
        for d in documents[first - 1 : first - 1 + OUTLINE_ROWS]
    ]
    work.read_tokens += work.counter.count("\n".join(row.title for row in rows))
    listed = [d.doc_id for d in documents[first - 1 : first - 1 + OUTLINE_ROWS]]
    work.note_event("Outline", {"document": None, "words": words, "first": first, "doc_ids": listed})
    return shown(DocumentsView(fold(words), first, len(documents), tuple(rows)))


def _outline_of(work: Workspace, document: Document, words: str, first: int) -> ToolResult:
    """A document's headings, each with its first page; with words, the pages below those that share most."""
    segments = {s.segment_id: s for s in work.archive.segments_of(document.doc_id)}
    wanted = set(re.findall(r"\w+", words.lower()))
    entries = work.archive.outline(document.doc_id)
    if wanted:
        shares = {entry: share for entry in entries if (share := _shared(entry, wanted))}
        entries = sorted(shares, key=lambda entry: -shares[entry])
    listed: list[tuple[OutlineEntry, Segment, int]] = []
    for entry in entries:
        begins = segments[entry.first_segment_id]
        if not wanted or entry.segment_count > SECTION_PAGES:
            listed.append((entry, begins, begins.token_count if wanted else entry.token_count))
            continue
        below = (s for s in segments.values() if begins.ordinal <= s.ordinal < begins.ordinal + entry.segment_count)
        listed += [(entry, segment, segment.token_count) for segment in below]
    rows = [
        HeadingView(work.list_page(segment).handle, segment.page_number, tuple(map(fold, entry.headings)), tokens)
        for entry, segment, tokens in listed[first - 1 : first - 1 + (FOUND_ROWS if wanted else OUTLINE_ROWS)]
    ]
    work.read_tokens += work.counter.count("\n".join(" ".join(row.headings[-1:]) for row in rows))
    handle = work.documents.handle(document.doc_id)
    work.note_event(
        "Outline",
        {"document": handle, "words": words, "first": first, "doc_ids": [document.doc_id]},
        page_ids=tuple(segment.segment_id for _, segment, _ in listed[first - 1 : first - 1 + len(rows)]),
        page_tokens=tuple(row.token_count for row in rows),
    )
    return shown(OutlineView(handle, document.path, fold(words), first, len(listed), tuple(rows)))


def _shared(entry: OutlineEntry, wanted: Collection[str]) -> float:
    """The share of an entry's own heading that is words asked for; first letters decide, so that plurals match."""
    words = re.findall(r"\w+", entry.headings[-1].lower()) if entry.headings else []
    first = {word[:HEADING_LETTERS] for word in wanted}
    return sum(word[:HEADING_LETTERS] in first for word in words) / len(words) if words else 0.0


def _hit_view(work: Workspace, segment: Segment, snippet: str, lines: tuple[int, ...] = ()) -> HitView:
    page = work.list_page(segment)
    text = work.text(segment.segment_id)
    return HitView(
        page.handle,
        work.document_name(text.document),
        segment.page_number,
        tuple(fold(heading)[:80].strip() for heading in segment.headings[-2:]),
        page.token_count,
        work.pager.table[segment.segment_id].state,
        fold(snippet),
        lines,
    )


def _snippet(work: Workspace, segment: Segment, query: str) -> str:
    """The line of a page that shares most words with the query, cut around the first of them."""
    work.list_page(segment)
    text = work.text(segment.segment_id)
    words = _beginnings(query)
    lines = [text.line(n + 1) for n in range(len(text.spans))] or [segment.text]
    return max(lines, key=lambda line: len(words & _beginnings(line)))[:SNIPPET_CHARACTERS]


@lru_cache(maxsize=16_384)
def _beginnings(line: str) -> frozenset[str]:
    """What the words of a line begin with; the same lines are listed for many questions."""
    return frozenset(word[:6] for word in re.findall(r"\w{3,}", line.lower()))


def _found_view(work: Workspace, segment: Segment, pattern: regex.Pattern[str]) -> HitView:
    work.list_page(segment)
    source = work.text(segment.segment_id)
    numbers = [n for n in range(1, len(source.spans) + 1) if _matches(pattern, source.line(n))]
    snippet = source.line(numbers[0]) if numbers else segment.text
    return _hit_view(work, segment, snippet[:SNIPPET_CHARACTERS], tuple(numbers[:8]))


def _scoped(scope: Scope) -> dict[str, list[str]]:
    """The documents a call is limited to, as the trace keeps them: handles mean nothing once the archive changed."""
    return {"documents": list(scope.handles), **({"doc_ids": list(scope.doc_ids or ())} if scope.handles else {})}


def _paths(work: Workspace, handles: Sequence[str]) -> list[str]:
    return [document.path for document in work.documents.resolve(handles)]


def _pattern(text: str, is_regex: bool) -> regex.Pattern[str]:
    try:
        return regex.compile(text if is_regex else regex.escape(text), regex.IGNORECASE)
    except regex.error as error:
        raise ToolError(f"{text!r} is no regular expression: {error}.") from None


def _matches(pattern: regex.Pattern[str], line: str) -> bool:
    try:
        return pattern.search(line, timeout=MATCH_SECONDS) is not None
    except TimeoutError:
        return False


def _bounded(work: Workspace, views: Sequence[HitView]) -> list[HitView]:
    """As many hits as half the log's share can hold; their snippets count as text that was read."""
    room = work.plan.log // 2
    fitting: list[HitView] = []
    for view in views:
        tokens = work.counter.count(render_view(ResultsView("search", "", (), 1, False, (view,))))
        if fitting and tokens > room:
            break
        room -= tokens
        fitting.append(view)
        work.read_tokens += work.counter.count(view.snippet)
        if work.pager.table.by_handle(view.handle).frame is not None:
            work.pager.touch(work.pager.table.by_handle(view.handle).page.page_id)
    return fitting
