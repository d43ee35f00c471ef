"""Which page has to go: behaviour as reference strings."""

import pytest

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
