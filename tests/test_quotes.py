"""Quotes are found as they are, or by their letters and digits, and never by accident."""

import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from docpager.quotes import QuotableText, find_quote, locate

FOUND = [
    ("exact", "net sales rose", "In 2022 net sales rose by 4 %.", "net sales rose", True),
    ("line break", "net sales rose", "In 2022 net\n  sales rose by 4 %.", "net\n  sales rose", False),
    ("case", "NET SALES", "Our net sales", "net sales", False),
    ("hyphen at a line's end", "operating income", "opera-\nting income", "opera-\nting income", False),
    ("curly quotes", 'the "Company"', "the “Company”", "the “Company", False),
    ("ligature", "fiscal profit", "ﬁscal proﬁt", "ﬁscal proﬁt", False),
    ("decomposed accent", "café society", unicodedata.normalize("NFD", "café society"), None, False),
    ("thousands", "sales of 1234567 dollars", "sales of 1,234,567 dollars", None, False),
    ("spaced decimal", "rose 1.5 percent", "rose 1 .5 percent", None, False),
    ("dollar cells", "Total $ 1,577", "Total | $1,577 |", "Total | $1,577", False),
    ("lost spaces", "the registrant is a shell", "whetherthe registrantis a shellcompany", None, False),
    ("full width", "2022年", "２０２２年", None, False),
    ("Hangul", "매출액 증가", "매출액증가", None, False),
    ("second place whole", "art", "a cartoon, then art", "art", True),
]


@pytest.mark.parametrize(("quote", "text", "there", "exact"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_a_true_quote_is_found_where_it_stands(quote, text, there, exact):
    match = find_quote(quote, text)
    assert match is not None
    assert match.exact is exact
    assert text[match.start : match.end] == (text if there is None else there) or there is None
    assert 0.5 < match.score <= 1


NOT_FOUND = [
    ("other figure", "sales of 1,235", "sales of 1,234"),
    ("decimal dropped", "rose 15 percent", "rose 1.5 percent"),
    ("decimal invented", "rose 1.5 percent", "rose 15 percent"),
    ("decimal comma", "stieg um 1,5 Prozent", "stieg um 15 Prozent"),
    ("part of a number", "12", "3120 and 1,200 and 12.5 and 0.12"),
    ("part of a short word", "art", "cartoon"),
    ("figure cut short", "sales of 1,23", "sales of 1,234"),
    ("another script's mark", "की", "कि"),
    ("blank", "  \n", "anything  \n"),
    ("nothing but signs", "---", "a - b"),
    ("reordered", "rose sales net", "net sales rose"),
    ("half a ligature", "prof", "proﬁ"),
]


@pytest.mark.parametrize(("quote", "text"), [row[1:] for row in NOT_FOUND], ids=[row[0] for row in NOT_FOUND])
def test_a_false_quote_is_not_found(quote, text):
    assert find_quote(quote, text) is None


def test_locate_prefers_an_exact_place_over_an_earlier_loose_one():
    places = [("a", "net\nsales"), ("b", "no"), ("c", "net sales"), ("d", "net sales")]
    key, match = locate("net sales", places)
    assert (key, match.exact) == ("c", True)
    assert locate("net sales", places[:2])[0] == "a"
    assert locate("gross", places) is None


WORDS = st.lists(st.text(string.ascii_letters + string.digits + "éßﬁ", min_size=1, max_size=8), min_size=1, max_size=30)
BLANKS = st.lists(st.sampled_from([" ", "\n", "  ", "\t", " \n "]), min_size=30, max_size=30)


@given(st.text(max_size=200), st.data())
def test_every_span_of_whole_words_is_found_exactly(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    padded = f"{text[:start]} {text[start:end]} {text[end:]}"
    quote = text[start:end]
    assume(quote.strip())
    match = find_quote(quote, padded)
    assert match is not None
    assert match.exact
    assert padded[match.start : match.end] == quote


@given(WORDS, BLANKS, st.data())
def test_spacing_case_and_composition_do_not_matter(words, blanks, data):
    first = data.draw(st.integers(0, len(words) - 1))
    quote = " ".join(words[first:])
    text = "".join(word + blank for word, blank in zip(words, blanks))
    text = unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD", "NFKC"])), text)
    match = find_quote(quote.upper() if data.draw(st.booleans()) else quote, text)
    assert match is not None
    assert match.score > 0.3


@given(WORDS, st.data())
def test_a_changed_letter_or_digit_is_never_found(words, data):
    text = " ".join(words)
    at = data.draw(st.integers(0, len(text) - 1))
    assume(text[at] != " ")
    forged = text[:at] + "Ω" + text[at + 1 :]
    assert find_quote(forged, text) is None


@given(st.text(max_size=80), st.text(max_size=300))
def test_whatever_is_found_has_the_quote_s_letters(quote, text):
    match = find_quote(quote, text)
    if match is not None:
        found = text[match.start : match.end]
        assert match.exact == (found == quote)
        assert QuotableText(found).find(quote) is not None
        assert 0 <= match.start < match.end <= len(text)
