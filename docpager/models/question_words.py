"""What a question asks for: its words, names, years, and the form of its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from docpager.models.stemming import MEASURE_WORDS, STOP_WORDS, WORD, stem
from docpager.models.vocabulary import Concept, Vocabulary
from docpager.records import AnswerType
from docpager.transcript import ANSWER_REQUESTS

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHORT_YEAR = re.compile(r"\bFY\s?'?(\d\d)\b", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?!\d+(?:st|nd|rd|th)?-[a-z]+\b|FY)[\w-]{6,}(?![\w-])"
)
"""Six characters or more in one word, letters and digits among them."""
_ASIDE = re.compile(
    r"^(?:answer|round|base|give|respond|please|calculate|compute|approach|use|assume|state|explain|report|express|if)\b"
    r"|\b(?:is|are) defined as\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"^(?:using|according to|based on|judging by)\b[^,:]*[,:]\s*(?:answer [^:]*:)?", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w&'’-]*(?:\s+(?:of\s+|and\s+|the\s+|&\s+)?[A-Z][\w&'’-]*)*")


class AnswerForm(StrEnum):
    """What the answer will look like."""

    AMOUNT = "amount"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    YES_NO = "yes_no"
    TEXT = "text"


_FORM_OF_TYPE = {
    AnswerType.NUMBER: AnswerForm.AMOUNT,
    AnswerType.DATE: AnswerForm.DATE,
    AnswerType.YES_NO: AnswerForm.YES_NO,
}
_FORMS: tuple[tuple[AnswerForm, str], ...] = (
    (AnswerForm.DATE, r"\bwhen\b|\b(?:what|which|on what) (?:date|day|year|month)\b|\bhow long ago\b|\bsince when\b"),
    (
        AnswerForm.AMOUNT,
        r"\bhow (?:much|many|long|often|large|big|high|far|fast|deep|wide|old|tall|heavy)\b|\b(?:amount|total|ratio|"
        r"margin|percent|percentage|rate|number|revenue|cost|price|income|profit|loss|capex|expenditure|turnover|ebitda|"
        r"fee|fine|salary|budget|capacity|length|depth|height|weight|speed)\b",
    ),
    (AnswerForm.PERSON, r"\bwho(?:m|se)?\b|\bwhich (?:person|captain|director|author|actor|singer|player)\b"),
    (AnswerForm.PLACE, r"\bwhere\b|\bin (?:what|which) (?:city|country|place|state|town|port|harbour)\b"),
    (
        AnswerForm.YES_NO,
        r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|should|will|would)\b",
    ),
)


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """A question taken apart."""

    terms: tuple[str, ...]
    """Stemmed content words in order, once each, without years and without the words of ``concepts``."""
    concepts: tuple[Concept, ...]
    """What the question speaks of in other words than documents may use."""
    statements: tuple[tuple[str, ...], ...]
    """The statements that it names, or that show its concepts: the titles each goes by."""
    query: str
    """The content words as they stand, for search."""
    names: tuple[str, ...]
    """Capitalised words and runs of them that do not merely begin a sentence."""
    years: tuple[str, ...]
    identifiers: tuple[str, ...]
    """Keys, numbers and codes that documents hold letter for letter, if at all."""
    form: AnswerForm

    @classmethod
    def of(cls, question: str, vocabulary: Vocabulary | None = None) -> QuestionWords:
        """Takes a question apart; the form that is asked for in brackets at its end counts before its words."""
        vocabulary = vocabulary or Vocabulary.load()
        question, form = _without_form(question)
        words = [word for word in WORD.findall(question) if word.lower() not in STOP_WORDS and len(word) > 1]
        years = dict.fromkeys([*_YEAR.findall(question), *(f"20{year}" for year in _SHORT_YEAR.findall(question))])
        concepts = tuple(vocabulary.concepts_in(question))
        shown_in = [concept.statement for concept in concepts if concept.statement]
        named = dict.fromkeys([*vocabulary.statements_in(question), *shown_in])
        statements = [vocabulary.statements[name] for name in named if name in vocabulary.statements]
        spoken = {word for concept in concepts for phrase in concept.stems for word in phrase}
        asked = [w for w in WORD.findall(without_asides(question)) if w.lower() not in STOP_WORDS | MEASURE_WORDS]
        terms = dict.fromkeys(stem(word) for word in asked if len(word) > 1 and not _is_year(word))
        return cls(
            terms=tuple(term for term in terms if term not in spoken),
            concepts=concepts,
            statements=tuple(statements),
            query=" ".join(dict.fromkeys(words)),
            names=_names(question),
            years=tuple(years),
            identifiers=tuple(dict.fromkeys(_IDENTIFIER.findall(question))),
            form=form or _form(question),
        )


def _without_form(question: str) -> tuple[str, AnswerForm | None]:
    for answer_type, request in ANSWER_REQUESTS.items():
        if question.endswith(request):
            return question.removesuffix(request).rstrip(), _FORM_OF_TYPE.get(answer_type)
    return question, None


def without_asides(question: str) -> str:
    """The question without the sentences that only say how to answer it; their words are no words of the answer."""
    sentences = re.split(r"(?<=[.?!])\s+", _HOW_TO.sub("", question))
    return " ".join([s for n, s in enumerate(sentences) if n == 0 or not _ASIDE.search(s)])


def _is_year(word: str) -> bool:
    return bool(re.fullmatch(r"(?:FY)?'?(?:(?:19|20)?\d\d)", word, re.IGNORECASE))


def _names(question: str) -> tuple[str, ...]:
    names = []
    for match in _NAME.finditer(question):
        starts_sentence = match.start() == 0 or question[: match.start()].rstrip()[-1:] in ".?!:"
        words = match.group().split()
        if starts_sentence and (len(words) == 1 or words[0].lower() in STOP_WORDS):
            words = words[1:]
        kept = [w for w in words if w.lower() not in STOP_WORDS]
        if kept:
            names.append(" ".join(kept))
    return tuple(dict.fromkeys(names))


def _form(question: str) -> AnswerForm:
    for form, pattern in _FORMS:
        flags = 0 if form is AnswerForm.PERSON else re.IGNORECASE
        if re.search(pattern, question, flags | re.IGNORECASE):
            if form is AnswerForm.AMOUNT and re.search(_FORMS[-1][1], question, re.IGNORECASE):
                return AnswerForm.YES_NO
            return form
    return AnswerForm.TEXT
