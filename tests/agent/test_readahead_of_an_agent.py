"""The next page of a document comes along when two in a row were paged in."""

import pytest
from worlds import ask

from docpager.archive.in_memory import InMemoryArchive
from docpager.models.scripted import ScriptedModel, call
from docpager.records import Answer
from docpager.transcript import split_tail

BOOK = InMemoryArchive.of(
    {
        "book.txt": "\n\n".join(
            f"# Chapter {n}\n\n" + " ".join(f"Lantern {n} has sentence {s} about keeper {n}." for s in range(9))
            for n in range(1, 13)
        )
    }
)


def read(*steps, **settings) -> tuple[Answer, ScriptedModel]:
    """Lists all chapters in order, takes the steps, and gives up."""
    script = [call("outline", document="d1"), *steps, [call("abstain", reason="x"), call("abstain", reason="x")]]
    model = ScriptedModel(script)
    return ask(model, archive=BOOK, **({"readahead": True} | settings)), model


def page_in(*pages: str):
    return call("page_in", pages=list(pages))


def brought(answer: Answer) -> list[int]:
    """Ordinals of the pages that were brought ahead."""
    ids = [e.page_ids[0] for e in answer.events if e.event == "Prefetch"]
    return [segment.ordinal for segment in BOOK.segments(ids)]


@pytest.mark.parametrize(
    ("steps", "ordinals"),
    [
        ([page_in("p1"), page_in("p2")], [2]),
        ([page_in("p1", "p2")], [2]),
        ([page_in("p1"), page_in("p2"), page_in("p4")], [2, 4]),
        ([page_in("p1"), page_in("p2"), page_in("p3")], [2, 3]),
        ([page_in("p1"), page_in("p3")], []),
        ([page_in("p2"), page_in("p1")], []),
        ([page_in("p1"), page_in("p2"), page_in("p9"), page_in("p5")], [2]),
        ([page_in("p11"), page_in("p12")], []),
    ],
)
def test_next_page_comes_with_the_result_that_made_two_neighbours(steps, ordinals):
    answer, _ = read(*steps)
    assert brought(answer) == ordinals
    assert answer.paging.prefetches == len(ordinals)


def test_page_brought_ahead_can_be_cited_and_asking_for_it_is_a_hit():
    answer, model = read(page_in("p1", "p2"), call("note", text="Third.", addresses=["p3:1"]), page_in("p3"))
    assert "p3:1 Lantern 3 has" in "".join(m.content for m in model.requests[-1].messages)
    assert "PageHit" in [e.event for e in answer.events]
    assert answer.events[-1].arguments["prefetch_accuracy"] == 0.5


@pytest.mark.parametrize("use", [call("note", text="x", addresses=["p3:1"]), call("pin", pages=["p3"]), page_in("p3")])
def test_pages_noted_pinned_or_asked_for_count_as_used(use):
    answer, _ = read(page_in("p1", "p2"), use)
    assert answer.events[-1].arguments["prefetch_accuracy"] > 0


def test_page_that_is_not_used_is_waste():
    answer, _ = read(page_in("p1", "p2"))
    [event] = [e for e in answer.events if e.event == "Prefetch"]
    assert answer.events[-1].arguments["prefetch_accuracy"] == 0
    assert answer.events[-1].arguments["prefetch_wasted_tokens"] == event.page_tokens[0]


def test_cited_page_counts_as_used():
    answering = call("answer", statements=[{"text": "So.", "addresses": ["p3:2"]}])
    answer = ask([call("outline", document="d1"), page_in("p1", "p2"), answering], archive=BOOK, readahead=True)
    assert answer.events[-1].arguments["prefetch_accuracy"] == 1


def read_tokens(model: ScriptedModel) -> int:
    """Tokens of document text that the model had been shown when it was last asked."""
    return split_tail(model.requests[-1].messages[-1].content, "docpager")[1].budget.read_tokens


def test_nothing_is_brought_ahead_beyond_the_reading_budget():
    enough = read_tokens(read(page_in("p1", "p2"))[1])
    assert read(page_in("p1", "p2"), read_tokens=enough)[0].paging.prefetches == 1
    answer, model = read(page_in("p1", "p2"), read_tokens=enough - 1)
    assert (answer.paging.page_ins, answer.paging.prefetches) == (2, 0)
    assert read_tokens(model) < enough - 1


def test_nothing_is_brought_ahead_that_presses_on_memory():
    answer, _ = read(page_in("p1", "p2", "p3"), context_tokens=2048)
    assert (answer.paging.page_ins, answer.paging.prefetches) == (3, 0)


def test_without_the_setting_nothing_is_brought_ahead():
    answer, _ = read(page_in("p1", "p2"), readahead=False)
    assert answer.paging.prefetches == 0
    assert "prefetch_accuracy" not in answer.events[-1].arguments
