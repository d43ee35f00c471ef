"""What a query wants held exactly, and how that orders what was found."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.archive.exact import MOST_TERMS, ExactTerm, Held, exact_terms

QUERIES = [
    ("net revenue 2022", []),
    ("form 10-K of FY2018, long-term debt", ["10-K"]),
    ('where is "free cash flow" defined', ["free cash flow"]),
    ("“Übergabe am Kai” and «ligne de flottaison»", ["Übergabe am Kai", "ligne de flottaison"]),
    ("invoice INV-2023-0042, please.", ["INV-2023-0042"]),
    ("total of 1,577 in 2018", ["1,577"]),
    ("CIK 0000066740?", ["0000066740"]),
    ("release (v2.3.1), or x?y=1", ["v2.3.1", "y=1"]),
    ('"" "  " "-"', []),
    ("it's \"3M's\" turn", ["3M's"]),
    ('10-K 10-k "10-K"', ["10-K"]),
]


@pytest.mark.parametrize(("query", "terms"), QUERIES)
def test_quoted_phrases_identifiers_and_numbers_are_exact(query, terms):
    assert [term.text for term in exact_terms(query)] == terms


HELD = [
    (ExactTerm("1,577"), "capital expenditure 1,577 1,373", True),
    (ExactTerm("1,577"), "21,577 and 1,577.5 and 1,577,000", False),
    (ExactTerm("10-K"), "the form 10-k, and", True),
    (ExactTerm("10-K"), "the form 10-K/A, 10-KSB or 110-K", False),
    (ExactTerm("INV-1"), "INV-1.", True),
    (ExactTerm("INV-1"), "INV-1.2", False),
    (ExactTerm("free cash flow", True), "Free\n  cash flow, as", True),
    (ExactTerm("free cash flow", True), "carefree cash flow; free cash flows", False),
]


@pytest.mark.parametrize(("term", "text", "holds"), HELD)
def test_a_term_is_held_as_it_stands_and_not_inside_a_longer_one(term, text, holds):
    assert bool(term.pattern().search(text)) is holds


@given(st.text(max_size=400))
def test_any_query_gives_few_terms_that_stand_in_it(query):
    terms = exact_terms(query)
    assert len(terms) <= MOST_TERMS
    assert len({term.text.lower() for term in terms}) == len(terms)
    spaced = " ".join(query.split())
    for term in terms:
        assert term.text in query or term.text in spaced
        term.pattern()


@given(st.lists(st.text(string.ascii_letters + string.digits + "-", min_size=5, max_size=12), min_size=1, max_size=5))
def test_a_quoted_phrase_is_found_in_the_text_it_was_taken_from(words):
    [term] = exact_terms(f'"{" ".join(words)}"') or [None]
    if term is not None:
        assert term.pattern().search("\n".join(["Before", *words, "after"]))


@given(
    st.dictionaries(st.integers(0, 30), st.floats(0, 1), min_size=1),
    st.lists(st.sets(st.integers(0, 40), max_size=8), max_size=4),
)
def test_who_holds_a_quoted_phrase_stands_before_all_who_hold_none(scores, holders):
    terms = {ExactTerm(f"term {n}", is_quoted=True): rows for n, rows in enumerate(holders)}
    held = Held.of(terms)
    known = dict.fromkeys(held.weights, 0.0) | scores
    ranked = held.scores(known)
    assert all(0 <= score <= 1 for score in ranked.values())
    with_it = [ranked[row] for row in ranked if row in held.weights]
    without = [ranked[row] for row in ranked if row not in held.weights]
    assert min(with_it, default=1) >= max(without, default=0)


def test_a_number_that_stands_in_many_segments_weighs_little():
    assert ExactTerm("10-K").weight(5) == 1.0
    assert ExactTerm("10-K").weight(50) == 0.1
    assert ExactTerm("the sea", is_quoted=True).weight(50) == 1.0
