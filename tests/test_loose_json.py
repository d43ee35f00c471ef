"""JSON as models write it: slips with one meaning are repaired, nothing is made up."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.loose_json import LONGEST, first_object, loads

REPAIRED = [
    ('{"a": [1, 2,],}', {"a": [1, 2]}),
    ('```json\n{"a": 1}\n```', {"a": 1}),
    ("```\n[1]\n```", [1]),
    ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
    ("{'a': True, 'b': None, 'c': 'it is'}", {"a": True, "b": None, "c": "it is"}),
    ('{"a": "a comma, ] in a string,}"}', {"a": "a comma, ] in a string,}"}),
    ("{'a': ('x', 'y')}", {"a": ("x", "y")}),
    ("3", 3),
]


@pytest.mark.parametrize(("text", "value"), REPAIRED)
def test_a_slip_with_one_meaning_is_repaired(text, value):
    assert loads(text) == value


BROKEN = [
    "",
    '{"query": "breaks off, "first": ',
    '{"query": "breaks',
    "{query: pier}",
    "{'a': {1, 2}}",
    "__import__('os').system('true')",
    "{'a': __import__('os')}",
    "[" * 5000,
    "x" * (LONGEST + 1),
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_breaks_off_is_not_made_up(text):
    with pytest.raises(ValueError, match=r"."):
        loads(text)
    assert first_object(text) is None


def test_the_first_object_is_found_among_words():
    assert first_object('Sure: {not json} {"a": 1,} and {"b": 2}') == {"a": 1}
    assert first_object("no object [1, 2]") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_good_json_is_never_changed(value):
    assert loads(json.dumps(value)) == value
    if isinstance(value, dict):
        assert first_object("so: " + json.dumps(value)) == value


@given(st.text(alphabet="{}[]\"',:1aTrue\\n `", max_size=60))
def test_no_text_does_more_than_fail(text):
    with contextlib.suppress(ValueError):
        loads(text)
    assert first_object(text) is None or isinstance(first_object(text), dict)
