"""What figures a question asks for."""

import pytest

from docpager.models.figure_question import FigureQuestion, Task
from docpager.models.question_words import QuestionWords
from docpager.models.vocabulary import Vocabulary

TABLE = Vocabulary.load()


def asked(question: str, year: str = "") -> FigureQuestion | None:
    return FigureQuestion.of(question, QuestionWords.of(question, TABLE), TABLE, year)


def told(question: FigureQuestion) -> list[tuple[str, str]]:
    return [(part.name, part.year) for part in question.parts]


@pytest.mark.parametrize(
    ("question", "task", "parts", "percent"),
    [
        ("What were total current assets at the end of FY2019?", Task.VALUE, [("current assets", "2019")], False),
        ("What is the FY2021 current ratio of Acme?", Task.VALUE, [("current ratio", "2021")], False),
        ("What was the gross margin in 2022?", Task.VALUE, [("gross margin", "2022")], True),
        (
            "What is the FY2019 - FY2020 total revenue growth rate?",
            Task.VALUE,
            [("change of revenue", "2019 to 2020")],
            True,
        ),
        (
            "By how much did the operating result grow from 2022 to 2024?",
            Task.VALUE,
            [("change of operating income", "2022 to 2024")],
            False,
        ),
        (
            "What is the FY2017 - FY2019 3 year average of capex as a % of revenue?",
            Task.VALUE,
            [("average capital expenditure as a share of revenue", "2017 to 2019")],
            True,
        ),
        (
            "What was the compound annual growth of revenue from 2019 to 2021?",
            Task.VALUE,
            [("annual growth of revenue", "2019 to 2021")],
            True,
        ),
        (
            "Does Acme have an improving gross margin as of FY2022?",
            Task.COMPARE,
            [("gross margin", "2021"), ("gross margin", "2022")],
            True,
        ),
        (
            "How does the effective tax rate in FY2022 compare to FY2021?",
            Task.COMPARE,
            [("effective tax rate", "2021"), ("effective tax rate", "2022")],
            True,
        ),
        (
            "Among operating, investing, and financing activities, which lost the least cash in 2023?",
            Task.LEAST,
            [(f"{kind} cash flow", "2023") for kind in ("operating", "investing", "financing")],
            False,
        ),
    ],
)
def test_question_is_taken_apart_into_figures_of_years(question, task, parts, percent):
    found = asked(question)
    assert (found.task, told(found), found.percent) == (task, parts, percent)


@pytest.mark.parametrize(
    "question",
    [
        "Why did revenue fall in 2022?",
        "What drove the change of the gross margin?",
        "What was the adjusted operating income in 2022?",
        "What was revenue excluding acquisitions in 2022?",
        "Who is the chief executive officer?",
        "Are there product categories above 20% of revenue in 2022?",
        "When did the Alma sail?",
    ],
)
def test_what_no_statement_prints_is_no_figure_question(question):
    assert asked(question) is None


def test_own_definition_goes_before_the_table():
    found = asked("What is the FY2019 quick ratio? Quick ratio is defined as: cash / current liabilities.")
    assert [o.concept.name for o in found.operands] == ["cash", "current liabilities"]


def test_question_without_a_year_is_of_the_documents_year():
    assert told(asked("What is the current ratio?", "2023")) == [("current ratio", "2023")]
    assert told(asked("Is the gross margin stable?", "2023")) == [("gross margin", "2022"), ("gross margin", "2023")]


@pytest.mark.parametrize(
    ("question", "unit", "places"),
    [
        ("What was revenue in 2020? Answer in USD billions.", "USD billion", 2),
        ("What was the gross margin in 2020? Round to two decimal places.", "None", 2),
        ("What was the gross margin in 2020?", "None", 1),
        ("What was the current ratio in 2020? Round to the nearest whole number.", "None", 0),
    ],
)
def test_unit_and_rounding_are_the_questions_own(question, unit, places):
    found = asked(question)
    assert (str(found.unit), found.places) == (unit, places)
