"""Policies against the lower bound, on workloads that read pages again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from docpager.analysis.replay_bound import Bound, Demand, fewest_refaults
from docpager.analysis.workloads import Figures, Workload, measure
from docpager.memory import Watermarks


@dataclass(frozen=True, slots=True)
class AgainstBound:
    """What a policy made of a workload, beside the fewest refaults that were possible."""

    workload: Workload
    share: float
    figures: Figures
    bound: Bound

    @property
    def ratio(self) -> float:
        """Faults, cold ones among them, as a multiple of the fewest."""
        cold = self.figures.faults - self.figures.refaults
        return self.figures.faults / (cold + self.bound.refaults)

    def as_record(self) -> dict[str, Any]:
        """As JSON has it."""
        cold = self.figures.faults - self.figures.refaults
        return {
            "workload": self.workload.name,
            "share": self.share,
            "policy": self.figures.policy,
            "capacity": self.figures.capacity,
            "references": self.figures.references,
            "cold_misses": cold,
            "refaults": self.figures.refaults,
            "refaults_per_reference": round(self.figures.refaults / self.figures.references, 6),
            "bound_refaults": self.bound.refaults,
            "bound_is_exact": self.bound.is_exact,
            "faults_over_bound": round(self.ratio, 6),
            "reclaims": self.figures.reclaims,
            "cost_tokens": self.figures.cost,
        }


def against_bound(
    workload: Workload, policies: Iterable[str], share: float, watermarks: Watermarks | None = None
) -> Iterator[AgainstBound]:
    """Each policy in a memory of a share of the tokens of all pages; every page fits into it."""
    capacity = max(max(workload.sizes.values()), int(workload.token_count * share))
    bound = fewest_refaults(Demand.of_workload(workload), capacity)
    for policy in policies:
        yield AgainstBound(workload, share, measure(workload, policy, capacity, watermarks), bound)
