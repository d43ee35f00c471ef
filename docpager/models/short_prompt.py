"""The short prompt of a model that only reads: numbered lines, then the question, and three ways to reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from docpager.protocols import TokenCounter
from docpager.records import Message, Role, ToolSpec
from docpager.records.views import PageView
from docpager.transcript import quoted

MOST_ADDRESSES = 4
LONGEST_ANSWER = 400
"""Characters of an answer: what is written costs a small model eight times what is read."""
_ADDRESS = r"^p[0-9]{1,4}:[0-9]{1,4}(-[0-9]{1,4})?$"
_TEXT = {"type": "string", "maxLength": LONGEST_ANSWER}
_ADDRESSES = {"type": "array", "items": {"type": "string", "pattern": _ADDRESS}, "maxItems": MOST_ADDRESSES}


def _tool(name: str, about: str, **properties: object) -> ToolSpec:
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return ToolSpec(name, about, schema)


REPLIES = (
    _tool("answer", "The lines hold the answer.", addresses=_ADDRESSES, text=_TEXT),
    _tool("more", "Other pages are needed.", query={"type": ["string", "null"], "maxLength": 120}),
    _tool("nothing", "The lines do not speak of it."),
)
"""What the model can say. Addresses come first: who has looked for the line first says what stands in it."""


@dataclass(frozen=True)
class ShortPrompt:
    """What a model is shown, and which lines it can cite."""

    question: str
    pages: tuple[PageView, ...]
    aside: tuple[str, ...] = ()
    """Results of calculations, in words."""

    @cached_property
    def lines(self) -> Mapping[tuple[str, int], str]:
        """Handle and number of each line shown, and its text."""
        return {(page.handle, number): text for page in self.pages for number, text in page.lines}

    @property
    def handles(self) -> frozenset[str]:
        """The pages shown."""
        return frozenset(page.handle for page in self.pages)

    def message(self) -> Message:
        """The question stands last, where it is heeded most."""
        asides = [f"Worked out: {quoted(text)}" for text in self.aside]
        body = [*map(_page_text, self.pages), *asides]
        return Message(Role.USER, "\n\n".join([*body, f"Question: {self.question}"]))

    @classmethod
    def fitting(
        cls, question: str, pages: Iterable[PageView], aside: Sequence[str], counter: TokenCounter, room: int
    ) -> ShortPrompt:
        """As many of the pages, best first, as go into so many tokens; the best stands nearest to the question."""
        asides = tuple(aside)
        room -= sum(counter.count(text) + 4 for text in asides)
        chosen: list[PageView] = []
        for page in pages:
            room -= counter.count(_page_text(page)) + 2
            if chosen and room < 0:
                break
            chosen.append(page)
        return cls(question, tuple(reversed(chosen)), asides)


def _page_text(page: PageView) -> str:
    """A page with its lines behind their addresses; where it is from in one line above."""
    place = [page.document, f"page {page.page_number}", *page.headings[-1:]]
    head = f"[page {page.handle} | {' | '.join(map(quoted, place))}]"
    columns = [f"columns: {quoted(column)}" for column in page.columns]
    return "\n".join([head, *columns, *(f"{page.handle}:{number} {quoted(text)}" for number, text in page.lines)])
