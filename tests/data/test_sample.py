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
            match = re.match(r"(\D+?)\s((?:\d\s)?[(\d][\d,() ]*)$", line.strip())
            if match:
                figures = re.findall(r"\(?\d[\d,]*\)?", match[2])
                numbers = [int(re.sub(r"\D", "", f)) * (-1 if "(" in f else 1) for f in figures]
                rows[match[1].strip()] = numbers[-2:]
    return rows


def test_an_income_statement_adds_up_and_agrees_with_the_next_report():
    of_2023 = statement("reports/annual-report-2023.pdf", 9)
    of_2024 = statement("reports/annual-report-2024.pdf", 8)
    for label in ("Total revenue", "Operating result"):
        assert of_2024[label][1] == of_2023[label][0], label
