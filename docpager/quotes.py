"""Finding a quote in a text: letter for letter, or by its letters and digits alone.

The same passage comes out of two readers with other spaces, dashes, ligatures and line breaks, so a quote that is not
there letter for letter is looked for among the letters and digits only, with a map of offsets back to the text. Two
things keep that from saying too much: a number is never matched in part, and the mark inside a number counts, so that
``1.5`` is not found in ``15``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeVar

LONG_ENOUGH_TO_START_INSIDE_A_WORD = 16
"""Letters and digits a quote needs before it may begin or end inside a word, as it does where a reader lost a space."""

Key = TypeVar("Key")

_MARK_IN_NUMBER = re.compile(r"(?<=\d)(?:\.|,(?!\d{3}(?!\d)))(?=\d)")
_NUMBER_GOES_ON = re.compile(r"[.,]?\d")


@dataclass(frozen=True, slots=True)
class QuoteMatch:
    """Where a quote stands: ``text[start:end]``."""

    start: int
    end: int
    score: float
    """From 0 to 1: how many characters, blanks and case aside, quote and text have in common; 1.0 where exact."""
    exact: bool
    """Letter for letter; otherwise the same letters and digits."""


class QuotableText:
    """A text prepared once to have many quotes looked up in it."""

    __slots__ = ("_letters", "_offsets", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._letters: str | None = None
        self._offsets: list[int] = []

    def find(self, quote: str) -> QuoteMatch | None:
        """The first place where the quote stands, an exact one before any other; None where it does not."""
        if not quote.strip():
            return None
        wanted, wanted_offsets = _letters_and_digits(quote)
        return self._find_exact(quote, len(wanted)) or self._find_letters(quote, wanted, wanted_offsets)

    def _find_exact(self, quote: str, size: int) -> QuoteMatch | None:
        start = self.text.find(quote)
        while start >= 0:
            if _may_stand(self.text, start, start + len(quote), size):
                return QuoteMatch(start, start + len(quote), 1.0, exact=True)
            start = self.text.find(quote, start + 1)
        return None

    def _find_letters(self, quote: str, wanted: str, wanted_offsets: list[int]) -> QuoteMatch | None:
        if not wanted:
            return None
        if self._letters is None:
            self._letters, self._offsets = _letters_and_digits(self.text)
        at = self._letters.find(wanted)
        while at >= 0:
            offsets = self._offsets[at : at + len(wanted)]
            start, end = offsets[0], offsets[-1] + 1
            if (
                self._covers_whole_characters(at, at + len(wanted))
                and _may_stand(self.text, start, end, len(wanted))
                and _numbers_agree(quote, wanted_offsets, self.text, offsets)
            ):
                return QuoteMatch(start, end, _likeness(quote, self.text[start:end]), exact=False)
            at = self._letters.find(wanted, at + 1)
        return None

    def _covers_whole_characters(self, first: int, last: int) -> bool:
        # One character can stand for several letters (a ligature, a fraction): no match may end inside it.
        begins = first == 0 or self._offsets[first - 1] != self._offsets[first]
        return begins and (last == len(self._offsets) or self._offsets[last] != self._offsets[last - 1])


def find_quote(quote: str, text: str) -> QuoteMatch | None:
    """Where a quote stands in a text; None where it does not. A blank quote stands nowhere."""
    return QuotableText(text).find(quote)


def locate(quote: str, candidates: Iterable[tuple[Key, str]]) -> tuple[Key, QuoteMatch] | None:
    """The first candidate (a key with its text) that holds the quote exactly, else the first that holds it at all."""
    found: tuple[Key, QuoteMatch] | None = None
    for key, text in candidates:
        match = find_quote(quote, text)
        if match is not None and match.exact:
            return key, match
        if match is not None and found is None:
            found = key, match
    return found


@lru_cache(maxsize=65536)
def _folded(character: str) -> str:
    # Compatibility forms come apart (a ligature, a fraction, a full-width digit) and accents follow their letter, so
    # that composed and decomposed text agree; a mark that stands alone, like a spacing acute, is punctuation.
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    if not (parts[:1].isalnum() or unicodedata.category(character) in ("Mn", "Mc")):
        return ""
    return "".join(part for part in parts if part.isalnum() or unicodedata.category(part) in ("Mn", "Mc"))


def _letters_and_digits(text: str) -> tuple[str, list[int]]:
    """The folded letters and digits of a text, and for each the offset of the character it comes from."""
    letters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        folded = _folded(character)
        letters.append(folded)
        offsets.extend([offset] * len(folded))
    return "".join(letters), offsets


def _may_stand(text: str, start: int, end: int, size: int) -> bool:
    """Whether ``text[start:end]`` cuts no number, and no word unless it is long."""
    if text[start].isdigit() and _NUMBER_GOES_ON.match(text[max(0, start - 2) : start][::-1]):
        return False
    if text[end - 1].isdigit() and _NUMBER_GOES_ON.match(text[end : end + 2]):
        return False
    if size >= LONG_ENOUGH_TO_START_INSIDE_A_WORD:
        return True
    cuts_before = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
    cuts_after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not (cuts_before or cuts_after)


def _numbers_agree(quote: str, quote_offsets: list[int], text: str, text_offsets: list[int]) -> bool:
    """Whether every decimal mark of one side stands on the other too, blanks aside."""
    sides = ((quote, quote_offsets, text, text_offsets), (text, text_offsets, quote, quote_offsets))
    return all(_marks_of_one_stand_in_other(*side) for side in sides)


def _marks_of_one_stand_in_other(one: str, one_offsets: list[int], other: str, other_offsets: list[int]) -> bool:
    start, end = one_offsets[0], one_offsets[-1] + 1
    index_of = {offset: index for index, offset in enumerate(one_offsets)}
    for mark in _MARK_IN_NUMBER.finditer(one, start, end):
        before = index_of.get(mark.start() - 1)
        if before is None or before + 1 >= len(other_offsets):
            continue
        if other[other_offsets[before] + 1 : other_offsets[before + 1]].strip() != mark.group():
            return False
    return True


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, _without_blanks(a), _without_blanks(b), autojunk=False).quick_ratio()


def _without_blanks(text: str) -> str:
    return "".join(unicodedata.normalize("NFKD", text).casefold().split())
