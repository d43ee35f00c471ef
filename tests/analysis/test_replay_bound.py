"""No policy has fewer refaults than the bound; with pages of one size the bound is Belady's."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.analysis import workloads
from docpager.analysis.replay_bound import Demand, fewest_refaults, relaxed_refaults
from docpager.analysis.replay_policies import REPLAY_POLICIES
from docpager.analysis.workloads import WORKLOADS, Workload
from docpager.memory import LineRange, PageFault, Pager, PageRequest, Watermarks

MARKS = (Watermarks(), Watermarks(low=1, high=1), Watermarks(low=0.5, high=0.7))
strings = st.text(alphabet="ABCDEFG", min_size=1, max_size=40)


def workload_of(calls, sizes):
    return Workload("w", "", tuple(map(tuple, calls)), sizes)


def belady_refaults(references, frames):
    """Faults on pages seen before, when what is wanted furthest ahead goes first (Belady 1966)."""
    resident, seen, refaults = set(), set(), 0
    for at, page in enumerate(references):
        if page in resident:
            continue
        refaults += page in seen
        seen.add(page)
        if len(resident) >= frames:
            ahead = references[at + 1 :]
            resident.remove(max(sorted(resident), key=lambda p: ahead.index(p) if p in ahead else len(references)))
        resident.add(page)
    return refaults


@given(strings, st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_with_pages_of_one_size_search_and_relaxation_are_beladys(references, frames):
    demand = Demand.of_workload(workload_of(references, dict.fromkeys(references, 1)))
    found = fewest_refaults(demand, frames)
    assert found.refaults == relaxed_refaults(demand, frames) == belady_refaults(references, frames)
    assert found.is_exact


@st.composite
def demands(draw):
    sizes = draw(st.lists(st.integers(1, 20), min_size=1, max_size=7))
    pages = [f"p{n}" for n in range(len(sizes))]
    calls = draw(
        st.lists(st.lists(st.sampled_from(pages), min_size=1, max_size=3, unique=True), min_size=1, max_size=20)
    )
    capacity = draw(st.integers(max(sizes), max(max(sizes), sum(sizes))))
    return workload_of(calls, dict(zip(pages, sizes, strict=True))), capacity


def refaults_of(workload, policy, capacity, marks):
    pager = Pager(capacity, REPLAY_POLICIES[policy](), marks)
    for page_id, tokens in workload.sizes.items():
        pager.table.list_page(page_id, token_count=tokens, line_count=1)
    refaults = set()
    for number, call in enumerate(workload.calls):
        requests = [PageRequest(page_id, LineRange(1, 1), workload.sizes[page_id]) for page_id in call]
        for admission in workloads.paged_in(pager, requests):
            assert pager.resident_tokens <= capacity
            refaults |= {
                (number, event.page_ids) for event in admission.events if isinstance(event, PageFault) and event.refault
            }
    return len(refaults)


@given(demands(), st.sampled_from(MARKS))
@settings(max_examples=150, deadline=None)
def test_no_policy_is_better_than_the_bound(drawn, marks):
    workload, capacity = drawn
    demand = Demand.of_workload(workload)
    searched, relaxed = fewest_refaults(demand, capacity).refaults, relaxed_refaults(demand, capacity)
    assert relaxed <= searched
    for policy in REPLAY_POLICIES:
        assert searched <= refaults_of(workload, policy, capacity, marks)


def test_belady_is_no_optimum_when_pages_differ_in_size():
    # L fills memory and is wanted first; keeping it costs both small ones.
    sizes = {"a": 5, "b": 5, "c": 5, "L": 10, "x": 1}
    calls = ["a", "b", "L", "x", "L", "a", "b", "a", "b"]
    capacity = 11
    demand = Demand.of_workload(workload_of([[page] for page in calls], sizes))
    found = fewest_refaults(demand, capacity)
    assert (found.refaults, found.is_exact) == (2, True)
    assert relaxed_refaults(demand, capacity) <= 2


def test_memory_that_holds_everything_has_no_refault():
    for workload in WORKLOADS.values():
        assert fewest_refaults(Demand.of_workload(workload), workload.token_count).refaults == 0


def test_a_trace_too_wide_to_search_is_bounded():
    pages = [f"p{n:02}" for n in range(26)]
    calls = [[page] for page in pages * 3]
    demand = Demand.of_workload(workload_of(calls, {page: 3 + n % 7 for n, page in enumerate(pages)}))
    found = fewest_refaults(demand, 60)
    assert not found.is_exact
    assert 20 < found.refaults <= 52


@given(strings)
@settings(max_examples=100, deadline=None)
def test_lru_holds_with_more_frames_all_it_holds_with_fewer(references):
    """The inclusion property of stack algorithms (Mattson et al. 1970), so that faults never grow with memory."""
    held = []
    for frames in range(1, 8):
        pager = Pager(frames, REPLAY_POLICIES["lru"](), MARKS[1])
        steps = []
        for page_id in references:
            pager.table.list_page(page_id, token_count=1, line_count=1)
            pager.page_in([PageRequest(page_id, LineRange(1, 1), 1)])
            steps.append({frame.page_id for frame in pager.table.frames()})
        held.append(steps)
    for fewer, more in pairwise(held):
        assert all(small <= large for small, large in zip(fewer, more, strict=True))


@pytest.mark.parametrize("policy", REPLAY_POLICIES)
def test_every_policy_of_a_replay_evicts_only_what_it_may(policy):
    pager = Pager(6, REPLAY_POLICIES[policy](), MARKS[1])
    for page_id in "ABCDEABFCGHAAB" * 4:
        pager.table.list_page(page_id, token_count=2, line_count=1)
        pager.page_in([PageRequest(page_id, LineRange(1, 1), 2)])
        if page_id == "A" and not pager.table["A"].frame.pinned:
            pager.pin("A")
    assert pager.table["A"].frame is not None
    assert pager.resident_tokens <= 6
