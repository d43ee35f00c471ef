"""The resident set, rebuilt from events alone: what a trace says was in memory at any time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docpager.memory.events import MemoryEvent


class ResidentSet:
    """Pages with their tokens, and which are pinned, as far as the events so far tell."""

    def __init__(self) -> None:
        self.tokens: dict[str, int] = {}
        """Tokens of each resident page."""
        self.pinned: set[str] = set()
        self.capacity: int | None = None
        """The capacity the last event named; None before the first."""

    @property
    def token_count(self) -> int:
        """Tokens of all resident pages."""
        return sum(self.tokens.values())

    def apply(self, name: str, page_ids: Sequence[str], page_tokens: Sequence[int], capacity: int | None) -> None:
        """Takes the next event, as a row of ``trace`` has it; events that move no page change nothing."""
        self.capacity = capacity
        match name:
            case "PageIn" | "Prefetch":
                for page_id, tokens in zip(page_ids, page_tokens, strict=True):
                    self.tokens[page_id] = self.tokens.get(page_id, 0) + tokens
            case "PageOut" | "Eviction":
                for page_id in page_ids:
                    del self.tokens[page_id]
                    self.pinned.discard(page_id)
            case "Pin":
                self.pinned.update(page_ids)
            case "Unpin":
                self.pinned.difference_update(page_ids)


def replay(events: Iterable[MemoryEvent]) -> ResidentSet:
    """The resident set after these events."""
    resident = ResidentSet()
    for event in events:
        resident.apply(event.name, event.page_ids, event.page_tokens, event.capacity)
    return resident
