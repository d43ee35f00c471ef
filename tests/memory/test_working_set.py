"""Which pages a reader works with, and when it only runs after them."""

import pytest

from docpager.memory import LineRange, LruPolicy, Pager, PageRequest, Thrashing, Watermarks, WorkingSet


def noted(references: str, window: int = 8) -> WorkingSet:
    """A working set after references to pages of ten tokens; capitals are refaults."""
    made = WorkingSet(window)
    for letter in references:
        made.note(letter.lower(), 10, refault=letter.isupper())
    return made


@pytest.mark.parametrize(
    ("references", "size", "rate"),
    [
        ("", 0, 0),
        ("abc", 3, 0),
        ("aaaa", 1, 0),
        ("A", 1, 1 / 8),
        ("abcABC", 3, 3 / 8),
        ("abcdefghij", 8, 0),
        ("ABCabcabcab", 3, 0),
        ("ABCABCABC", 3, 1),
    ],
)
def test_size_and_refault_rate_are_those_of_the_last_eight_references(references, size, rate):
    made = noted(references)
    assert len(made) == size
    assert made.token_count == 10 * size
    assert made.refault_rate == rate


def test_largest_size_stays_known():
    assert noted("abcdefghaaaaaaaaaa").peak_tokens == 80


def test_page_counts_as_many_tokens_as_it_was_last_asked_for():
    made = noted("ab")
    made.note("a", 3, refault=False)
    assert made.token_count == 13


def test_refaults_count_anew_while_the_pages_stay_known():
    made = noted("ABC")
    made.count_anew()
    assert (made.refault_rate, len(made)) == (0, 3)
    made.note("a", 10, refault=True)
    assert made.refault_rate == 1 / 8


def test_working_set_over_no_references_is_refused():
    with pytest.raises(ValueError, match="over 0 references is none"):
        WorkingSet(0)


def test_loop_that_succeeds_at_evicting_and_reading_the_same_three_pages_has_a_rate_of_one():
    pager = Pager(20, LruPolicy(), Watermarks(1, 1))
    for page_id in "abc":
        pager.table.list_page(page_id, token_count=10, line_count=1)
    for page_id in "abc" * 4:
        assert pager.page_in([PageRequest(page_id, LineRange(1, 1), 10)]).loaded
    assert pager.working_set.refault_rate == 1
    assert pager.working_set.token_count == 30
    event = pager.thrashing("warn")
    assert isinstance(event, Thrashing)
    assert (event.refault_rate, event.working_set_tokens, event.action) == (1, 30, "warn")
    assert pager.working_set.refault_rate == 0
