"""Citable lines: how a segment's text divides into the lines a model can address.

A line is a table row or a printed line of a PDF, a sentence elsewhere, and never longer than 300 characters. Spans are
offsets into the segment's text: ``text[start:end]`` is the quote, ``segment.char_start + start`` its place on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docpager.records import SegmentKind

MAX_LINE_CHARACTERS = 300
CELL_SEPARATOR = " | "

Span = tuple[int, int]

_ABBREVIATION_WORDS = """
mr mrs ms dr prof st sr jr vs no nos inc ltd co corp cf eg ie al approx dept est fig figs vol pp ca art sec cl para
jan feb mar apr jun jul aug sep sept oct nov dec gen col capt lt sgt rev hon u.s u.k e.g i.e a.m p.m
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_WORDS.split())
_SENTENCE_END = re.compile(r"""[.!?…。！？]+["'”’)\]]*(?=\s+|$)|(?<=[。！？])""")
_ENUMERATOR = re.compile(r"\d{1,3}|[ivx]{1,4}")
_WORD_BEFORE = re.compile(r"(\S+)$")


def line_spans(text: str, kind: SegmentKind) -> list[Span]:
    """The spans of a segment's citable lines, in order; blank ones are left out, so line n is ``spans[n - 1]``."""
    spans: list[Span] = []
    for start, end in _physical_lines(text):
        if kind is SegmentKind.TEXT and CELL_SEPARATOR not in text[start:end]:
            pieces: Iterator[Span] = _sentences(text, start, end)
        else:
            pieces = iter([(start, end)])
        for piece in pieces:
            spans.extend(_bounded(text, *_trimmed(text, *piece)))
    return spans


def _physical_lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        found = text.find("\n", start)
        end = found if found >= 0 else len(text)
        if not text[start:end].isspace() and start < end:
            yield start, end
        start = end + 1


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        if match.end() < end and not _ends_sentence(text, begin, match):
            continue
        if match.end() > begin:
            yield begin, match.end()
            begin = match.end()
    if text[begin:end].strip():
        yield begin, end


def _ends_sentence(text: str, begin: int, match: re.Match[str]) -> bool:
    if not match.group().startswith("."):
        return True
    following = text[match.end() : match.end() + 8].lstrip()[:1]
    if following.islower():
        return False
    word = _WORD_BEFORE.search(text, begin, match.start())
    if word is None:
        return False
    bare = word.group(1).strip("(\"'“‘[").lower()
    is_initial = len(bare) == 1 and bare.isalpha()
    is_enumerator = bool(_ENUMERATOR.fullmatch(bare)) and not text[begin : word.start()].strip()
    return not (is_initial or is_enumerator or bare in _ABBREVIATIONS)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > MAX_LINE_CHARACTERS:
        cut = text.rfind(" ", start + MAX_LINE_CHARACTERS // 2, start + MAX_LINE_CHARACTERS)
        cut = cut if cut > start else start + MAX_LINE_CHARACTERS
        yield _trimmed(text, start, cut)
        start, end = _trimmed(text, cut, end)
    if start < end:
        yield start, end
