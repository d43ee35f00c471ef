from hypothesis import given
from hypothesis import strategies as st

from docpager.archive.outlines import outline_of
from docpager.records import Segment, SegmentKind

PATHS = st.lists(st.lists(st.sampled_from("abc"), max_size=3).map(tuple), max_size=20)


def segments_under(paths):
    return [
        Segment(f"s{n}", "d", n, n + 1, 0, 1, SegmentKind.TEXT, "x", "", headings=path, token_count=10)
        for n, path in enumerate(paths)
    ]


def outline(*paths):
    return [(e.headings, e.page_number, e.first_segment_id, e.segment_count) for e in outline_of(segments_under(paths))]


def test_a_document_without_headings_has_no_outline():
    assert outline((), ()) == []


def test_an_outer_heading_counts_what_is_below_the_inner_ones():
    assert outline(("A",), ("A", "B"), ("A", "B"), ("A", "C"), ("D",)) == [
        (("A",), 1, "s0", 4),
        (("A", "B"), 2, "s1", 2),
        (("A", "C"), 4, "s3", 1),
        (("D",), 5, "s4", 1),
    ]


def test_a_heading_that_comes_again_is_another_entry():
    assert outline(("A",), ("B",), ("A",)) == [(("A",), 1, "s0", 1), (("B",), 2, "s1", 1), (("A",), 3, "s2", 1)]


def test_an_outer_heading_is_listed_even_without_text_of_its_own():
    assert outline(("A", "B")) == [(("A",), 1, "s0", 1), (("A", "B"), 1, "s0", 1)]


@given(PATHS)
def test_entries_are_in_order_and_count_every_segment_at_every_depth(paths):
    entries = outline_of(segments_under(paths))
    assert [entry.page_number for entry in entries] == sorted(entry.page_number for entry in entries)
    for depth in (1, 2, 3):
        below = sum(len(path) >= depth for path in paths)
        assert sum(entry.segment_count for entry in entries if len(entry.headings) == depth) == below
        assert sum(entry.token_count for entry in entries if len(entry.headings) == depth) == 10 * below
