"""Each question of each document alone: every cell a row, in order, once, also after an interruption."""

from __future__ import annotations

import itertools
import json
import os
import signal

import pytest

from docpager.batch.grid import Grid, GridDocument, grid_documents
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.batch.tables import read_answers, read_citations, read_trace
from docpager.errors import ToolError, UsageError
from docpager.records import Document, DocumentStatus, LastAction, Question
from docpager.settings import RunSettings

PATHS = ["a.txt", "b.txt", "c.txt"]
DOCUMENTS = [GridDocument(f"id-{path}", path) for path in PATHS]


def no_names(names):
    raise ToolError(f"No document matches {names[0]!r}.")


def cells(grid):
    return [(question.question_id, question.doc_path) for question in grid]


def test_questions_stand_in_file_order_and_documents_by_path():
    grid = Grid([Question("q1", 0, "One?"), Question("q2", 1, "Two?")], DOCUMENTS, no_names)
    assert cells(grid) == list(itertools.product(["q1", "q2"], PATHS))
    assert len(grid) == 6
    first = next(iter(grid))
    assert (first.doc_id, first.documents, first.row) == ("id-a.txt", ("id-a.txt",), 0)


def test_a_question_that_names_documents_is_asked_of_those_alone():
    questions = [Question("q1", 0, "One?", documents=("b", "c")), Question("q2", 1, "Two?", documents=("z",))]
    grid = Grid(questions, DOCUMENTS, lambda names: {f"id-{name}.txt" for name in names})
    assert cells(grid) == [("q1", "b.txt"), ("q1", "c.txt"), ("q2", None)]
    assert len(grid) == 3
    assert list(grid)[-1].invalid_reason == (
        "None of the documents it names (z) is among the 3 that are asked each alone."
    )


def test_a_question_that_cannot_be_asked_has_one_row_that_says_why():
    questions = [Question("q1", 0, "", invalid_reason="The question is empty."), Question("q2", 1, "?", ("nope",))]
    grid = Grid(questions, DOCUMENTS, no_names)
    assert [(q.question_id, q.doc_id, q.invalid_reason) for q in grid] == [
        ("q1", None, "The question is empty."),
        ("q2", None, "No document matches 'nope'."),
    ]


def test_a_grid_of_a_million_cells_is_made_as_it_is_asked():
    documents = [GridDocument(f"d{n}", f"{n:04}.txt") for n in range(1000)]
    grid = Grid([Question(f"q{n}", n, "?") for n in range(1000)], documents, no_names)
    assert len(grid) == 1_000_000
    assert [q.doc_path for q in itertools.islice(grid, 2)] == ["0000.txt", "0001.txt"]


def archived(path, status=DocumentStatus.INDEXED, **columns):
    return Document(f"id-{path}", path, status, LastAction.ADDED, **columns)


def test_documents_are_chosen_by_where_and_stand_by_path():
    documents = [archived("b.txt"), archived("a.txt"), archived("copy.txt", duplicate_of="id-a.txt")]
    assert [d.path for d in grid_documents(documents)] == ["a.txt", "b.txt"]
    assert [d.path for d in grid_documents(documents, "path like 'b%'")] == ["b.txt"]


def test_a_document_without_text_keeps_its_place_and_says_so():
    [scan] = grid_documents([archived("scan.pdf", DocumentStatus.NEEDS_OCR, error_message="12 pages are pictures")])
    assert scan.invalid_reason == (
        "scan.pdf has no text to ask about, its status is needs_ocr: 12 pages are pictures. "
        "--where \"status in ('indexed', 'partial')\" leaves such documents out."
    )


def test_where_must_leave_something_to_ask():
    message = "--where path = 'x' is true of none of the 1 documents in the archive."
    with pytest.raises(UsageError) as caught:
        grid_documents([archived("a.txt")], "path = 'x'")
    assert str(caught.value) == message
    with pytest.raises(UsageError, match="The archive holds no documents"):
        grid_documents([])


