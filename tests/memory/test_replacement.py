"""Which page has to go: behaviour as reference strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.memory import (
    REPLACEMENT_POLICIES,
    Eviction,
    LineRange,
    PageFault,
    PageIn,
    Pager,
    PageRequest,
    Watermarks,
)

ONE_LINE = LineRange(1, 1)
AS_NEEDED = Watermarks(low=1, high=1)


def replay(policy: str, references: str, capacity: int) -> tuple[str, str]:
    """Faults and victims of a reference string, over pages of one token each."""
    pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), AS_NEEDED)
    faults, victims = "", ""
    for page_id in references:
        pager.table.list_page(page_id, token_count=1, line_count=1)
        admission = pager.page_in([PageRequest(page_id, ONE_LINE, 1)])
        faults += "".join(page_id for event in admission.events if isinstance(event, PageFault))
        victims += "".join(admission.evicted)
    return faults, victims


@pytest.mark.parametrize(
    ("policy", "capacity", "references", "faults", "victims"),
    [
        ("fifo", 3, "ABC", "ABC", ""),
        ("fifo", 3, "ABCAD", "ABCD", "A"),
        ("fifo", 3, "ABCADB", "ABCD", "A"),
        ("fifo", 2, "ABABCA", "ABCA", "AB"),
        ("lru", 3, "ABC", "ABC", ""),
        ("lru", 3, "ABCAD", "ABCD", "B"),
        ("lru", 3, "ABCADB", "ABCDB", "BC"),
        ("lru", 2, "ABABCA", "ABCA", "AB"),
        ("clock", 3, "ABC", "ABC", ""),
        ("clock", 3, "ABCAD", "ABCD", "B"),
        ("clock", 3, "ABCADB", "ABCDB", "BC"),
        # every page has a second chance, so the hand goes round once and takes the first: LRU would take C
        ("clock", 3, "ABCCABD", "ABCD", "A"),
        # the hand has passed A, whose second chance is gone; E came in behind it
        ("clock", 3, "ABCADEF", "ABCDEF", "BCA"),
        # B was asked for last, but A three times: LRU would take A
        ("lrfu", 2, "AAABC", "ABC", "B"),
        # what A was worth fades: after twenty references to B it goes like any other
        ("lrfu", 2, "AA" + "B" * 20 + "C", "ABC", "A"),
        # C was asked for twice and stays, and A goes though it was loaded after it
        ("lrfu", 2, "ABCACBC", "ABCAB", "ABA"),
        # the newest goes: nothing stands behind it in the log
        ("gdsf", 3, "ABCD", "ABCD", "C"),
        # D came in on top of what C was worth when it went
        ("gdsf", 3, "ABCDE", "ABCDE", "CB"),
        # C was asked for again and is worth two of B
        ("gdsf", 3, "ABCCCCD", "ABCD", "B"),
        # what was dear once goes in time: each victim lifts those that come after it
        ("gdsf", 2, "AABCDEFGHA", "ABCDEFGHA", "BCDAFEH"),
    ],
)
def test_policy_faults_and_evicts_as_its_reference_string_says(policy, capacity, references, faults, victims):
    assert replay(policy, references, capacity) == (faults, victims)


def test_fifo_shows_beladys_anomaly_more_frames_more_faults():
    references = "ABCDABEABCDE"
    assert len(replay("fifo", references, 3)[0]) == 9
    assert len(replay("fifo", references, 4)[0]) == 10


def test_lru_never_faults_more_with_more_frames():
    references = "ABCDABEABCDE"
    faults = [len(replay("lru", references, frames)[0]) for frames in range(1, 6)]
    assert faults == sorted(faults, reverse=True)


@given(st.text("ABCDEFG", max_size=60), st.integers(1, 6))
def test_lru_holds_all_that_it_would_hold_in_a_smaller_memory(references, frames):
    smaller, larger = (pager_for("lru", capacity) for capacity in (frames, frames + 1))
    for page_id in references:
        for pager in (smaller, larger):
            pager.page_in([PageRequest(page_id, ONE_LINE, 1)])
        assert resident(smaller) <= resident(larger)


def test_fifo_holds_not_all_that_it_would_hold_in_a_smaller_memory():
    smaller, larger = (pager_for("fifo", capacity) for capacity in (3, 4))
    held = []
    for page_id in "ABCDABEABCDE":
        for pager in (smaller, larger):
            pager.page_in([PageRequest(page_id, ONE_LINE, 1)])
        held.append(resident(smaller) <= resident(larger))
    assert not all(held)


def pager_for(policy: str, capacity: int, **sizes: int) -> Pager:
    pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), AS_NEEDED)
    for page_id in sizes or "ABCDEFG":
        pager.table.list_page(page_id, token_count=sizes.get(page_id, 1), line_count=1)
    return pager


def resident(pager: Pager) -> set[str]:
    return {frame.page_id for frame in pager.table.frames()}


def test_gdsf_takes_along_what_stands_behind_a_break_before_it_breaks_the_log_further_up():
    pager = pager_for("gdsf", 100, A=10, B=10, C=50, D=10, E=60)
    for page_id, tokens in (("A", 10), ("B", 10), ("C", 50), ("D", 10)):
        pager.page_in([PageRequest(page_id, ONE_LINE, tokens)])
    for _ in range(9):
        pager.touch("D")
    admission = pager.page_in([PageRequest("E", ONE_LINE, 60)])
    assert admission.evicted == ("C",)
    assert resident(pager) == {"A", "B", "D", "E"}


@pytest.fixture(params=REPLACEMENT_POLICIES)
def policy(request):
    return request.param


class TestContract:
    """What holds for every policy."""

    def pager(self, policy: str, capacity: int = 3) -> Pager:
        pager = Pager(capacity, REPLACEMENT_POLICIES[policy](), AS_NEEDED)
        for page_id in "ABCDE":
            pager.table.list_page(page_id, token_count=1, line_count=1)
        return pager

    def load(self, pager: Pager, page_ids: str) -> list[str]:
        victims: list[str] = []
        for page_id in page_ids:
            victims += pager.page_in([PageRequest(page_id, ONE_LINE, 1)]).evicted
        return victims

    def test_pinned_page_is_never_evicted(self, policy):
        pager = self.pager(policy)
        self.load(pager, "ABC")
        pager.pin("A")
        pager.pin("B")
        assert self.load(pager, "DEDEC") == ["C", "D", "E", "D", "E"]

    def test_evicts_nothing_while_there_is_room(self, policy):
        assert self.load(self.pager(policy, 5), "ABCDE") == []

    def test_page_that_was_paged_out_is_no_victim(self, policy):
        pager = self.pager(policy)
        self.load(pager, "ABC")
        pager.page_out("A")
        assert self.load(pager, "D") == []

    def test_every_victim_was_resident(self, policy):
        pager = self.pager(policy)
        resident: set[str] = set()
        for page_id in "ABCDEABCDEEDCBA":
            for event in pager.page_in([PageRequest(page_id, ONE_LINE, 1)]).events:
                if isinstance(event, Eviction):
                    assert set(event.page_ids) <= resident
                    resident -= set(event.page_ids)
                elif isinstance(event, PageIn):
                    resident |= set(event.page_ids)
        assert len(resident) == 3
