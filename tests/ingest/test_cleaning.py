from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.ingest.cleaning import REPLACEMENT, clean

CASES = [
    ("plain", "plain", 0),
    ("tab\tand\nnewline", "tab\tand\nnewline", 0),
    ("nul\x00here", f"nul{REPLACEMENT}here", 1),
    ("lone\ud800 and \udfff", f"lone{REPLACEMENT} and {REPLACEMENT}", 2),
    ("pair\ud83d\ude00", "pair😀", 0),
    ("escape\x1b[31m", f"escape{REPLACEMENT}[31m", 1),
    ("c1\x9bdelete\x7f", f"c1{REPLACEMENT}delete{REPLACEMENT}", 2),
    ("noncharacter\uffff\ufdd0", f"noncharacter{REPLACEMENT}{REPLACEMENT}", 2),
    ("dos\r\nmac\runix\n", "dos\nmac\nunix\n", 0),
    ("feed\x0ctab\x0bnel\x85ls\u2028ps\u2029.", "feed\ntab\nnel\nls\nps\n.", 0),
    ("naïve – “quotes” 日本 \u200b\ufeff", "naïve – “quotes” 日本 \u200b\ufeff", 0),
]


@pytest.mark.parametrize(("text", "expected", "replaced"), CASES)
def test_unwanted_characters_are_replaced_and_counted(text: str, expected: str, replaced: int) -> None:
    assert clean(text) == (expected, replaced)


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_cleaned_text_encodes_and_stays_as_it_is(text: str) -> None:
    cleaned, _ = clean(text)
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == (cleaned, 0)
    assert "\r" not in cleaned
    assert "\x00" not in cleaned
