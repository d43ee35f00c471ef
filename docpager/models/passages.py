"""How well each passage of the pages shown bears on a question.

A passage is what answers are made of: a table row, a sentence, or the two or three printed lines that a sentence runs
over. Each is scored by the share of the question it bears, rare words counting more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docpager.models.answer_forms import FULL_DATE, NUMBER, form_share
from docpager.models.question_words import AnswerForm, QuestionWords
from docpager.models.stemming import stems
from docpager.records.views import PageView

MOST_LINES, MOST_WORDS = 3, 90
"""A passage, and an answer, has no more lines and words than this."""
HEADING_WEIGHT = 0.6
"""A word that stands only in the headings, column heads or document name counts this much."""
NEIGHBOUR_WEIGHT = 0.5
"""A word that stands only in the passage before or after counts this much."""
PAGE_WEIGHT = 0.3
"""A word that stands only elsewhere on the page counts this much."""
CONCEPT_WEIGHT = 1.5
"""A concept counts this much beside a single word."""
UNSEEN = 0.5
"""A word that nothing in the context bears is rarer than any other by this share only."""
OTHER_YEAR = 0.6
"""A passage where no year of the question is named keeps this share of its score."""
NOTHING_NEW = 0.4
"""A passage that says nothing but the question's own words and its headings keeps this share of its score."""
RANK_DECAY = 0.08
"""A passage of the page that search ranked nth is worth 1 / (1 + RANK_DECAY * (n - 1)) of one on the first."""
FORM_NEXT_DOOR = 0.8
"""A passage whose neighbour holds the form asked for keeps this share, together with the neighbour."""
ENOUGH_ALONE = 0.85
"""A neighbour that bears this share of what both bear together is the answer by itself."""
LABEL_BONUS = 1.0
"""A table row whose label says nothing but what was asked is worth up to this much more."""
FULL_LINE = 0.75
"""A printed line runs on into the next only if it is at least this long beside the longest of its page."""
RUN_TOGETHER = 4
"""A word of at least so many letters is found in a document's name even where words are run together."""

_PLACES = (1.0, HEADING_WEIGHT, NEIGHBOUR_WEIGHT, PAGE_WEIGHT)
_ROW = re.compile(r"(?:[\d)%—–-]\s*$)|\s\|\s")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]]*$")


Span = tuple[int, int, str]
"""First and last line of a passage, and its text."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring lines of one page, and how well they bear on the question: from 0 to about 1, table rows to 2."""

    handle: str
    first: int
    last: int
    text: str
    score: float

    @property
    def address(self) -> str:
        """The address of its lines."""
        lines = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.handle}:{lines}"

    def overlaps(self, other: Passage) -> bool:
        """Whether the two share a line."""
        return self.handle == other.handle and self.first <= other.last and other.first <= self.last

    @property
    def line_count(self) -> int:
        """How many lines it has."""
        return self.last - self.first + 1


