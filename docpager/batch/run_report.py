"""How far a run is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from docpager.errors import DocpagerError


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is, over all its sittings."""

    done: int
    total: int
    tokens: int
    """Prompt and completion tokens of this sitting."""
    cost_usd: float | None
    """Of this sitting; None where no price is known."""
    statuses: Mapping[str, int]


class Progress(Protocol):
    """Is told how far a run is."""

    def update(self, progress: RunProgress) -> None:
        """Called once at the start and after every finished question."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended."""

    folder: Path
    run_id: str
    exit_code: int
    """0; 3 where rows failed; 4 at a budget; 75 or 78 where an error stopped it; 130 or 143 where a signal did."""
    counts: Mapping[str, int]
    """Answer rows by exit_status."""
    usage: Mapping[str, float | None]
    """Sums over all rows, by column."""
    seconds: float
    asked: int
    """Questions finished in this sitting."""
    carried: int = 0
    """Answers carried over in this sitting from an earlier run."""
    asked_again: Mapping[str, int] = field(default_factory=dict)
    """Why the others of them were not."""
    since: str | None = None
    """The folder of that run."""
    resumed: bool = False
    already_finished: bool = False
    """The run was finished before; nothing was asked."""
    error: DocpagerError | None = None
    """What stopped the run."""
