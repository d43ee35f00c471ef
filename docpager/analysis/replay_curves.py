"""What other policies and budgets would have made of a run: curves over budgets, beside the lower bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from docpager.analysis.replay import AS_NEEDED, Outcome, Setup, replay
from docpager.analysis.replay_bound import Demand, fewest_refaults
from docpager.analysis.replay_trace import Trace, trace_of
from docpager.batch.tables import read_answers, read_trace
from docpager.memory import Watermarks
from docpager.settings import MEMGPT, AgentSettings

SHARES = (0.25, 0.375, 0.5, 0.625, 0.75, 1.0)
"""Memory, as shares of the tokens of all pages that a question asked for."""
WINDOWS = (1, 2, 4, 8, 16, 32, 64)
"""References that a working set looks back on."""


@dataclass(frozen=True, slots=True)
class RunTraces:
    """A run's traces, and how its memory was run."""

    traces: Sequence[Trace]
    setup: Setup
    silent: int
    """Questions that asked for no page."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """All questions of a run at one budget."""

    share: float | None
    """Of each question's own pages; None where the budget is the same for all."""
    tokens: int
    """Room for pages: on average where it is a share."""
    cold: int
    references: int
    bound_refaults: int
    bound_is_exact: bool
    """For every question; otherwise some of it is a relaxation."""
    outcomes: Mapping[str, Outcome]
    """By policy."""

    def ratio(self, policy: str) -> float:
        """Faults of both kinds, as a multiple of the fewest that were possible."""
        fewest = self.cold + self.bound_refaults
        return self.outcomes[policy].faults / fewest if fewest else 1.0

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON record a policy."""
        place = {"share": self.share, "page_tokens": self.tokens, "references": self.references}
        bound = {"bound_refaults": self.bound_refaults, "bound_is_exact": self.bound_is_exact}
        for policy, outcome in self.outcomes.items():
            yield {
                "record": "point",
                **place,
                "policy": policy,
                "cold_misses": outcome.cold,
                "refaults": outcome.refaults,
                "refaults_per_reference": round(outcome.refault_rate, 6),
                "cold_per_reference": round(outcome.cold / max(1, outcome.references), 6),
                **bound,
                "faults_over_bound": round(self.ratio(policy), 6),
                "reclaims": outcome.reclaims,
                "cost_tokens": round(outcome.cost),
            }


@dataclass(frozen=True, slots=True)
class Readahead:
    """What a run brought ahead, and what came of it."""

    pages: int
    used: int
    wasted_tokens: int

    @property
    def accuracy(self) -> float | None:
        """The share that was used; None where nothing was brought."""
        return self.used / self.pages if self.pages else None


def traces_of(run: Path, settings: Mapping[str, Any]) -> RunTraces:
    """The traces of a run's questions; ``settings`` are the agent's, as its manifest has them."""
    cited = {
        (row["question_id"], row["doc_id"]): row["cited_segment_ids"] or ()
        for row in read_answers(run, ["question_id", "doc_id", "cited_segment_ids"])
    }
    traces, silent = [], 0
    for key, rows in groupby(read_trace(run), key=lambda row: (row["question_id"], row.get("doc_id"))):
        trace = trace_of(list(rows), cited.get(key, ()))
        silent += trace is None
        traces += [trace] if trace is not None else []
    return RunTraces(traces, setup_of(settings), silent)


def setup_of(settings: Mapping[str, Any]) -> Setup:
    """How an agent of these settings runs its memory."""
    default = AgentSettings()
    if settings.get("layout") == MEMGPT or settings.get("strategy", "paged") == "memgpt":
        return Setup("fifo", AS_NEEDED)
    policy = settings.get("policy", default.policy)
    if settings.get("strategy", "paged") != "paged":
        return Setup(policy, AS_NEEDED)
    marks = [
        settings.get(f"{name}_watermark", getattr(default, f"{name}_watermark")) for name in ("low", "high", "pressure")
    ]
    return Setup(policy, Watermarks(*marks))


def differences(found: RunTraces) -> list[str]:
    """Questions of which a replay as recorded gives other faults, refaults or victims than the trace."""
    wrong = []
    for trace in found.traces:
        again = replay(trace, found.setup)
        if (again.faults, again.refaults, again.evicted) != (
            trace.happened.faults,
            trace.happened.refaults,
            trace.happened.evicted,
        ):
            wrong.append(trace.question_id)
    return wrong


def recorded(found: RunTraces) -> Outcome:
    """The run itself, replayed with all that happened to it."""
    return sum((replay(trace, found.setup) for trace in found.traces), Outcome())


def at_shares(
    traces: Sequence[Trace], policies: Iterable[str], watermarks: Watermarks, shares: Iterable[float] = SHARES
) -> Iterator[CurvePoint]:
    """A point for each share of every question's own pages."""
    for share in shares:
        sizes = [max(trace.largest_call, round(share * trace.working_set_tokens)) for trace in traces]
        yield _point(traces, sizes, policies, watermarks, share)


def at_tokens(
    traces: Sequence[Trace], policies: Iterable[str], watermarks: Watermarks, budgets: Iterable[int]
) -> Iterator[CurvePoint]:
    """A point for each budget in tokens, the same for every question."""
    for tokens in budgets:
        yield _point(traces, [tokens] * len(traces), policies, watermarks, None)


def _point(
    traces: Sequence[Trace], sizes: Sequence[int], policies: Iterable[str], watermarks: Watermarks, share: float | None
) -> CurvePoint:
    outcomes = {}
    for policy in policies:
        setup = Setup(policy, watermarks)
        outcomes[policy] = sum((replay(t, setup, size) for t, size in zip(traces, sizes, strict=True)), Outcome())
    bounds = [fewest_refaults(Demand.of_trace(t), size) for t, size in zip(traces, sizes, strict=True)]
    any_outcome = next(iter(outcomes.values()))
    return CurvePoint(
        share,
        round(sum(sizes) / max(1, len(sizes))),
        any_outcome.cold,
        any_outcome.references,
        sum(bound.refaults for bound in bounds),
        all(bound.is_exact for bound in bounds),
        outcomes,
    )


def working_sets(traces: Sequence[Trace], windows: Iterable[int] = WINDOWS) -> dict[int, float]:
    """Denning's working set: mean tokens of the pages that the last so many references were to, by their number."""
    found = {}
    for window in windows:
        total = count = 0
        for trace in traces:
            sizes = trace.sizes
            asked = [ask.page_id for call in trace.calls if call.kind == "page_in" for ask in call.asks]
            for at in range(len(asked)):
                total += sum(sizes[page_id] for page_id in set(asked[max(0, at + 1 - window) : at + 1]))
                count += 1
        found[window] = total / count if count else 0.0
    return found


def readahead_of(traces: Sequence[Trace]) -> Readahead:
    """What was brought ahead, and whether it was asked for, noted, pinned or cited afterwards."""
    pages = used = wasted = 0
    for trace in traces:
        for at, call in enumerate(trace.calls):
            for ask in call.asks if call.kind == "prefetch" else ():
                later = {a.page_id for c in trace.calls[at + 1 :] if c.kind == "page_in" for a in c.asks}
                later |= {p for c in trace.calls[at + 1 :] if c.kind in ("touch", "pin") for p in c.page_ids}
                is_used = ask.page_id in later or ask.page_id in trace.cited
                pages, used = pages + 1, used + is_used
                wasted += 0 if is_used else ask.tokens
    return Readahead(pages, used, wasted)
