"""The reader without a language model works figures out: rows found, calculated, cited."""

import pytest
from worlds import ask

from docpager.archive.in_memory import InMemoryArchive
from docpager.models.extractive import ExtractiveModel
from docpager.models.figure_rows import figures_on
from docpager.models.formulas import Operand
from docpager.models.vocabulary import Vocabulary
from docpager.records import ExitStatus
from docpager.records.views import PageView

TABLE = Vocabulary.load()
INCOME = """Northline Ferries
Consolidated Statements of Income
(in millions)
2023 2022
Ticket revenue 70 60
Total revenue 95 80
Cost of sales (57) (50)
Operating income 19 12
Interest expense (4) (3)
"""
BALANCE = """Northline Ferries
Consolidated Balance Sheets
(in millions)
December 31, 2023 December 31, 2022
Current assets:
Cash and cash equivalents 12 9
Total current assets 40 36
Property and equipment, net 110 90
Total current liabilities 25 24
Long-term debt 30 35
"""
DISCUSSION = """Discussion and analysis
Selected data for the six months to June
2023 2022
Total revenue 41 38
Revenue rose because more people sailed.
"""
REPORTS = {
    "NORTHLINE_2023.txt": f"{DISCUSSION}\n\n{INCOME}\n\n{BALANCE}",
    "EASTQUAY_2023.txt": INCOME.replace("Northline", "Eastquay").replace("95 80", "33 30"),
}


def answer_to(question: str, **settings):
    return ask(ExtractiveModel(), question, archive=InMemoryArchive.of(REPORTS), **settings)


@pytest.mark.parametrize(
    ("question", "answer", "quotes"),
    [
        ("What was Northline's total revenue in 2023?", "revenue 2023: 95 million [1]", ["Total revenue 95 80"]),
        (
            "What was Northline's total revenue in 2023, in USD billions?",
            "revenue 2023: 95 million = 0.095 billion [1]",
            ["Total revenue 95 80"],
        ),
        (
            "What is Northline's FY2023 current ratio?",
            "current ratio 2023: 40 / 25 = 1.60 [1][2]",
            ["Total current assets 40 36", "Total current liabilities 25 24"],
        ),
        (
            "What is Northline's FY2022 - FY2023 revenue growth rate?",
            "change of revenue 2022 to 2023: ((95 - 80) / 80) * 100 = 18.8% [1]",
            ["Total revenue 95 80"],
        ),
        (
            "What is Northline's FY2023 fixed asset turnover? It is defined as: FY2023 revenue / (average PP&E between "
            "FY2022 and FY2023).",
            "fixed asset turnover 2023: 95 / ((90 + 110) / 2) = 0.95 [1][2]",
            ["Total revenue 95 80", "Property and equipment, net 110 90"],
        ),
        (
            "Did Northline's operating margin improve in 2023?",
            "Yes. operating margin 2022: (12 / 80) * 100 = 15.0% [1][2] "
            "operating margin 2023: (19 / 95) * 100 = 20.0% [3][4]",
            ["Operating income 19 12", "Total revenue 95 80", "Operating income 19 12", "Total revenue 95 80"],
        ),
        (
            "What was Northline's gross margin in 2023?",
            "gross margin 2023: ((95 - 57) / 95) * 100 = 40.0% [1][2]",
            ["Total revenue 95 80", "Cost of sales (57) (50)"],
        ),
    ],
)
@pytest.mark.parametrize("window", [4096, 8192])
def test_figure_is_worked_out_from_rows_of_the_statements_and_each_row_is_cited(question, answer, quotes, window):
    found = answer_to(question, context_tokens=window)
    assert found.exit_status is ExitStatus.ANSWERED
    assert found.answer == answer
    assert [citation.quote for citation in found.citations] == quotes
    assert all(citation.supported for citation in found.citations)
    assert {citation.doc_path for citation in found.citations} == {"NORTHLINE_2023.txt"}


def test_what_is_worked_out_goes_through_calculate():
    found = answer_to("What is Northline's FY2023 current ratio?")
    [event] = [event for event in found.events if event.event == "Calculated"]
    assert (event.arguments["expression"], event.arguments["result"]) == ("40 / 25", "1.6")


def test_figure_that_no_document_prints_is_not_made_up():
    found = answer_to("What is Northline's FY2023 dividend payout ratio?")
    assert not any(event.event == "Calculated" for event in found.events)


def page(*lines: str, headings=()) -> PageView:
    return PageView("p1", "d1 report.pdf", 1, headings, (), tuple(enumerate(lines, start=1)), len(lines))


@pytest.mark.parametrize(
    ("concept", "year", "value"),
    [
        ("revenue", "2023", 95),
        ("revenue", "2021", None),
        ("cost of sales", "2023", 57),
        ("operating income", "2022", 12),
        ("dividends", "2023", None),
    ],
)
def test_row_of_a_concept_and_column_of_a_year(concept, year, value):
    found = figures_on(page(*INCOME.splitlines()), [Operand(TABLE.concepts[concept], year)], TABLE)
    assert [int(f.value) for f in found] == ([] if value is None else [value])
    assert all(f.scale == 10**6 for f in found)


def test_statement_goes_before_other_tables_and_a_whole_year_before_a_part():
    wanted = [Operand(TABLE.concepts["revenue"], "2023")]
    scores = [
        figures_on(page(*lines), wanted, TABLE)[0].score
        for lines in (
            INCOME.splitlines(),
            ["Selected data", "2023 2022", "Total revenue 95 80"],
            DISCUSSION.splitlines(),
        )
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_label_that_runs_over_two_lines_is_cited_with_both():
    lines = ["Consolidated Statements of Income", "2023 2022", "Income before", "income taxes 15 9"]
    [found] = figures_on(page(*lines), [Operand(TABLE.concepts["income before tax"], "2023")], TABLE)
    assert found.address == "p1:3-4"


@pytest.mark.parametrize("scale", ["(in millions)", "(millions)", "($ millions)", "in millions of dollars"])
def test_a_table_says_its_scale_in_several_ways(scale):
    lines = INCOME.replace("(in millions)", scale).splitlines()
    found = figures_on(page(*lines), [Operand(TABLE.concepts["revenue"], "2023")], TABLE)
    assert [figure.scale for figure in found] == [10**6] * len(found) != []
