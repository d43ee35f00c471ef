"""How well a passage bears on a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.models.answer_forms import form_share
from docpager.models.passages import MOST_LINES, PassageScorer, best_passages
from docpager.models.question_words import AnswerForm, QuestionWords
from docpager.records.views import PageView


def page(*lines: str, handle: str = "p1", document: str = "d1 report.pdf", headings=(), columns=()) -> PageView:
    return PageView(handle, document, 1, headings, columns, tuple(enumerate(lines, start=1)), len(lines))


def best(question: str, *pages: PageView) -> str:
    scorer = PassageScorer(QuestionWords.of(question), [text for p in pages for _, text in p.lines])
    [first, *_] = best_passages([passage for p in pages for passage in scorer.page(p)])
    return first.text


@pytest.mark.parametrize(
    ("question", "lines", "expected"),
    [
        ("How many ferries sail?", ["Ferries sail daily.", "There are four ferries."], "There are four ferries."),
        (
            "When did the Alma sail?",
            ["The Alma sails.", "The Alma sailed on 3 May 2021."],
            "The Alma sailed on 3 May 2021.",
        ),
        (
            "What are total current assets?",
            ["Current assets", "Total current assets 16,525 15,134"],
            "Total current assets 16,525 15,134",
        ),
        (
            "What was capex?",
            ["Interest paid (5) (6)", "Purchases of property and equipment (116) (131)"],
            "Purchases of property and equipment (116) (131)",
        ),
    ],
)
def test_passage_that_bears_the_answer_wins(question, lines, expected):
    assert best(question, page(*lines)) == expected


def test_name_that_stands_next_door_to_the_questions_words_is_the_answer():
    shown = page("Walk the Line is a film about a singer.", "Joaquin Phoenix plays Cash.", "It was long.")
    assert best("who starred in walk the line", shown) == "Joaquin Phoenix plays Cash."


def test_page_that_search_ranked_higher_wins_between_lines_alike():
    scorer = PassageScorer(QuestionWords.of("How many ferries sail?"), [])
    first, later = (scorer.page(page("There are four ferries."), rank)[0].score for rank in (1, 5))
    assert first > later


@given(
    rank=st.integers(1, 500),
    words=st.lists(st.sampled_from(["ferry", "four", "sail", "12", "Alma", "in", "2021", "the"]), min_size=1),
)
def test_score_is_a_likelihood(rank, words):
    scorer = PassageScorer(QuestionWords.of("How many ferries did the Alma pass in 2021?"), [])
    assert all(0 <= passage.score <= 1 for passage in scorer.page(page(" ".join(words)), rank))


def test_printed_lines_of_one_sentence_are_one_passage():
    shown = page(
        "The board of the cooperative decided in its meeting of spring that the ferry",
        "should be painted green before the summer season begins.",
        "Next item.",
    )
    assert best("What colour should the ferry be painted?", shown).endswith(
        "painted green before the summer season begins."
    )


def test_heading_that_only_repeats_the_question_says_nothing():
    assert best("What about lost property?", page("Lost property", "Lost property is kept at the pier.")) == (
        "Lost property is kept at the pier."
    )


def test_year_of_the_question_decides_between_rows_alike():
    old = page("Revenue 10", handle="p1", document="d1 report-2022.pdf")
    new = page("Revenue 12", handle="p2", document="d2 report-2023.pdf")
    assert best("What was revenue in 2023?", old, new) == "Revenue 12"


@pytest.mark.parametrize(
    ("form", "text", "asked", "whole"),
    [
        (AnswerForm.AMOUNT, "It cost 5 crowns.", (), True),
        (AnswerForm.AMOUNT, "It sailed on 3 May 2021.", (), False),
        (AnswerForm.PERSON, "Jon Dahl won.", (), True),
        (AnswerForm.PERSON, "Jon Dahl won.", ("jon", "dahl"), False),
        (AnswerForm.PLACE, "He lives in Norhaven.", (), True),
        (AnswerForm.PLACE, "He lives here.", (), False),
        (AnswerForm.DATE, "On 2021-05-03.", (), True),
        (AnswerForm.DATE, "Some day.", (), False),
        (AnswerForm.YES_NO, "Anything.", (), True),
    ],
)
def test_form_is_held_by_what_the_question_does_not_give_itself(form, text, asked, whole):
    assert (form_share(form, text, asked) == 1.0) is whole


def test_answers_stay_within_three_lines():
    scorer = PassageScorer(QuestionWords.of("ferry"), ["ferry"])
    many = [passage for n in range(9) for passage in scorer.page(page(f"Ferry number {n} sails.", handle=f"p{n}"))]
    assert sum(passage.line_count for passage in best_passages(many)) == MOST_LINES
