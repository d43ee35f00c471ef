"""What a question asks for."""

import pytest

from docpager.models.question_words import AnswerForm, QuestionWords
from docpager.models.stemming import stem, stems


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How much did the Alma cost?", AnswerForm.AMOUNT),
        ("What is the total revenue?", AnswerForm.AMOUNT),
        ("When did the Alma sail?", AnswerForm.DATE),
        ("Who is the captain?", AnswerForm.PERSON),
        ("Where is the yard?", AnswerForm.PLACE),
        ("Did the board approve it?", AnswerForm.YES_NO),
        ("Has revenue grown?", AnswerForm.YES_NO),
        ("Describe the harbour.", AnswerForm.TEXT),
    ],
)
def test_form_of_the_answer_is_told_from_the_question(question, form):
    assert QuestionWords.of(question).form is form


def test_words_of_the_task_are_no_search_words():
    words = QuestionWords.of(
        "What is the FY2019 capital expenditure for Acme? Answer in USD and round to one decimal place."
    )
    assert words.query == "FY2019 capital expenditure Acme USD"
    assert words.terms == ("acm",)
    assert [c.name for c in words.concepts] == ["capital expenditure"]
    assert "statement of cash flows" in words.statements[0]
    assert words.years == ("2019",)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who runs Best Harbour Lines in 2024?", ("Best Harbour Lines",)),
        ("Is Acme's business cyclical?", ("Acme's",)),
        ("Which ferry sails? Tell me.", ()),
        ("Did Jon Dahl meet the Bank of Norhaven?", ("Jon Dahl", "Bank of Norhaven")),
    ],
)
def test_names_are_capitalised_words_that_do_not_merely_begin_a_sentence(question, names):
    found = QuestionWords.of(question).names
    assert {n.replace("of ", "") for n in found} == {n.replace("of ", "") for n in names}


@pytest.mark.parametrize(
    ("a", "b"), [("carried", "carry"), ("Ferries", "ferry"), ("Acme's", "ACME"), ("acquisitions", "acquisition")]
)
def test_forms_of_a_word_share_their_stem(a, b):
    assert stem(a) == stem(b)


def test_stop_words_have_no_stems():
    assert stems("What is the price of tea?") == ["price", "tea"]


@pytest.mark.parametrize(
    ("question", "identifiers"),
    [
        ('What is the value of the key "2a8d601d-1d69-4e64"?', ("2a8d601d-1d69-4e64",)),
        ("Who holds ticket LC-88214 of hull B737MAX?", ("LC-88214", "B737MAX")),
        ("What was the 3-year average in FY2019, as of 1st July 2022?", ()),
        ("Who is the captain?", ()),
    ],
)
def test_identifiers_are_words_of_letters_and_digits(question, identifiers):
    assert QuestionWords.of(question).identifiers == identifiers
