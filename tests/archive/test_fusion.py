import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.archive.fusion import fuse

SCORES = st.dictionaries(st.integers(0, 30), st.floats(0.01, 40), max_size=12)
COSINES = st.dictionaries(st.integers(0, 30), st.floats(-1, 1), max_size=12)


@pytest.mark.parametrize(
    ("bm25", "cosine", "fused"),
    [
        ({}, {}, {}),
        ({"a": 8.0, "b": 4.0}, {}, {"a": 1.0, "b": 0.5}),
        ({}, {"a": 0.9, "b": 0.5, "c": 0.7}, {"a": 1.0, "b": 0.0, "c": 0.5}),
        ({"a": 8.0, "b": 4.0}, {"b": 0.9, "c": 0.5}, {"a": 0.5, "b": 0.75, "c": 0.0}),
        ({"a": 2.0}, {"a": 0.3}, {"a": 1.0}),
        ({"a": 0.0}, {"b": 0.3}, {"a": 0.0, "b": 0.5}),
    ],
)
def test_scores_are_halves_of_each_side(bm25, cosine, fused):
    assert fuse(bm25, cosine) == pytest.approx(fused)


def test_the_weight_moves_between_the_sides():
    assert fuse({"a": 1.0}, {"b": 1.0}, weight=0.8) == pytest.approx({"a": 0.8, "b": 0.2})


@given(SCORES, COSINES)
def test_every_candidate_gets_a_score_between_0_and_1(bm25, cosine):
    fused = fuse(bm25, cosine)
    assert fused.keys() == bm25.keys() | cosine.keys()
    assert all(0 <= score <= 1 + 1e-9 for score in fused.values())


@given(SCORES, COSINES)
def test_who_is_better_on_both_sides_is_never_behind(bm25, cosine):
    fused = fuse(bm25, cosine)
    for a in fused:
        for b in fused:
            if bm25.get(a, 0) >= bm25.get(b, 0) and cosine.get(a, -2) >= cosine.get(b, -2):
                assert fused[a] >= fused[b] - 1e-9
