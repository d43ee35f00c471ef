"""Working a figure question out: what is found so far, what to note, what to calculate, and what to answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from docpager.figures import SCALES
from docpager.models.figure_question import FigureQuestion, Part, Task
from docpager.models.figure_rows import Found, figures_on, scale_name
from docpager.models.formulas import Formula, Operand
from docpager.models.situation import Situation
from docpager.models.vocabulary import Vocabulary

SURE, LIKELY = 0.81, 0.7
"""Figures that are all found so surely need no further reading: at all, and once the first results are read."""
BETTER = 0.05
"""A figure is noted again when another row shows it so much more surely."""
OTHER_DOCUMENT = 0.5
"""A figure of a document that the question does not name keeps this share of its score."""
TOLERANCE = Decimal(2)
"""Figures that differ by no more than so many points or per cent are consistent, where the question does not say."""
_NOTED = re.compile(
    r"(?P<name>[^:;]+?)(?: (?P<year>(?:19|20)\d\d))?: (?P<value>-?[\d,]+(?:\.\d+)?)(?: (?P<scale>[a-z]+))? "
    r"\((?P<score>[01]\.\d+)\)"
)
_UP = re.compile(r"\bimprov|\bincreas|\bgrow|\bgrew\b|\bris(?:e|en|ing)\b|\brose\b|\bhigher\b|\bmore\b", re.IGNORECASE)
_DOWN = re.compile(r"\bdecreas|\bdeclin|\bf[ae]ll|\blower\b|\bdropp?|\breduc|\bshr[aiu]nk|\bless\b", re.IGNORECASE)
_STEADY = re.compile(r"\bconsistent|\bstable\b|\bsteady\b|\bfluctuat", re.IGNORECASE)
_TOLERATED = re.compile(r"(\d+(?:\.\d+)?)\s?(?:%|per ?cent|percentage points)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of the answer."""

    part: Part
    value: Decimal
    """As the answer gives it: in per cent for a share, else in the figures' own scale."""
    scale: int
    expression: str
    """What it was worked out by; empty for a figure that stands in a row as it is."""
    addresses: tuple[str, ...]
    score: float


class FigureWork:
    """What the situation holds of the figures a question asks for."""

    def __init__(
        self, situation: Situation, question: FigureQuestion, vocabulary: Vocabulary, scope: Sequence[str]
    ) -> None:
        self._at = situation
        self.question = question
        named = {(o.concept.name, o.year): o for o in question.operands}
        self._noted = _best(
            found for note in situation.tail.notes for found in _from_note(note.text, note.addresses, named)
        )
        self._shown: dict[Operand, Found] = {}
        for page in situation.pages:
            share = 1.0 if not scope or page.document.split(" ")[0] in scope else OTHER_DOCUMENT
            found = [replace(f, score=f.score * share) for f in figures_on(page, question.operands, vocabulary)]
            self._shown = _best([*self._shown.values(), *found])
        self._found = _best([*self._noted.values(), *self._shown.values()])

    def notes(self) -> list[tuple[str, str]]:
        """What to note before its page goes: a text and its address for each row that shows more than the notes do."""
        rows: dict[str, list[Found]] = {}
        for operand, found in self._shown.items():
            known = self._noted.get(operand)
            if known is None or found.score >= known.score + BETTER:
                rows.setdefault(found.address, []).append(found)
        return [("; ".join(map(_note, row)), address) for address, row in rows.items()]

    def is_complete(self, score: float) -> bool:
        """Whether every figure can be worked out from rows that are at least so sure."""
        return all(self._formula(part, score) is not None for part in self.question.parts)

    def pending(self) -> list[tuple[str, list[str]]]:
        """Calculations that the answer needs and that were not asked for yet: expression and addresses."""
        asked = {str(arguments.get("expression")) for arguments in self._at.asked("calculate")}
        wanted = dict(map(self._calculation, self.question.parts))
        return [(e, list(addresses)) for e, addresses in wanted.items() if e and e not in asked]

    def results(self) -> list[Result] | None:
        """The figures of the answer; None where one could not be worked out."""
        results = [self._result(part) for part in self.question.parts]
        return [r for r in results if r is not None] if all(results) else None

    # Formulas

    def _formula(self, part: Part, score: float = 0.0) -> Formula | None:
        """The first formula of a part whose operands are all found so surely."""
        for formula in part.formulas:
            if all(o in self._found and self._found[o].score >= score for o in formula.operands):
                return formula
        return None

    def _calculation(self, part: Part) -> tuple[str, tuple[str, ...]]:
        """The expression of a part and the rows it rests on; no expression for what stands in one row as it is."""
        formula = self._formula(part)
        if formula is None:
            return "", ()
        rows = [self._found[operand] for operand in formula.operands]
        addresses = tuple(dict.fromkeys(found.address for found in rows))
        if formula.template == "{0}":
            return "", addresses
        unit = min(found.scale for found in rows)
        values = {o: _plain(self._found[o].value * self._found[o].scale / unit) for o in formula.operands}
        expression = formula.filled(values)
        return (f"({expression}) * 100" if self.question.percent else expression), addresses

    def _result(self, part: Part) -> Result | None:
        formula = self._formula(part)
        if formula is None:
            return None
        rows = [self._found[operand] for operand in formula.operands]
        expression, addresses = self._calculation(part)
        value = self._worked_out(expression) if expression else rows[0].value
        if value is None:
            return None
        return Result(part, value, min(f.scale for f in rows), expression, addresses, min(f.score for f in rows))

    def _worked_out(self, expression: str) -> Decimal | None:
        for notice in self._at.notices:
            left, equals, right = notice.partition(" = ")
            if equals and left == expression.replace(",", ""):
                return Decimal(right.split(";")[0])
        return None


