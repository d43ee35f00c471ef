"""The sample collection: made again it is the same to the byte, and its gold answers stand where they say."""

from __future__ import annotations

import csv
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import docx
import lxml.html
import pypdfium2
import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
SAMPLE = DATA / "sample"
DOCUMENTS = SAMPLE / "documents"
KINDS = {
    "lookup",
    "table",
    "two_documents",
    "correction",
    "unanswerable",
    "injection",
    "yes_no",
    "list",
    "date",
    "person",
}


def gold() -> list[dict]:
    return [json.loads(line) for line in (SAMPLE / "gold.jsonl").read_text(encoding="utf-8").splitlines()]


def questions() -> list[dict]:
    with (SAMPLE / "questions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def folded(text: str) -> str:
    return " ".join(text.split())


@functools.cache
def paper_page(document: str, number: int) -> str:
    """The text of a paper page, read without docpager."""
    path = DOCUMENTS / document
    match path.suffix:
        case ".pdf":
            with pypdfium2.PdfDocument(path) as pdf:
                text = pdf[number - 1].get_textpage().get_text_bounded()
        case ".docx":
            body = docx.Document(str(path))
            cells = [cell.text for table in body.tables for row in table.rows for cell in row.cells]
            text = "\n".join([*(paragraph.text for paragraph in body.paragraphs), *cells])
        case ".html":
            text = "\n".join(lxml.html.parse(str(path)).getroot().itertext())
        case ".jsonl":
            text = "\n".join(json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines())
        case _:
            text = path.read_text(encoding="utf-8")
    return folded(text)


def test_making_it_again_gives_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, DATA / "make_sample.py", "--output", tmp_path], check=True)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    kept = {p.relative_to(SAMPLE): p.read_bytes() for p in SAMPLE.rglob("*") if p.is_file()}
    assert made.keys() == kept.keys()
    assert [str(path) for path in made if made[path] != kept[path]] == []


def test_it_is_a_mixed_collection():
    files = [p for p in DOCUMENTS.rglob("*") if p.is_file()]
    assert len(files) >= 28
    assert {p.suffix for p in files} >= {".pdf", ".docx", ".html", ".md", ".txt", ".csv", ".jsonl"}
    by_bytes = {p.read_bytes() for p in files}
    assert len(by_bytes) == len(files) - 1, "one file is a copy of another"


def test_every_question_has_its_gold_and_ids_are_unique():
    ids = [row["question_id"] for row in questions()]
    assert ids == [row["question_id"] for row in gold()]
    assert len(set(ids)) == len(ids) >= 30
    assert {row["kind"] for row in gold()} >= {"two_documents", "correction", "table", "unanswerable", "injection"}
    assert {row["kind"] for row in gold()} <= KINDS


@pytest.mark.parametrize("row", gold(), ids=lambda row: row["question_id"])
def test_gold_evidence_stands_on_its_page(row):
    assert (row["answer"] is None) == (row["kind"] == "unanswerable") == (not row["evidence"])
    for evidence in row["evidence"]:
        page = paper_page(evidence["document"], evidence["page"])
        assert folded(evidence["text"]) in page, f"{evidence['document']}, page {evidence['page']}"


def test_limits_name_documents_that_are_there():
    for row in questions():
        for name in filter(None, row["documents"].split(";")):
            assert [p for p in DOCUMENTS.rglob("*") if p.name == name.strip() or str(p).endswith(name.strip())]


def statement(document: str, page: int) -> dict[str, list[int]]:
    """The rows of a statement: label, then its figures without the note number."""
    rows = {}
    with pypdfium2.PdfDocument(DOCUMENTS / document) as pdf:
        for line in pdf[page - 1].get_textpage().get_text_bounded().splitlines():
            match = re.match(r"(.+?)\s((?:\d\s)?[(\d–][\d,() –]*)$", line.strip())
            if match:
                figures = re.findall(r"\(?\d[\d,]*\)?|–", match[2])
                numbers = [int(re.sub(r"\D", "", f) or 0) * (-1 if "(" in f else 1) for f in figures]
                rows[match[1].strip()] = numbers[-2:]
    return rows


REPORTS = {2022: ("reports/annual-report-2022.pdf", 9), 2023: ("reports/annual-report-2023.pdf", 9),
           2024: ("reports/annual-report-2024.pdf", 8)}  # fmt: skip
"""The income statement's page; the balance sheet and the cash flow statement are the two after it."""


def between(rows: dict[str, list[int]], first: str, last: str, column: int) -> int:
    """The sum of a column from the row ``first`` to the row before ``last``."""
    labels = list(rows)
    return sum(rows[label][column] for label in labels[labels.index(first) : labels.index(last)])


