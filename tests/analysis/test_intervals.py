"""Shares, their intervals, and spreads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.analysis.intervals import Share, Spread

# Newcombe (1998), table I, method 3: Wilson's interval without continuity correction.
WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("count", "of", "low", "high"), WILSON)
def test_interval_is_wilsons(count, of, low, high):
    assert Share(count, of).interval == pytest.approx((low, high), abs=0.0001)


def test_share_of_nothing_is_unknown():
    assert Share.where([None, None]) == Share(0, 0)
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0.0, 1.0)


def test_share_counts_the_marks_that_are_known():
    assert Share.where([True, None, False, True]) == Share(2, 3)
    record = Share(2, 3).as_record()
    assert (record["share"], record["count"], record["of"]) == (0.6667, 2, 3)


@given(st.integers(0, 50), st.integers(1, 50))
def test_interval_holds_the_share_and_stays_within_0_and_1(count, more):
    share = Share(count, count + more)
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1


def test_spread_of_some_numbers():
    assert Spread.of([]) == Spread(0.0, 0.0, 0.0)
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0)
    assert Spread.of([float(n) for n in range(1, 101)]) == Spread(50.5, 95.0, 100.0)
