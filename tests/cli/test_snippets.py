"""Snippets: the lines of a segment that bear the query's words."""

from __future__ import annotations

import pytest

from docpager.archive.in_memory import InMemoryArchive
from docpager.cli.search import as_record, emphasised, snippet

TEXT = (
    "The company sells boats. It was founded long ago in a harbour town, by three brothers who liked the sea. "
    "They built ferries at first, then trawlers, and later yachts for people with time. "
    "Many of the yachts went abroad, and some of them came back after years, for new engines and paint. "
    "Net revenue was 12.4 million in 2022. Net revenue was 11.9 million in 2021. Costs grew."
)


def hit(query, text=TEXT):
    (found,) = InMemoryArchive.of({"boats.txt": text}).search(query)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("net revenue 2022", "Net revenue was 12.4 million in 2022. Net revenue was 11.9 million in 2021. Costs grew."),
        ("founded brothers", "It was founded long ago in a harbour town, by three brothers who liked the sea."),
        ("company", "The company sells boats. It was founded long ago in a harbour town, by three brothers"),
    ],
)
def test_a_snippet_starts_where_the_words_are(query, expected):
    assert snippet(hit(query).segment, query).startswith(expected)


def test_a_snippet_is_short_even_where_a_line_is_long():
    segment = hit("word", " ".join(["word"] * 900)).segment
    assert len(snippet(segment, "word")) < 320


def test_words_of_the_query_are_bold_in_any_form():
    assert emphasised("They shipped ships.", "Ship shipping") == "They \x1b[1mshipped\x1b[0m ships."


def test_a_record_says_where_the_text_stands():
    record = as_record(hit("net revenue"), "net revenue")
    assert record["path"] == "boats.txt"
    assert record["page_number"] == 1
    assert TEXT[record["char_start"] : record["char_end"]] == record["text"]
    assert record["rank"] == 1
