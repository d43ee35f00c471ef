"""Citable lines: sentences, table rows and printed lines, none longer than 300 characters."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.lines import MAX_LINE_CHARACTERS, line_spans
from docpager.records import SegmentKind


def lines(text: str, kind: SegmentKind = SegmentKind.TEXT) -> list[str]:
    return [text[start:end] for start, end in line_spans(text, kind)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met Mr. J. Doe at 5 p.m. on Friday.", ["Dr. Smith met Mr. J. Doe at 5 p.m. on Friday."]),
        ("It cost $3.5 million. Why?", ["It cost $3.5 million.", "Why?"]),
        ("1. First point. 2. Second point.", ["1. First point.", "2. Second point."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("See fig. 3 and vol. 2 there. Done.", ["See fig. 3 and vol. 2 there.", "Done."]),
        ("First paragraph\n\nSecond paragraph", ["First paragraph", "Second paragraph"]),
        ("Port | Calls. 3 | 4", ["Port | Calls. 3 | 4"]),
        ("これは一つ。これは二つ。", ["これは一つ。", "これは二つ。"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_text_divides_into_sentences(text, expected):
    assert lines(text) == expected


@pytest.mark.parametrize("kind", [SegmentKind.TABLE, SegmentKind.LAYOUT])
def test_rows_and_printed_lines_stay_whole(kind):
    assert lines("Net sales. Total 5 4\n  Cost 3. 2  \n\nx", kind) == ["Net sales. Total 5 4", "Cost 3. 2", "x"]


def test_long_line_is_cut_at_a_blank():
    words = ("word " * 200).strip()
    cut = lines(words, SegmentKind.LAYOUT)
    assert len(cut) == 4
    assert " ".join(cut) == words


@given(st.text(alphabet=st.sampled_from("aB1.!? \n|。é"), max_size=900), st.sampled_from(list(SegmentKind)))
def test_lines_cover_every_visible_character_once_and_in_order(text, kind):
    spans = line_spans(text, kind)
    assert all(0 < end - start <= MAX_LINE_CHARACTERS for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert "".join("".join(text[s:e].split()) for s, e in spans) == "".join(text.split())
