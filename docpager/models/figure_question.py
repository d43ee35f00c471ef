"""What figures a question asks for: one of a statement, one worked out from others, or several to be compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from docpager.figures import Unit, stated_unit
from docpager.models.formulas import DEFINITION, Formula, Operand, average, growth, in_words, joined_by, of_measure
from docpager.models.question_words import AnswerForm, QuestionWords, without_asides
from docpager.models.vocabulary import Vocabulary

MOST_YEARS = 6
"""A span of more years than this is none to go through year by year."""
PLACES, PERCENT_PLACES = 2, 1
"""A result is given to so many places where the question does not say."""

_SPAN = re.compile(
    r"\b(?:FY\s?'?)?((?:19|20)\d\d)\s*(?:[-–—]|to|through|until)\s*(?:the )?(?:FY\s?'?)?((?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_AVERAGE = re.compile(r"\baverage\b|\bmean\b", re.IGNORECASE)
_CAGR = re.compile(r"\bcagr\b|\bcompound(?:ed)? (?:annual|yearly)", re.IGNORECASE)
_GROWTH = re.compile(
    r"\bgrowth(?: rate)?\b|\byear[- ](?:over|on)[- ]year\b|"
    r"\b(?:percentage|percent|%|relative) (?:change|increase|decrease|decline)\b|"
    r"\bby what (?:percentage|percent|share)\b|\bby how many per ?cent\b|\bgrow(?:n|s|th)? (?:by )?(?:what|how)",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"\bby how much\b|\bdifference\b|\bhow much (?:more|less|higher|lower|fewer|larger|smaller)\b|"
    r"\bhow did\b.*\bchange\b|"
    r"\b(?:what|how (?:much|large|big)) (?:is|was|were) the (?:change|increase|decrease|decline|rise|fall|growth) in\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%|\bper ?cent(?:age)?s?\b|\brate\b|\bmargin\b", re.IGNORECASE)
_SHARE = re.compile(
    r"(?P<part>.+?)\b(?:as|to) (?:a )?(?:%|per ?cent(?:age)?|share|proportion|fraction) of (?P<whole>.+)|"
    r"\bratio of (?P<a>.+?) to (?P<b>.+)|(?P<c>.+?) divided by (?P<d>.+)|"
    r"\bwhat (?:share|percentage|percent|%|proportion) of (?P<base>.+?) "
    r"(?:is|was|were|did|does|goes|went|comes|came)\b(?P<some>.+)",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\bcompar|\bimprov|\bincreas|\bdecreas|\bdeclin|\bgrow|\bgrew\b|\bris(?:e|en|ing)\b|\brose\b|\bf[ae]ll|\bhigher\b|\blower\b|"
    r"\bconsistent|\bstable\b|\bfluctuat|\bdropp?(?:ed|ing)?\b|\breduc|\bshr[aiu]nk|\bchange[ds]?\b",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"\bwhy\b|\bexplain|\bdescribe|\bwhat (?:drove|caused|led|factors|are the (?:drivers|reasons|causes))|"
    r"\bdue to what\b|\breasons? (?:for|behind|of)\b|\bhow come\b|\bdriven by\b|"
    r"\bwhich (?!year|of\b)\w+\b.*\b(?:segment|product|region|category)\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"\b(?:adjusted|non-?gaap|real (?:change|growth)|organic|constant currency|exclud|pro forma|forecast|guidance|"
    r"expect|"
    r"quarter|Q[1-4]\b|segment|per employee|categor|region|countr)",
    re.IGNORECASE,
)
"""What a question asks of a figure that its statement does not print."""
_AMONG = re.compile(r"\b(?:among|of|between)\b(?P<list>[^?]*,[^?]*?)(?:,\s*)?\bwhich\b", re.IGNORECASE)
_LEAST = re.compile(r"\b(?:least|lowest|smallest|worst|fewest)\b", re.IGNORECASE)
_MOST = re.compile(r"\b(?:most|highest|largest|biggest|greatest|best)\b", re.IGNORECASE)
_PLACES = re.compile(
    r"\b(?P<number>one|two|three|four|\d) (?:decimal|digit)|\bnearest (?P<whole>whole|integer)", re.IGNORECASE
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4}


class Task(StrEnum):
    """What is done with the figures."""

    VALUE = "value"
    COMPARE = "compare"
    MOST = "most"
    LEAST = "least"


@dataclass(frozen=True, slots=True)
class Part:
    """One figure that is wanted: the first formula whose operands are all found gives it."""

    name: str
    year: str
    formulas: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class FigureQuestion:
    """The figures a question asks for."""

    text: str
    task: Task
    parts: tuple[Part, ...]
    percent: bool
    """The result is a share, to be given in per cent."""
    unit: Unit | None
    """The unit and scale that the question wants."""
    places: int

    @classmethod
    def of(cls, question: str, words: QuestionWords, vocabulary: Vocabulary, year: str = "") -> FigureQuestion | None:
        """The figures of a question; None where it asks for something else, or nothing says how to work it out.

        ``year`` is the year of the document it names, for a question that names none itself.
        """
        text = without_asides(question)
        if _WHY.search(text) or _QUALIFIED.search(text):
            return None
        if _AMONG.search(question):
            return _most_of(question, words, vocabulary)
        if words.form not in (AnswerForm.AMOUNT, AnswerForm.YES_NO) and not _COMPARED.search(text):
            return None
        asked = _Asked(
            text,
            question,
            _years(question, words) or ((year,) if year else ()),
            words.form is AnswerForm.YES_NO,
            vocabulary,
        )
        return asked.defined() or asked.worked_out()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """All figures that any formula uses, once each."""
        return tuple(dict.fromkeys(o for part in self.parts for formula in part.formulas for o in formula.operands))


@dataclass(frozen=True)
class _Asked:
    """A question while it is taken apart."""

    text: str
    """Without the sentences that say how to answer."""
    whole: str
    years: tuple[str, ...]
    is_yes_no: bool
    vocabulary: Vocabulary

    def defined(self) -> FigureQuestion | None:
        """By the question's own definition."""
        definition = DEFINITION.search(self.whole)
        formula = in_words(definition["formula"], self._year, self.vocabulary) if definition else None
        if formula is None or definition is None:
            return None
        measure = self.vocabulary.measure_in(self.text)
        name = measure.name if measure else "result"
        percent = bool(measure and measure.percent) or "%" in self.whole
        return self._question(Task.VALUE, [Part(name, self._year, (formula,))], percent)

    def worked_out(self) -> FigureQuestion | None:
        """By a share of two concepts, a measure of the vocabulary, or a concept's own figures."""
        name, percent, formulas = self._figure()
        if not formulas:
            return None
        if _AVERAGE.search(self.text) and len(self.years) > 1:
            joined = [average([of[year] for year in self.years]) for of in formulas]
            return self._question(Task.VALUE, [Part(f"average {name}", self._span, tuple(joined))], percent)
        if len(self.years) > 1 and _CAGR.search(self.text):
            return self._question(
                Task.VALUE, [Part(f"annual growth of {name}", self._span, self._cagr(formulas))], True
            )
        first, last = self._span_years[0], self._span_years[-1]
        if first != last and _GROWTH.search(self.text) and not percent:
            changes = tuple(growth(of[first], of[last]) for of in formulas)
            return self._question(Task.VALUE, [Part(f"change of {name}", self._span, changes)], True)
        if first != last and _DIFFERENCE.search(self.text):
            changes = tuple(joined_by(" - ", [of[last], of[first]]) for of in formulas)
            return self._question(Task.VALUE, [Part(f"change of {name}", self._span, changes)], percent)
        parts = [Part(name, year, tuple(of[year] for of in formulas)) for year in self._span_years]
        if len(parts) == 1 and self.is_yes_no:
            return None
        return self._question(Task.COMPARE if len(parts) > 1 else Task.VALUE, parts, percent)

    def _figure(self) -> tuple[str, bool, list[dict[str, Formula]]]:
        """What is asked for: its name, whether it is a share, and its formulas for each year."""
        years = self._span_years
        share = self._share()
        if share:
            name, formula = share
            return name, True, [{year: _of_year(formula, year) for year in years}]
        measure = self.vocabulary.measure_in(self.text)
        concepts = [c for c in self.vocabulary.concepts_in(self.text) if c.statement]
        if measure:
            return (
                measure.name,
                measure.percent,
                [{year: of_measure(formula, year, self.vocabulary) for year in years} for formula in measure.formulas],
            )
        if not concepts:
            return "", False, []
        named = concepts[0]
        return named.name, False, [{year: Formula("{0}", (Operand(named, year),)) for year in years}]

    def _share(self) -> tuple[str, Formula] | None:
        match = _SHARE.search(self.text)
        if match is None:
            return None
        part = match["part"] or match["a"] or match["c"] or match["some"]
        whole = match["whole"] or match["b"] or match["d"] or match["base"]
        parts, wholes = self._spoken(part), self._spoken(whole)
        if not parts or not wholes or parts == wholes:
            return None
        formula = joined_by(" / ", [parts[1], wholes[1]])
        return f"{parts[0]} as a share of {wholes[0]}", formula

    def _spoken(self, words: str) -> tuple[str, Formula] | None:
        """The figure that some words of the question name."""
        measure = self.vocabulary.measure_in(words)
        if measure:
            return measure.name, of_measure(measure.formulas[0], "", self.vocabulary)
        concepts = [c for c in self.vocabulary.concepts_in(words) if c.statement]
        return (concepts[0].name, Formula("{0}", (Operand(concepts[0]),))) if concepts else None

    def _cagr(self, formulas: Sequence[dict[str, Formula]]) -> tuple[Formula, ...]:
        first, last = self.years[0], self.years[-1]
        span = int(last) - int(first)
        ratios = [joined_by(" / ", [of[last], of[first]]) for of in formulas]
        return tuple(Formula(f"({ratio.template}) ** (1 / {span}) - 1", ratio.operands) for ratio in ratios)

    @property
    def _span_years(self) -> tuple[str, ...]:
        """The years to look at: where one is compared with nothing, the year before it too."""
        if len(self.years) == 1 and _COMPARED.search(self.text):
            return str(int(self.years[0]) - 1), self.years[0]
        return self.years or ("",)

    @property
    def _year(self) -> str:
        return self.years[-1] if self.years else ""

    @property
    def _span(self) -> str:
        return f"{self.years[0]} to {self.years[-1]}" if len(self.years) > 1 else self._year

    def _question(self, task: Task, parts: Sequence[Part], percent: bool) -> FigureQuestion:
        return FigureQuestion(
            self.whole, task, tuple(parts), percent, stated_unit(self.whole), _places(self.whole, percent)
        )