def _plain(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _best(found: Iterable[Found]) -> dict[Operand, Found]:
    best: dict[Operand, Found] = {}
    for one in found:
        if one.operand not in best or one.score > best[one.operand].score:
            best[one.operand] = one
    return best


def _note(found: Found) -> str:
    named = " ".join(filter(None, [found.operand.concept.name, found.operand.year]))
    value = " ".join(filter(None, [f"{found.value:,}", scale_name(found.scale)]))
    return f"{named}: {value} ({found.score:.2f})"


def _from_note(text: str, addresses: Sequence[str], named: Mapping[tuple[str, str], Operand]) -> list[Found]:
    """The figures that a note of ours keeps."""
    found = []
    for match in _NOTED.finditer(text):
        operand = named.get((match["name"].strip(" ;"), match["year"] or ""))
        if operand is not None and addresses:
            value = Decimal(match["value"].replace(",", ""))
            scale = SCALES.get(match["scale"] or "", 1)
            found.append(Found(operand, value, scale, float(match["score"]), addresses[0]))
    return found


# The answer in words


def statements(question: FigureQuestion, results: Sequence[Result]) -> list[tuple[str, list[str]]]:
    """The answer's statements with their addresses."""
    first = ""
    match question.task:
        case Task.COMPARE:
            first = _verdict(question, results)
        case Task.MOST | Task.LEAST:
            results = sorted(results, key=lambda result: result.value, reverse=question.task is Task.MOST)
            first = "Highest is " if question.task is Task.MOST else "Lowest is "
    said = [(_said(question, result), list(result.addresses)) for result in results]
    return [(first + said[0][0], said[0][1]), *said[1:]]


def _said(question: FigureQuestion, result: Result) -> str:
    named = " ".join(filter(None, [result.part.name, result.part.year]))
    value = result.value
    scale = "" if question.percent else scale_name(result.scale)
    if result.expression:
        rounded = f"{round(value, question.places):,}"
        is_ratio = "/" in result.expression
        shown = f"{rounded}%" if question.percent else rounded if is_ratio else f"{rounded} {scale}".strip()
        return f"{named}: {result.expression} = {shown}"
    text = f"{named}: {_printed(value)} {scale}".strip()
    wanted = question.unit.scale if question.unit else 1
    if wanted != result.scale and wanted > 1 and result.scale > 1:
        text += f" = {_printed(_plain(value * result.scale / wanted))} {scale_name(wanted)}"
    return text


def _printed(value: Decimal) -> str:
    return f"{value:,f}"


def _verdict(question: FigureQuestion, results: Sequence[Result]) -> str:
    """Yes or No where the question asks whether figures rose, fell or kept steady; nothing else."""
    asked, first, last = question.text, results[0].value, results[-1].value
    if _STEADY.search(asked):
        tolerated = _TOLERATED.search(asked)
        most = Decimal(tolerated[1]) if tolerated else TOLERANCE
        steps = [_step(a.value, b.value, percent=question.percent) for a, b in pairwise(results)]
        holds = all(step <= most for step in steps)
    elif _UP.search(asked):
        holds = last > first
    elif _DOWN.search(asked):
        holds = last < first
    else:
        return ""
    return "Yes. " if holds else "No. "


def _step(before: Decimal, after: Decimal, *, percent: bool) -> Decimal:
    """The change in points of a share, in per cent of anything else."""
    change = abs(after - before)
    return change if percent or not before else change / abs(before) * 100
