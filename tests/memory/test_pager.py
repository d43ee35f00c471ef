"""Admission, reclaim, pins and line ranges; and what holds after any sequence of calls."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import AdmissionRefusedError, NotResidentError, UnknownPageError
from docpager.memory import (
    REPLACEMENT_POLICIES,
    AdmissionRefused,
    Eviction,
    LineRange,
    LruPolicy,
    MemoryPressure,
    PageFault,
    PageHit,
    PageOut,
    Pager,
    PageRequest,
    PageState,
    Pin,
    Reclaim,
    Resized,
    Watermarks,
    replay,
)


def pager_with(capacity: int = 100, watermarks: Watermarks | None = None, **sizes: int) -> Pager:
    pager = Pager(capacity, LruPolicy(), watermarks)
    for page_id, tokens in sizes.items():
        pager.table.list_page(page_id, token_count=tokens, line_count=10, provenance=f"{page_id}.pdf, page 42")
    return pager


def whole(pager: Pager, *page_ids: str) -> list[PageRequest]:
    pages = [pager.table[page_id].page for page_id in page_ids]
    return [PageRequest(page.page_id, page.all_lines, page.token_count) for page in pages]


def names(events) -> list[str]:
    return [event.name for event in events]


def state(pager: Pager):
    return [(e.page.page_id, e.state, e.loads, e.removals, copy.deepcopy(e.frame)) for e in pager.table]


def test_reference_to_a_listed_page_is_a_fault_and_to_a_resident_one_a_hit():
    pager = pager_with(a=40)
    match pager.reference("a"):
        case PageFault(refault=refault):
            assert not refault
        case other:
            pytest.fail(f"{other}")
    pager.page_in(whole(pager, "a"))
    assert isinstance(pager.reference("a"), PageHit)


def test_fault_on_a_page_evicted_earlier_is_a_refault():
    pager = pager_with(a=60, b=60)
    pager.page_in(whole(pager, "a"))
    assert pager.page_in(whole(pager, "b")).evicted == ("a",)
    assert pager.table["a"].state is PageState.EVICTED
    fault = pager.reference("a")
    assert isinstance(fault, PageFault)
    assert fault.refault


def test_reclaim_starts_above_high_and_stops_below_low_in_one_batch():
    pager = pager_with(100, Watermarks(low=0.5, high=0.9), a=30, b=30, c=30, d=10)
    pager.page_in(whole(pager, "a", "b", "c"))
    assert pager.resident_tokens == 90
    events = pager.page_in(whole(pager, "d")).events
    assert names(events) == ["PageFault", "Eviction", "Eviction", "Reclaim", "PageIn"]
    reclaim = next(event for event in events if isinstance(event, Reclaim))
    assert (reclaim.page_ids, reclaim.tokens_before, reclaim.tokens_after) == (("a", "b"), 90, 30)
    assert pager.resident_tokens == 40


@pytest.mark.parametrize(
    ("needed", "evicted", "left"),
    [
        (15, "abcd", 40),  # down to the low mark
        (40, "abcde", 30),  # the low mark leaves 20: as much stays as lies between the marks
        (65, "abcdef", 20),  # ... as far as the high mark allows
        (85, "abcdefgh", 0),
    ],
)
def test_large_batch_leaves_older_pages_as_much_as_lies_between_the_marks(needed, evicted, left):
    pager = pager_with(100, Watermarks(low=0.6, high=0.9), **dict.fromkeys("abcdefgh", 10), large=needed)
    pager.page_in(whole(pager, *"abcdefgh"))
    assert "".join(pager.page_in(whole(pager, "large")).evicted) == evicted
    assert pager.resident_tokens == left + needed


def test_page_too_large_beside_pinned_ones_is_refused_and_nothing_changes():
    pager = pager_with(2_000, p3=1_000, p5=600, p7=840)
    pager.page_in(whole(pager, "p3", "p5"))
    pager.pin("p3")
    pager.pin("p5")
    before = state(pager)
    with pytest.raises(AdmissionRefusedError) as refusal:
        pager.page_in(whole(pager, "p7"))
    assert str(refusal.value) == (
        "Cannot page in p3 (p7.pdf, page 42): it needs 840 tokens, "
        "but pinned pages hold 1,600 of 2,000 (p1, p2). Unpin one first."
    )
    assert (refusal.value.needed, refusal.value.pinned_tokens, refusal.value.pinned) == (840, 1_600, ("p1", "p2"))
    assert state(pager) == before


def test_page_larger_than_memory_is_refused_with_the_way_out():
    pager = pager_with(100, a=101)
    with pytest.raises(AdmissionRefusedError) as refusal:
        pager.page_in(whole(pager, "a"))
    assert str(refusal.value) == (
        "Cannot page in p1 (a.pdf, page 42): it needs 101 tokens, but memory holds 100. "
        "Page in fewer lines of it, as in page_in p1:1-20."
    )


def test_batch_is_loaded_as_far_as_it_fits_and_the_rest_is_refused():
    pager = pager_with(100, a=40, b=40, c=40)
    admission = pager.page_in(whole(pager, "a", "b", "c"))
    assert [r.page_id for r in admission.loaded] == ["a", "b"]
    assert [r.page_id for r in admission.refused] == ["c"]
    assert isinstance(admission.events[-2], AdmissionRefused)
    assert isinstance(admission.events[-1], MemoryPressure)


def test_batch_never_evicts_its_own_pages():
    pager = pager_with(100, Watermarks(low=0, high=0.5), a=30, b=30, c=30)
    pager.page_in(whole(pager, "c"))
    assert pager.page_in(whole(pager, "a", "b")).evicted == ("c",)
    assert pager.resident_tokens == 60


def test_same_request_twice_in_a_batch_is_loaded_once():
    pager = pager_with(100, a=40)
    assert len(pager.page_in(whole(pager, "a", "a")).loaded) == 1
    assert pager.resident_tokens == 40


def test_lines_of_a_page_come_in_alone_and_other_lines_of_it_fault():
    pager = pager_with(100, a=90)
    pager.page_in([PageRequest("a", LineRange(1, 3), 20)])
    assert isinstance(pager.reference("a", LineRange(2, 3)), PageHit)
    assert isinstance(pager.reference("a", LineRange(3, 4)), PageFault)
    pager.page_in([PageRequest("a", LineRange(4, 6), 25)])
    assert pager.resident_tokens == 45
    assert pager.table["a"].loads == 1


def test_other_lines_of_a_page_that_went_are_no_refault():
    pager = pager_with(100, a=90)
    pager.page_in([PageRequest("a", LineRange(1, 5), 60)])
    pager.page_out("a")
    for lines, refault in [(LineRange(6, 9), False), (LineRange(5, 6), True), (LineRange(1, 1), True)]:
        fault = pager.reference("a", lines)
        assert isinstance(fault, PageFault)
        assert fault.refault is refault


def test_lines_that_do_not_fit_beside_others_of_their_page_take_their_place():
    pager = pager_with(100, a=150, b=30)
    pager.page_in([PageRequest("a", LineRange(1, 5), 60), *whole(pager, "b")])
    admission = pager.page_in([PageRequest("a", LineRange(6, 9), 80)])
    assert "a" in admission.evicted
    assert pager.table["a"].frame.extents[0].lines == LineRange(6, 9)
    assert len(pager.table["a"].frame.extents) == 1


def test_page_out_empties_the_frame_and_a_pin_does_not_hold_it():
    pager = pager_with(a=40)
    pager.page_in(whole(pager, "a"))
    assert isinstance(pager.pin("a"), Pin)
    out = pager.page_out("a")
    assert isinstance(out, PageOut)
    assert (out.tokens_before, out.tokens_after) == (40, 0)


@pytest.mark.parametrize("call", ["page_out", "pin", "unpin"])
def test_calls_on_a_page_that_is_not_resident_say_so(call):
    pager = pager_with(a=40)
    with pytest.raises(NotResidentError) as error:
        getattr(pager, call)("a")
    wanted = call.replace("_", " ")
    assert str(error.value) == f"Cannot {wanted} p1: it is not resident. Page it in first."


def test_unknown_pages_are_named():
    with pytest.raises(UnknownPageError, match=r"There is no page p9\. Use a handle"):
        pager_with(a=1).table.by_handle("p9")
    with pytest.raises(UnknownPageError, match="There is no page x"):
        pager_with(a=1).reference("x")


def test_table_lists_a_page_once_and_hands_out_handles_in_order():
    table = pager_with(a=1, b=2).table
    assert table.list_page("a", token_count=9, line_count=9).handle == "p1"
    assert [entry.page.handle for entry in table] == ["p1", "p2"]
    assert len(table) == 2
    assert "a" in table
    assert str(table["a"].page.all_lines) == "1-10"


def test_unpinned_page_may_go_again():
    pager = pager_with(100, a=60, b=60)
    pager.page_in(whole(pager, "a"))
    pager.pin("a")
    pager.unpin("a")
    assert pager.page_in(whole(pager, "b")).evicted == ("a",)


def test_reclaim_goes_deep_until_a_page_comes_back_and_is_shallow_from_then_on():
    pager = pager_with(100, Watermarks(low=0.2, high=0.9, low_refaulting=0.6), **dict.fromkeys("abcdefghijk", 10))
    pager.page_in(whole(pager, *"abcdefghi"))
    pager.page_in(whole(pager, "j"))
    assert pager.resident_tokens == 20
    pager.page_in(whole(pager, *"abcdefg"))  # these come back
    pager.page_in(whole(pager, "k"))
    assert pager.resident_tokens == 60


def test_early_reclaim_stops_at_the_low_watermark_spares_what_is_kept_and_ends_once_a_page_came_back():
    pager = pager_with(100, Watermarks(low=0.3, high=0.9), **dict.fromkeys("abcde", 10))
    pager.page_in(whole(pager, *"abcde"))
    assert names(pager.reclaim_early({"a"})) == ["Eviction", "Eviction", "Reclaim"]
    assert {frame.page_id for frame in pager.table.frames()} == {"a", "d", "e"}
    assert pager.reclaim_early(set()) == []
    pager.page_in(whole(pager, "b", "c"))
    assert pager.reclaim_early(set()) == []
    assert pager.resident_tokens == 50


def test_pages_that_the_context_dropped_are_evicted_whatever_the_policy_says():
    pager = pager_with(a=40, b=40)
    pager.page_in(whole(pager, "a", "b"))
    pager.pin("b")
    assert names(pager.evict({"b"})) == ["Eviction", "Reclaim"]
    assert [frame.page_id for frame in pager.table.frames()] == ["a"]
    assert pager.evict({"b"}) == []


def test_shedding_evicts_what_is_asked_and_stops_at_pinned_pages():
    pager = pager_with(100, a=30, b=30, c=30)
    pager.page_in(whole(pager, "a", "b", "c"))
    pager.pin("b")
    assert names(pager.shed(20)) == ["Eviction", "Reclaim"]
    assert names(pager.shed(90)) == ["Eviction", "Reclaim"]
    assert pager.shed(1) == []
    assert pager.resident_tokens == 30


def test_smaller_capacity_evicts_and_a_larger_one_does_not():
    pager = pager_with(100, Watermarks(low=0.5, high=1), a=40, b=40)
    pager.page_in(whole(pager, "a", "b"))
    assert names(pager.resize(200)) == ["Resized"]
    events = pager.resize(60)
    assert names(events) == ["Resized", "Eviction", "Eviction", "Reclaim"]
    assert isinstance(events[0], Resized)
    assert events[0].capacity_before == 200


def test_capacity_is_never_less_than_pinned_pages_hold():
    pager = pager_with(100, a=40)
    pager.page_in(whole(pager, "a"))
    pager.pin("a")
    with pytest.raises(ValueError, match="A capacity of 39 tokens is less than pinned pages hold: 40"):
        pager.resize(39)
    assert pager.capacity == 100


def test_touch_counts_a_reference_only_where_something_is_resident():
    pager = pager_with(100, Watermarks(1, 1), a=40, b=40, c=40)
    assert pager.touch("a") is None
    pager.page_in(whole(pager, "a", "b"))
    assert isinstance(pager.touch("a"), PageHit)
    assert pager.page_in(whole(pager, "c")).evicted == ("b",)


def test_events_alone_tell_what_is_resident():
    pager = pager_with(100, Watermarks(1, 1), a=40, b=40, c=40, d=20)
    events = [*pager.page_in(whole(pager, "a", "b")).events, pager.pin("a"), pager.pin("b"), pager.unpin("b")]
    assert (replay(events).tokens, replay(events).pinned) == ({"a": 40, "b": 40}, {"a"})
    events += [*pager.page_in(whole(pager, "c")).events, pager.page_out("a"), pager.prefetch(*whole(pager, "d"))]
    told = replay(events)
    assert (told.tokens, told.pinned, told.capacity, told.token_count) == ({"c": 40, "d": 20}, set(), 100, 60)


@pytest.mark.parametrize("capacity", [0, -1])
def test_capacity_holds_at_least_a_token(capacity):
    with pytest.raises(ValueError, match="holds no page"):
        Pager(capacity, LruPolicy())
    with pytest.raises(ValueError, match="holds no page"):
        pager_with(a=1).resize(capacity)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (-1, -1)])
def test_line_ranges_count_from_one_and_run_forward(first, last):
    with pytest.raises(ValueError, match="no range"):
        LineRange(first, last)


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.6), (-0.1, 0.5), (0.5, 1.1)])
def test_watermarks_are_shares_in_order(low, high):
    with pytest.raises(ValueError, match="0 <= low <= high <= 1"):
        Watermarks(low=low, high=high)


IDS = "abcdefgh"
calls = st.one_of(
    st.tuples(
        st.just("page_in"), st.lists(st.tuples(st.sampled_from(IDS), st.integers(1, 10)), min_size=1, max_size=4)
    ),
    st.tuples(st.sampled_from(["pin", "unpin", "page_out", "touch", "reference"]), st.sampled_from(IDS)),
    st.tuples(st.sampled_from(["prefetch", "pin"]), st.sampled_from(IDS)),
    st.tuples(st.sampled_from(["resize", "shed"]), st.integers(1, 200)),
)


def carry_out(pager: Pager, call) -> list:
    match call:
        case ("page_in", parts):
            sized = [(page_id, LineRange(1, last)) for page_id, last in parts]
            return list(pager.page_in([PageRequest(p, lines, 3 * lines.last) for p, lines in sized]).events)
        case ("shed" | "resize" as name, tokens):
            return getattr(pager, name)(tokens)
        case ("prefetch", page_id):
            event = pager.prefetch(PageRequest(page_id, LineRange(1, 10), 30))
            return [event] if event else []
        case (name, page_id):
            event = getattr(pager, name)(page_id)
            return [event] if event else []


@given(
    st.sampled_from(sorted(REPLACEMENT_POLICIES)),
    st.integers(1, 120),
    st.sampled_from([Watermarks(), Watermarks(1, 1), Watermarks(0, 0.3), Watermarks(0.5, 0.5)]),
    st.lists(calls, max_size=40),
)
def test_whatever_is_asked_memory_stays_within_capacity_and_keeps_its_pins(policy, capacity, watermarks, sequence):
    pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), watermarks)
    for page_id in IDS:
        pager.table.list_page(page_id, token_count=30, line_count=10)
    happened = []
    for call in sequence:
        before, pinned = state(pager), {f.page_id for f in pager.table.frames() if f.pinned}
        recent = list(pager.working_set._references)
        try:
            events = carry_out(pager, call)
        except (AdmissionRefusedError, NotResidentError, ValueError):
            assert state(pager) == before, "a refused call changed something"
            assert list(pager.working_set._references) == recent, "a refused call counted as a reference"
            continue
        happened += events
        evicted = {page_id for event in events if isinstance(event, Eviction) for page_id in event.page_ids}
        assert not evicted & pinned, "a pinned page was evicted"
        assert call[0] != "prefetch" or not evicted, "a page was evicted for one that nobody asked for"
        assert pager.resident_tokens <= pager.capacity
        assert not events or events[-1].tokens_after <= pager.capacity
        told = replay(happened)
        assert told.tokens == {f.page_id: f.token_count for f in pager.table.frames()}, "events do not tell the state"
        assert told.pinned == {f.page_id for f in pager.table.frames() if f.pinned}
        assert told.token_count == pager.resident_tokens
        assert told.capacity == (pager.capacity if happened else None)
