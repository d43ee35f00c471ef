"""A reader that knows the answers and has to find them: what memory makes possible, without a model's weaknesses.

It searches with the question's words, pages in the results in rank order, turns the pages of results, and answers when
the gold stands in the messages it was sent. Whether a model could have answered from the same messages is not its
business: it measures what the context showed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docpager.models.scripted import call
from docpager.models.situation import Situation
from docpager.quotes import QuotableText
from docpager.records import ToolCall
from docpager.records.views import HitView, PageView, ResultsView
from docpager.testing.gold import Gold, GoldAnswer
from docpager.testing.key_chains import ChainReading
from docpager.testing.reading import digest, situation_of
from docpager.testing.replies import Reply, calling
from docpager.transcript import fold, parse_addresses

PAGES_A_CALL = 6
MEMORY_SHARE = 0.9
"""Pages of one call take no more than this share of memory."""
ADDRESS_SHARE = 1.3
"""A page as it is shown, with its addresses, takes up to so many times the tokens of its text."""
MOST_CITED_LINES = 40
"""A gold page is cited by its first lines, at most so many."""


class PerfectReader:
    """A replier that finds gold answers. It remembers nothing: each reply follows from the request alone.

    So one reader serves any number of questions at once, in either tool protocol, and a run can be resumed.
    """

    def __init__(self, gold: Gold) -> None:
        self._gold = gold

    def __call__(self, body: Mapping[str, Any], number: int, /) -> Reply:
        """The next calls for the question asked; a few words for a request that asks none."""
        del number
        at = situation_of(body)
        if at is None:
            return digest(body)
        gold = self._gold.find(at.question)
        if gold is None:
            return calling(body, [call("abstain", reason="The gold file has no such question.")])
        if gold.follow:
            return calling(body, [ChainReading(at, gold.follow).next_call()])
        return calling(body, [_Reading(at, gold).next_call()])


@dataclass(frozen=True)
class _Reading:
    """One decision about one situation."""

    at: Situation
    gold: GoldAnswer

    def next_call(self) -> ToolCall:
        found = self._found()
        if found is not None:
            return found
        if self.at.tail.budget.steps_left <= 1:
            return call("abstain", reason="The steps are used up.")
        if not self.at.may_look:
            return call("abstain", reason="No gold stands in what was shown.")
        rest = self._rest_of_page()
        if rest is not None:
            return rest
        budget = self.at.tail.budget
        if budget.read_tokens >= budget.read_limit:
            return call("abstain", reason="All that may be read was read, and no gold was shown.")
        return self._read_on() or call("abstain", reason="Search is exhausted, and no gold was shown.")

    # What was found

    def _found(self) -> ToolCall | None:
        for page in reversed(self.at.pages):
            cited = self._lines_of(page)
            if cited is not None:
                first, last, said = cited
                address = f"{page.handle}:{first}-{last}" if last > first else f"{page.handle}:{first}"
                return call("answer", statements=[{"text": said, "addresses": [address]}], confidence=1.0)
        return None

    def _lines_of(self, page: PageView) -> tuple[int, int, str] | None:
        """First and last line to cite from a page that shows the gold, and what to say."""
        if not page.lines:
            return None
        if self.gold.pages:
            if not any(gold.is_shown_as(page.document, page.page_number) for gold in self.gold.pages):
                return None
            first, text = page.lines[0]
            return first, page.lines[:MOST_CITED_LINES][-1][0], (self.gold.answers or (text,))[0]
        for answer in self.gold.answers:
            lines = _lines_with(page.lines, answer)
            if lines is not None:
                return (*lines, answer)
        return None

    # Reading on

    def _rest_of_page(self) -> ToolCall | None:
        """The lines of a page that did not fit whole, from where it was cut."""
        if not self.at.shown:
            return None
        views = [view for view in self.at.shown[-1] if isinstance(view, PageView) and view.lines]
        for handle in dict.fromkeys(view.handle for view in views):
            shown = {n for view in self.at.pages if view.handle == handle for n, _ in view.lines}
            count = next(view.line_count for view in views if view.handle == handle)
            gap = _first_gap(shown, self._read_up_to(handle, shown), count)
            if gap is not None:
                return call("page_in", pages=[f"{handle}:{gap[0]}-{gap[1]}"])
        return None

    def _read_up_to(self, handle: str, shown: set[int]) -> int:
        """The line of a page up to which all were shown at some time: lines are asked for in ascending order."""
        asked = [
            address.first_line
            for arguments in self.at.asked("page_in")
            for text in arguments.get("pages") or ()
            for address in parse_addresses(str(text))
            if address.handle == handle
        ]
        line = asked[-1] if asked else 0
        while line + 1 in shown:
            line += 1
        return line

    def _read_on(self) -> ToolCall | None:
        """The next unread pages, or the next results; nothing when both or the reading budget are used up."""
        budget = self.at.tail.budget
        left = budget.read_limit - budget.read_tokens
        unread = [hit for hit in self._unread() if hit.token_count <= left]
        return call("page_in", pages=self._fitting(unread, left)) if unread else self._more_results()

    def _unread(self) -> list[HitView]:
        """Hits in the context that were never read, by what they say themselves and by the calls so far."""
        return [hit for hit in self.at.hits() if hit.state == "listed" and hit.handle not in self.at.read_handles]

    def _fitting(self, hits: Sequence[HitView], left: int) -> list[str]:
        """As many pages as go into memory beside each other, and into what may still be read."""
        room = self.at.tail.budget.capacity * MEMORY_SHARE
        chosen: list[str] = []
        for hit in hits[:PAGES_A_CALL]:
            room -= hit.token_count * ADDRESS_SHARE
            left -= hit.token_count
            if chosen and (room < 0 or left < 0):
                break
            chosen.append(hit.handle)
        return chosen

    def _more_results(self) -> ToolCall | None:
        """The search, its next results, or the last ones again where they left the context before all were read."""
        query = self._query()
        reached = self.at.reached.get((query, ()))
        asked = [a for a in self.at.asked("search") if fold(str(a.get("query", ""))) == query]
        if reached is None or not asked:
            return call("search", query=query)
        last, more = reached
        first = int(asked[-1].get("first") or 1)
        in_context = any(view.query == query and view.first == first for view in self._searches())
        if not in_context and len(self.at.read_handles) < last:
            return call("search", query=query, first=first)
        return call("search", query=query, first=last + 1) if more else None

    def _searches(self) -> list[ResultsView]:
        return [view for view in self.at.results if view.tool == "search"]

    def _query(self) -> str:
        return fold(self.gold.question)


def _first_gap(shown: set[int], done: int, count: int) -> tuple[int, int] | None:
    """First and last of the first lines behind ``done`` that are not shown."""
    missing = [n for n in range(done + 1, count + 1) if n not in shown]
    if not missing:
        return None
    last = next((n for n in range(missing[0], count + 1) if n + 1 not in missing), count)
    return missing[0], last


def _lines_with(lines: Sequence[tuple[int, str]], answer: str) -> tuple[int, int] | None:
    """First and last number of the fewest neighbouring lines that hold an answer."""
    for number, text in lines:
        if QuotableText(text).find(answer):
            return number, number
    whole = QuotableText(" ".join(text for _, text in lines))
    match = whole.find(answer)
    if match is None:
        return None
    spans, start = [], 0
    for number, text in lines:
        if start < match.end and match.start < start + len(text):
            spans.append(number)
        start += len(text) + 1
    return spans[0], spans[-1]
