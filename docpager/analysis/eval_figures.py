"""What a run's rows beside their gold come to: figures by name, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docpager.analysis.bootstrap import area_interval, mean_interval
from docpager.analysis.eval_rows import EvalRow, Verdict
from docpager.analysis.risk_coverage import RiskPoint, area, risk_coverage
from docpager.errors import UsageError

FAILED_EXIT_CODE = 5
Values = list[float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over some questions; ``value`` is None where no question has it."""

    name: str
    about: str
    value: float | None
    low: float | None
    """The ends of the 95 % interval; None for sums and percentiles."""
    high: float | None
    questions: int
    """Those that count."""

    def as_record(self) -> dict[str, Any]:
        """As JSON has it."""
        values = {"value": self.value, "low": self.low, "high": self.high}
        rounded = {name: None if value is None else round(value, 6) for name, value in values.items()}
        return {"record": "figure", "name": self.name, **rounded, "questions": self.questions, "about": self.about}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run beside its gold file."""

    run_folder: Path
    path: Path
    """The table that was written: a row a question."""
    rows: Sequence[EvalRow]
    figures: Mapping[str, Figure]
    curve: Sequence[RiskPoint]
    without_gold: Sequence[str] = field(default_factory=list)
    """Ids of questions that the gold file has no row for: in the table, and in no figure that needs one."""
    unused_gold: Sequence[str] = field(default_factory=list)
    """Gold rows that the run has no question for."""
    archive_missing: bool = False
    """Without the archive nothing is known of what was read."""

    def below(self, floors: Mapping[str, float]) -> list[str]:
        """One sentence for each figure that is below its floor, or unknown."""
        said = []
        for name, floor in floors.items():
            value = self.figures[name].value
            if value is None:
                said.append(f"{name} is unknown: no question has it. It should be at least {floor:g}.")
            elif value < floor:
                said.append(f"{name} is {value:.4g}, below {floor:g}.")
        return said


_SHARES: dict[str, tuple[str, Callable[[EvalRow], float | bool | None]]] = {
    "correct": ("gold answer given, or rightly none", lambda r: _verdict(r, Verdict.CORRECT)),
    "wrong": ("another answer given", lambda r: _verdict(r, Verdict.WRONG)),
    "abstained": ("none given, though there is one", lambda r: _verdict(r, Verdict.ABSTAINED)),
    "failed": ("none given, by an error or a limit", lambda r: _verdict(r, Verdict.FAILED)),
    "correct_of_answered": (
        "correct, of the answers given",
        lambda r: r.is_right if r.has_gold and r.answer is not None else None,
    ),
    "exact_match": ("the gold answer's words and no others", lambda r: r.exact_match),
    "token_f1": ("words shared with the gold answer", lambda r: r.token_f1),
    "numeric_match": ("the gold number, within its tolerance", lambda r: r.numeric_match),
    "answer_in_citations": ("gold answer in the lines cited", lambda r: r.answer_in_citations),
    "any_gold_read": ("a gold page was in memory", lambda r: r.any_gold_read),
    "all_gold_read": ("all gold pages were", lambda r: r.all_gold_read),
    "any_gold_cited": ("a gold page is cited", lambda r: r.any_gold_cited),
    "all_gold_cited": ("all gold pages are", lambda r: r.all_gold_cited),
    "citation_precision": ("citations that stand on gold pages", lambda r: r.citation_precision),
    "citation_recall": ("gold pages that are cited, of answers", lambda r: r.citation_recall),
    "verified": ("citations that are exact or normalized", lambda r: r.verified),
    "judge_correct": ("the judge finds the answer right", lambda r: r.judge_correct),
    "judge_entailed": ("the judge finds it said by its quotes", lambda r: r.judge_entailed),
}
_SUMS = ("cost_usd", "prompt_tokens", "cached_tokens", "cacheable_tokens", "completion_tokens")
_MEANS = ("prompt_tokens", "completion_tokens", "steps")
FIGURE_NAMES = (
    *_SHARES,
    "aurc",
    *(f"total_{name}" for name in _SUMS),
    *(f"mean_{name}" for name in _MEANS),
    "latency_p50",
    "latency_p95",
)
"""Every figure's name, as ``--fail-under`` takes it."""


def figures_of(rows: Sequence[EvalRow]) -> dict[str, Figure]:
    """All figures of some rows, in the order they are shown."""
    found = [_mean(name, about, [value(row) for row in rows]) for name, (about, value) in _SHARES.items()]
    found.append(_area(rows))
    for name in _SUMS:
        known = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        found.append(Figure(f"total_{name}", "", float(sum(known)) if known else None, None, None, len(known)))
    found += [_mean(f"mean_{name}", "a question", [getattr(row, name) for row in rows]) for name in _MEANS]
    seconds = sorted(row.latency_seconds for row in rows if row.latency_seconds is not None)
    for name, share in (("latency_p50", 0.5), ("latency_p95", 0.95)):
        at = seconds[max(0, math.ceil(share * len(seconds)) - 1)] if seconds else None
        found.append(Figure(name, "seconds a question", at, None, None, len(seconds)))
    return {figure.name: figure for figure in found}


def curve_of(rows: Sequence[EvalRow]) -> list[RiskPoint]:
    """Risk by coverage of the questions that have gold: what answering only above a confidence would have given."""
    return risk_coverage(_judged(rows))


def floors_of(words: Iterable[str]) -> dict[str, float]:
    """``NAME=VALUE`` words as floors; raises ``UsageError`` for a name or value that is none."""
    floors = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in FIGURE_NAMES:
            raise UsageError(f"There is no figure {name!r}. There are: {', '.join(FIGURE_NAMES)}.")
        try:
            floors[name] = float(value)
        except ValueError:
            raise UsageError(f"{word!r} is no floor: write NAME=VALUE, as in {name}=0.8.") from None
        if not math.isfinite(floors[name]):
            raise UsageError(f"{word!r} is no floor: {value} is no finite number.")
    return floors


def _verdict(row: EvalRow, verdict: Verdict) -> bool | None:
    return row.verdict == verdict if row.has_gold else None


def _mean(name: str, about: str, values: Iterable[float | bool | None]) -> Figure:
    known: Values = [float(value) for value in values if value is not None]
    if not known:
        return Figure(name, about, None, None, None, 0)
    return Figure(name, about, math.fsum(known) / len(known), *mean_interval(known), len(known))


def _judged(rows: Sequence[EvalRow]) -> list[tuple[float | None, bool]]:
    """Confidence and whether it was right, of each question with gold; None where nothing was answered."""
    return [(row.confidence if row.answer is not None else None, row.is_right) for row in rows if row.has_gold]


def _area(rows: Sequence[EvalRow]) -> Figure:
    known = [(confidence, right) for confidence, right in _judged(rows) if confidence is not None]
    about = "mean share of wrong answers over all coverages"
    value = area(risk_coverage(known))
    if value is None:
        return Figure("aurc", about, None, None, None, 0)
    low, high = area_interval([confidence for confidence, _ in known], [right for _, right in known])
    return Figure("aurc", about, value, low, high, len(known))
