"""Readahead: who reads pages n and n+1 of a document is given n+2 with them.

Pure: it is told which pages came in and names the next one. Whoever owns the archive looks it up, and memory decides
whether there is room.
"""

from __future__ import annotations

from dataclasses import dataclass

RUN = 2
"""So many neighbours in a row make a sequential reading."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: its document, and its position there."""

    doc_id: str
    ordinal: int

    @property
    def next(self) -> Place:
        """The place after it."""
        return Place(self.doc_id, self.ordinal + 1)


class Readahead:
    """Follows the order in which pages come in, and keeps account of what it brought ahead."""

    def __init__(self) -> None:
        self._last: Place | None = None
        self._run = 0
        self._ahead: Place | None = None
        self._tokens: dict[str, int] = {}
        self._used: set[str] = set()

    def paged_in(self, place: Place) -> None:
        """Notes that a page was asked for and stands in memory; a jump resets the run.

        The page after one that was brought ahead continues the run: whoever asks for it has read that one in place.
        """
        if place == self._last:
            return
        goes_on = self._last is not None and place in {self._last.next, self._ahead.next if self._ahead else None}
        self._run = self._run + 1 if goes_on else 1
        self._ahead = self._ahead if goes_on else None
        self._last = place

    def wanted(self) -> Place | None:
        """The place to bring ahead now; None while nothing is read in sequence, or the page is there already."""
        if self._last is None or self._run < RUN or self._last.next == self._ahead:
            return None
        return self._last.next

    def brought(self, page_id: str, place: Place, token_count: int) -> None:
        """Notes that a page was brought ahead."""
        self._ahead = place
        self._tokens[page_id] = token_count

    def use(self, page_id: str) -> None:
        """Notes that a page was referenced, noted, pinned or cited; others than those brought ahead are passed over."""
        if page_id in self._tokens:
            self._used.add(page_id)

    @property
    def fetched(self) -> int:
        """How many pages were brought ahead."""
        return len(self._tokens)

    @property
    def accuracy(self) -> float | None:
        """The share of them that was used; None before the first."""
        return len(self._used) / len(self._tokens) if self._tokens else None

    @property
    def wasted_tokens(self) -> int:
        """Tokens of those that were not used."""
        return sum(tokens for page_id, tokens in self._tokens.items() if page_id not in self._used)
