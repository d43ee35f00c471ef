"""Words that a line's end broke in two: searched for as one too, while the text stays as it is printed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

MOST_JOINED = 40
"""Of one segment."""
LONGEST = 60

_HYPHENS = "-\u2010\u00ad"
_JOINTS = frozenset([*_HYPHENS, "_", *"0123456789"])
_HYPHEN = re.compile(f"[{_HYPHENS}]")
# Some readers of PDF files put the halves on one line again, so that a broken word looks like a compound.
_SECOND = re.compile(r"[ \t]*\n?[ \t]*([^\W\d_]+)")
_FIRST = re.compile(r"[^\W\d_]+\Z")
_OPENING = ("", "(", '"', "“", "„", "«", "'", "‘", "[")
_CLOSING = (
    "",
    ".",
    ",",
    ";",
    ":",
    ")",
    "?",
    "!",
    '"',
    "”",
    "“",
    "»",
    "'",
    "’",
    "’s",
    "'s",
    ").",
    "),",
    ".”",
    ",”",
    "]",
)


class BrokenWords:
    """Finds the broken words of one document, whose other words tell them from compounds."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._words: set[str] | None = None
        self._known: dict[str, bool] = {}

    def joined(self, text: str) -> list[str]:
        """The words of a text that hyphens break, as one word each; compounds whose parts are words are none.

        A word counts as broken where the document has it in one piece, or does not have both of its pieces as words.
        """
        found = dict.fromkeys(a + b for a, b in _halves(text) if self._is_broken(a.casefold(), b.casefold()))
        return list(found)[:MOST_JOINED]

    def _is_broken(self, first: str, second: str) -> bool:
        return self._has(first + second) or not (self._has(first) and self._has(second))

    def _has(self, word: str) -> bool:
        """Whether the document has a word, not as a part of another or of a compound."""
        known = self._known.get(word)
        if known is None:
            if self._words is None:
                self._words = set(itertools.chain.from_iterable(text.casefold().split() for text in self._texts))
            written = (f"{before}{word}{after}" for before in _OPENING for after in _CLOSING)
            known = self._known[word] = not self._words.isdisjoint(written)
        return known


def _halves(text: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind each hyphen between small letters; compounds of three parts or more are left."""
    for hyphen in _HYPHEN.finditer(text):
        at = hyphen.start()
        if at < 2 or not text[at - 1].isalpha():
            continue
        second = _SECOND.match(text, at + 1)
        if second is None or len(second[1]) < 2 or not second[1][0].islower():
            continue
        first = _FIRST.search(text, max(0, at - LONGEST), at)
        if first is None or len(first[0]) < 2:
            continue
        if (
            text[first.start() - 1 : first.start()] not in _JOINTS
            and text[second.end() : second.end() + 1] not in _JOINTS
        ):
            yield first[0], second[1]