class PassageScorer:
    """Scores the passages of pages for one question."""

    def __init__(self, words: QuestionWords, texts: Iterable[str]) -> None:
        """``texts`` is what the context shows: it tells which of the question's words are rare."""
        self._words = words
        shown = [set(stems(text)) for text in texts]
        self._terms = {term: _rarity(sum(term in text for text in shown), len(shown)) for term in words.terms}
        self._concepts = [
            (concept, CONCEPT_WEIGHT * _rarity(sum(map(concept.borne_by, shown)), len(shown)))
            for concept in words.concepts
        ]
        self._spoken = {word for concept in words.concepts for phrase in concept.stems for word in phrase}
        self._asked = self._terms.keys() | self._spoken
        weights = [*self._terms.values(), *(weight for _, weight in self._concepts)]
        self._whole = sum(weights) or 1.0

    def page(self, page: PageView, rank: int = 1) -> list[Passage]:
        """The passages of a page that search ranked so, scored."""
        name = " ".join([page.document, *page.headings, *page.columns])
        around = set(stems(name))
        document = self._identified(page.document)
        spans = list(_passages(page))
        own = [set(stems(text)) for _, _, text in spans]
        anywhere = set().union(*own)
        prior = 1 / (1 + RANK_DECAY * (rank - 1))
        forms = [form_share(self._words.form, text, self._asked) for _, _, text in spans]
        scores = []
        for n, (_, _, text) in enumerate(spans):
            neighbours = set().union(*own[max(0, n - 1) : n], *own[n + 1 : n + 2])
            years = {year for year in self._words.years if year in name or year in text}
            score = self._share([own[n], around, neighbours, anywhere], document)
            score *= self._period(years) * prior * (1 + LABEL_BONUS * self._label(text))
            score *= 1.0 if own[n] - around - self._asked - years else NOTHING_NEW
            scores.append(score)
        alone = [
            Passage(page.handle, first, last, text, scores[n] * forms[n]) for n, (first, last, text) in enumerate(spans)
        ]
        return [*alone, *_with_neighbours(alone, forms)]

    def _identified(self, document: str) -> set[str]:
        """The words of the question that only name this document: they say nothing of its passages."""
        letters, stemmed = _letters(document), set(stems(document))
        return {t for t in self._terms if t in stemmed or (len(t) >= RUN_TOGETHER and t in letters)}

    def _share(self, places: Sequence[set[str]], document: set[str]) -> float:
        """The share of the question that stands in the passage, its headings, its neighbours and its page.

        Words that name the document are left out of the reckoning where it is that document.
        """
        own = places[0] - document
        if not (own & self._terms.keys() or any(concept.borne_by(own) for concept, _ in self._concepts)):
            return 0.0
        score = 0.0
        whole = self._whole - sum(self._terms[term] for term in document)
        for term, weight in self._terms.items():
            if term not in document:
                score += weight * next((w for w, place in zip(_PLACES, places, strict=True) if term in place), 0.0)
        for concept, weight in self._concepts:
            score += weight * next((w for w, p in zip(_PLACES, places, strict=True) if concept.borne_by(p)), 0.0)
        return score / whole if whole > 0 else 0.0

    def _period(self, years: set[str]) -> float:
        """What a passage keeps for the years asked for: all of it where it, its headings or its document name them."""
        asked = self._words.years
        return OTHER_YEAR + (1 - OTHER_YEAR) * len(years) / len(asked) if asked else 1.0

    def _label(self, text: str) -> float:
        """For a table row: the share of its label's words that the question asks for; 0 for anything else."""
        bare = FULL_DATE.sub("", text)
        first = NUMBER.search(bare)
        if self._words.form is not AnswerForm.AMOUNT or first is None or not _ROW.search(bare):
            return 0.0
        label = set(stems(bare[: first.start()]))
        return len(label & self._asked) / len(label) if label else 0.0


def _with_neighbours(passages: Sequence[Passage], forms: Sequence[float]) -> Iterator[Passage]:
    """Each passage without the form asked for, together with the next or the last one where that one holds it.

    Not where the neighbour bears the question as well by itself: the fewest lines are the answer.
    """
    for n, passage in enumerate(passages):
        for other in (n + 1, n - 1):
            if 0 <= other < len(passages) and forms[n] < forms[other]:
                score = passage.score / forms[n] * forms[other] * FORM_NEXT_DOOR
                a, b = sorted((passage, passages[other]), key=lambda p: p.first)
                text = f"{a.text} {b.text}"
                fits = b.last - a.first < MOST_LINES and len(text.split()) <= MOST_WORDS
                if fits and score > passages[other].score / ENOUGH_ALONE:
                    yield Passage(a.handle, a.first, b.last, text, score)
                break


def _rarity(found: int, of: int) -> float:
    """The weight of something that stands in ``found`` of ``of`` texts; what stands in none may go by another name."""
    weight = math.log((of + 1) / (found + 1))
    return 1 + (weight if found else UNSEEN * weight)


def best_passages(scored: Sequence[Passage], share: float = 0.85) -> list[Passage]:
    """The fewest lines that bear the answer: the best passage, and those nearly as good, each text once."""
    ranked = sorted(scored, key=lambda passage: (-passage.score, passage.handle, passage.first))
    kept: dict[str, Passage] = {}
    lines = 0
    for passage in ranked:
        if passage.score < share * ranked[0].score or passage.score == 0:
            break
        if any(passage.overlaps(other) for other in kept.values()):
            continue
        words = sum(len(other.text.split()) for other in [passage, *kept.values()])
        if passage.text not in kept and lines + passage.line_count <= MOST_LINES and (not kept or words <= MOST_WORDS):
            kept[passage.text] = passage
            lines += passage.line_count
    return list(kept.values())


def _passages(page: PageView) -> Iterator[Span]:
    """Lines, joined where a sentence runs on: first and last line number, and the text."""
    group: list[tuple[int, str]] = []
    full = FULL_LINE * max((len(text) for _, text in page.lines), default=0)
    for number, text in page.lines:
        if group and not (len(group) < MOST_LINES and len(group[-1][1]) >= full and _runs_on(group[-1][1], text)):
            yield group[0][0], group[-1][0], " ".join(line for _, line in group)
            group = []
        group.append((number, text))
    if group:
        yield group[0][0], group[-1][0], " ".join(line for _, line in group)


def _runs_on(line: str, following: str) -> bool:
    """Whether a printed line ends in the middle of a sentence that the next one continues."""
    return not (_ROW.search(line) or _SENTENCE_END.search(line)) and following[:1] not in "•-–—"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
