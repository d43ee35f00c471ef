"""Progress: a bar on a terminal, one line a minute elsewhere, nothing with --quiet."""

from __future__ import annotations

import io

import pytest

from docpager.cli.console import Console, dollars, duration, plural
from docpager.cli.progress import Progress


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
