"""Which indexes the tables have, and when it pays to renew them."""

from __future__ import annotations

import math
from typing import Any

from docpager.archive.tables import Tables

VECTOR_INDEX_FROM = 100_000
"""Below so many segments an exact search is as quick as an indexed one."""
LARGE = 100_000
"""From so many rows on, renewing a table's indexes takes seconds, whatever was added: half a minute of a million."""
FEW_NEW = 100
"""So many new rows of a large table are left to be searched without an index: that takes some milliseconds."""


def make_indexes(tables: Tables, *, dimensions: int) -> None:
    """Makes the indexes that are missing; those that are there stay as they are."""
    from lancedb.index import FTS, BTree, IvfSq

    segments = tables.segments
    count = segments.count_rows()
    if not count:
        return
    # With positions, which a phrase needs, it is half as large again: a third of a gigabyte of a million segments.
    full_text = FTS(with_position=True, stem=True, remove_stop_words=True)
    for column, index in (("search_text", full_text), ("segment_id", BTree()), ("doc_id", BTree())):
        _ensure_index(segments, column, index)
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


def _ensure_index(table: Any, column: str, config: Any) -> None:
    present = [index for index in table.list_indices() if index.columns == [column]]
    # Full-text indexes were once made without positions.
    outdated = getattr(config, "with_position", False) and any(not _has_positions(index) for index in present)
    if not present or outdated:
        table.create_index(column, config=config, replace=True)


def _has_positions(index: Any) -> bool:
    return bool((index.index_details or {}).get("with_position"))
