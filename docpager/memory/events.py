"""What happens in memory, as values. A fault is an event; only a mistake is an exception."""

from __future__ import annotations

from dataclasses import dataclass

from docpager.memory.page import LineRange


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEvent:
    """Base of all events: the pages it is about, their tokens, and resident tokens before and after."""

    page_ids: tuple[str, ...] = ()
    page_tokens: tuple[int, ...] = ()
    tokens_before: int
    tokens_after: int
    capacity: int

    @property
    def name(self) -> str:
        """The event's name in the trace."""
        return type(self).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFault(MemoryEvent):
    """A reference to lines that are not resident."""

    lines: LineRange
    refault: bool
    """Some of these lines were resident before: they were evicted or paged out and are wanted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHit(MemoryEvent):
    """A reference to lines that are resident."""

    lines: LineRange


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIn(MemoryEvent):
    """Lines of a page came into the context."""

    lines: LineRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefetch(MemoryEvent):
    """Lines of a page came into the context that nobody has asked for yet."""

    lines: LineRange


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOut(MemoryEvent):
    """A page left because it was asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction(MemoryEvent):
    """A page left because room was needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(MemoryEvent):
    """A page must stay until it is unpinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpin(MemoryEvent):
    """A page may be evicted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPressure(MemoryEvent):
    """Resident tokens passed the pressure watermark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaim(MemoryEvent):
    """One batch of evictions ended; the pages are its victims in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRefused(MemoryEvent):
    """A page did not fit and was not paged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized(MemoryEvent):
    """The capacity changed."""

    capacity_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrashing(MemoryEvent):
    """Pages go and come back faster than they are worked with; ``action`` is what was done about it."""

    refault_rate: float
    working_set_tokens: int
    action: str
