"""Which lines of a page too large to show bear on a question."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.agent.bearing import MOST_RANGES, bearing_ranges

LINES = [
    "The harbour opened in 1902.",
    "Its keeper lived in the tower.",
    "Fog was frequent.",
    "Capital expenditure was 4,120 crowns in 2023.",
    "It had been 3,900 crowns in 2022.",
    "The ferries were painted white.",
    "Nobody knows why.",
    "The keeper retired.",
    "Gulls nest there.",
]


def shown(question: str, room: int, lines: list[str] | None = None) -> str:
    """The ranges for a question, where so many lines fit."""
    fits = lambda ranges: sum(r.last - r.first + 1 for r in ranges) <= room  # noqa: E731
    return " ".join(map(str, bearing_ranges(lines or LINES, question, fits)))


@pytest.mark.parametrize(
    ("question", "room", "ranges"),
    [
        ("What was capital expenditure in 2023?", 3, "3-5"),
        ("What was capital expenditure in 2023?", 1, "4-4"),
        ("Where did the keeper live?", 6, "1-3 7-9"),
        ("Where did the keeper live?", 3, "1-3"),
        ("capital expenditures and keepers", 9, "1-9"),
        ("What did the minister say?", 9, ""),
        ("Which was it, when, and what was that?", 9, ""),
        ("What was capital expenditure?", 0, ""),
    ],
)
def test_lines_that_share_words_come_with_their_neighbours_as_far_as_they_fit(question, room, ranges):
    assert shown(question, room) == ranges


def test_rare_words_weigh_more_than_those_of_every_line():
    lines = [f"Lantern {n} is lit." for n in range(10)]
    lines[6] = "Lantern 6 has keeper Holm."
    assert shown("Which keeper has the lantern?", 1, lines) == "7-7"


@given(st.lists(st.sampled_from(LINES), max_size=40), st.sampled_from(LINES), st.integers(0, 20))
def test_ranges_are_few_in_order_apart_and_fit(lines, question, room):
    def fits(ranges):
        return sum(r.last - r.first + 1 for r in ranges) <= room

    ranges = bearing_ranges(lines, question, fits)
    assert len(ranges) <= MOST_RANGES
    assert all(a.last + 2 < b.first for a, b in pairwise(ranges))
    assert all(r.last <= len(lines) for r in ranges)
    assert not ranges or fits(ranges)
