"""A trace told step by step: what was looked for, read, read again and evicted, under names that people know."""

from __future__ import annotations

import json

import pytest
from worlds import FERRIES, ask

from docpager.analysis.paging_story import Names, Place, by_document, counts, page_ids, short_names, told
from docpager.analysis.told_run import names_from_archive
from docpager.archive.in_memory import InMemoryArchive
from docpager.batch.rows import trace_row
from docpager.models.scripted import call

NAMES = Names({"s1": Place("a/x.pdf", 3), "s2": Place("a/x.pdf", 4), "s3": Place("b/y.txt")}, {"d1": "a/x.pdf"})


def event(step, name, *pages, tokens=100, after=0, **arguments):
    return {
        "step": step,
        "event": name,
        "page_ids": list(pages),
        "page_tokens": [tokens] * len(pages),
        "arguments": json.dumps(arguments) if arguments else None,
        "tokens_after": after,
        "capacity": 1000,
        "prompt_tokens": 50 if name == "ModelCall" else None,
        "completion_tokens": 5 if name == "ModelCall" else None,
        "milliseconds": 2.0 if name == "ModelCall" else None,
    }


EVENTS = [
    event(1, "ModelCall", calls=["search"]),
    event(1, "Search", "s1", "s3", query="dues", documents=["d1"], first=1, results=2),
    event(2, "ModelCall", calls=["page_in"], after=0),
    event(2, "PageFault", "s1", refault=False),
    event(2, "PageFault", "s3", refault=True),
    event(2, "Eviction", "s2"),
    event(2, "Reclaim", "s2"),
    event(2, "PageIn", "s1", after=100),
    event(2, "PageIn", "s3", after=200),
    event(2, "MemoryPressure", after=200),
    event(3, "ModelCall", calls=["note", "note", "search"], after=200),
    event(3, "Noted", note="n1", addresses=["p1:1"], after=200),
    event(3, "Noted", note="n2", addresses=["p1:2", "p2:1"], after=200),
    event(3, "Search", "s9", query="dues", documents=["d1"], first=11, results=1, after=200),
    event(4, "Search", query="dues", documents=["d1"], first=1, results=2, after=200),
    event(4, "Answered", exit_status="answered", after=200),
]


def test_a_step_tells_its_deeds_in_order_and_memory_at_its_end():
    first, second, third, fourth = told(EVENTS, NAMES)
    assert [(deed.event, deed.words, deed.documents) for deed in first.deeds] == [("Search", "dues", ("a/x.pdf",))]
    assert [deed.event for deed in second.deeds] == ["Eviction", "PageIn"]
    read = second.deeds[1]
    assert (read.places, read.again, read.tokens) == ((Place("a/x.pdf", 3), Place("b/y.txt")), 1, 200)
    assert (second.resident_tokens, second.capacity, second.pressure, second.calls) == (200, 1000, True, ("page_in",))
    assert third.deeds[0].details == {"note": ["n1", "n2"], "addresses": [["p1:1"], ["p1:2", "p2:1"]]}
    assert (fourth.prompt_tokens, fourth.calls) == (None, ())


def test_looking_for_the_same_again_names_the_step_that_did_first():
    looks = [deed for step in told(EVENTS, NAMES) for deed in step.deeds if deed.event == "Search"]
    assert [(deed.as_in_step, deed.repeated) for deed in looks] == [(None, False), (1, False), (1, True)]


def test_a_page_without_a_name_is_told_by_the_start_of_its_id():
    [step] = told([event(1, "PageIn", "0123456789abcdef")], Names())
    assert step.deeds[0].places == (Place("01234567"),)


def test_an_unknown_event_is_told_too_and_a_damaged_one_does_no_harm():
    [step] = told([event(1, "Dreamt", of="sheep"), event(1, "Noted") | {"arguments": "{"}], NAMES)
    assert [(deed.event, deed.details) for deed in step.deeds] == [("Dreamt", {"of": "sheep"}), ("Noted", {})]


def test_every_page_of_a_trace_is_named_once():
    assert page_ids(EVENTS) == ["s1", "s3", "s2", "s9"]


KNOWN = ["steps", "faults", "refaults", "evictions", "prompt_tokens", "completion_tokens", "cacheable_tokens"]
ROW = dict.fromkeys([*KNOWN, "context_peak_tokens", "latency_seconds"])


def test_counts_come_from_the_row_and_else_from_the_events():
    found = counts(ROW, EVENTS)
    assert (found.steps, found.faults, found.refaults, found.evictions, found.tokens) == (3, 2, 1, 1, 165)
    assert found.cacheable_share is None
    found = counts(ROW | {"faults": 7, "prompt_tokens": 200, "completion_tokens": 1, "cacheable_tokens": 50}, EVENTS)
    assert (found.faults, found.tokens, found.cacheable_share) == (7, 201, 0.25)


def test_places_are_gathered_by_document_with_how_often_each_stands_there():
    places = [Place("x", 3), Place("y"), Place("x", 4), Place("x", 3)]
    assert by_document(places) == [("x", [(3, 2), (4, 1)]), ("y", [(None, 1)])]


@pytest.mark.parametrize(
    ("paths", "names"),
    [(["a/x.pdf", "b/y.pdf"], ["x.pdf", "y.pdf"]), (["a/x.pdf", "b/x.pdf", "c.pdf"], ["a/x.pdf", "b/x.pdf", "c.pdf"])],
)
def test_a_name_is_as_short_as_it_may_be(paths, names):
    assert [short_names(paths)(path) for path in paths] == names


def test_the_story_of_a_real_question_names_its_documents():
    answer = ask(
        [
            call("search", query="captain retired", documents=["d1"]),
            call("page_in", pages=["p1"]),
            call("answer", statements=[{"text": "Holm.", "addresses": ["p1:1"]}]),
        ],
        archive=FERRIES,
    )
    events = [trace_row(event) | {"page_ids": list(event.page_ids)} for event in answer.events]
    steps = told(events, names_from_archive(FERRIES, page_ids(events)))
    assert [step.calls for step in steps] == [("search",), ("page_in",), ("answer",)]
    assert steps[0].deeds[0].documents == ("ferries/report-2023.txt",)
    assert {place.document for place in steps[1].deeds[0].places} == {"ferries/report-2023.txt"}
    assert steps[1].resident_tokens == answer.events[-1].tokens_after > 0


def test_a_document_of_several_paper_pages_has_page_numbers_and_another_has_none():
    archive = InMemoryArchive.of({"two.pdf": ["First page.", "Second page."], "one.txt": "Only text."})
    ids = [s.segment_id for d in archive.documents() for s in archive.segments_of(d.doc_id)]
    names = names_from_archive(archive, ids)
    assert [names.place(page_id) for page_id in ids] == [Place("one.txt"), Place("two.pdf", 1), Place("two.pdf", 2)]
