"""``trace show``: the paging story of a question, in any terminal, with the archive or without."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from docpager.analysis.paging_story import Deed, Place, Step
from docpager.cli.story import Ink, StoryPrinter

QUESTIONS = """question_id,question
wallets,Wallets are kept for how many days?
ferry,How many ferry passengers were there in 2023?
blank,
"""


@pytest.fixture
def there(tmp_path, monkeypatch, small_archive, docpager):
    """A working folder with a run of three questions, over an archive of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("DOCPAGER_ABSTAIN_THRESHOLD", "0")
    shutil.copytree(small_archive, "small.lancedb")
    Path("nightly.csv").write_text(QUESTIONS, encoding="utf-8")
    docpager("run", "nightly.csv", "-o", "outputs/one", "--archive", "small.lancedb", "-q")
    return tmp_path


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_question_is_told_in_lines_that_fit(columns, docpager, there, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    ended = docpager("trace", "show", "one", "wallets")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert max(map(len, lines)) <= columns
    assert lines[:2] == ["Question wallets", "Wallets are kept for how many days?"]
    assert "\x1b" not in ended.out
    read = next(line for line in lines if " read " in line)
    assert "lost.txt" in read
    assert "%" in read
    assert any(line.startswith("answered: ") for line in lines)
    assert any(line.startswith("[1] lost.txt, page 1 (exact, read in step ") for line in lines)
    last = " ".join(lines[-1:] if columns >= 80 else lines[-2:])
    assert re.search(r"\d+ faults?, 0 refaults, 0 evictions, [\d,]+ tokens \(\d+% cacheable\)", last)
    assert ended.err == ""


def test_the_first_question_is_told_unless_another_is_named(docpager, there):
    ended = docpager("trace", "show", "one")
    assert ended.out.startswith("Question wallets\n")
    assert ended.err == (
        "The first of 3 answers. Another: docpager trace show one QUESTION_ID; docpager runs show one lists them.\n"
    )
    assert docpager("trace", "show", "one", "ferry").out.startswith("Question ferry\n")
    assert docpager("trace", "show", "one", "--question", "ferry").out.startswith("Question ferry\n")


def test_a_question_that_was_not_asked_says_why(docpager, there):
    lines = docpager("trace", "show", "one", "blank").out.splitlines()
    assert lines[0] == "Question blank"
    assert "invalid: The question is empty." in lines
    assert lines[-1].startswith("0 faults, 0 refaults, 0 evictions, 0 tokens, 0 steps")


def test_without_the_archive_cited_pages_keep_their_names(docpager, there):
    shutil.rmtree("small.lancedb")
    ended = docpager("trace", "show", "one", "wallets")
    assert "lost.txt" in ended.out
    assert ended.err.startswith("Only cited pages have names here: No archive at ")
    assert docpager("trace", "show", "one", "wallets", "--archive", "gone.lancedb").code == 66


def test_machines_get_the_story_as_records(docpager, there):
    records = [json.loads(line) for line in docpager("trace", "show", "one", "wallets", "--json").out.splitlines()]
    kinds = [record["record"] for record in records]
    assert kinds[0] == "question"
    assert kinds[-1] == "counts"
    assert set(kinds[1:-1]) == {"step", "citation"}
    steps = [record for record in records if record["record"] == "step"]
    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
    places = [place["document"] for step in steps for deed in step["deeds"] for place in deed["places"]]
    assert "policies/lost.txt" in places
    assert records[-1]["steps"] == len(steps)


def test_the_bare_events_are_there_too(docpager, there):
    lines = docpager("trace", "show", "one", "wallets", "--events").out.splitlines()
    assert lines[0].split()[:3] == ["step", "event", "pages"]
    records = docpager("trace", "show", "one", "wallets", "--events", "--json").out.splitlines()
    assert [json.loads(record)["event"] for record in records] == [line.split()[1] for line in lines[1:]]


def test_a_cell_of_a_grid_is_told_by_question_and_document(docpager, there):
    words = ["run", "nightly.csv", "--ids", "wallets,ferry", "--for-each", "document", "-o", "outputs/grid", "-q"]
    docpager(*words, "--archive", "small.lancedb")
    told = docpager("trace", "show", "grid", "ferry", "--document", "quern.md")
    assert told.out.startswith("Question ferry of news/quern.md\n")
    assert "lost.txt" not in told.out
    assert "--document NAME" in docpager("trace", "show", "grid").err
    ended = docpager("trace", "show", "grid", "ferry", "--document", "x.md")
    assert ended.err.startswith("Error: outputs/grid did not ask a document x.md. There are: news/erratum.md, ")
    ended = docpager("trace", "show", "one", "ferry", "--document", "quern.md")
    assert "asked the whole archive, not each document alone" in ended.err


A, B = Place("a/long.pdf", 3), Place("a/long.pdf", 4)
LIMITED = {"first": 1, "results": None}
DEEDS = [
    (Deed("PageIn", (A, A, B), again=1), "read 3 (1 again): long.pdf pages 3 ×2, 4"),
    (Deed("PageIn", (A,), again=1), "read 1 (again): long.pdf page 3"),
    (Deed("PageIn", (Place("letter.txt"), Place("letter.txt"))), "read 2: letter.txt ×2"),
    (Deed("Eviction", tuple(Place("r", n) for n in range(1, 9))), "evicted 8: r pages 1, 2, 3, 4, 5 and 3 more"),
    (Deed("AdmissionRefused", (A,)), "had no room for 1: long.pdf page 3"),
    (Deed("Noted", details={"note": ["n1", "n2"], "addresses": [["p1:2"], ["p3:4"]]}), "noted n1, n2 from p1:2, p3:4"),
    (Deed("Noted", (A,), details={"note": "n1", "text": "Dues rose."}), "noted n1 from long.pdf page 3: “Dues rose.”"),
    (Deed("Summarized", details={"entries": 1}), "shortened the log by 1 entry"),
    (
        Deed("Search", (A,), words="dues", documents=("a/long.pdf",), details={"first": 1, "results": 1}),
        "searched long.pdf for “dues”: 1 result, page 3",
    ),
    (
        Deed("Search", (), words="dues", details={"first": 11, "results": 0}),
        "searched for “dues” from result 11 on: 0 results",
    ),
    (
        Deed("Search", (A,), words="dues", as_in_step=2, details={"first": 11, "results": 1}),
        "searched on from step 2, result 11: 1 result, long.pdf page 3",
    ),
    (
        Deed("Search", (A,), as_in_step=2, repeated=True, details={"first": 1, "results": 1}),
        "searched again as in step 2",
    ),
    (Deed("Outline", words="tariffs", details=LIMITED), "looked among the documents for “tariffs”"),
    (
        Deed("Outline", documents=("a/long.pdf",), details=LIMITED),
        "looked in the outline of long.pdf",
    ),
    (
        Deed("Thrashing", details={"refault_rate": 0.5, "action": "x"}),
        "thrashing: 50% of the last references were to pages that had gone: x",
    ),
    (
        Deed("Resized", details={"capacity_before": 1200, "window": 4096}),
        "room for pages changed: was 1,200 tokens; the window is 4,096 tokens now",
    ),
    (Deed("LinesTrimmed", (A,), details={"lines": "1-3, 8"}), "showed only lines 1-3, 8 of long.pdf page 3"),
    (Deed("CitationRejected", details={"p1:9": "p1 has 3 lines"}), "had a citation rejected: p1:9 p1 has 3 lines"),
    (Deed("Answered", details={"exit_status": "step_limit"}), "ended step limit"),
    (Deed("LightsOut", (A,), details={"why": "night"}), "lights out why night long.pdf page 3"),
]


def step(*deeds, resident=500, capacity=1000):
    return Step(7, ("search",), deeds, resident, capacity, False, 1, 1, 1.0)


def printed(*deeds, width=200, ink=None, **fields):
    made = step(*deeds, **fields)
    return list(StoryPrinter.for_steps([made], width, ink or Ink(False, True)).step_lines(made))


@pytest.mark.parametrize(("deed", "sentence"), DEEDS)
def test_a_deed_is_told_in_a_sentence(deed, sentence):
    assert printed(deed) == [f"   7  █████·····  50%  {sentence}"]


def test_a_document_is_named_where_another_was_named_last():
    lines = printed(Deed("Eviction", (A,)), Deed("PageIn", (B,)), Deed("PageIn", (Place("z.txt"),)), Deed("Pin", (B,)))
    assert [line[23:] for line in lines] == [
        "evicted 1: long.pdf page 3",
        "read 1: page 4",
        "read 1: z.txt",
        "pinned 1: long.pdf page 4",
    ]


def test_a_terminal_of_ascii_gets_ascii():
    [line] = printed(Deed("PageIn", (A, A)), ink=Ink(False, False))
    assert line == "   7  #####.....  50%  read 2: long.pdf page 3 x2"


def test_colours_are_for_terminals():
    [line] = printed(Deed("PageIn", (A,)), ink=Ink(True, True), resident=950)
    assert line == "   7  \x1b[31m██████████\x1b[0m  95%  \x1b[32mread\x1b[0m 1: long.pdf page 3"


def test_a_step_that_did_nothing_and_memory_that_is_unknown_have_their_line():
    assert printed(resident=None) == ["   7" + " " * 19 + "called search, without effect"]


def test_a_document_cannot_steer_the_terminal():
    lines = printed(Deed("PageIn", (Place("\x1b]0;x\x07a\x9b2J.txt", 1),)))
    lines += StoryPrinter.for_steps([], 80, Ink(False, True)).citation_lines(
        {"n": 1, "doc_path": "\x1b[2Ja.txt", "page_number": None, "verify_status": "exact", "quote": "up\x1b[1A"}
        | dict.fromkeys(["page_in_step", "retrieval_rank"])
    )
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for line in lines for character in line)


def test_a_story_is_drawn_to_stdout_or_into_a_file(docpager, there):
    from xml.etree import ElementTree

    drawn = docpager("trace", "plot", "one", "wallets")
    assert drawn.code == 0
    assert "Wallets are kept for how many days?" in ElementTree.fromstring(drawn.out).get("aria-label")
    written = docpager("trace", "plot", "one", "wallets", "-o", "story.svg")
    assert (written.out, written.err) == ("", "story.svg\n")
    assert Path("story.svg").read_text(encoding="utf-8") == drawn.out
    assert "There are: wallets, ferry, blank." in docpager("trace", "plot", "one", "purses").err
