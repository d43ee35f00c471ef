"""Pages and the frames that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class LineRange:
    """Lines ``first`` to ``last`` of a page, from 1, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"Lines {self.first}-{self.last} are no range: lines count from 1, first to last.")

    def __contains__(self, other: object) -> bool:
        return isinstance(other, LineRange) and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: LineRange) -> bool:
        """Whether the two share a line."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Page:
    """A segment as memory sees it: the unit of transfer between archive and context."""

    page_id: str
    """The segment's id."""
    handle: str
    """Its short name while one question is worked on, as in ``p7``."""
    token_count: int
    """Tokens of the whole page as it would be shown."""
    line_count: int
    provenance: str = ""
    """For messages: file and paper page, as in ``acme-10k.pdf, page 42``."""

    @property
    def all_lines(self) -> LineRange:
        """The range that is the whole page."""
        return LineRange(1, self.line_count)


@dataclass(frozen=True, slots=True)
class Extent:
    """Some lines of a page, shown at one place of the context."""

    lines: LineRange
    token_count: int


@dataclass(slots=True)
class Frame:
    """The place in the context that holds one page, or some of its lines."""

    page: Page
    loaded_at: int
    """The pager's reference count when the page came in."""
    last_reference: int
    reference_count: int = 1
    pinned: bool = False
    extents: list[Extent] = field(default_factory=list)

    @property
    def page_id(self) -> str:
        """The id of the page it holds."""
        return self.page.page_id

    @property
    def token_count(self) -> int:
        """Tokens that all its extents take."""
        return sum(extent.token_count for extent in self.extents)

    def holds(self, lines: LineRange) -> bool:
        """Whether one extent shows all of these lines."""
        return any(lines in extent.lines for extent in self.extents)
