"""The built-in reader: no language model, no key, no network.

It is given the same messages as a language model and reads them through the same text. It searches with the question's
words, limits the search to the documents the question names, pages in the results in rank order, notes the lines that
bear on the question, and answers with the fewest of them, or abstains. It keeps no state: each reply follows from the
request alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from docpager.errors import ModelError, TranscriptError
from docpager.models.figure_question import FigureQuestion
from docpager.models.figure_work import LIKELY, SURE, FigureWork, statements
from docpager.models.passages import Passage, PassageScorer, best_passages
from docpager.models.question_words import QuestionWords
from docpager.models.reading_plan import Candidate, ReadingPlan
from docpager.models.situation import Situation
from docpager.models.vocabulary import Vocabulary
from docpager.records import Address, ModelReply, ModelRequest, ToolCall, Usage
from docpager.transcript import parse_addresses

PAGES_A_CALL = 6
MEMORY_SHARE = 0.9
"""Pages of one call take no more than this share of memory."""
ADDRESS_SHARE = 1.3
"""A page as it is shown, with its addresses, takes up to so many times the tokens of its text."""
SMALLEST_PAGE = 80
"""With fewer tokens left to read than this, reading ends."""
STRONG, FAIR, STRONG_FIGURES = 0.8, 0.6, 0.97
"""Reading stops when a passage is the answer so likely: at once, after many pages, and where the question asks for
figures of a statement, whose labels stand in many tables."""
SEARCH_ROOM = 1000
"""One search more is made at once for so many tokens of memory, so that its results fit beside what is read."""
LEAST_PAGES, MANY_PAGES = 10, 25
"""No fewer pages are read than the one, if search has ranked so many; after the other, fair evidence will do."""
NOTE_SHARE = 0.75
"""A line is noted when its score is at least this share of the best so far."""
NOTE_FLOOR = 0.2
"""A line that bears less of the question than this is not worth a note."""
LONGEST_RUNNING_HEAD = 80
"""What stands on several pages and has more characters is said twice: overlapping passages, a notice sent again."""
NOTED = re.compile(r"^(\d\.\d\d) (.*)$", re.DOTALL)


class ExtractiveModel:
    """Answers with lines of the documents. ``abstain_below`` is the confidence under which it says nothing."""

    name = "extractive"

    def __init__(self, abstain_below: float = 0.5, vocabulary: Vocabulary | None = None) -> None:
        self._abstain_below = abstain_below
        self._vocabulary = vocabulary or Vocabulary.load()

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The next calls; raises ``ModelError`` for messages that are not docpager's."""
        try:
            situation = Situation.read(request)
        except TranscriptError as error:
            raise ModelError(f"The extractive reader cannot read this request: {error}") from None
        calls = self.reading(situation).next_calls()
        return ModelReply(tool_calls=in_order(calls, situation), usage=Usage(cost_usd=0.0), model_reported=self.name)

    def reading(self, situation: Situation) -> Reading:
        """What it makes of a situation."""
        return Reading(situation, self._abstain_below, self._vocabulary)


def in_order(calls: Sequence[ToolCall], situation: Situation) -> tuple[ToolCall, ...]:
    """The calls under ids that no earlier call of the question has."""
    return tuple(replace(call, call_id=f"c{n}") for n, call in enumerate(calls, start=len(situation.calls)))