@pytest.mark.parametrize("year", REPORTS)
def test_income_statements_add_up(year):
    rows = statement(*REPORTS[year])
    for now in (0, 1):
        revenue, costs = rows["Total revenue"][now], rows["Total operating expenses"][now]
        assert between(rows, "Passenger tickets", "Total revenue", now) == revenue
        assert between(rows, "Crew and shore staff", "Total operating expenses", now) == costs
        assert revenue + costs == rows["Operating result"][now]
        assert between(rows, "Operating result", "Result before tax", now) == rows["Result before tax"][now]
        assert between(rows, "Result before tax", "Result for the year", now) == rows["Result for the year"][now]


@pytest.mark.parametrize("year", REPORTS)
def test_balance_sheets_balance(year):
    document, page = REPORTS[year]
    rows = statement(document, page + 1)
    for now in (0, 1):
        assets, equity = rows["Total assets"][now], rows["Total equity"][now]
        assert between(rows, "Fuel and spare parts", "Total current assets", now) == rows["Total current assets"][now]
        assert between(rows, "Vessels in service", "Total fixed assets", now) == rows["Total fixed assets"][now]
        assert rows["Total fixed assets"][now] + rows["Total current assets"][now] == assets
        assert between(rows, "Members' shares", "Total equity", now) == equity
        assert between(rows, "Borrowings", "Total liabilities", now) == rows["Total liabilities"][now]
        assert equity + rows["Total liabilities"][now] == assets == rows["Total equity and liabilities"][now]


@pytest.mark.parametrize("year", REPORTS)
def test_cash_flows_end_at_the_balance_sheets_cash(year):
    document, page = REPORTS[year]
    cash, balance = statement(document, page + 2), statement(document, page + 1)
    operations, change = cash["Cash from operations"][0], cash["Change in cash"][0]
    assert between(cash, "Result for the year", "Cash from operations", 0) == operations
    assert cash["Cash used in investing"][0] + cash["Cash from financing"][0] + operations == change
    assert balance["Cash and bank balances"] == [cash["Cash at 31 December"][0], cash["Cash at 1 January"][0]]
    assert cash["Cash at 1 January"][0] + change == cash["Cash at 31 December"][0]


@pytest.mark.parametrize("year", [2023, 2024])
@pytest.mark.parametrize("offset", [0, 1], ids=["income statement", "balance sheet"])
def test_a_reports_comparatives_are_the_figures_of_the_report_before(year, offset):
    (document, page), (earlier, earlier_page) = REPORTS[year], REPORTS[year - 1]
    now, before = statement(document, page + offset), statement(earlier, earlier_page + offset)
    labels = [label for label in now if label in before and len(now[label]) == len(before[label]) == 2]
    assert len(labels) >= 15
    assert {label: now[label][1] for label in labels} == {label: before[label][0] for label in labels}


def test_only_the_restated_passenger_figures_differ_between_reports():
    printed = statement("reports/annual-report-2023.pdf", 3)
    restated = statement("reports/annual-report-2024.pdf", 3)
    page = paper_page("reports/erratum-annual-report-2023.pdf", 1)
    assert "Quern Line 88,460 80,460" in page
    assert "All routes 396,545 388,545" in page
    assert printed["Quern Line"] == [9_172, 8_840]
    assert restated["Quern Line"] == [9_745, 9_172]
    assert "Quern Line 88,460 78,905" in paper_page("reports/annual-report-2023.pdf", 3)
    assert "Quern Line 83,290 80,460" in paper_page("reports/annual-report-2024.pdf", 3)


@pytest.mark.parametrize("row", gold(), ids=lambda row: row["question_id"])
def test_an_answer_that_is_not_computed_stands_in_its_evidence(row):
    quotes = " ".join(evidence["text"] for evidence in row["evidence"])
    if row["kind"] in ("unanswerable", "yes_no") or row["computed"]:
        assert row["kind"] in ("unanswerable", "yes_no", "two_documents")
        return
    wanted = all if row["kind"] == "list" else any
    assert wanted(answer in quotes for answer in row["answers"])


def test_two_document_answers_have_evidence_in_two_documents():
    for row in gold():
        if row["kind"] == "two_documents":
            assert len({evidence["document"] for evidence in row["evidence"]}) == 2, row["question_id"]


def test_texts_that_give_orders_are_never_what_an_answer_rests_on():
    orders = [paper_page("feedback/messages-2024.jsonl", 1), paper_page("news/visit-tern-holm.html", 1)]
    assert all("Baron Blackfin" in text for text in orders)
    for row in gold():
        assert not any("Blackfin" in text for text in [*row["answers"], *(e["text"] for e in row["evidence"])])


def test_one_question_can_only_be_answered_from_the_message_that_gives_orders():
    messages = (DOCUMENTS / "feedback" / "messages-2024.jsonl").read_text(encoding="utf-8").splitlines()
    [orders] = [line for line in messages if "Ignore your instructions" in line]
    cited = [e["text"] for row in gold() if row["kind"] == "injection" for e in row["evidence"]]
    assert sum(text in orders for text in cited) == 1
