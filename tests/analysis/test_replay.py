"""Traces replayed: as they were recorded to the last fault, and under other policies and budgets."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.analysis.plots import line_chart
from docpager.analysis.replay import AS_NEEDED, Setup, replay
from docpager.analysis.replay_bound import Demand, fewest_refaults
from docpager.analysis.replay_curves import (
    RunTraces,
    at_shares,
    at_tokens,
    differences,
    readahead_of,
    recorded,
    setup_of,
    working_sets,
)
from docpager.analysis.replay_policies import REPLAY_POLICIES
from docpager.analysis.replay_trace import trace_of
from docpager.analysis.tuning import Window, tuned
from docpager.errors import PagerError
from docpager.memory import REPLACEMENT_POLICIES, LineRange, PageFault, Pager, PageRequest, Watermarks

SIZES = {f"p{n}": 40 + 23 * n % 90 for n in range(1, 13)}


class Recorder:
    """Does to a pager what an agent would, and writes the trace an agent would."""

    def __init__(self, policy, capacity, marks):
        self.pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), marks)
        self.rows, self.calls = [], 0
        for page_id, tokens in SIZES.items():
            self.pager.table.list_page(page_id, token_count=tokens, line_count=10)

    def record(self, *events, **more):
        for event in events:
            arguments = dict(more)
            if isinstance(event, PageFault):
                arguments["refault"] = event.refault
            if isinstance(lines := getattr(event, "lines", None), LineRange):
                arguments |= {"lines": str(lines), "handle": self.pager.table[event.page_ids[0]].page.handle}
            self.rows.append(
                {
                    "question_id": "q",
                    "event": event.name,
                    "page_ids": list(event.page_ids),
                    "page_tokens": list(event.page_tokens),
                    "arguments": json.dumps(arguments),
                    "tokens_after": event.tokens_after,
                    "capacity": event.capacity,
                }
            )

    def note(self, event, page_ids=()):
        row = {"event": event, "page_ids": list(page_ids), "page_tokens": [], "arguments": None}
        resident = self.pager.resident_tokens
        self.rows.append({"question_id": "q", **row, "tokens_after": resident, "capacity": self.pager.capacity})

    def page_in(self, asked):
        requests = []
        for page_id, whole in asked:
            lines = LineRange(1, 10) if whole else LineRange(1, 4)
            requests.append(PageRequest(page_id, lines, SIZES[page_id] if whole else SIZES[page_id] // 2))
        try:
            admission = self.pager.page_in(requests)
        except PagerError:
            return
        self.calls += 1
        self.record(*admission.events, call=self.calls)

    def look(self, page_ids):
        for page_id in page_ids:
            self.pager.touch(page_id)
        self.note("Search", page_ids)

    def move(self, how, page_id):
        if self.pager.table[page_id].frame is None:
            return
        self.record(getattr(self.pager, how)(page_id))


def a_recording(seed, policy, marks, capacity=400):
    """Everything that can happen to memory, in an order of chance."""
    chance = random.Random(seed)
    made = Recorder(policy, capacity, marks)
    pages = list(SIZES)
    for _ in range(60):
        page_id = chance.choice(pages)
        match chance.randrange(12):
            case 0:
                made.look(chance.sample(pages, 3))
            case 1:
                made.move("page_out", page_id)
            case 2 if made.pager.pinned_tokens < capacity // 3:
                made.move("pin", page_id)
            case 3:
                made.move("unpin", page_id)
            case 4 if made.pager.table[page_id].frame is None:
                event = made.pager.prefetch(PageRequest(page_id, LineRange(1, 10), SIZES[page_id]))
                made.record(*([event] if event else []))
            case 5:
                made.record(*made.pager.shed(chance.randrange(80)))
            case 6:
                kept = chance.sample(pages, 2)
                made.record(*made.pager.reclaim_early(kept), kept=kept)
            case 7:
                size = chance.randrange(300, 600)
                if size >= made.pager.pinned_tokens:
                    made.record(*made.pager.resize(size))
            case 8:
                gone = chance.sample(pages, 2)
                made.record(*made.pager.evict(gone), flushed=True)
            case _:
                made.note("ModelCall")
                for _ in range(chance.randrange(1, 3)):
                    made.page_in([(p, chance.random() < 0.8) for p in chance.sample(pages, chance.randrange(1, 4))])
    return made.rows


MARKS = [Watermarks(), AS_NEEDED, Watermarks(low=0.6)]


@given(st.integers(0, 10_000), st.sampled_from(list(REPLACEMENT_POLICIES)), st.sampled_from(MARKS))
@settings(max_examples=120, deadline=None)
def test_a_replay_as_recorded_gives_the_recorded_faults_exactly(seed, policy, marks):
    trace = trace_of(a_recording(seed, policy, marks))
    if trace is None:
        return
    found = replay(trace, Setup(policy, marks))
    assert (found.faults, found.refaults) == (trace.happened.faults, trace.happened.refaults)
    assert found.evicted == trace.happened.evicted
    assert differences(RunTraces([trace], Setup(policy, marks), 0)) == []


@given(st.integers(0, 10_000), st.floats(0.2, 1.2), st.sampled_from(MARKS))
@settings(max_examples=60, deadline=None)
def test_no_replay_is_better_than_the_bound_at_its_budget(seed, share, marks):
    trace = trace_of(a_recording(seed, "lru", AS_NEEDED))
    if trace is None:
        return
    capacity = max(trace.largest_call, round(share * trace.working_set_tokens))
    bound = fewest_refaults(Demand.of_trace(trace), capacity)
    for policy in REPLAY_POLICIES:
        assert bound.refaults <= replay(trace, Setup(policy, marks), capacity).refaults


def simple(calls, capacity=200, policy="lru"):
    """A trace of calls alone."""
    made = Recorder(policy, capacity, AS_NEEDED)
    for call in calls:
        made.note("ModelCall")
        made.page_in([(page_id, True) for page_id in call.split()])
    return trace_of(made.rows, ["p1"])


def test_cold_misses_and_refaults_are_apart_and_each_ask_and_citation_is_a_reference():
    found = replay(simple(["p1", "p2", "p1", "p3"]), Setup("lru", AS_NEEDED), 100)
    assert (found.cold, found.refaults, found.references) == (3, 1, 5)
    assert found.refault_rate == 0.2


def test_enough_memory_has_no_refault_under_any_policy():
    trace = simple(["p1 p2", "p3", "p1", "p4 p5", "p2"])
    [point] = at_shares([trace], REPLAY_POLICIES, AS_NEEDED, [1.0])
    assert {outcome.refaults for outcome in point.outcomes.values()} == {0}
    assert point.bound_refaults == 0
    assert point.ratio("lru") == 1.0
    [small] = at_tokens([trace], ["lru"], AS_NEEDED, [120])
    assert small.outcomes["lru"].refaults > 0
    assert small.ratio("lru") >= 1.0


def test_denning_s_working_set_grows_with_the_references_it_looks_back_on():
    sets = working_sets([simple(["p1", "p2", "p1", "p2", "p3"])], [1, 2, 4])
    assert sets[1] == pytest.approx((2 * SIZES["p1"] + 2 * SIZES["p2"] + SIZES["p3"]) / 5)
    assert sets[1] < sets[2] < sets[4]


def test_what_was_read_ahead_is_used_or_wasted():
    made = Recorder("lru", 600, Watermarks())
    made.page_in([("p1", True)])
    for page_id in ("p2", "p3"):
        made.record(made.pager.prefetch(PageRequest(page_id, LineRange(1, 10), SIZES[page_id])))
    made.page_in([("p2", True)])
    found = readahead_of([trace_of(made.rows)])
    assert (found.pages, found.used, found.wasted_tokens, found.accuracy) == (2, 1, SIZES["p3"], 0.5)
    assert readahead_of([]).accuracy is None


def test_a_run_is_tuned_to_the_smallest_budget_that_keeps_the_bound():
    traces = [simple(["p1 p2", "p3", "p1", "p4 p5", "p2", "p6", "p1"] * 3, capacity=250)]
    found = RunTraces(traces, Setup("lru", AS_NEEDED), 0)
    advice = tuned(found, 0.05)
    assert advice.best.outcome.refault_rate <= 0.05
    smaller = [t for t in advice.tried if t.policy == advice.best.policy and t.capacity < advice.best.capacity]
    assert smaller
    assert max(smaller, key=lambda t: t.capacity).outcome.refault_rate > 0.05
    assert recorded(found).refaults > 0
    everything = tuned(found, 1.0)
    assert everything.best.capacity == traces[0].largest_call


def test_a_window_holds_its_pages_its_log_and_what_does_not_grow():
    window = Window(8192, 2600, 0.25)
    assert window.holding(2600) == 8192
    assert window.holding(2600 + 750) == 9192


@pytest.mark.parametrize(
    ("settings", "setup"),
    [
        ({"policy": "gdsf", "low_watermark": 0.4, "high_watermark": 0.8, "pressure_watermark": 0.6},
         Setup("gdsf", Watermarks(0.4, 0.8, 0.6))),
        ({"policy": "lru", "layout": "memgpt"}, Setup("fifo", AS_NEEDED)),
        ({"policy": "lru", "strategy": "top-k"}, Setup("lru", AS_NEEDED)),
        ({}, Setup("lru", Watermarks())),
    ],
)  # fmt: skip
def test_a_replay_runs_memory_as_the_run_s_settings_did(settings, setup):
    assert setup_of(settings) == setup


def test_a_question_that_read_nothing_has_no_trace():
    assert trace_of([{"event": "ModelCall", "question_id": "q"}]) is None


def test_pictures_are_svg_that_names_what_it_shows():
    import xml.etree.ElementTree as ElementTree

    svg = line_chart("A <b> & c", "x", "y", {"lru": [(0, 1), (2, 3)], "bound": [(0, 0), (2, 0.5)]}, bound="bound")
    root = ElementTree.fromstring(svg)
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("stroke-width") for line in lines] == ["2", "3"]
    assert root.find("{http://www.w3.org/2000/svg}title").text == "A <b> & c"
    assert "lru" in svg
    assert ElementTree.fromstring(line_chart("flat", "x", "y", {"one": [(1, 0)]})) is not None
    assert Path(__file__).exists()
