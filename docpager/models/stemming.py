"""Words and their stems, for matching a question's words to a line's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_STOP_WORDS = """
a about above after again all also am an and any are as at based be because been before being below between both but by
can could did do does doing down during each either every few for from further given had has have having he her here
hers him his how i if in into is it its one itself just like many may me more most much must my no nor not of off on
once only or other our out over own please provide per same shall she should so some such tell than that the their them
then there these they this those through to too under until up us very was we were what when where which while who whom
whose why will with within without would you your s t d ll re ve
answer answers answered question following respond using use according primarily details outlined clearly information
provided basis assuming perspective standpoint round rounded decimal place places units unit calculate compute extract
defined judgments judgment give solution state explain approach asked access
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing of what is asked: function words, and the words in which tasks are set."""

_MEASURE_WORDS = """
usd eur gbp dollar dollars euro euros million millions billion billions thousand thousands mn bn amount amounts value
values number year years end ended fiscal fy period percent percentage
"""
MEASURE_WORDS = frozenset(_MEASURE_WORDS.split())
"""Words for units, scales and periods: they say how an answer is measured, not what it is about."""

WORD = re.compile(r"[^\W_]+(?:[.'’&-][^\W_]+)*")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word's Snowball stem, in lower case, without a possessive ending."""
    return str(_stemmer().stemWord(re.sub(r"['’]s?$", "", word.lower())))


def stems(text: str) -> list[str]:
    """The stemmed words of a text in order, stop words left out."""
    return [stem(word) for word in WORD.findall(text) if word.lower() not in STOP_WORDS]


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
