"""How a figure is worked out from others: from a formula of the vocabulary, or from a question's own definition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from docpager.models.vocabulary import BEFORE, OPERAND, Concept, Vocabulary

DEFINITION = re.compile(
    r"\b(?:is|are|as) (?:defined|calculated|computed|measured) as:?\s+(?P<formula>.+)", re.IGNORECASE
)
MOST_OPERANDS = 12
_AVERAGE = re.compile(
    r"(?:the )?average (?:of )?(?P<what>[^()/*+]+?) (?:between|for|of|in|from) (?P<first>\S*\d{2,4}) (?:and|to) "
    r"(?P<last>\S*\d{2,4})",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(?:the )?change in (?P<what>[^()/*+]+?) (?:between|from) (?P<first>\S*\d{2,4}) (?:and|to) (?P<last>\S*\d{2,4})",
    re.IGNORECASE,
)
_OPERATORS = (
    (re.compile(r"\s+(?:divided by|over)\s+", re.IGNORECASE), " / "),
    (re.compile(r"\s+(?:multiplied by|times|x|×)\s+", re.IGNORECASE), " * "),
    (re.compile(r"\s+(?:plus|added to)\s+", re.IGNORECASE), " + "),
    (re.compile(r"\s+(?:minus|less)\s+|\s+[–—−]\s+", re.IGNORECASE), " - "),
)
_TOKEN = re.compile(r"(\(|\)|\s[-+/*]\s|(?<=\))\s*[-+/*]|[-+/*]\s*(?=\())")
_YEAR = re.compile(r"(?<!\d)(?:FY\s?'?|fiscal\s)?((?:19|20)\d\d)(?!\d)|\bFY\s?'?(\d\d)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operand:
    """A concept's figure of one year; any year's where none is named."""

    concept: Concept
    year: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression over operands: ``{0} / (({1} + {2}) / 2)``."""

    template: str
    operands: tuple[Operand, ...]

    def filled(self, values: Mapping[Operand, Decimal]) -> str:
        """The expression with its figures, as ``calculate`` takes it."""
        return self.template.format(*(_printed(values[operand]) for operand in self.operands))


def _printed(value: Decimal) -> str:
    return f"{value:,}" if value >= 0 else f"(-{-value:,})"


def of_measure(formula: str, year: str, vocabulary: Vocabulary) -> Formula:
    """A formula of the vocabulary for one year."""
    operands = tuple(
        Operand(
            vocabulary.concepts[name.removesuffix(BEFORE)],
            str(int(year) - 1) if name.endswith(BEFORE) and year else year,
        )
        for name in OPERAND.findall(formula)
    )
    places = iter(range(len(operands)))
    return Formula(OPERAND.sub(lambda _: f"{{{next(places)}}}", formula), operands)


def in_words(definition: str, year: str, vocabulary: Vocabulary) -> Formula | None:
    """A definition in words: ``FY2019 revenue / (average PP&E between FY2018 and FY2019)``; None where it is none.

    Operands without a year are of ``year``.
    """
    text = _AVERAGE.sub(r"((\g<first> \g<what> + \g<last> \g<what>) / 2)", definition)
    text = _CHANGE.sub(r"(\g<last> \g<what> - \g<first> \g<what>)", text)
    for pattern, operator in _OPERATORS:
        text = pattern.sub(operator, text)
    template = ""
    operands: list[Operand] = []
    for token in _TOKEN.split(_first_sentence(text)):
        bare = token.strip()
        if re.fullmatch(r"[-+/*()]?|\d+(?:\.\d+)?%?", bare):
            template += f" {bare} " if bare and bare in "-+/*" else bare
            continue
        operand = _operand(bare, year, vocabulary)
        if operand is None:
            return None
        template += f"{{{len(operands)}}}"
        operands.append(operand)
    template = _plain(template)
    is_one = 0 < len(operands) <= MOST_OPERANDS and re.search(r"[-+/*]", template) and _balanced(template)
    return Formula(template, tuple(operands)) if is_one else None


def _plain(template: str) -> str:
    """An expression without brackets that hold nothing but an operand or another pair."""
    text = re.sub(r"\s+", " ", template).replace("( ", "(").replace(" )", ")").strip()
    while True:
        shorter = re.sub(r"\((\{\d+\})\)", r"\1", re.sub(r"\((\((?:[^()]|\([^()]*\))*\))\)", r"\1", text))
        if shorter == text:
            return text
        text = shorter


def _first_sentence(text: str) -> str:
    return re.split(r"[.?!;](?:\s+(?=[A-Z])|\s*$)", text, maxsplit=1)[0]


def _operand(words: str, year: str, vocabulary: Vocabulary) -> Operand | None:
    if words[0] in "-+/*":
        return None
    years = ["".join(found) for found in _YEAR.findall(words)]
    named = years[0] if years else year
    bare = re.sub(r"\b(?:the|in|for|of|as|at|end|year-end|total)\b", " ", _YEAR.sub(" ", words), flags=re.IGNORECASE)
    concepts = vocabulary.concepts_in(words)
    concept = concepts[0] if concepts else Concept.of_words(" ".join(bare.split()))
    return Operand(concept, f"20{named}" if len(named) == 2 else named) if any(concept.stems) else None


def _balanced(template: str) -> bool:
    """Whether brackets match and operators stand between operands."""
    bare = re.sub(r"\{\d+\}|\d+(?:\.\d+)?%?", "x", template).replace(" ", "")
    while True:
        shorter = re.sub(r"\(x\)|x[-+/*]x", "x", bare)
        if shorter == bare:
            return bare == "x"
        bare = shorter


def average(formulas: Sequence[Formula]) -> Formula:
    """The mean of some formulas."""
    if len(formulas) == 1:
        return formulas[0]
    joined = joined_by(" + ", formulas)
    return Formula(f"({joined.template}) / {len(formulas)}", joined.operands)


def growth(before: Formula, after: Formula) -> Formula:
    """The change from one to the other, as a share of the first."""
    change = joined_by(" - ", [after, before])
    first = _in_brackets(shifted(before, len(after.operands)).template)
    return Formula(f"({change.template}) / {first}", change.operands)


def joined_by(operator: str, formulas: Sequence[Formula]) -> Formula:
    """Some formulas with an operator between them."""
    operands: list[Operand] = []
    parts = []
    for formula in formulas:
        parts.append(_in_brackets(shifted(formula, len(operands)).template))
        operands += formula.operands
    return Formula(operator.join(parts), tuple(operands))


def _in_brackets(template: str) -> str:
    """An operand stays as it is: a number alone in brackets is negative in a statement."""
    return template if re.fullmatch(r"\{\d+\}", template) else f"({template})"


def shifted(formula: Formula, by: int) -> Formula:
    """The same formula, its operands counted from ``by``."""
    return Formula(re.sub(r"\{(\d+)\}", lambda m: f"{{{int(m[1]) + by}}}", formula.template), formula.operands)
