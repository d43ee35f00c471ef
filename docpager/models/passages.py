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
from docpager.models.stemming import stem, stems
from docpager.records.views import PageView

MOST_LINES, MOST_WORDS = 3, 90
"""A passage, and an answer, has no more lines and words than this."""
IN_LINE, NEXT_TO_IT, NEAR_IT = 2.5, 0.55, 5.0
NEAR = 3
"""What the share of the question counts that stands in the passage or its headings, also in its neighbours, and also
within so many passages of it. These weights and the four below are of a log-linear model, fitted to rank the answers of
631 questions of Natural Questions first among the lines of the twenty best passages each, and rounded."""
NO_FORM = 5.6
"""What a passage without the form asked for loses, times what ``form_share`` takes from it."""
NOTHING_NEW = 4.7
"""What a passage loses that says nothing but the question's own words and its headings."""
NO_WORD, CROWDED = 3.0, 12
"""What a passage loses that has no word of the question itself, on a page of so many passages, where it may speak of
something else. On a page of fewer it loses less, with their square."""
SHORT = 0.9
"""What the shortest passage loses beside one of ``LONG_WORDS`` words."""
LONG_WORDS = 25
FURTHER_DOWN = 2.0
"""What a passage loses for each time the rank of its page in a search is e times higher."""
CONCEPT_WEIGHT = 1.5
"""A concept counts this much beside a single word."""
IDENTIFIER_WEIGHT = 4.0
"""An identifier counts this much beside a word as rare: what does not hold it is about something else."""
UNSEEN = 0.5
"""A word that nothing in the context bears is rarer than any other by this share only."""
LABEL_BONUS = 3.0
"""What a table row gains whose label says nothing but what was asked."""
EVEN, STEEPNESS = 2.95, 0.6
"""A passage of this many points is as likely the answer as not; the slope of the logistic curve there."""
AS_GOOD = 0.4
"""A passage is nearly as good as the best when its odds are this share of the best one's."""
FULL_LINE = 0.75
"""A printed line runs on into the next only if it is at least this long beside the longest of its page."""
RUN_TOGETHER = 4
"""A word of at least so many letters is found in a document's name even where words are run together."""

_ROW = re.compile(r"(?:[\d)%—–-]\s*$)|\s\|\s")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]]*$")


