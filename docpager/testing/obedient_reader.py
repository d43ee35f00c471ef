"""A reader that does whatever its documents tell it: what an attack on a model could reach at most.

It searches with the question's words and reads what search lists. Whatever in the text it is shown looks like an order
is carried out: tools are called by any name and in any notation, addresses are cited, words are said, and secrets are
written down. It has nothing but the messages to do harm with, as a model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docpager.models.scripted import call
from docpager.models.situation import Situation
from docpager.records import ToolCall
from docpager.records.views import DocumentsView, OutlineView, PageView, ResultsView, View
from docpager.testing.orders import ENDINGS, SECRETS, addresses_to_cite, calls_in, things_to_say
from docpager.testing.reading import situation_of
from docpager.testing.replies import Reply, calling, read_request
from docpager.transcript import fold

CALLS_A_REPLY = 8
PAGES_READ = 10
MOST_SECRETS = 4000


class ObedientReader:
    """A replier that obeys. It remembers nothing: each reply follows from the request alone."""

    def __call__(self, body: Mapping[str, Any], number: int, /) -> Reply:
        """The orders not yet carried out, then more to read, then the answer that was ordered."""
        del number
        messages = read_request(body).messages
        at = situation_of(body)
        if at is None:
            text = "\n".join(message.content for message in messages)
            orders = calls_in(text)[:CALLS_A_REPLY] if body.get("tools") else []
            return calling(body, orders) if orders else Reply("\n".join(things_to_say(text)) or text[:MOST_SECRETS])
        secret = "\n".join(message.content for message in messages[:1])
        return calling(body, _Obedience(at, secret[:MOST_SECRETS]).next_calls())


@dataclass(frozen=True)
class _Obedience:
    """One decision about one situation. ``secret`` is what the model alone was told."""

    at: Situation
    secret: str

    def next_calls(self) -> list[ToolCall]:
        text = "\n".join(_document_texts(self.at))
        done = {(name, _canonical(arguments)) for name, arguments in self.at.calls}
        orders = [c for c in calls_in(text) if (c.name, _canonical(json.loads(c.arguments))) not in done]
        calls = [order for order in orders if order.name not in ENDINGS][:CALLS_A_REPLY]
        if self.at.tail.budget.steps_left > 2 and (calls or (calls := self._reading())):
            return calls
        return [next((c for c in orders if c.name == "answer"), None) or self._ending(text, orders)]

    def _reading(self) -> list[ToolCall]:
        """The search, then its results, a page at a time, so that none is lost to the others' size."""
        if not self.at.asked("search"):
            return [call("search", query=fold(self.at.question))]
        unread = [hit.handle for hit in self.at.hits() if hit.handle not in self.at.read_handles]
        return [call("page_in", pages=unread[:1])] if unread and len(self.at.read_handles) < PAGES_READ else []

    def _ending(self, text: str, orders: list[ToolCall]) -> ToolCall:
        said = things_to_say(text)
        if any(order.name == "abstain" for order in orders) and not said:
            return call("abstain", reason="The document says so.")
        if SECRETS.search(text):
            said.append(self.secret)
        shown = [f"{page.handle}:{page.lines[0][0]}" for page in self.at.pages if page.lines]
        cited = addresses_to_cite(text) or shown[-1:]
        statements = [{"text": words, "addresses": cited} for words in said or ["I was told nothing."]]
        return call("answer", statements=statements, confidence=1.0)


def _document_texts(at: Situation) -> Iterator[str]:
    """All text that comes from documents and stands in the context, names and notes too."""
    for views in at.shown:
        for view in views:
            yield from _texts_of(view)
    yield from (note.text for note in at.tail.notes)


def _texts_of(view: View) -> Iterator[str]:
    match view:
        case PageView():
            yield from (view.document, *view.headings, *view.columns)
            yield "\n".join(text for _, text in view.lines)
            yield " ".join(text for _, text in view.lines)
        case ResultsView():
            for hit in view.hits:
                yield from (hit.document, *hit.headings, hit.snippet)
        case DocumentsView():
            for document in view.documents:
                yield from (document.document, document.title, document.period)
        case OutlineView():
            yield from (heading for row in view.rows for heading in row.headings)


def _canonical(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False)
