"""Progress: a bar on a terminal, one line a minute elsewhere, nothing with --quiet."""

from __future__ import annotations

import io

import pytest

from docpager.batch.run_report import RunProgress
from docpager.cli.ask import steps_shown
from docpager.cli.console import Console, dollars, duration, plural
from docpager.cli.ingest import DocumentsShown
from docpager.cli.progress import Progress
from docpager.cli.run import QuestionsShown
from docpager.records import Document, DocumentStatus, LastAction, ModelReply, Usage


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_elsewhere_one_line_a_minute(capsys):
    clock = Clock()
    with Progress(Console(), "documents", stream=io.StringIO(), clock=clock) as progress:
        for second in range(0, 181, 20):
            clock.now = second
            progress.show(second, 400, f"{second * 8:,} segments")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "60 of 400 documents in 60.0 s (1.0 a second), 480 segments, 5 min 40 s left",
        "120 of 400 documents in 2 min 0 s (1.0 a second), 960 segments, 4 min 40 s left",
        "180 of 400 documents in 3 min 0 s (1.0 a second), 1,440 segments, 3 min 40 s left",
    ]


def test_on_a_terminal_a_bar_with_the_details():
    terminal = Terminal()
    with Progress(Console(), "questions", total=4, stream=terminal) as progress:
        progress.show(3, 4, "1,200 tokens, $0.0100")
        progress._bar.refresh()
    assert "3/4" in terminal.getvalue()
    assert "1,200 tokens, $0.0100" in terminal.getvalue()


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_quiet_shows_nothing(stream, capsys):
    shown, clock = stream(), Clock()
    with Progress(Console(quiet=True), "questions", stream=shown, clock=clock) as progress:
        clock.now = 1000
        progress.show(3, 4)
    assert shown.getvalue() + capsys.readouterr().err == ""


@pytest.fixture
def minute(capsys):
    """A progress whose clock stands a minute later at every look, so that every state is a line."""
    clock = Clock()

    class Hurrying(Clock):
        def __call__(self):
            clock.now += 60
            return clock.now

    with Progress(Console(), "things", stream=io.StringIO(), clock=Hurrying()) as progress:
        yield progress, lambda: capsys.readouterr().err


def test_an_ingest_shows_documents_pages_and_segments(minute):
    progress, lines = minute
    shown = DocumentsShown(progress)
    shown.expect(2)
    document = Document("d" * 16, "a.pdf", DocumentStatus.INDEXED, LastAction.ADDED)
    shown.advance(document, 12, 40)
    shown.advance(document, 1, 1)
    first, second = lines().splitlines()
    assert "1 of 2 things in " in first
    assert "12 pages, 40 segments" in first
    assert "2 of 2 things in " in second
    assert "13 pages, 41 segments" in second


def test_a_run_shows_questions_tokens_cost_and_how_they_ended(minute):
    progress, lines = minute
    QuestionsShown(progress).update(RunProgress(3, 9, 1234, 0.5, {"abstained": 1, "answered": 2}))
    assert "3 of 9 things in " in (line := lines())
    assert "1,234 tokens, $0.5000, 2 answered, 1 abstained" in line


def test_a_question_shows_its_steps_and_their_cost(minute):
    progress, lines = minute
    seen = steps_shown(progress)
    seen(ModelReply(usage=Usage(10, cost_usd=0.25)))
    seen(ModelReply(usage=Usage(10, cost_usd=0.5)))
    assert [line.split(", ")[-2:] for line in lines().splitlines()] == [["no call", "$0.2500"], ["no call", "$0.7500"]]


WORDS = [
    (plural(1, "page"), "1 page"),
    (plural(2036, "page"), "2,036 pages"),
    (plural(0, "query", "queries"), "0 queries"),
    (duration(4.21), "4.2 s"),
    (duration(200), "3 min 20 s"),
    (duration(7500), "2 h 5 min"),
    (dollars(None), "cost unknown"),
    (dollars(0.0), "$0.0000"),
]


@pytest.mark.parametrize(("made", "expected"), WORDS)
def test_counts_in_words(made, expected):
    assert made == expected


def test_a_table_is_as_wide_as_its_cells_and_numbers_stand_right(capsys):
    Console().put_table(["name", "tokens", "seen"], [["p1", 1200, True], ["long name", None, False]])
    assert capsys.readouterr().out.splitlines() == [
        "name       tokens  seen",
        "p1          1,200  yes",
        "long name       -  no",
    ]


def test_a_run_that_goes_on_tells_the_rate_of_this_sitting(capsys):
    clock = Clock()
    with Progress(Console(), "questions", stream=io.StringIO(), clock=clock) as progress:
        shown = QuestionsShown(progress)
        shown.update(RunProgress(900, 1000, 0, None, {}))
        clock.now = 100
        shown.update(RunProgress(910, 1000, 5000, 0.5, {"answered": 910}))
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        "910 of 1,000 questions in 1 min 40 s (6.0 a minute), 5,000 tokens, $0.5000, 910 answered, 15 min 0 s left"
    )
