"""Which answers give the number that a gold answer is."""

import pytest

from docpager.analysis.gold_numbers import GoldNumber

MILLIONS = "What is the FY2018 capital expenditure amount (in USD millions)?"
PLAIN = "What is the ratio?"

GIVEN = [
    # gold answer, question, answer, computed value, whether it is given
    ("$5409.00", MILLIONS, "Merchandise inventories $ 5,409 $ 5,209", None, True),
    ("$5409.00", MILLIONS, "They were $5.41 billion.", None, True),
    ("$5409.00", MILLIONS, "They were $5.3 billion.", None, False),
    ("$5409.00", MILLIONS, "Total 5,409,233 in a table of thousands", None, True),
    ("$5409.00", MILLIONS, "They were 5.409.", None, False),
    ("$5409.00", MILLIONS, "They were € 5,409 million.", None, False),
    ("$5409.00", MILLIONS, "Purchases of property (5,409)", None, True),
    ("$5409.00", MILLIONS, "Purchases of property (5,470)", None, False),
    ("$5409.00", MILLIONS, None, 5409000000.0, True),
    ("$5409.00", PLAIN, "5,409 million", None, False),
    ("$2,018mn", PLAIN, "In fiscal 2018 we grew.", None, False),
    ("$2,018mn", PLAIN, "Adjusted EBITDA 2,018 1,977", None, True),
    ("24.26", PLAIN, "The ratio is 24.3.", None, True),
    ("24.26", PLAIN, "The ratio is 24.6.", None, False),
    ("24.26", PLAIN, None, 24.2604, True),
    ("24.26", PLAIN, "24.26%", None, False),
    ("0.62", PLAIN, "It is 62 %.", None, True),
    ("1.9%", PLAIN, "1.93% of revenue", None, True),
    ("1.9%", PLAIN, "1.96% of revenue", None, False),
    ("1.9%", PLAIN, "0.0192", None, True),
    ("1.9%", PLAIN, "Margins 1.9 2.4", None, True),
    ("1.9%", PLAIN, "$1.9 million", None, False),
    ("$0.40", PLAIN, "Dividends of $0.404 a share", None, True),
    ("6.25", PLAIN, "It was stated before [6].", None, False),
    ("6", PLAIN, "It was stated before [6].", None, False),
    ("24.26", PLAIN, None, None, False),
]


@pytest.mark.parametrize(("gold", "question", "answer", "computed", "given"), GIVEN)
def test_a_number_is_given_within_one_per_cent_or_its_rounding(gold, question, answer, computed, given):
    number = GoldNumber.of(gold, question)
    assert number is not None
    assert number.is_given_by(answer, computed) is given


@pytest.mark.parametrize(
    ("gold", "answer", "given"),
    [
        ("$4.60", "capital expenditure 2021: 4,625", False),
        ("$4.60", "capital expenditure 2021: 4,625 million", True),
        ("$4.60", "capital expenditure 2021: $4.6", True),
        ("101.5%", "1.015", True),
    ],
)
def test_a_number_as_stated_has_to_say_its_scale(gold, answer, given):
    number = GoldNumber.of(gold, "What is the FY2021 capital expenditure (in USD billions)?")
    assert number.is_given_by(answer)
    assert number.is_given_by(answer, as_stated=True) is given


@pytest.mark.parametrize(
    "answer",
    ["The Real Growth was flat in FY 2023.", "Yes", "", "From 3 to 4", "EBITDA was $2,018mn in FY 2023", "n/a"],
)
def test_an_answer_that_says_more_than_a_number_is_none(answer):
    assert GoldNumber.of(answer, MILLIONS) is None
