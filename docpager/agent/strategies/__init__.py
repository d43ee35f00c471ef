"""The usual set-ups, for comparison: the same archive, model, limits and citations, but no paging."""

from __future__ import annotations

from docpager.agent.sitting import Sitting
from docpager.agent.strategies.given_pages import TopK, Truncate
from docpager.agent.strategies.summarize import Summarize
from docpager.settings import SUMMARIZE, TOP_K, TRUNCATE

SITTINGS: dict[str, type[Sitting]] = {TOP_K: TopK, TRUNCATE: Truncate, SUMMARIZE: Summarize}
"""By the name that ``--strategy`` takes; all others are paged."""
