"""Search by words in common: enough for what one run was shown and wrote."""

from __future__ import annotations

import re

LETTERS = 6
"""Words are the same when so many of their first letters are."""
_WORD = re.compile(r"[^\W_]{2,}")


class WordOverlap:
    """Texts in order, each with some words beside it that only decide between equals.

    What is added is not looked into before the first search: most questions never make one.
    """

    def __init__(self) -> None:
        self._words: list[tuple[frozenset[str], frozenset[str]]] = []
        self._added: list[tuple[str, str]] = []

    def add(self, text: str, beside: str = "") -> None:
        """Makes a text known."""
        self._added.append((text, beside))

    def search(self, query: str) -> list[int]:
        """Positions of the texts that share words with a query, most words first, of equals the latest."""
        self._words += [(_words(text), _words(beside)) for text, beside in self._added]
        self._added.clear()
        wanted = _words(query)
        scored = [(len(wanted & text), len(wanted & beside), n) for n, (text, beside) in enumerate(self._words)]
        return [n for shared, _, n in sorted(scored, reverse=True) if shared]


def shared_words(query: str, text: str) -> int:
    """How many words of a query a text shares."""
    return len(_words(query) & _words(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(word[:LETTERS] for word in _WORD.findall(text.lower()))
