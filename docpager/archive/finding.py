"""Which segments may hold a string, by the full-text index: a scan of a million texts takes most of a second."""

from __future__ import annotations

from typing import Any

from docpager.archive.filters import cleaned

SCANNED = 20_000
"""So many segments are scanned as quickly as an index is asked."""
MOST = 5_000
"""Where more segments hold the words, a scan is as quick."""


def rows_with_words(segments: Any, pattern: str, condition: str | None) -> list[int] | None:
    """The rows that hold all words that stand whole in a pattern, so all that hold it; None where a scan is better.

    A pattern's first and last word may be parts of longer ones, and stop words are not in the index: where no other
    word is left, nothing is known.
    """
    inside = _whole_words(cleaned(pattern))
    if not inside or segments.count_rows() < SCANNED:
        return None
    from lancedb.query import FullTextOperator, MatchQuery

    words = MatchQuery(inside, "search_text", operator=FullTextOperator.AND)  # type: ignore[call-arg]  # has defaults
    found = segments.search(words, query_type="fts").select(["_score"])
    if condition:
        found = found.where(condition, prefilter=True)
    rows: list[int] = found.with_row_id(True).limit(MOST).to_arrow()["_rowid"].to_pylist()
    return rows if 0 < len(rows) < MOST else None


def _whole_words(pattern: str) -> str:
    """The pattern between its first blank and its last."""
    pieces = pattern.split()
    first = 0 if pattern[0].isspace() else 1
    last = len(pieces) if pattern[-1].isspace() else len(pieces) - 1
    return " ".join(pieces[first:last])
