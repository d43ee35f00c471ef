"""Which indexes the tables have, and when it pays to renew them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from docpager.archive.full_text import differs, full_text_config, languages_of
from docpager.archive.tables import Tables

VECTOR_INDEX_FROM = 100_000
"""Below so many segments an exact search is as quick as an indexed one."""
LARGE = 100_000
"""From so many rows on, renewing a table's indexes takes seconds, whatever was added: half a minute of a million."""
FEW_NEW = 100
"""So many new rows of a large table are left to be searched without an index: that takes some milliseconds."""


def make_indexes(tables: Tables, *, dimensions: int) -> None:
    """Makes the indexes that are missing; those that are there stay as they are."""
    from lancedb.index import BTree, IvfSq

    segments = tables.segments
    count = segments.count_rows()
    if not count:
        return
    _ensure_full_text(segments, languages_of(tables.documents))
    for column in ("segment_id", "doc_id"):
        _ensure_index(segments, column, BTree())
    _ensure_index(tables.pages, "doc_id", BTree())
    _ensure_index(tables.documents, "doc_id", BTree())
    if dimensions and count >= VECTOR_INDEX_FROM:
        # With so many partitions a search of a million takes a third of what the default's does, at equal recall.
        _ensure_index(segments, "vector", IvfSq(distance_type="cosine", num_partitions=math.isqrt(count)))


def is_indexed(table: Any) -> bool:
    """Whether each row of a table stands in its indexes, or so few are missing that they may."""
    return has_few_new_rows(table) or not any(index.num_unindexed_rows for index in table.list_indices())


def has_few_new_rows(table: Any) -> bool:
    """Whether a table is large and so little of it is new that renewing its indexes would not pay yet."""
    indexes = table.list_indices()
    if not indexes or table.count_rows() < LARGE:
        return False
    return all((index.num_unindexed_rows or 0) <= FEW_NEW for index in indexes)


def _ensure_full_text(segments: Any, languages: Mapping[str, int]) -> None:
    present = [index for index in segments.list_indices() if index.columns == ["search_text"]]
    details = (present[0].index_details or {}) if present else {}
    config = full_text_config(languages, details)
    if not present or differs(config, details):
        segments.create_index("search_text", config=config, replace=True)


def _ensure_index(table: Any, column: str, config: Any) -> None:
    if not any(index.columns == [column] for index in table.list_indices()):
        table.create_index(column, config=config, replace=True)
