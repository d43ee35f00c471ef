"""Where gold pages stand among results, and that the sample's stand where they should."""

import csv
import json
from pathlib import Path

import pytest

from docpager.analysis.bench_recall import Places, Sought, bench_recall
from docpager.archive.in_memory import InMemoryArchive
from docpager.settings import IngestSettings
from docpager.wiring import ingest_folder, open_archive

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
FLOORS, FLOORS_WITHIN = {1: 0.57, 5: 0.9, 20: 0.93}, {1: 0.78, 5: 0.93}
"""Recall of pages in the sample: all documents, and the right ones alone. It was 0.606, 0.939, 0.939; 0.818, 0.939."""
ARCHIVE = InMemoryArchive.of(
    {
        "a.txt": ["The harbour master keeps the keys.", "The harbour master is Ole Brand, harbour master since May."],
        "b.txt": "The harbour of Brae.",
    }
)


def test_places_are_of_the_first_gold_page_and_of_the_last():
    sought = [
        Sought("harbour master Ole Brand", frozenset({("a.txt", 1), ("a.txt", 2)})),
        Sought("lighthouse", frozenset({("b.txt", 1)})),
    ]
    passages, pages, within, _ = bench_recall(sought, ARCHIVE).places
    assert (passages.first, passages.last) == ([1, None], [2, None])
    assert pages.any_within(1).value == 0.5
    assert within.name == "right document, passages"
    assert passages.mean_reciprocal_rank == 0.5


def test_recall_counts_only_what_stands_early_enough():
    places = Places("some", first=[1, 6, 21, None], last=[5, None, None, None])
    assert [places.any_within(k).count for k in (1, 5, 10, 20, 100)] == [1, 1, 2, 2, 3]
    assert [places.all_within(k).count for k in (1, 5)] == [0, 1]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    uri = str(tmp_path_factory.mktemp("sample") / "archive.lancedb")
    ingest_folder(SAMPLE / "documents", IngestSettings(archive=uri, workers=2))
    return open_archive(uri)


def test_searches_of_the_sample_find_as_much_as_they_did(sample):
    """A floor under the recall of searches: change it only with a measured reason."""
    texts = {q["question_id"]: q["question"] for q in _questions()}
    golds = [json.loads(line) for line in (SAMPLE / "gold.jsonl").read_text().splitlines()]
    searches = [
        Sought(texts[gold["question_id"]], frozenset((e["document"], e["page"]) for e in gold["evidence"]))
        for gold in golds
        if gold["evidence"]
    ]
    figures = bench_recall(searches, sample)
    _, pages, _, within = figures.places
    assert len(searches) == 33
    for places, floors in ((pages, FLOORS), (within, FLOORS_WITHIN)):
        found = {k: places.any_within(k).value for k in floors}
        assert all(found[k] >= floor for k, floor in floors.items()), found


def _questions():
    with (SAMPLE / "questions.csv").open(newline="") as file:
        yield from csv.DictReader(file)
