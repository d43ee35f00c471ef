"""``docpager bench archive`` and ``docpager bench recall`` on small data, for real."""

import json

import pytest


@pytest.mark.slow
def test_archives_of_several_sizes_are_built_searched_and_added_to(docpager, tmp_path):
    words = ["bench", "archive", "--segments", "200,600", "--searches", 8, "--folder", tmp_path]
    built = docpager(*words, "--json")
    small, large = map(json.loads, built.out.splitlines())
    assert (built.code, small["segments"], large["segments"]) == (0, 200, 600)
    assert small["documents"] < large["documents"]
    assert small["nearest_found"] == large["nearest_found"] == 1.0
    assert {"write", "index and compact", "finish after it"} <= set(large["seconds"])
    assert large["milliseconds"]["search"]["p50"] > 0
    again = docpager(*words)  # what is there is searched as it is
    assert "write one document more, s" in again.out
    assert "make documents" not in again.out
    assert [line.split()[0] for line in again.out.splitlines() if line.startswith("search ")] == ["search"] * 5


def test_a_size_that_is_no_number_is_refused(docpager):
    ended = docpager("bench", "archive", "--segments", "many")
    assert ended.code == 2
    assert "is no list of whole numbers" in ended.err


@pytest.fixture
def collection(tmp_path):
    """Documents of one's own, with searches and the pages that they should find."""
    (tmp_path / "documents").mkdir()
    for island, captain in {"alder": "Ines Holm", "brae": "Jon Dahl", "calder": "Ole Brand"}.items():
        (tmp_path / "documents" / f"{island}.md").write_text(f"# {island.title()}\n\nThe captain is {captain}.\n")
    searches = [
        {"query": "captain Jon Dahl", "pages": [["brae.md", 1]]},
        {"query": "Ole Brand", "pages": [["calder.md", 1]]},
    ]
    (tmp_path / "searches.jsonl").write_text("".join(json.dumps(s) + "\n" for s in searches))
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--embedder", "none"], ["--bm25-weight", "1", "--candidates", "5"]])
def test_recall_is_counted_on_pages_and_searches_of_ones_own(docpager, collection, more):
    ended = docpager("bench", "recall", collection, "--workers", 1, *more, "--json")
    figures = json.loads(ended.out)
    assert figures["all documents, pages"]["recall"]["1"] == {
        "share": 1.0,
        "count": 2,
        "of": 2,
        "low": 0.3424,
        "high": 1.0,
    }
    assert figures["p95_ms"] > 0


def test_a_search_without_pages_is_refused(docpager, collection):
    (collection / "searches.jsonl").write_text('{"query": "Ole", "pages": []}\n')
    ended = docpager("bench", "recall", collection, "--workers", 1)
    assert (ended.code, "'Ole' in" in ended.err) == (65, True)
