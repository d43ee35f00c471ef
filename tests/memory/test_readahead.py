"""Who reads two neighbours is brought the third; told as ordinals of one document, ``|`` a jump to another."""

import pytest

from docpager.memory import LineRange, LruPolicy, Pager, PageRequest, Place, Prefetch, Readahead, Watermarks


def brought_by(steps: str) -> list[int]:
    """What a reader is brought ahead, who asks for these ordinals and whose every wish is granted."""
    readahead, brought, document = Readahead(), [], "a"
    for step in steps.split():
        if step == "|":
            document += "a"
            continue
        readahead.paged_in(Place(document, int(step)))
        place = readahead.wanted()
        if place is not None:
            readahead.brought(f"{place.doc_id}{place.ordinal}", place, 100)
            brought.append(place.ordinal)
    return brought


@pytest.mark.parametrize(
    ("steps", "brought"),
    [
        ("4", []),
        ("4 5", [6]),
        ("5 4", []),
        ("4 6", []),
        ("4 4 5", [6]),
        ("4 5 6", [6, 7]),
        ("4 5 7", [6, 8]),
        ("4 5 7 9", [6, 8, 10]),
        ("4 5 5", [6]),
        ("4 5 9 10", [6, 11]),
        ("4 5 8", [6]),
        ("4 | 5", []),
        ("4 5 | 6 7", [6, 8]),
    ],
)
def test_next_page_is_brought_while_reading_goes_on_in_order(steps, brought):
    assert brought_by(steps) == brought


def test_accuracy_and_waste_count_what_was_used_of_what_was_brought():
    readahead = Readahead()
    assert (readahead.accuracy, readahead.wasted_tokens, readahead.fetched) == (None, 0, 0)
    readahead.brought("x", Place("a", 3), 100)
    readahead.brought("y", Place("a", 4), 40)
    readahead.use("x")
    readahead.use("x")
    readahead.use("never brought")
    assert (readahead.accuracy, readahead.wasted_tokens, readahead.fetched) == (0.5, 40, 2)


def memory(resident: int, **sizes: int) -> Pager:
    pager = Pager(100, LruPolicy(), Watermarks(low=0.5, high=0.9, pressure=0.7))
    pager.table.list_page("first", token_count=resident, line_count=1)
    pager.page_in([PageRequest("first", LineRange(1, 1), resident)])
    for page_id, tokens in sizes.items():
        pager.table.list_page(page_id, token_count=tokens, line_count=1)
    return pager


def test_page_brought_ahead_is_resident_without_a_fault_or_a_reference():
    pager = memory(40, next=30)
    event = pager.prefetch(PageRequest("next", LineRange(1, 1), 30))
    assert isinstance(event, Prefetch)
    assert (event.tokens_before, event.tokens_after, event.page_tokens) == (40, 70, (30,))
    assert len(pager.working_set) == 1
    assert pager.reference("next").name == "PageHit"


def test_nothing_is_brought_ahead_that_would_press_and_nothing_twice():
    pager = memory(40, next=31)
    assert pager.prefetch(PageRequest("next", LineRange(1, 1), 31)) is None
    assert pager.prefetch(PageRequest("first", LineRange(1, 1), 1)) is None
    assert pager.resident_tokens == 40
    assert not pager.under_pressure
