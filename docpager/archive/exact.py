"""What a query wants held exactly: "quoted" phrases, identifiers and numbers that a tokenizer would split."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

MOST_TERMS = 8
"""Further exact terms of a query count as words only."""
_RARE = 5
"""An unquoted term that so many segments hold puts each of them before those that do not; one of more, less and less:
a form's name that stands in every filing tells little."""
_LONG_NUMBER = 5
_QUOTED = re.compile(r'"([^"]{1,300})"|“([^“”]{1,300})”|«([^«»]{1,300})»')
_TOKEN = re.compile(r"[^\W_](?:[^\s\"“”«»<>(){}\[\]|;!?*'’]*[^\W_])?")


@dataclass(frozen=True, slots=True)
class ExactTerm:
    """A piece of a query, as it has to stand in a text: blanks and line ends are one, upper and lower case too."""

    text: str
    is_quoted: bool = False

    def pattern(self) -> re.Pattern[str]:
        """Finds it, but not inside a longer word, number or identifier."""
        words = r"\s+".join(map(re.escape, self.text.split()))
        before = r"(?<!\w)" if self.text[0].isalnum() else ""
        after = r"(?!\w)" if self.text[-1].isalnum() else ""
        if not self.is_quoted:
            before, after = r"(?<!\w)(?<!\d[.,])", r"(?!\w)(?![.,:/-]\w)"
        return re.compile(before + words + after, re.IGNORECASE)

    def weight(self, holders: int) -> float:
        """What holding it is worth, from 0 to 1, where so many segments do."""
        return 1.0 if self.is_quoted or holders <= _RARE else _RARE / holders


def exact_terms(query: str) -> list[ExactTerm]:
    """The exact terms of a query, quoted ones first, each once."""
    quoted = [" ".join(next(filter(None, match.groups())).split()) for match in _QUOTED.finditer(query)]
    rest = _QUOTED.sub(" ", query)
    named = [token for token in _TOKEN.findall(rest) if _is_identifier(token)]
    terms = [ExactTerm(text, True) for text in quoted if any(map(str.isalnum, text))]
    terms += [ExactTerm(text) for text in named]
    return list({term.text.lower(): term for term in reversed(terms)}.values())[::-1][:MOST_TERMS]


def _is_identifier(token: str) -> bool:
    """``INV-2023-0042``, ``10-K``, ``1,577``, ``0000066740``; not ``2023``, ``FY2018`` or ``long-term``: as words,
    those are found as they stand."""
    digits = sum(map(str.isdecimal, token))
    return digits >= _LONG_NUMBER or (digits > 0 and not token.isalnum())


@dataclass(frozen=True, slots=True)
class Held:
    """Which rows hold exact terms, and what that is worth."""

    weights: Mapping[int, float]
    """The weight of all terms that a row holds."""
    total: float
    """The weight of all terms that any row holds."""

    @classmethod
    def of(cls, rows: Mapping[ExactTerm, Collection[int]]) -> Held:
        """Of the rows that hold each term."""
        weights: dict[int, float] = {}
        total = 0.0
        for term, holders in rows.items():
            if holders:
                weight = term.weight(len(holders))
                total += weight
                for row in holders:
                    weights[row] = weights.get(row, 0.0) + weight
        return cls(weights, total)

    def scores(self, scores: Mapping[int, float]) -> dict[int, float]:
        """Scores in [0, 1] with the weights in them: who holds a rare term is before all who do not."""
        return {row: (score + self.weights.get(row, 0.0)) / (1 + self.total) for row, score in scores.items()}
