"""Questions that need the same pages become neighbours; none is lost, and without shared pages nothing moves."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from docpager.archive.in_memory import InMemoryArchive
from docpager.batch.page_order import BLOCK, chained, in_page_order, predicted_pages
from docpager.records import Question

PAGES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=12)


def shared(order, pages) -> int:
    return sum(bool(set(pages[a]) & set(pages[b])) for a, b in pairwise(order))


def test_questions_that_share_pages_become_neighbours():
    assert chained([["a", "b"], ["x"], ["b"], ["x", "y"], ["a"]]) == [0, 4, 2, 1, 3]


def test_the_pages_of_the_question_before_last_count_where_those_of_the_last_do_not():
    assert chained([["a", "b"], ["a"], ["x"], ["b"]]) == [0, 1, 3, 2]


@given(PAGES)
def test_every_question_comes_once_and_the_first_first(pages):
    order = chained(pages)
    assert sorted(order) == list(range(len(pages)))
    assert order[:1] == [0][: len(pages)]


@given(st.integers(0, 12))
def test_where_nothing_is_shared_the_order_stays(count):
    assert chained([[f"page {n}"] for n in range(count)]) == list(range(count))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_of_questions_with_one_page_each_all_of_one_page_stand_together(wanted):
    pages = [[page] for page in wanted]
    order = chained(pages)
    assert shared(order, pages) == len(wanted) - len(set(wanted))


def test_search_results_predict_what_a_question_needs():
    archive = InMemoryArchive.of({"mill.txt": "The mill ground rye.", "pier.txt": "The pier was rebuilt."})
    texts = ["Who ground rye?", "When was the pier rebuilt?", "What was ground at the mill?", "Which pier was it?"]
    questions = [Question(f"q{n}", n, text) for n, text in enumerate(texts)]
    ordered = in_page_order(questions, predicted_pages(archive))
    assert [question.row for question in ordered] == [0, 2, 1, 3]


def test_the_cells_of_a_grid_stand_together_by_document():
    archive = InMemoryArchive.of({})
    cells = [Question(f"q{n}", n, "Who?", doc_id=doc_id) for n in range(3) for doc_id in ("d1", "d2")]
    assert [q.doc_id for q in in_page_order(cells, predicted_pages(archive))] == ["d1"] * 3 + ["d2"] * 3


def test_a_long_list_is_read_block_by_block():
    read = []

    def questions():
        for n in range(2 * BLOCK):
            read.append(n)
            yield Question(f"q{n}", n, "Who?")

    ordered = in_page_order(questions(), lambda question: [str(question.row % 7)])
    next(ordered)
    assert len(read) == BLOCK
    assert sorted(q.row for q in ordered) == list(range(1, 2 * BLOCK))
