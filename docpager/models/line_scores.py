"""How well each line of the pages shown bears on a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docpager.models.question_words import AnswerForm, QuestionWords, stems
from docpager.records.views import PageView

HEADING_WEIGHT = 0.6
"""A word that stands only in the headings, column heads or document name counts this much."""
NEIGHBOUR_WEIGHT = 0.5
"""A word that stands only in the line before or after counts this much."""
PAGE_WEIGHT = 0.3
"""A word that stands only elsewhere on the page counts this much."""
RANK_DECAY = 0.03
"""A line of the page that search ranked nth is worth 1 / (1 + RANK_DECAY * (n - 1)) of one on the first."""
YEAR_WEIGHT = 1.5
"""A year of the question counts this much beside its words."""
WRONG_FORM = 0.6
"""A line without the form of answer asked for keeps this share of its score."""

_FORMS = {
    AnswerForm.AMOUNT: re.compile(
        r"(?<![\w.])[$€£]?\(?\d[\d,.]*\)?\s?%?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred|"
        r"thousand|million|half)\b",
        re.IGNORECASE,
    ),
    AnswerForm.DATE: re.compile(
        r"\b(?:19|20)\d\d\b|\b1[0-8]\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|"
        r"december)\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b",
        re.IGNORECASE,
    ),
    AnswerForm.PERSON: re.compile(r"\b[A-Z][\w'’.-]+\s+(?:[A-Z][\w'’.-]*\s+)?[A-Z][\w'’-]+|\b(?:Mr|Mrs|Ms|Dr)\b"),
    AnswerForm.PLACE: re.compile(r"(?<!^)\b[A-Z][a-z]+"),
}


_PLACES = (1.0, HEADING_WEIGHT, NEIGHBOUR_WEIGHT, PAGE_WEIGHT)
RUN_TOGETHER = 4
"""A word of at least so many letters is found in a document's name even where words are run together."""


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """One line with its address and how well it bears on the question, from 0 to 1."""

    handle: str
    number: int
    text: str
    document: str
    score: float

    @property
    def address(self) -> str:
        """The line's address."""
        return f"{self.handle}:{self.number}"


class LineScorer:
    """Scores lines by the share of the question's words they bear, rare words counting more."""

    def __init__(self, words: QuestionWords, texts: Iterable[str]) -> None:
        self._words = words
        frequencies: Counter[str] = Counter()
        total = 0
        for text in texts:
            total += 1
            frequencies.update(set(stems(text)) & set(words.terms))
        self._weights = {t: 1 + math.log((total + 1) / (frequencies[t] + 1)) for t in words.terms}
        self._whole = sum(self._weights.values()) + YEAR_WEIGHT * len(words.years) or 1.0

    def page(self, page: PageView, rank: int = 1) -> list[ScoredLine]:
        """The scores of the lines of a page that search ranked so."""
        around = set(stems(" ".join([page.document, *page.headings, *page.columns])))
        around |= {term for term in self._words.terms if len(term) >= RUN_TOGETHER and term in _letters(page.document)}
        years = {y for y in self._words.years if y in f"{page.document} {page.headings} {page.columns}"}
        lines = [set(stems(text)) for _, text in page.lines]
        anywhere = set().union(*lines)
        prior = 1 / (1 + RANK_DECAY * (rank - 1))
        scored = []
        for n, (number, text) in enumerate(page.lines):
            neighbours = set().union(*lines[max(0, n - 1) : n], *lines[n + 1 : n + 2])
            own_years = years | {y for y in self._words.years if y in text}
            score = self._score([lines[n], around, neighbours, anywhere], own_years) * self._form(text) * prior
            scored.append(ScoredLine(page.handle, number, text, page.document, score))
        return scored

    def _score(self, places: Sequence[set[str]], years: set[str]) -> float:
        """The share of the question that stands in the line, its headings, its neighbours and its page."""
        if not places[0] & self._weights.keys():
            return 0.0
        score = YEAR_WEIGHT * len(years)
        for term, weight in self._weights.items():
            score += weight * next((w for w, place in zip(_PLACES, places, strict=True) if term in place), 0.0)
        return score / self._whole

    def _form(self, text: str) -> float:
        pattern = _FORMS.get(self._words.form)
        if pattern is None:
            return 1.0
        bare = re.sub(r"\b(?:19|20)\d\d\b", "", text) if self._words.form is AnswerForm.AMOUNT else text
        return 1.0 if pattern.search(bare) else WRONG_FORM


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def best_lines(scored: Sequence[ScoredLine], most: int = 3, share: float = 0.85) -> list[ScoredLine]:
    """The fewest lines that bear the answer: the best, and those nearly as good, each text once."""
    ranked = sorted(scored, key=lambda line: (-line.score, line.handle, line.number))
    kept: dict[str, ScoredLine] = {}
    for line in ranked:
        if len(kept) == most or line.score < share * ranked[0].score:
            break
        kept.setdefault(line.text, line)
    return list(kept.values())
