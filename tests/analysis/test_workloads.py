"""What each policy makes of workloads that read pages again."""

import pytest

from docpager.analysis.workloads import WORKLOADS, Workload, measure
from docpager.memory import REPLACEMENT_POLICIES, Watermarks

AS_NEEDED = Watermarks(low=1, high=1)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
@pytest.mark.parametrize("policy", REPLACEMENT_POLICIES)
def test_memory_that_holds_everything_faults_once_a_page_and_breaks_nothing(workload, policy):
    figures = measure(workload, policy, workload.token_count, AS_NEEDED)
    assert (figures.faults, figures.refaults, figures.reclaims) == (len(workload.sizes), 0, 0)
    assert figures.references == sum(len(call) for call in workload.calls)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
@pytest.mark.parametrize("policy", REPLACEMENT_POLICIES)
@pytest.mark.parametrize("share", [0.25, 0.4, 0.6])
def test_every_reference_is_answered_and_faults_are_first_reads_and_refaults(workload, policy, share):
    figures = measure(workload, policy, int(workload.token_count * share))
    assert figures.references == sum(len(call) for call in workload.calls)
    assert figures.faults == len(workload.sizes) + figures.refaults


def refaults(name: str, share: float) -> dict[str, int]:
    workload = WORKLOADS[name]
    capacity = int(workload.token_count * share)
    # A shallow reclaim, where it matters most which page is chosen.
    shallow = Watermarks(low=0.6)
    return {policy: measure(workload, policy, capacity, shallow).refaults for policy in REPLACEMENT_POLICIES}


def test_lru_keeps_what_both_documents_are_read_against_and_fifo_loses_it():
    found = refaults("two-documents", 0.4)
    assert found["lru"] < found["fifo"]
    assert found["gdsf"] < found["lru"]


def test_lru_keeps_the_index_of_a_nested_search():
    found = refaults("nested", 0.33)
    assert found["lru"] < found["fifo"]


def test_cycle_larger_than_memory_defeats_all_that_evict_the_oldest():
    found = refaults("cyclic", 0.5)
    every = sum(len(call) for call in WORKLOADS["cyclic"].calls) - len(WORKLOADS["cyclic"].sizes)
    assert (found["fifo"], found["lru"], found["clock"]) == (every, every, every)
    assert found["gdsf"] < every


def test_cost_counts_a_cached_token_at_a_tenth_and_what_stands_behind_a_break_in_full():
    workload = Workload("w", "", (("a",), ("b",), ("c",)), {"a": 100, "b": 100, "c": 100})
    assert measure(workload, "fifo", 300, AS_NEEDED).cost == 100 + (10 + 100) + (20 + 100)
    # a goes when c comes: b has moved up, so it is sent anew
    assert measure(workload, "fifo", 200, AS_NEEDED).cost == 100 + (10 + 100) + (100 + 100)
