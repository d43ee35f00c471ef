"""What a request says, read from its messages alone: nothing is remembered between two calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from docpager.errors import TranscriptError
from docpager.records import ModelRequest
from docpager.records.views import (
    DocumentsView,
    HitView,
    NoticeView,
    OutlineView,
    PageView,
    ResultsView,
    StatusView,
    TailPage,
    TailView,
    View,
)
from docpager.tool_protocol import read_exchanges
from docpager.transcript import QUESTION, parse, parse_reached, split_tail
from docpager.working_context import working_context

_NONCE = re.compile(r"<<<memory (\S+)>>>")
OUTLINED, UNRANKED = 3, 20
"""The rank of a page that an outline lists, and of one that nothing in the context lists."""
BESIDE = 3
"""Results of the searches beside the first are ranked so much lower."""
_CALL = re.compile(r"\[notice\] earlier: (\w+) (?=\{)")


@dataclass(frozen=True)
class Situation:
    """The question, what was done for it so far, what the context shows now, and the state of memory."""

    question: str
    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    """Every call so far, oldest first, those of the summarised log included."""
    reached: Mapping[tuple[str, tuple[str, ...]], tuple[int, bool]]
    """Query and scope of each search so far -> the last rank it showed, and whether more follow."""
    shown: tuple[tuple[View, ...], ...]
    """The results that still stand in the context, one tuple an exchange."""
    tail: TailView
    may_look: bool = True
    """Whether the model is told how to bring in more than the context shows."""

    @classmethod
    def read(cls, request: ModelRequest) -> Situation:
        """Reads a request; raises ``TranscriptError`` for one that is none of docpager's."""
        nonce = _NONCE.search(request.messages[0].content)
        if nonce is None:
            raise TranscriptError("The system message names no memory delimiter.")
        head, tail = split_tail(request.messages[1].content, nonce[1])
        exchanges = read_exchanges(request.messages)
        earlier = [call for line in head.split("\n")[1:] for call in _earlier(line)]
        calls = [(name, arguments) for name, arguments, _ in earlier]
        calls += [(c.name, json.loads(c.arguments)) for e in exchanges for c in e.calls]
        shown: list[tuple[View, ...]] = []
        for exchange in exchanges:
            parts = [split_tail(text, nonce[1]) for text in exchange.results]
            tail = next((state for _, state in parts if state is not None), None)
            shown.append(tuple(view for text, _ in parts for view in parse(text)))
        if tail is None:
            tail = _standing(request.messages[0].content, head, shown, nonce[1])
        may_look = "page_in" in request.messages[0].content or any(tool.name == "page_in" for tool in request.tools)
        return cls(tail.question, tuple(calls), _reached(earlier, shown), tuple(shown), tail, may_look)

    @cached_property
    def pages(self) -> tuple[PageView, ...]:
        """The pages the context shows now."""
        return tuple(view for views in self.shown for view in views if isinstance(view, PageView))

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What the context says now of things done: results of calculations, notes kept."""
        return tuple(view.text for views in self.shown for view in views if isinstance(view, NoticeView))

    @cached_property
    def results(self) -> tuple[ResultsView, ...]:
        """The results of search and find the context shows now."""
        return tuple(view for views in self.shown for view in views if isinstance(view, ResultsView))

    @cached_property
    def documents(self) -> tuple[DocumentsView, ...]:
        """The lists of documents the context shows now."""
        return tuple(view for views in self.shown for view in views if isinstance(view, DocumentsView))

    @cached_property
    def read_handles(self) -> frozenset[str]:
        """Pages that were paged in at some time."""
        asked = (h for name, arguments in self.calls if name == "page_in" for h in arguments.get("pages", ()))
        return frozenset(h.split(":")[0] for h in asked) | {page.handle for page in self.tail.pages}

    @cached_property
    def _ranks(self) -> dict[str, int]:
        if not self.may_look:  # the most important stands first
            return {page.handle: rank for rank, page in reversed(list(enumerate(self.pages, start=1)))}
        own = next((arguments.get("query") for arguments in self.asked("search")), None)
        ranks = {row.handle: OUTLINED for view in self.outlines for row in view.rows}
        for view in self.results:
            for rank, hit in enumerate(
                view.hits, start=view.first + (BESIDE if view.tool == "search" and view.query != own else 0)
            ):
                ranks[hit.handle] = min(rank, ranks.get(hit.handle, rank))
        return ranks

    def rank(self, handle: str) -> int:
        """Where find, or the search with the question's own words, ranked a page, from 1; other searches count less.

        Far down for a page that nothing in the context lists any more.
        """
        return self._ranks.get(handle, UNRANKED)

    @cached_property
    def outlines(self) -> tuple[OutlineView, ...]:
        """The outlines the context shows now."""
        return tuple(view for views in self.shown for view in views if isinstance(view, OutlineView))

    def hits(self) -> list[HitView]:
        """The hits of all results in the context, in the order they were listed, each page once."""
        return list({hit.handle: hit for view in self.results for hit in view.hits}.values())

    def asked(self, name: str) -> list[Mapping[str, Any]]:
        """The arguments of all calls of one tool."""
        return [arguments for called, arguments in self.calls if called == name]


def _standing(system: str, head: str, shown: Sequence[Sequence[View]], nonce: str) -> TailView:
    """The state of memory where it stands in the context for good: notes, the newest status, the pages that stand.

    Raises ``TranscriptError`` where it stands nowhere.
    """
    notes = working_context(system, nonce)
    question, *others = head.split("\n")
    views = [view for views in [parse("\n".join(others)), *shown] for view in views]
    status = next((view for view in reversed(views) if isinstance(view, StatusView)), None)
    if notes is None or status is None:
        raise TranscriptError("The last message has no tail.")
    pages = {view.handle: view for view in views if isinstance(view, PageView)}
    rows = [TailPage(h, v.document, v.page_number, " ".join(v.headings[-1:]), 0, "resident") for h, v in pages.items()]
    return TailView(tuple(rows), notes, status.budget, status.warning, question.removeprefix(QUESTION))


_Earlier = tuple[str, Mapping[str, Any], tuple[int, bool] | None]
"""A call of the summarised log: name, arguments, and how far down a search went."""


def _earlier(line: str) -> list[_Earlier]:
    """The call in a line of the summarised log, its arguments as JSON; none in any other line."""
    match = _CALL.match(line)
    if match is None:
        return []
    arguments, end = json.JSONDecoder().raw_decode(line, match.end())
    return [(match[1], arguments, parse_reached(line[end:]))]


def _reached(
    earlier: Sequence[_Earlier], shown: Sequence[Sequence[View]]
) -> dict[tuple[str, tuple[str, ...]], tuple[int, bool]]:
    """How far down each search went, in the summarised log and in the results that still stand."""
    found = [
        ((str(arguments.get("query", "")), tuple(arguments.get("documents") or ())), reached)
        for name, arguments, reached in earlier
        if name == "search" and reached is not None
    ]
    views = (view for views in shown for view in views if isinstance(view, ResultsView))
    found += [((v.query, v.scope), (v.first + len(v.hits) - 1, v.more and bool(v.hits))) for v in views]
    furthest: dict[tuple[str, tuple[str, ...]], tuple[int, bool]] = {}
    for search, (last, more) in found:
        known = furthest.get(search, (0, True))
        furthest[search] = (max(last, known[0]), more and known[1])
    return furthest
