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
        ([], SHARED),
        (["--order", "pages"], SHARED),
        (["--order", "input"], [0, 1, 2, 3]),
        (["--max-tokens", 1_000_000], [0, 1, 2, 3]),
        (["--max-tokens", 1_000_000, "--order", "pages"], SHARED),
        (["--share-notes"], [0, 1, 2, 3]),
    ],
    ids=str,
)
def test_neighbours_share_pages_and_rows_keep_the_order_of_the_file(asked, options, order):
    assert asked(*options) == (order, [0, 1, 2, 3])
