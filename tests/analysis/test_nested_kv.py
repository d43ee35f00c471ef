"""Nested key-value cases: chains are whole, orders differ, and the same seed makes the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.analysis.nested_kv import nested_cases, read_pairs
from docpager.errors import MissingInputError, QuestionFileError

PAIRS = [(f"k{n}", f"v{n}") for n in range(20)]


@given(st.integers(0, 19), st.integers(0, 1000))
def test_following_the_first_key_takes_as_many_hops_and_ends_at_the_answer(hops, seed):
    for case in nested_cases(PAIRS, hops=[hops], orderings=2, seed=seed):
        pairs = dict(case.pairs)
        walked = [case.chain[0]]
        while pairs[walked[-1]] in pairs:
            walked.append(pairs[walked[-1]])
        assert tuple(walked) == case.chain
        assert len(walked) == hops + 1
        assert pairs[walked[-1]] == case.answer
        assert case.answer.startswith("v")


def test_only_the_chain_s_values_are_changed_and_every_pair_is_there():
    [case] = nested_cases(PAIRS, hops=[3], orderings=1)
    changed = {key for key, value in case.pairs if dict(PAIRS)[key] != value}
    assert changed == set(case.chain[:-1])
    assert sorted(key for key, _ in case.pairs) == sorted(key for key, _ in PAIRS)
    assert case.text.split("\n\n") == [f"{key}: {value}" for key, value in case.pairs]


def test_there_are_as_many_cases_as_hops_times_orderings_each_its_own():
    cases = list(nested_cases(PAIRS))
    assert len(cases) == 7 * 30
    assert len({case.case_id for case in cases}) == len({case.pairs for case in cases}) == 210
    assert [case.case_id for case in cases[::70]] == ["hops-0-order-00", "hops-2-order-10", "hops-4-order-20"]


def test_the_same_seed_makes_the_same_cases():
    first, again, other = (list(nested_cases(PAIRS, hops=[2], orderings=3, seed=seed)) for seed in (4, 4, 5))
    assert first == again != other


def test_a_case_is_a_row_of_a_gold_file():
    [case] = nested_cases(PAIRS, hops=[1], orderings=1)
    assert case.gold() == {
        "question_id": "hops-1-order-00",
        "question": case.question,
        "answers": [case.answer],
        "follow": case.chain[0],
    }
    assert case.chain[0] in case.question


@pytest.mark.parametrize(
    ("pairs", "hops", "message"),
    [
        (PAIRS[:3], [3], "A chain of 3 hops needs 4 pairs; there are 3."),
        (PAIRS[:3], [-1], "A chain of -1 hops needs 0 pairs; there are 3."),
        ([("a", "1"), ("a", "2")], [0], "Keys have to be distinct, and none may be a value."),
        ([("a", "b"), ("b", "c")], [0], "Keys have to be distinct, and none may be a value."),
    ],
)
def test_what_makes_no_chain_is_refused(pairs, hops, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        list(nested_cases(pairs, hops=hops))


def test_pairs_are_read_from_a_row(tmp_path):
    file = tmp_path / "kv.jsonl"
    rows = [{"ordered_kv_records": [["a", "1"]]}, {"ordered_kv_records": [["b", "2"], ["c", "3"]]}, {"key": "x"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert read_pairs(file, 1) == [("b", "2"), ("c", "3")]
    for index in (2, 3):
        with pytest.raises(QuestionFileError, match=f"Row {index} of .* has no pairs"):
            read_pairs(file, index)
    with pytest.raises(MissingInputError, match="No such file"):
        read_pairs(tmp_path / "none.jsonl")


@pytest.mark.slow
def test_the_pairs_of_lost_in_the_middle_make_cases(repository):
    file = repository.parent / "shared" / "data" / "kv" / "kv75.jsonl"
    if not file.exists():
        pytest.skip(f"The pairs are not here: {file}")
    assert all(len(list(nested_cases(read_pairs(file, index), orderings=2))) == 14 for index in range(100))
