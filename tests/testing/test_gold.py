"""Gold files: how they are read, refused and looked up."""

import pytest

from docpager.errors import MissingInputError, QuestionFileError
from docpager.testing import Gold, GoldAnswer
from docpager.testing.gold import GoldPage


def test_gold_is_found_by_the_question_s_words(tmp_path):
    file = tmp_path / "gold.jsonl"
    file.write_text(
        '{"question_id": "q1", "question": "Who  is captain?", "answers": "Jon Dahl"}\n\n'
        '{"question": "Revenue?", "answers": ["5"], "pages": [{"document": "a.pdf", "page_number": 4}]}\n'
        '{"question": "What does k lead to?", "follow": "k"}\n'
    )
    gold = Gold.load(file)
    assert len(gold) == 3
    assert gold.find("who is captain?").answers == ("Jon Dahl",)
    assert gold.find("Revenue? (Answer with a number and its unit.)").pages == (GoldPage("a.pdf", 4),)
    assert gold.find("What does k lead to?").follow == "k"
    assert gold.find("Who is captain") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "no attribute 'get'"),
        ('{"answers": ["x"]}', "it has no question"),
        ('{"question": "x"}', "it has neither answers nor pages, and no key to follow"),
        ('{"question": "x", "pages": [{"page_number": 3}]}', "'document'"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, line, why):
    file = tmp_path / "gold.jsonl"
    file.write_text('{"question": "Fine?", "answers": ["yes"]}\n' + line)
    with pytest.raises(QuestionFileError) as refused:
        Gold.load(file)
    assert str(refused.value).startswith(f"Line 2 of the gold file {file} cannot be used: ")
    assert why in str(refused.value)


def test_a_file_that_is_not_there_is_missing_input(tmp_path):
    with pytest.raises(MissingInputError, match=r"Cannot read the gold file .*: No such file or directory\."):
        Gold.load(tmp_path / "gold.jsonl")


@pytest.mark.parametrize(
    ("gold", "shown", "page_number", "same"),
    [
        (GoldPage("a.pdf", 4), "d1 reports/2024/a.pdf", 4, True),
        (GoldPage("a", 4), "d1 reports/2024/a.pdf", 4, True),
        (GoldPage("2024/a.pdf", 4), "d1 reports/2024/a.pdf", 4, True),
        (GoldPage("a.pdf", None), "d1 a.pdf", 9, True),
        (GoldPage("a.pdf", 4), "d1 a.pdf", 5, False),
        (GoldPage("a.pdf", 4), "d1 reports/ba.pdf", 4, False),
        (GoldPage("2023/a.pdf", 4), "d1 reports/2024/a.pdf", 4, False),
    ],
)
def test_a_gold_page_is_known_by_the_end_of_its_path_and_its_number(gold, shown, page_number, same):
    assert gold.is_shown_as(shown, page_number) is same


def test_a_gold_page_is_known_beside_its_title():
    assert GoldPage("acme.pdf", 3).is_shown_as('d1 reports/acme.pdf "Annual report of Acme"', 3)


def test_a_row_of_answers_alone_is_enough():
    assert GoldAnswer.read({"question": "q", "answers": ["a", 7]}).answers == ("a", "7")