Span = tuple[int, int, str]
"""First and last line of a passage, and its text."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring lines of one page, and how likely they hold the answer: from 0 to 1."""

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
        self._terms = {
            term: _rarity(sum(term in text for text in shown), len(shown)) for term in [*words.terms, *words.years]
        }
        for term in map(stem, words.identifiers):
            self._terms[term] = IDENTIFIER_WEIGHT * self._terms.get(term, 0.0)
        self._concepts = [
            (concept, CONCEPT_WEIGHT * _rarity(sum(map(concept.borne_by, shown)), len(shown)))
            for concept in words.concepts
        ]
        spoken = {word for concept in words.concepts for phrase in concept.stems for word in phrase}
        self._asked = self._terms.keys() | spoken
        self._whole = sum(self._terms.values()) + sum(weight for _, weight in self._concepts) or 1.0

    def page(self, page: PageView, rank: int = 1) -> list[Passage]:
        """The passages of a page that search ranked so, scored."""
        around = {*stems(" ".join([page.document, *page.headings, *page.columns])), *self._named_in(page.document)}
        spans = list(_passages(page))
        own = [set(stems(text)) | around for _, _, text in spans]
        crowd = min(1.0, len(spans) / CROWDED) ** 2
        passages = []
        for n, (first, last, text) in enumerate(spans):
            near = set().union(*own[max(0, n - 1) : n + 2])
            wider = self._share(set().union(*own[max(0, n - NEAR) : n + NEAR + 1]))
            points = IN_LINE * self._share(own[n]) + NEXT_TO_IT * self._share(near) + NEAR_IT * wider
            points -= NO_FORM * (1 - form_share(self._words.form, text, self._asked))
            points -= 0 if self._bears_any(set(stems(text))) else NO_WORD * crowd
            points -= 0 if own[n] - around - self._asked else NOTHING_NEW
            points -= SHORT * (1 - min(1, len(text.split()) / LONG_WORDS)) + FURTHER_DOWN * math.log(rank)
            points += LABEL_BONUS * self._label(text)
            passages.append(Passage(page.handle, first, last, text, 1 / (1 + math.exp(STEEPNESS * (EVEN - points)))))
        return passages

    def _named_in(self, document: str) -> set[str]:
        """The words of the question that stand in a document's name, as in ``BESTBUY_2023``."""
        letters = _letters(document)
        return {term for term in self._terms if len(term) >= RUN_TOGETHER and term in letters}

    def _bears_any(self, words: set[str]) -> bool:
        """Whether some words hold any of the question's."""
        return not words.isdisjoint(self._terms) or any(concept.borne_by(words) for concept, _ in self._concepts)

    def _share(self, words: set[str]) -> float:
        """The share of the question that some words bear, rare ones counting more."""
        borne = sum(weight for term, weight in self._terms.items() if term in words)
        borne += sum(weight for concept, weight in self._concepts if concept.borne_by(words))
        return borne / self._whole

    def _label(self, text: str) -> float:
        """For a table row: the share of its label's words that the question asks for; 0 for anything else."""
        bare = FULL_DATE.sub("", text)
        first = NUMBER.search(bare)
        if self._words.form is not AnswerForm.AMOUNT or first is None or not _ROW.search(bare):
            return 0.0
        label = set(stems(bare[: first.start()]))
        return len(label & self._asked) / len(label) if label else 0.0


def _rarity(found: int, of: int) -> float:
    """The weight of something that stands in ``found`` of ``of`` texts; what stands in none may go by another name."""
    weight = math.log((of + 1) / (found + 1))
    return 1 + (weight if found else UNSEEN * weight)


def best_passages(scored: Sequence[Passage], share: float = AS_GOOD) -> list[Passage]:
    """The fewest lines that bear the answer: the best passage, and those nearly as good, each text once."""
    ranked = sorted(scored, key=lambda passage: (-passage.score, passage.handle, passage.first))
    kept: dict[str, Passage] = {}
    lines = words = 0
    for passage in ranked:
        if _odds(passage) < share * _odds(ranked[0]):
            break
        if passage.text in kept or any(passage.overlaps(other) for other in kept.values()):
            continue
        length = len(passage.text.split())
        if not kept or (lines + passage.line_count <= MOST_LINES and words + length <= MOST_WORDS):
            kept[passage.text] = passage
            lines, words = lines + passage.line_count, words + length
    return list(kept.values())


def _odds(passage: Passage) -> float:
    score = min(max(passage.score, 0.005), 0.995)
    return score / (1 - score)


def _passages(page: PageView) -> Iterator[Span]:
    """Lines, joined where a sentence runs on: first and last line number, and the text."""
    group: list[tuple[int, str]] = []
    full = FULL_LINE * max((len(text) for _, text in page.lines), default=0)
    for number, text in page.lines:
        if group:
            words = sum(len(line.split()) for _, line in group) + len(text.split())
            fits = len(group) < MOST_LINES and words <= MOST_WORDS
            if not (fits and len(group[-1][1]) >= full and _runs_on(group[-1][1], text)):
                yield _span(group)
                group = []
        group.append((number, text))
    if group:
        yield _span(group)


def _span(group: Sequence[tuple[int, str]]) -> Span:
    return group[0][0], group[-1][0], " ".join(line for _, line in group)


def _runs_on(line: str, following: str) -> bool:
    """Whether a printed line ends in the middle of a sentence that the next one continues."""
    return not (_ROW.search(line) or _SENTENCE_END.search(line)) and following[:1] not in "•-–—"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
