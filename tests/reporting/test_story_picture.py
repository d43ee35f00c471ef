"""A paging story as a picture: what happened is on it, in shapes and in words, whatever the question says."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import events

from docpager.analysis.paging_story import Deed, Place, Step
from docpager.reporting.story_picture import standing_alone, story_svg, told_in_words
from docpager.reporting.story_words import step_rows
from docpager.reporting.text import folded

SVG = "{http://www.w3.org/2000/svg}"


def rows(trace):
    """Events as rows of the trace."""
    names = ("step", "event", "page_ids", "page_tokens", "tokens_before", "tokens_after", "capacity")
    return [
        {**{n: getattr(event, n) for n in names}, "arguments": json.dumps(dict(event.arguments))} for event in trace
    ]


def drawn(trace, question="Why?"):
    return ElementTree.fromstring(story_svg(rows(trace), question))


def marks(picture, kind):
    """Marks of a kind, each with the number beside it."""
    found = []
    for here, following in zip(picture, [*list(picture)[1:], None], strict=True):
        if here.get("class") == kind:
            counted = following is not None and following.get("class") == "times"
            found.append(int(following.text) if counted else 1)
    return found


def test_every_kind_of_event_has_its_marks():
    picture = drawn(events(["a", "b", "c", "d", "e"]))
    assert marks(picture, "search") == [1]
    assert len(marks(picture, "fault")) == 3
    assert len(marks(picture, "refault")) == 2
    assert len(marks(picture, "in")) == 5
    assert len(marks(picture, "evicted")) == 2
    assert marks(picture, "pin") == [1]
    assert marks(picture, "pressure") == [1, 1, 1]
    lanes = [text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "lane"]
    assert lanes == ["searches", "faults", "refaults", "page-ins", "evictions", "pins", "pressure", "step"]


def test_memory_rises_falls_and_stays_below_its_room():
    picture = drawn(events(["a", "b", "c", "d"], capacity=1000, size=300))
    paths = {path.get("class"): path.get("d") for path in picture.iter(f"{SVG}path")}
    heights = [float(y) for y in re.findall(r"V([\d.]+)", paths["level"])]
    (room,) = {float(y) for y in re.findall(r"M104 ([\d.]+)", paths["capacity"])}
    floor = float(re.match(r"M104 ([\d.]+)", paths["level"])[1])
    tokens = [round((floor - y) / (floor - room) * 1000) for y in heights]
    assert tokens == [300, 600, 900, 600, 900]


def test_what_the_picture_shows_is_told_in_words():
    assert told_in_words(rows(events(["a", "b", "c", "d"]))) == (
        "6 steps; at most 900 of 1,000 tokens of pages in memory; 1 search, 3 faults, 1 refault, 4 page-ins, "
        "1 eviction, 1 pin, 2 times under pressure."
    )
    assert told_in_words([]) == "0 steps; at most 0 of 0 tokens of pages in memory; no paging."


@pytest.mark.parametrize("steps", [0, 1, 10, 40, 400])
def test_any_number_of_steps_is_legible(steps):
    picture = drawn(events([f"p{n}" for n in range(steps)]))
    width = float(picture.get("width"))
    numbers = [float(text.get("x")) for text in picture.iter(f"{SVG}text") if text.get("class") == "step"]
    assert len(numbers) >= 1
    assert all(b - a >= 26 for a, b in pairwise(numbers))
    assert max(numbers) < width
    assert width < 900 or steps > 40


@given(st.text())
def test_whatever_the_question_says_the_picture_is_well_formed(question):
    picture = drawn(events(["a"]), folded(question))
    assert folded(question) in picture.get("aria-label")


def test_a_picture_of_its_own_brings_its_colours_along():
    alone = ElementTree.fromstring(standing_alone(story_svg(rows(events(["a"])), "Why?")))
    style = alone.find(f"{SVG}style").text
    assert "prefers-color-scheme:dark" in style
    assert alone.find(f"{SVG}rect").get("class") == "paper"


def test_steps_are_told_one_sentence_each():
    read = Deed("PageIn", (Place("a/report.pdf", 3), Place("a/report.pdf", 4), Place("note.txt")), again=1)
    found = Deed("Search", (), words="fuel  costs", documents=("a/report.pdf",), details={"results": 1, "first": 1})
    later = Deed("Search", (), words="fuel costs", as_in_step=1, details={"results": 1, "first": 2})
    many = Deed("Eviction", tuple(Place("a/report.pdf", n) for n in range(1, 10)))
    steps = [
        Step(1, ("search",), (found,), 0, 1000, False, 10, 1, 1.0),
        Step(2, ("page_in", "note"), (read, Deed("Noted")), 600, 1000, True, 10, 1, 1.0),
        Step(3, ("search",), (later, many), 0, 1000, False, 10, 1, 1.0),
        Step(4, ("find",), (), 0, 1000, False, 10, 1, 1.0),
    ]
    assert step_rows(steps) == [
        (1, "searched report.pdf for “fuel costs”: 1 result", 0, 1000, False),
        (2, "read (1 again) report.pdf pages 3, 4; note.txt; took notes", 600, 1000, True),
        (
            3,
            "went on with the results of step 1; evicted report.pdf pages 1, 2, 3, 4, 5, 6 and 3 more",
            0,
            1000,
            False,
        ),
        (4, "called find, without effect", 0, 1000, False),
    ]
