"""How figures are worked out, in a table's formulas and in a question's own words."""

from decimal import Decimal

import pytest

from docpager.models.formulas import Operand, average, growth, in_words, of_measure
from docpager.models.vocabulary import Vocabulary

TABLE = Vocabulary.load()


def told(formula) -> tuple[str, list[str]]:
    return formula.template, [f"{o.concept.name} {o.year}".strip() for o in formula.operands]


@pytest.mark.parametrize(
    ("definition", "template", "operands"),
    [
        (
            "FY2019 revenue / (average PP&E between FY2018 and FY2019). Round to two places.",
            "{0} / (({1} + {2}) / 2)",
            ["revenue 2019", "fixed assets 2018", "fixed assets 2019"],
        ),
        (
            "365 * (average accounts payable between FY2018 and FY2019) / (FY2019 COGS + change in inventory between "
            "FY2018 and FY2019).",
            "365 * (({0} + {1}) / 2) / ({2} + ({3} - {4}))",
            ["payables 2018", "payables 2019", "cost of sales 2019", "inventory 2019", "inventory 2018"],
        ),
        (
            "total cash dividends paid divided by net income attributable to shareholders",
            "{0} / {1}",
            ["dividends 2020", "net income 2020"],
        ),
        (
            "(cash from operations - capex) / revenue",
            "({0} - {1}) / {2}",
            ["operating cash flow 2020", "capital expenditure 2020", "revenue 2020"],
        ),
        (
            "the number of harbour seals / the number of islands",
            "{0} / {1}",
            ["number harbour seals 2020", "number islands 2020"],
        ),
    ],
)
def test_definition_in_words_becomes_an_expression_over_concepts_and_years(definition, template, operands):
    assert told(in_words(definition, "2020", TABLE)) == (template, operands)


@pytest.mark.parametrize("words", ["the happiness of cats", "(revenue / costs", "revenue / / costs", "", "3 / 4"])
def test_words_that_are_no_arithmetic_are_no_formula(words):
    assert in_words(words, "2020", TABLE) is None


def test_measure_of_the_table_takes_the_year_before_where_its_formula_says_so():
    formula = of_measure(TABLE.measures["inventory turnover"].formulas[0], "2019", TABLE)
    assert told(formula) == ("{0} / (({1} + {2}) / 2)", ["cost of sales 2019", "inventory 2019", "inventory 2018"])


def test_growth_and_average_are_over_the_same_operands():
    revenue = TABLE.concepts["revenue"]
    old, new = (of_measure("{revenue}", year, TABLE) for year in ("2019", "2020"))
    assert told(growth(old, new)) == ("({0} - {1}) / {1}", ["revenue 2020", "revenue 2019"])
    assert told(average([old, new])) == ("({0} + {1}) / 2", ["revenue 2019", "revenue 2020"])
    values = {Operand(revenue, "2019"): Decimal(4713500), Operand(revenue, "2020"): Decimal(-5)}
    assert growth(old, new).filled(values) == "((-5) - 4,713,500) / 4,713,500"
