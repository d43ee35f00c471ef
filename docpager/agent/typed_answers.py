"""An answer as a number and unit, as a date, or with Yes, No or a choice first: where its words leave no doubt.

The model's own words are read first. A statement that only repeats its quote, and quotes where no statement says a
number, are read with what stands above them: column heads choose the column, headings tell the unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from docpager.agent.numbers_said import Said, number_said, texts
from docpager.dates import dates
from docpager.records import AnswerType, Question

_POLARITY = re.compile(r"(?P<answer>yes|no)\b(?!\s*\.?\s*\d)(?=\s*(?:[,.:;!–—-]|$))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """What an answer says as a value; None is unknown."""

    value: float | None = None
    unit: str | None = None
    day: date | None = None
    first_word: str | None = None
    """Yes, No or the choice, where the answer's words decide for one and do not begin with it."""


def typed_answer(question: Question, said: Sequence[Said]) -> TypedAnswer:
    """The statements as the type of answer that was asked for; nothing for text and lists."""
    match question.answer_type:
        case AnswerType.NUMBER:
            figure, unit = number_said(question.question, said)
            return TypedAnswer(None if figure is None else float(figure.value), unit)
        case AnswerType.DATE:
            return TypedAnswer(day=_date(question.question, said))
        case AnswerType.YES_NO:
            return TypedAnswer(first_word=_yes_or_no(said))
        case AnswerType.CHOICE:
            return TypedAnswer(first_word=_choice(question.question, said))
        case _:
            return TypedAnswer()


# Dates


def _date(question: str, said: Sequence[Said]) -> date | None:
    """The only day, other than those the question names, in the first text that has one."""
    named = {printed.day for printed in dates(question)}
    for quoted in texts(said):
        days = {printed.day for printed in dates(quoted.quote)} - named
        if days:
            return days.pop() if len(days) == 1 else None
    return None


# Yes and no, and choices


def _yes_or_no(said: Sequence[Said]) -> str | None:
    """Yes or No, where all statements that begin with one begin with the same, and the first does not."""
    found = [_POLARITY.match(statement.text.lstrip("\"'*( ")) for statement in said]
    answers = {match["answer"].lower() for match in found if match}
    return answers.pop().capitalize() if len(answers) == 1 and found[0] is None else None


def choices(question: str) -> list[str]:
    """The choices a question names: in brackets, behind a colon, or behind its last comma with an ``or``."""
    text = question.strip().rstrip("?. ")
    bracketed = re.search(r"\(([^()]*(?:,|/|\bor\b)[^()]*)\)$", text)
    listed = bracketed[1] if bracketed else text.rpartition(":")[2] if ":" in text else _behind_comma(text)
    parts = re.split(r"\s*[,;/]\s*(?:or\s+)?|\s+or\s+", listed) if listed else []
    cleaned = [part.strip(" \"'“”") for part in parts]
    return [part for part in cleaned if part] if len(cleaned) > 1 else []


def _behind_comma(text: str) -> str:
    start, _, last = text.rpartition(" or ")
    before = re.split(r",\s+", start)
    return f"{', '.join(before[1:])} or {last}" if last and len(before) > 1 else ""


def _choice(question: str, said: Sequence[Said]) -> str | None:
    """The one choice that the statements name, where they do not begin with it."""
    text = " ".join(statement.text for statement in said)
    named = [c for c in choices(question) if re.search(rf"(?<!\w){re.escape(c)}(?!\w)", text, re.IGNORECASE)]
    longest = [c for c in named if not any(c != other and c.lower() in other.lower() for other in named)]
    if len(longest) != 1 or text.lower().startswith(longest[0].lower()):
        return None
    return longest[0]
