"""Whether an answer gives the number that a gold answer consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from docpager.figures import Figure, figures, stated_unit
from docpager.table_rows import hidden, is_year

TOLERANCE = Decimal("0.01")
"""Numbers this close, as a share of the gold one, are the same."""
UNSTATED_SCALES = (1, 1_000, 1_000_000)
"""In a row of a statement a number stands in thousands or millions without saying so."""
_CITED = re.compile(r"\s?\[\d+\]")


@dataclass(frozen=True, slots=True)
class GoldNumber:
    """A gold answer that is one number: ``$5409.00``, ``1.9%``, ``$13.2 billion``."""

    figure: Figure
    scale: int
    """What one of it stands for: as its own scale word says, else its question, as in ``in USD millions``."""
    tolerance: Decimal = TOLERANCE
    """How far another number may be off, as a share of this one."""

    @classmethod
    def of(cls, gold_answer: str, question: str) -> GoldNumber | None:
        """The number; None where the gold answer says anything besides."""
        text = gold_answer.strip().rstrip(".")
        found = figures(text)
        if len(found) != 1 or text[: found[0].start].strip() or text[found[0].end :].strip():
            return None
        asked = stated_unit(question)
        scale = found[0].unit.scale if found[0].unit.scale != 1 else asked.scale if asked is not None else 1
        return cls(found[0], scale)

    @property
    def is_percentage(self) -> bool:
        """Whether it is printed with a per cent sign."""
        return self.figure.unit.name == "%"

    def is_given_by(self, answer: str | None, computed: float | None = None, *, as_stated: bool = False) -> bool:
        """Whether a number of the answer's text, or its computed value, is this one.

        Equal means within ``tolerance`` or within the gold number's printed rounding, whichever is wider. Signs,
        currency signs and thousands separators do not count: a statement prints an outflow in parentheses. A scale
        word counts; a number without one may be in ones, thousands or millions where the gold number or its question
        names a scale, since the rows of a statement do not say theirs. A percentage may be given as a share of one.
        Years do not count. ``as_stated`` takes a number without a scale word as it stands, never for thousands or
        millions.
        """
        text = _CITED.sub("", answer or "")
        found = [figure for figure in figures(hidden(text)) if not is_year(figure, text)]
        bare = [] if computed is None else list(self._unscaled(Decimal(repr(computed)), as_stated))
        return any(self._equals(figure, as_stated) for figure in found) or any(map(self._near, bare))

    def _equals(self, figure: Figure, as_stated: bool) -> bool:
        units = {figure.unit.name, self.figure.unit.name} - {None}
        if len(units) > 1:
            return False
        if figure.unit.name == "%" and not self.is_percentage:
            return self._near(figure.value / 100)
        if figure.unit.scale != 1:
            return self._near(figure.value * figure.unit.scale / self.scale)
        if figure.unit.name == "%":
            return self._near(figure.value)
        return any(map(self._near, self._unscaled(figure.value, as_stated)))

    def _unscaled(self, value: Decimal, as_stated: bool) -> Iterator[Decimal]:
        """What a number that says neither % nor a scale may stand for, in the gold number's own terms."""
        yield value
        if self.is_percentage:
            yield value * 100
        elif self.scale != 1 and not as_stated:
            yield from (value * scale / self.scale for scale in UNSTATED_SCALES)

    def _near(self, value: Decimal) -> bool:
        gold = abs(self.figure.value)
        rounding = Decimal(5) / 10 ** (self.figure.places + 1)
        return bool(abs(abs(value) - gold) <= max(gold * self.tolerance, rounding))
