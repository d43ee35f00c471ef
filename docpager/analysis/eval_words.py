"""Whether an answer's words are the gold answer's: exact match and token F1, as SQuAD has them.

Both are those of Rajpurkar et al. 2016 (SQuAD, arXiv 1606.05250, section 6.1): lower case, no ASCII punctuation, no
articles, blanks folded; with several gold answers the best counts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MARKERS = re.compile(r"\s?\[\d+\]")


def said(answer: str | None) -> str:
    """An answer's words without the numbers of its citations."""
    return _MARKERS.sub("", answer or "").strip()


def normalized(text: str) -> str:
    """A text as SQuAD compares it.

    >>> normalized("The  Quern Line, a ferry.")
    'quern line ferry'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, golds: Iterable[str]) -> bool:
    """Whether the answer is one of the gold answers, both normalized."""
    return any(normalized(answer) == normalized(gold) for gold in golds)


def token_f1(answer: str, golds: Iterable[str]) -> float:
    """The harmonic mean of precision and recall of the answer's words, from 0 to 1; the best of all gold answers.

    >>> round(token_f1("80,460 passengers in 2023", ["80,460"]), 2)
    0.4
    """
    return max((_f1(normalized(answer).split(), normalized(gold).split()) for gold in golds), default=0.0)


def _f1(answer: list[str], gold: list[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    shared = sum((Counter(answer) & Counter(gold)).values())
    return 2 * shared / (len(answer) + len(gold))
