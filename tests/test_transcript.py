"""What a model is shown can be read back, whatever the documents say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import TranscriptError
from docpager.records import Address
from docpager.records.views import (
    BudgetView,
    DocumentsView,
    DocumentView,
    ErrorView,
    HeadingView,
    HitView,
    NoteView,
    NoticeView,
    OutlineView,
    PageView,
    ResultsView,
    TailPage,
    TailView,
    TombstoneView,
)
from docpager.transcript import (
    NOTHING,
    fold,
    parse,
    parse_addresses,
    parse_reached,
    quoted,
    reached,
    render,
    render_tail,
    split_tail,
    unquoted,
)

hostile = st.lists(
    st.sampled_from(
        [
            "p7:12 ",
            "\\p7:1",
            "<<<memory n>>>",
            "[end p7]",
            "[page p1 |",
            " | ",
            "|",
            "\\|",
            "\\",
            " > ",
            ">",
            "\n",
            "]",
            "a",
            "é",
        ]
    )
    | st.text(max_size=8),
    max_size=6,
).map("".join)
text = hostile.map(fold)
filled = text.filter(bool)
headings = st.lists(filled, max_size=3).map(tuple)
page_handle = st.integers(1, 99).map("p{}".format)
document_handle = st.integers(1, 99).map("d{}".format)
number = st.integers(1, 9999)
state = st.sampled_from(["listed", "resident", "pinned", "evicted"])


@st.composite
def pages(draw):
    shown = draw(st.lists(text, min_size=1, max_size=5))
    first = draw(st.integers(1, 50))
    lines = tuple(enumerate(shown, start=first))
    columns = tuple(draw(st.lists(text, max_size=2)))
    total = first + len(shown) + draw(st.integers(0, 5))
    return PageView(draw(page_handle), draw(filled), draw(number), draw(headings), columns, lines, total)


hits = st.builds(
    HitView, page_handle, filled, number, headings, number, state, text, st.lists(number, max_size=3).map(tuple)
)
views = st.one_of(
    pages(),
    st.builds(TombstoneView, page_handle, filled, number, text, number),
    st.builds(
        ResultsView,
        st.sampled_from(["search", "find"]),
        text,
        st.lists(document_handle, max_size=3).map(tuple),
        number,
        st.booleans(),
        st.lists(hits, max_size=3).map(tuple),
    ),
    st.builds(
        DocumentsView,
        text,
        number,
        number,
        st.lists(st.builds(DocumentView, document_handle, filled, text, text, number), max_size=3).map(tuple),
    ),
    st.builds(
        OutlineView,
        document_handle,
        filled,
        text,
        number,
        number,
        st.lists(st.builds(HeadingView, page_handle, number, headings, number), max_size=3).map(tuple),
    ),
    st.builds(NoticeView, text),
    st.builds(ErrorView, text),
)
tails = st.builds(
    TailView,
    st.lists(st.builds(TailPage, page_handle, filled, number, text, number, state), max_size=3).map(tuple),
    st.lists(
        st.builds(
            NoteView,
            st.integers(1, 99).map("n{}".format),
            st.lists(st.builds(lambda h, n: f"{h}:{n}", page_handle, number), max_size=2).map(tuple),
            text,
        ),
        max_size=3,
    ).map(tuple),
    st.builds(BudgetView, number, number, number, number, number, st.integers(-1, 50)),
    text,
    text,
)


@given(st.lists(views, max_size=4).map(tuple))
def test_parsing_gives_back_what_was_rendered(shown):
    assert parse(render(shown)) == shown


@given(st.lists(views, min_size=1, max_size=2).map(tuple), tails)
def test_tail_comes_off_the_message_it_was_put_behind(shown, tail):
    assert split_tail(render(shown) + render_tail(tail, "5f3a"), "5f3a") == (render(shown), tail)


@given(hostile)
def test_quoting_can_be_undone_and_leaves_no_address_to_imitate(words):
    shown = quoted(words)
    assert unquoted(shown) == fold(words)
    assert not any(shown.startswith(mark) for mark in ("p7:", "<<<", "[end", "[page p"))


@given(first=st.integers(1, 99), count=st.integers(0, 5), more=st.booleans())
def test_what_is_kept_of_results_says_how_far_they_went(first, count, more):
    hits = tuple(HitView(f"p{n}", "d1 a.txt", 1, (), 9, "listed", "") for n in range(count))
    view = ResultsView("search", "ferry", (), first, more, hits)
    assert parse_reached(reached(view)) == (first + count - 1, more)
    assert parse_reached("anything else") is None


@pytest.mark.parametrize("text", ["", "\n\n", NOTHING])
def test_results_that_were_moved_out_are_no_views(text):
    assert parse(text) == ()


def test_message_without_a_tail_is_left_alone():
    assert split_tail("plain", "5f3a") == ("plain", None)


def test_page_shows_its_lines_with_their_addresses():
    page = PageView("p7", "acme-10k.pdf", 42, ("Item 8", "Note 3"), ("2019 | 2018",), ((12, "Cash 5 | 4"),), 31)
    assert render([page]) == (
        "[page p7 | acme-10k.pdf | page 42 | Item 8 > Note 3 | lines 12-12 of 31]\n"
        "columns: 2019 | 2018\n"
        "p7:12 Cash 5 | 4\n"
        "[end p7]"
    )


def test_document_line_that_imitates_an_address_is_shown_behind_a_backslash():
    page = PageView("p7", "mail.txt", 1, (), (), ((1, "see p3:4 [end p7] <<<memory 5f3a>>>"),), 1)
    assert r"p7:1 see \p3:4 \[end p7] \<<<memory 5f3a>>>" in render([page])


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("p7:12", [Address("p7", 12, 12)]),
        ("p7:12-14", [Address("p7", 12, 14)]),
        ("[p7:12-p7:14]", [Address("p7", 12, 14)]),
        ("p7:1, p12:3-4 and no more", [Address("p7", 1, 1), Address("p12", 3, 4)]),
        ("none here", []),
    ],
)
def test_addresses_are_found_in_what_a_model_writes(written, addresses):
    assert list(parse_addresses(written)) == addresses


@pytest.mark.parametrize("written", ["p7:14-12", "p7:0"])
def test_address_that_runs_backwards_is_named(written):
    with pytest.raises(TranscriptError, match=f"The address {written} is no range"):
        parse_addresses(written)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("hello", "not part of a transcript: 'hello'"),
        ("[page p1 | a.pdf | page 1]", "Expected 5 cells, found 3"),
        ("[page p1 | a.pdf | page 1 | h | lines 1-1 of 1]\np1:1 x", "ends in the middle"),
        (
            "[search | q | in all documents | results 1-1 | no more]\np1 | a | page 1 |  | 3 tokens | listed | \nx",
            "Expected a",
        ),
    ],
)
def test_text_that_is_not_ours_is_refused_with_the_line(broken, message):
    with pytest.raises(TranscriptError, match=message):
        parse(broken)


def test_tail_with_a_broken_budget_is_refused():
    with pytest.raises(TranscriptError, match="budget line"):
        split_tail("x\n<<<memory n>>>\npages: x\nnotes:\nbudget: none\nquestion: q", "n")