def _of_year(formula: Formula, year: str) -> Formula:
    return Formula(formula.template, tuple(Operand(o.concept, o.year or year) for o in formula.operands))


def _most_of(question: str, words: QuestionWords, vocabulary: Vocabulary) -> FigureQuestion | None:
    """Which of the concepts in a list is largest or smallest: ``Among A, B and C, which ... most``."""
    match = _AMONG.search(question)
    extreme = _MOST.search(question) or _LEAST.search(question)
    if match is None or extreme is None:
        return None
    items = [item for item in re.split(r",\s*(?:and|or)?\s*|\s+(?:and|or)\s+", match["list"]) if item.strip()]
    last = items[-1].split()[-1] if items else ""
    found = [vocabulary.concepts_in(item) or vocabulary.concepts_in(f"{item} {last}") for item in items]
    concepts = list(dict.fromkeys(concepts[0].name for concepts in found if concepts and concepts[0].statement))
    if len(concepts) < 2:
        return None
    year = words.years[0] if words.years else ""
    parts = [Part(name, year, (Formula("{0}", (Operand(vocabulary.concepts[name], year),)),)) for name in concepts]
    least = _MOST.search(question) is None
    task = Task.LEAST if least else Task.MOST
    return FigureQuestion(question, task, tuple(parts), False, stated_unit(question), PLACES)


def _years(question: str, words: QuestionWords) -> tuple[str, ...]:
    """The years a question is about, in order; all years of a span where it asks for an average over it."""
    named = sorted(words.years)
    span = _SPAN.search(question)
    if span and _AVERAGE.search(question) and 0 < int(span[2]) - int(span[1]) < MOST_YEARS:
        return tuple(str(year) for year in range(int(span[1]), int(span[2]) + 1))
    return tuple(named)


def _places(question: str, percent: bool) -> int:
    match = _PLACES.search(question)
    if match is None:
        return PERCENT_PLACES if percent else PLACES
    if match["whole"]:
        return 0
    return _NUMBERS.get(match["number"].lower()) or int(match["number"])
