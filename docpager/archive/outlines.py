"""A document's outline, read off the headings its segments bear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from docpager.records import OutlineEntry, Segment


@dataclass(slots=True)
class _Heading:
    headings: tuple[str, ...]
    page_number: int
    first_segment_id: str
    segment_count: int = 0
    token_count: int = 0


def outline_of(segments: Iterable[Segment]) -> list[OutlineEntry]:
    """Every heading in order, outer ones before inner; counts are of all segments below a heading, at any depth.

    A heading that comes again after another of its depth is an entry of its own.
    """
    entries: list[_Heading] = []
    open_headings: list[_Heading] = []
    for segment in segments:
        kept = _shared(open_headings[-1].headings if open_headings else (), segment.headings)
        del open_headings[kept:]
        for depth in range(kept + 1, len(segment.headings) + 1):
            entry = _Heading(segment.headings[:depth], segment.page_number, segment.segment_id)
            entries.append(entry)
            open_headings.append(entry)
        for entry in open_headings:
            entry.segment_count += 1
            entry.token_count += segment.token_count
    return [
        OutlineEntry(e.headings, e.page_number, e.first_segment_id, e.segment_count, e.token_count) for e in entries
    ]


def _shared(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    depth = 0
    while depth < min(len(first), len(second)) and first[depth] == second[depth]:
        depth += 1
    return depth
