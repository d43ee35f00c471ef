"""The lines of a page that bear on a question: for pages too large to be shown whole."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from docpager.memory import LineRange

LETTERS = 6
"""Words are the same when so many of their first letters are."""
MOST_RANGES = 4
_ASKING_WORDS = """
the and for are was were did does has had have its his her who how why what which when where with that this from into
much many please answer number unit date list
"""
_ASKING = frozenset(_ASKING_WORDS.split())
_WORD = re.compile(r"\d[\d.,]*\d|\w{3,}")


def bearing_ranges(
    lines: Sequence[str], question: str, fits: Callable[[Sequence[LineRange]], bool]
) -> tuple[LineRange, ...]:
    """Ranges around the lines that share words with the question, best first while they fit, in the page's order.

    A word counts the more, the fewer lines have it; each line brings its neighbours. Empty where no line shares one
    or not even one fits.
    """
    asked = _words(question)
    shared = [_words(line) & asked for line in lines]
    common = Counter(word for words in shared for word in words)
    scores = [sum(math.log(1 + len(lines) / common[word]) for word in words) for words in shared]
    chosen: tuple[LineRange, ...] = ()
    for n in sorted((n for n, score in enumerate(scores) if score), key=lambda n: (-scores[n], n)):
        alone, with_neighbours = {n + 1}, {max(1, n), n + 1, min(len(lines), n + 2)}
        for added in (with_neighbours, alone):
            ranges = _ranges(added.union(*(range(r.first, r.last + 1) for r in chosen)))
            if len(ranges) <= MOST_RANGES and fits(ranges):
                chosen = ranges
                break
    return chosen


def _words(text: str) -> set[str]:
    return {word[:LETTERS] for word in _WORD.findall(text.lower()) if word not in _ASKING}


def _ranges(numbers: Iterable[int]) -> tuple[LineRange, ...]:
    """Runs of line numbers; a gap of one line is filled, which costs less than to begin a range anew."""
    ranges: list[LineRange] = []
    for number in sorted(numbers):
        if ranges and number <= ranges[-1].last + 2:
            ranges[-1] = LineRange(ranges[-1].first, number)
        else:
            ranges.append(LineRange(number, number))
    return tuple(ranges)
