"""The page table: every page a question may reference, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from docpager.errors import UnknownPageError
from docpager.memory.page import Frame, LineRange, Page


class PageState(StrEnum):
    """Where a page stands."""

    LISTED = "listed"
    """Named by a tool's result, never read."""
    RESIDENT = "resident"
    PINNED = "pinned"
    EVICTED = "evicted"
    """Read before; its text is no longer in the context."""


@dataclass(slots=True)
class PageTableEntry:
    """One page, its frame while it is resident, and how often it was loaded and removed."""

    page: Page
    frame: Frame | None = None
    loads: int = 0
    removals: int = 0
    removed: list[LineRange] = field(default_factory=list)
    """Lines that went with each removal."""

    def held(self, lines: LineRange) -> bool:
        """Whether some of these lines were resident before and went."""
        return any(lines.overlaps(gone) for gone in self.removed)

    @property
    def state(self) -> PageState:
        """Listed, resident, pinned or evicted."""
        if self.frame is not None:
            return PageState.PINNED if self.frame.pinned else PageState.RESIDENT
        return PageState.EVICTED if self.loads else PageState.LISTED


class PageTable:
    """Pages by id and by handle, in the order they were listed. Handles are ``p1``, ``p2``, ... and never change."""

    def __init__(self) -> None:
        self._entries: dict[str, PageTableEntry] = {}
        self._ids: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[PageTableEntry]:
        return iter(self._entries.values())

    def __contains__(self, page_id: object) -> bool:
        return page_id in self._entries

    def __getitem__(self, page_id: str) -> PageTableEntry:
        try:
            return self._entries[page_id]
        except KeyError:
            raise UnknownPageError(page_id) from None

    def list_page(self, page_id: str, *, token_count: int, line_count: int, provenance: str = "") -> Page:
        """Makes a page known, or returns the page that is known already by this id."""
        if page_id in self._entries:
            return self._entries[page_id].page
        page = Page(page_id, f"p{len(self._entries) + 1}", token_count, line_count, provenance)
        self._entries[page_id] = PageTableEntry(page)
        self._ids[page.handle] = page_id
        return page

    def by_handle(self, handle: str) -> PageTableEntry:
        """The entry with this handle; raises ``UnknownPageError``."""
        try:
            return self._entries[self._ids[handle]]
        except KeyError:
            raise UnknownPageError(handle) from None

    def frames(self) -> list[Frame]:
        """The frames of all resident pages, in the order the pages were listed."""
        return [entry.frame for entry in self._entries.values() if entry.frame is not None]
