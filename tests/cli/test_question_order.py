"""Questions may be asked in an order that shares pages; what is written keeps the order of the file."""

import json
from pathlib import Path

import pytest

from docpager.batch.tables import read_answers

QUESTIONS = [
    "How long are wallets kept?",
    "How many passengers did the ferry carry?",
    "How long are umbrellas kept?",
    "How often does a ferry sail?",
]
SHARED = [0, 2, 3, 1]
"""Both that lost property answers, then both of ferries."""


@pytest.fixture
def asked(docpager, tmp_path, monkeypatch, small_archive):
    """Rows of the file in the order in which they were asked, and in which they were written."""
    monkeypatch.chdir(tmp_path)
    Path("questions.txt").write_text("\n".join(QUESTIONS))

    def run(*options):
        assert docpager("run", "questions.txt", "--archive", small_archive, "-o", "out", *options).code == 0
        journal = [json.loads(line)["row"] for line in Path("out/journal.jsonl").read_text().splitlines()]
        return journal, [row["row"] for row in read_answers(Path("out"))]

    return run


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([], [0, 1, 2, 3]),
        (["--order", "pages"], SHARED),
        (["--order", "input"], [0, 1, 2, 3]),
        (["--max-tokens", 1_000_000, "--order", "pages"], SHARED),
    ],
    ids=str,
)
def test_neighbours_share_pages_and_rows_keep_the_order_of_the_file(asked, options, order):
    assert asked(*options) == (order, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("options", "by_document"), [([], True), (["--max-tokens", 10**9], False), (["--share-notes"], False)], ids=str
)
def test_a_grid_is_asked_document_by_document_but_for_budgets_and_shared_notes(asked, options, by_document):
    rows = list(range(len(QUESTIONS)))
    journal, written = asked("--for-each", "document", *options)
    assert written == sorted(written) == [row for row in rows for _ in range(3)]
    assert journal == (rows * 3 if by_document else written)
