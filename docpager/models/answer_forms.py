"""Whether a text holds the form of answer that a question asks for: an amount, a date, a person, a place."""

from __future__ import annotations

import re
from collections.abc import Collection

from docpager.models.question_words import AnswerForm
from docpager.models.stemming import stems

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
FULL_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{4}}|\b{_MONTH} \d{{1,2}},? \d{{4}}|\b\d{{4}}-\d\d-\d\d\b",
    re.IGNORECASE,
)
_ANY_DATE = re.compile(
    rf"\b(?:1[0-9]|20)\d\d\b|\b\d{{1,2}} {_MONTH}\b|\b{_MONTH} \d|\b\d{{1,2}}[:.]\d\d\b", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
NUMBER = re.compile(
    r"(?<![\w.])[$€£]?\(?\d[\d,.]*\)?\s?%?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|"
    r"hundred|thousand|million|half)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b[A-Z][\w'’.-]+\s+(?:[A-Z][\w'’.-]*\s+)?[A-Z][\w'’-]+|\b(?:Mr|Mrs|Ms|Dr)\.? [A-Z]\w+")
_PLACE = re.compile(r"(?<=[\w,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")

WITHOUT_FORM = {AnswerForm.AMOUNT: 0.5, AnswerForm.DATE: 0.5, AnswerForm.PERSON: 0.6, AnswerForm.PLACE: 0.7}
"""What a passage without the form asked for keeps of its score."""
VAGUE_DATE = 0.85
"""What it keeps where a question asks when and only a year, a day or a time is there."""


def form_share(form: AnswerForm, text: str, asked: Collection[str]) -> float:
    """What a passage keeps of its score for the form it holds; names that the question itself gives do not count."""
    match form:
        case AnswerForm.AMOUNT:
            held = NUMBER.search(_YEAR.sub("", FULL_DATE.sub("", text))) is not None
        case AnswerForm.DATE:
            if not FULL_DATE.search(text) and _ANY_DATE.search(text):
                return VAGUE_DATE
            held = FULL_DATE.search(text) is not None
        case AnswerForm.PERSON:
            held = _names_another(_PERSON, text, asked)
        case AnswerForm.PLACE:
            held = _names_another(_PLACE, text, asked)
        case _:
            return 1.0
    return 1.0 if held else WITHOUT_FORM[form]


def _names_another(pattern: re.Pattern[str], text: str, asked: Collection[str]) -> bool:
    return any(not set(stems(match.group())) <= set(asked) for match in pattern.finditer(text))