class Reading:
    """One decision about one situation."""

    def __init__(self, situation: Situation, abstain_below: float, vocabulary: Vocabulary) -> None:
        self._at = situation
        self._abstain_below = abstain_below
        self._words = QuestionWords.of(situation.question, vocabulary)
        self._plan = ReadingPlan(situation, self._words)
        self._figures = self._figure_work(vocabulary)
        lines = [text for page in situation.pages for _, text in page.lines]
        snippets = [hit.snippet for view in situation.results for hit in view.hits]
        self._scorer = PassageScorer(self._words, [*lines, *snippets])
        passages = [p for page in situation.pages for p in self._scorer.page(page, situation.rank(page.handle))]
        self._seen = _without_running_heads(passages)
        self._noted = [line for note in situation.tail.notes if (line := _from_note(note.addresses, note.text))]

    def next_calls(self) -> list[ToolCall]:
        """Look for documents, search, note and read on, or end."""
        if not self._at.calls and self._words.names:
            return [_call("outline", words=" ".join([*self._words.names, *self._words.years]))]
        if self._at.tail.budget.steps_left <= 1:
            return [self.end()]
        notes = self.notes()
        if self._enough():
            return [*notes, *self._last_calls()]
        return [*notes, *(self.read_on() or self._last_calls())]

    def _figure_work(self, vocabulary: Vocabulary) -> FigureWork | None:
        """The figures the question asks for; what shows them is looked for first."""
        asked = FigureQuestion.of(self._at.question, self._words, vocabulary, self._plan.year)
        if asked is None:
            return None
        shown_in = dict.fromkeys(o.concept.statement for o in asked.operands)
        titles = [vocabulary.statements[name] for name in shown_in if name in vocabulary.statements]
        concepts = dict.fromkeys([*(o.concept for o in asked.operands), *self._words.concepts])
        self._words = replace(
            self._words, statements=tuple(dict.fromkeys([*titles, *self._words.statements])), concepts=tuple(concepts)
        )
        self._plan = ReadingPlan(self._at, self._words)
        return FigureWork(self._at, asked, vocabulary, self._plan.scope)

    def _enough(self) -> bool:
        """Whether the figures are found, or a line bears nearly all of the question and the first results are read."""
        read = len(self._at.read_handles)
        if self._figures is not None:
            listed_first = read < LEAST_PAGES or self._plan.has_unread_statements()
            if self._figures.is_complete(SURE if listed_first else LIKELY):
                return True
        best = max((line.score for line in [*self._seen, *self._noted]), default=0.0)
        if self._words.identifiers:
            return best >= FAIR
        strong = STRONG_FIGURES if self._words.statements else STRONG if read < MANY_PAGES else FAIR
        return best >= strong and read >= LEAST_PAGES

    def read_on(self) -> list[ToolCall]:
        """The next unread pages, and the next searches when few are left; nothing when all is used up."""
        if not self._at.may_look:
            return []
        budget = self._at.tail.budget
        left = budget.read_limit - budget.read_tokens
        unread = [page for page in self._plan.unread() if page.token_count <= left * ADDRESS_SHARE]
        at_once = budget.capacity // SEARCH_ROOM
        if unread:
            calls = [_call("page_in", pages=self._fitting(unread))]
            ahead = at_once > 1 and len(unread) <= PAGES_A_CALL
            return calls + (self._searches(at_once - 1) if ahead else [])
        if left < SMALLEST_PAGE:
            return []
        first = [_call("outline", **arguments) for arguments in self._plan.outlines()]
        first += [_call("find", **arguments) for arguments in self._plan.finds()]
        return first or self._searches(max(1, at_once))

    def _searches(self, most: int) -> list[ToolCall]:
        return [_call("search", **arguments) for arguments in self._plan.next_searches(most)]

    def _fitting(self, pages: Sequence[Candidate]) -> list[str]:
        """As many pages as go into memory beside each other."""
        room = self._at.tail.budget.capacity * MEMORY_SHARE
        chosen: list[str] = []
        for page in pages[:PAGES_A_CALL]:
            if chosen and page.token_count > room:
                break
            room -= page.token_count
            chosen.append(page.handle)
        return chosen

    def notes(self) -> list[ToolCall]:
        """Notes of the best new lines, before their pages go: the score, then the line; and of the scope."""
        if not self._at.may_look:
            return []
        known = {line.address for line in self._noted}
        best = max((line.score for line in [*self._seen, *self._noted]), default=0.0)
        worth = [line for line in best_passages(self._seen) if line.address not in known]
        worth = [line for line in worth if line.score >= max(NOTE_SHARE * best, NOTE_FLOOR)]
        figures = self._figures.notes() if self._figures else []
        notes = [_call("note", text=text, addresses=[address]) for text, address in figures]
        notes += [_call("note", text=f"{p.score:.2f} {p.text}", addresses=[p.address]) for p in worth]
        scope = self._plan.scope_note()
        return [*notes, _call("note", text=scope, addresses=[])] if scope is not None else notes

    def likelihood(self, addresses: Iterable[Address]) -> float | None:
        """How likely some lines shown hold the answer, by the reader's own scores; None for lines it has none for."""
        cited = [Passage(a.handle, a.first_line, a.last_line, "", 0.0) for a in addresses]
        scores = [line.score for line in self._seen if any(line.overlaps(other) for other in cited)]
        return round(min(max(scores), 1.0), 3) if scores else None

    # Ending

    def _last_calls(self) -> list[ToolCall]:
        """What is left to calculate, or the end."""
        pending = self._figures.pending() if self._figures else []
        calls = [_call("calculate", expression=expression, addresses=cited) for expression, cited in pending]
        return calls if calls and self._at.tail.budget.steps_left > 1 else [self.end()]

    def _figures_said(self) -> ToolCall | None:
        """The answer in figures; None where they are not all found or not surely enough."""
        results = self._figures.results() if self._figures else None
        if self._figures is None or results is None or not results:
            return None
        confidence = min(result.score for result in results)
        if confidence < self._abstain_below:
            return None
        said = statements(self._figures.question, results)
        listed = [{"text": text, "addresses": addresses} for text, addresses in said]
        return _call("answer", statements=listed, confidence=round(min(confidence, 1.0), 3))

    def end(self) -> ToolCall:
        """The answer, or an abstention where no line bears enough of the question."""
        if (figures := self._figures_said()) is not None:
            return figures
        # A line that was noted when its page was listed ranks lower once that list has left the context.
        by_score = sorted([*self._noted, *self._seen], key=lambda line: line.score)
        candidates = {line.address: line for line in by_score}
        lines = best_passages(list(candidates.values()))
        confidence = lines[0].score if lines else 0.0
        if lines and confidence >= self._abstain_below:
            said = [{"text": line.text, "addresses": [line.address]} for line in lines]
            return _call("answer", statements=said, confidence=round(min(confidence, 1.0), 3))
        reason = (
            f"No line read bears enough of the question: the best scores {confidence:.2f} of {self._abstain_below}."
        )
        return _call("abstain", reason=reason, confidence=round(confidence, 3))


def _without_running_heads(passages: Sequence[Passage]) -> list[Passage]:
    """The passages but short ones that stand on several pages alike: titles, headers and footers."""
    pages: dict[str, set[str]] = {}
    for passage in passages:
        pages.setdefault(passage.text, set()).add(passage.handle)
    return [p for p in passages if len(pages[p.text]) == 1 or len(p.text) > LONGEST_RUNNING_HEAD]


def _from_note(addresses: Sequence[str], text: str) -> Passage | None:
    match = NOTED.match(text)
    found = parse_addresses(" ".join(addresses))
    if match is None or not found:
        return None
    return Passage(found[0].handle, found[0].first_line, found[0].last_line, match[2], float(match[1]))


def _call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall("", name, json.dumps(arguments, ensure_ascii=False))
