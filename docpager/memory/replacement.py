"""Replacement policies: who has to go when room is needed.

A new policy is one class here, one line in ``REPLACEMENT_POLICIES``, and one row of tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from docpager.memory.page import Frame


class ReplacementPolicy(Protocol):
    """Chooses victims. It is told of every load, reference and removal, so that it may keep a state of its own."""

    def loaded(self, frame: Frame) -> None:
        """A page came into this frame."""

    def referenced(self, frame: Frame) -> None:
        """The page in this frame was referenced while resident."""

    def removed(self, frame: Frame) -> None:
        """The page left: evicted or paged out."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame to evict, one of ``evictable``, which is never empty and holds no pinned frame."""


class _Stateless:
    """The hooks of a policy that needs no more than what frames record."""

    def loaded(self, frame: Frame) -> None:
        """Nothing to remember."""

    def referenced(self, frame: Frame) -> None:
        """Nothing to remember."""

    def removed(self, frame: Frame) -> None:
        """Nothing to remember."""


class FifoPolicy(_Stateless):
    """Evicts the page that came in longest ago."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame loaded first."""
        return min(evictable, key=lambda frame: frame.loaded_at)


class LruPolicy(_Stateless):
    """Evicts the page referenced longest ago."""

    def victim(self, evictable: Sequence[Frame]) -> Frame:
        """The frame whose last reference is oldest."""
        return min(evictable, key=lambda frame: frame.last_reference)


REPLACEMENT_POLICIES: Mapping[str, Callable[[], ReplacementPolicy]] = {
    "fifo": FifoPolicy,
    "lru": LruPolicy,
}