class ScopedAgent:
    """The quoting agent, which asks the one document alone and notes every cell it was asked."""

    def __init__(self, quoting, archive, stop_after=None):
        self.quoting, self.archive, self.stop_after = quoting, archive, stop_after
        self.asked = []

    async def __call__(self, question):
        self.asked.append((question.question_id, question.doc_path))
        if self.stop_after is not None and len(self.asked) == self.stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        scoped = _Scoped(self.archive, question.documents)
        return await self.quoting.QuotingAgent(scoped)(question)


class _Scoped:
    def __init__(self, archive, doc_ids):
        self._archive, self._doc_ids = archive, doc_ids

    def search(self, query, limit):
        return self._archive.search(query, limit=limit, doc_ids=self._doc_ids)


@pytest.fixture
def run_grid(quoting, questions_path, tmp_path):
    archive = quoting.new_archive()

    def run(rows, stop_after=None, where=None, **settings):
        file = read_question_file(questions_path(rows))
        grid = Grid(file.questions, grid_documents(archive.documents(), where), no_names)
        identity = quoting.identity_of(file, archive)
        from dataclasses import replace

        identity = replace(identity, for_each="document", where=where)
        settings = RunSettings(output=str(tmp_path / "run"), for_each="document", where=where, **settings)
        agent = ScopedAgent(quoting, archive, stop_after)
        report = run_questions(file, agent, identity, settings, grid=grid)
        return report, agent

    return run


QUESTIONS = ["Harbour dues?", "", "What did the mill grind?", "crash here"]


def test_every_cell_has_a_row_in_order_and_its_own_citations(run_grid):
    report, _ = run_grid(QUESTIONS, concurrency=3, keep_transcripts="all")
    rows = list(read_answers(report.folder))
    paths = ["bridge.txt", "harbour.txt", "mill.txt"]
    assert [(row["row"], row["doc_path"]) for row in rows] == [
        *((0, path) for path in paths), (1, None), *((2, path) for path in paths), *((3, path) for path in paths),
    ]  # fmt: skip
    assert report.counts == {"answered": 5, "abstained": 1, "internal_error": 3, "invalid": 1}
    citations = list(read_citations(report.folder))
    assert all(row["doc_id"] == row["asked_doc_id"] for row in citations)
    assert len({row["citation_id"] for row in citations}) == len(citations) == 5
    traced = {(row["question_id"], row["doc_id"]) for row in read_trace(report.folder)}
    assert traced == {(row["question_id"], row["doc_id"]) for row in rows if row["exit_status"] in PUT}
    assert len(list((report.folder / "transcripts").iterdir())) == 6


PUT = {"answered", "abstained"}


def test_an_interrupted_grid_goes_on_where_it_stopped(run_grid):
    stopped, first = run_grid(QUESTIONS[:3], stop_after=3, concurrency=1)
    assert (stopped.exit_code, stopped.counts["skipped"]) == (143, 3)
    report, second = run_grid(QUESTIONS[:3], concurrency=1)
    assert report.resumed
    assert sorted(first.asked + second.asked) == sorted(set(first.asked) | set(second.asked))
    assert len(first.asked) + len(second.asked) == 6
    lines = [json.loads(line)["answer"] for line in (report.folder / "journal.jsonl").read_text().splitlines()]
    assert len({(line["question_id"], line["doc_id"]) for line in lines}) == len(lines) == 6
    assert [row["exit_status"] for row in read_answers(report.folder)].count("skipped") == 0


def test_another_where_is_another_run(run_grid):
    run_grid(QUESTIONS[:1], where="path like 'h%'")
    with pytest.raises(UsageError, match=r"where \(path like 'h%' there, path like 'm%' here\)"):
        run_grid(QUESTIONS[:1], where="path like 'm%'")


def test_a_run_of_the_whole_archive_is_another_run_and_keeps_its_identity(run_grid, run, quoting):
    run_grid(QUESTIONS[:1])
    with pytest.raises(UsageError, match=r"for_each \(document there, None here\)"):
        run(QUESTIONS[:1])
