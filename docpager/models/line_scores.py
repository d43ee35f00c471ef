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
NEIGHBOUR_WEIGHT = 0.35
"""A word that stands only in the line before or after counts this much."""
YEAR_WEIGHT = 0.7
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

    def page(self, page: PageView) -> list[ScoredLine]:
        """The scores of a page's lines."""
        around = set(stems(" ".join([page.document, *page.headings, *page.columns])))
        around |= {term for term in self._words.terms if len(term) >= RUN_TOGETHER and term in _letters(page.document)}
        years = {y for y in self._words.years if y in f"{page.document} {page.headings} {page.columns}"}
        lines = [set(stems(text)) for _, text in page.lines]
        scored = []
        for n, (number, text) in enumerate(page.lines):
            neighbours = set().union(*lines[max(0, n - 1) : n], *lines[n + 1 : n + 2])
            score = self._score(lines[n], around, neighbours, years | {y for y in self._words.years if y in text})
            score *= self._form(text)
            scored.append(ScoredLine(page.handle, number, text, page.document, score))
        return scored

    def _score(self, own: set[str], around: set[str], neighbours: set[str], years: set[str]) -> float:
        score = YEAR_WEIGHT * len(years)
        if not own & self._weights.keys():
            return 0.0
        for term, weight in self._weights.items():
            if term in own:
                score += weight
            elif term in around:
                score += HEADING_WEIGHT * weight
            elif term in neighbours:
                score += NEIGHBOUR_WEIGHT * weight
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
