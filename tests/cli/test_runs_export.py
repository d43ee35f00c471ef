"""``run --for-each document`` and ``runs export``: the contract reviewer's grid from a workbook to a workbook."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

DOCUMENTS = ["news/erratum.md", "news/quern.md", "policies/lost.txt"]
WALLETS, FERRY = "Wallets are kept for how many days?", "How many ferry passengers were there in 2023?"


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive):
    """A working folder with a workbook of questions on its second sheet; the archive is named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCPAGER_ARCHIVE", small_archive)
    monkeypatch.setenv("DOCPAGER_ABSTAIN_THRESHOLD", "0")
    book = openpyxl.Workbook()
    book.active.append(["Notes to myself"])
    sheet = book.create_sheet("Review")
    sheet.append([])
    sheet.append(["question_id", "question", "documents", "answer_type", "=team"])
    sheet.append(["wallets", WALLETS, None, None, "=legal"])
    sheet.append(["ferry", FERRY, "erratum.md; quern.md", "number", "-5"])
    for row in sheet.iter_rows():
        for cell in row:
            cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type  # as a person types '=legal
    book.save("review.xlsx")
    return tmp_path


def table(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_each_question_is_asked_of_each_document_and_laid_out(docpager, there):
    ended = docpager("run", "review.xlsx", "--sheet", "Review", "--for-each", "document", "-o", "outputs/grid")
    assert ended.code == 0, ended.err
    assert ended.err.startswith("5 questions: ")
    header, *rows = table(docpager("runs", "export", "grid", "--pivot").out)
    assert header == ["document", WALLETS, FERRY]
    assert [row[0] for row in rows] == DOCUMENTS
    assert "ninety days" in rows[2][1]
    assert rows[2][2] == ""  # not asked: the question names other documents
    assert "80,460" in rows[0][2]
    assert docpager("verify", "grid").code == 0


def test_the_same_command_again_asks_nothing(docpager, there):
    words = ["run", "review.xlsx", "--sheet", "Review", "--for-each", "document", "-o", "outputs/grid", "--json", "-q"]
    first, second = (json.loads(docpager(*words).out) for _ in range(2))
    assert (first["asked"], second["asked"], second["already_finished"]) == (5, 0, True)


def test_the_documents_column_limits_an_ordinary_run(docpager, there):
    assert docpager("run", "review.xlsx", "--sheet", "Review", "-o", "outputs/plain", "-q").code == 0
    rows = [json.loads(line) for line in docpager("runs", "export", "plain", "--format", "jsonl").out.splitlines()]
    cited = {row["question_id"]: {c["doc_path"] for c in row["citations"]} for row in rows}
    assert cited["ferry"] <= {"news/erratum.md", "news/quern.md"}
    assert rows[1]["input"] == {"=team": "-5"}


def test_where_limits_the_grid(docpager, there):
    words = ["run", "review.xlsx", "--sheet", "Review", "--ids", "wallets", "--for-each", "document", "-o", "outputs/p"]
    assert docpager(*words, "--where", "path like 'policies/%' or title = 'x'", "-q").code == 0
    assert [row[0] for row in table(docpager("runs", "export", "p", "--pivot").out)[1:]] == ["policies/lost.txt"]


def test_a_grid_is_shown_with_its_documents(docpager, there):
    words = ["run", "review.xlsx", "--sheet", "Review", "--for-each", "document", "--where", "path like 'news/%'"]
    docpager(*words, "-o", "outputs/grid", "-q")
    lines = docpager("runs", "show", "grid").out.splitlines()
    assert "each of 2 documents alone, where path like 'news/%'" in lines
    at = next(n for n, line in enumerate(lines) if line.startswith("question_id"))
    assert lines[at].split()[:3] == ["question_id", "document", "exit_status"]
    assert [line.split()[:2] for line in lines[at + 1 :]] == [
        [question, path] for question in ("wallets", "ferry") for path in DOCUMENTS[:2]
    ]


def test_an_export_has_a_row_an_answer_and_no_formula(docpager, there):
    docpager("run", "review.xlsx", "--sheet", "Review", "-o", "outputs/plain", "-q")
    header, wallets, ferry = table(docpager("runs", "export", "plain").out)
    assert header[:5] == ["question_id", "doc_path", "question", "exit_status", "answer"]
    assert header[-1] == "'=team"
    assert (wallets[-1], ferry[-1]) == ("'=legal", "-5")
    cells = dict(zip(header, wallets, strict=True))
    assert cells["citations"].startswith("[1] policies/lost.txt")
    assert cells["citations"].endswith("(exact)")
    assert cells["n_citations"].isdecimal()


def test_an_export_into_a_workbook_opens_as_it_was_meant(docpager, there):
    docpager("run", "review.xlsx", "--sheet", "Review", "--for-each", "document", "-o", "outputs/grid", "-q")
    ended = docpager("runs", "export", "grid", "--pivot", "-o", "grid.xlsx")
    assert (ended.code, ended.out, ended.err) == (0, "", "grid.xlsx\n")
    page = openpyxl.load_workbook("grid.xlsx").active
    assert [row[0] for row in page.iter_rows(values_only=True)] == ["document", *DOCUMENTS]
    docpager("runs", "export", "grid", "--pivot", "-o", "grid.jsonl", "-q")
    records = [json.loads(line) for line in Path("grid.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["document"] for record in records] == DOCUMENTS
    assert records[2]["answers"]["ferry"] is None
    assert set(records[0]["answers"]) == {"wallets", "ferry"}


BAD = [
    (["run", "review.xlsx", "--sheet", "Sheet"], 65, "has no column 'question'; its columns are: Notes to myself."),
    (["run", "review.xlsx", "--sheet", "Revue"], 65, "has no sheet 'Revue'; its sheets are: Sheet, Review."),
    (["run", "review.xlsx", "--sheet", "Review", "--where", "a = 'b'"], 2, "add --for-each document."),
    (["run", "review.xlsx", "--sheet", "Review", "--for-each", "page"], 2, "'page' is not 'document'"),
    (
        ["run", "review.xlsx", "--sheet", "Review", "--for-each", "document", "--where", "path lik 'a'"],
        2,
        "--where cannot be read at character 6: expected =, !=, <, <=, >, >=, like,",
    ),
    (
        ["runs", "export", "plain", "--pivot"],
        2,
        "Error: outputs/plain asked every question once, of the whole archive: it has no documents to lay out. "
        "Export it without --pivot, or run the questions with --for-each document.",
    ),
    (["runs", "export", "nothing"], 66, "Error: There is no run nothing, nor outputs/nothing."),
    (["runs", "export", "plain", "-o", "gone/a.csv"], 75, "Error: Cannot write gone/a.csv: No such file or directory."),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD)
def test_what_cannot_be_is_named_and_leaves_nothing(words, code, message, docpager, there):
    if "plain" in words:
        docpager("run", "review.xlsx", "--sheet", "Review", "--ids", "wallets", "-o", "outputs/plain", "-q")
    ended = docpager(*words)
    assert message in " ".join(ended.err.split())
    assert (ended.code, ended.out) == (code, "")
    assert [path.name for path in Path(".").iterdir() if path.name not in ("review.xlsx", "outputs")] == []
