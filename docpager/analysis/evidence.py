"""Where an answer looked and what it cites, beside where the gold evidence stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docpager.lines import line_spans
from docpager.protocols import Archive
from docpager.records import Citation

MOST_LINES, MOST_WORDS = 3, 90
"""Only so much of what an answer cites counts as its evidence: who cites everything has shown nothing."""

PaperPage = tuple[str, int]
"""A document's path and the number of one of its paper pages, from 1."""


@dataclass(frozen=True, slots=True)
class PagesReached:
    """The paper pages that bear the answer, and those that were read and cited."""

    gold: frozenset[PaperPage]
    read: frozenset[PaperPage]
    cited: frozenset[PaperPage]

    @property
    def any_read(self) -> bool:
        """Whether one of the gold pages was in memory before the answer."""
        return bool(self.gold & self.read)

    @property
    def all_read(self) -> bool:
        """Whether each of them was."""
        return self.gold <= self.read

    @property
    def any_cited(self) -> bool:
        """Whether the answer cites one of them."""
        return bool(self.gold & self.cited)


def pages_of(archive: Archive, segment_ids: Sequence[str]) -> frozenset[PaperPage]:
    """The paper pages that segments stand on; ids that are not in the archive are left out."""
    found = set()
    for segment in archive.segments(list(dict.fromkeys(segment_ids))):
        document = archive.document(segment.doc_id)
        if document is not None:
            found.add((document.path, segment.page_number))
    return frozenset(found)


def evidence_texts(archive: Archive, citations: Iterable[Citation]) -> list[str]:
    """The texts cited, one a citation, as far as the first 3 lines and 90 words of the answer go.

    A line is a citable one (``docpager.lines``): a quote that spans several counts each of them.
    """
    lines, words = MOST_LINES, MOST_WORDS
    texts = []
    for citation in citations:
        kept: list[str] = []
        for line in lines_of(archive, citation):
            if not lines or not words:
                break
            said = line.split()[:words]
            lines, words = lines - 1, words - len(said)
            kept.append(" ".join(said))
        if kept:
            texts.append(" ".join(kept))
    return texts


def lines_of(archive: Archive, citation: Citation) -> Iterator[str]:
    """The citable lines a citation's quote stands on, as far as it covers them; the quote itself where that is lost."""
    found = archive.segments([citation.segment_id]) if citation.segment_id else []
    if not found or citation.char_start is None or citation.char_end is None:
        yield citation.quote
        return
    [segment] = found
    start, end = citation.char_start - segment.char_start, citation.char_end - segment.char_start
    for first, last in line_spans(segment.text, segment.kind):
        if first < end and last > start:
            yield segment.text[max(first, start) : min(last, end)]


def bears(texts: Iterable[str], answers: Iterable[str]) -> bool:
    """Whether a text holds one of the answers, compared by letters and digits in lower case."""
    held = [letters_and_digits(text) for text in texts]
    wanted = [letters_and_digits(answer) for answer in answers]
    return any(answer in text for answer in wanted if answer for text in held)


def bears_words(texts: Iterable[str], answers: Iterable[str]) -> bool:
    """Whether a text holds one of the answers as whole words: ``30`` is not in ``1930``."""
    held = [f" {' '.join(_words(text))} " for text in texts]
    wanted = [" ".join(_words(answer)) for answer in answers]
    return any(f" {answer} " in text for answer in wanted if answer for text in held)


def letters_and_digits(text: str) -> str:
    """The text's letters and digits in lower case, nothing between them."""
    return "".join(_words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
