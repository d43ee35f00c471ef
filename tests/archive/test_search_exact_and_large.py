"""Searches of an archive on disk: exact terms first, strings by the index, indexes renewed when it pays."""

import re
from contextlib import closing

import pytest

from docpager.analysis.synthetic_collection import SyntheticEmbedder, SyntheticLanguage, synthetic_documents
from docpager.archive import finding, indexes
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder, WordLlamaEmbedder

COUNTER = "o200k_base"
TEXTS = {
    "a.txt": "Invoice INV-2023-0042 was paid by the harbour board in May, after a delay.",
    "b.txt": "Invoice INV-2023-00421 of the harbour board is open; so are invoices 2023 and 0042.",
    "c.txt": "The invoice of the harbour board, the invoice of the ferry, the invoice of the yard: all invoices.",
    "d.txt": "Free cash flow is cash from operations less what was spent on ships.",
    "e.txt": "The cash desk is free of charge; the flow of passengers is not. Cash is king, flow is free.",
    "f.txt": "Capital expenditure was 1,577 million, that is 21,577 thousand a week.",
    "g.txt": "Capital expenditure was 11,577 million and capital expenditure was large, capital, expenditure.",
}
SEARCHES = [
    ("invoice INV-2023-0042 harbour board", "a.txt"),
    ('what is "free cash flow"', "d.txt"),
    ("capital expenditure 1,577", "f.txt"),
    ("inv-2023-00421", "b.txt"),
]


@pytest.fixture(scope="module", params=[NoEmbedder(), WordLlamaEmbedder()], ids=repr)
def papers(request, tmp_path_factory, contents):
    uri = str(tmp_path_factory.mktemp("exact") / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, request.param, COUNTER) as writer:
        writer.write(contents(TEXTS, request.param))
        writer.finish()
    with closing(LanceArchive.open(uri, request.param)) as archive:
        yield archive


@pytest.mark.parametrize(("query", "path"), SEARCHES)
def test_who_holds_the_exact_term_comes_first(papers, query, path):
    assert papers.search(query, limit=3)[0].document.path == path


@pytest.mark.parametrize("query", ['"no such phrase" harbour', "XYZ-123-456 harbour", '"', '""', '"a" AND (b OR c)^2'])
def test_a_term_that_nobody_holds_changes_nothing(papers, query):
    words = re.sub(r'"[^"]*"|XYZ\S+', "", query).strip(' "')
    found = [hit.segment.segment_id for hit in papers.search(query)]
    assert not words or set(found) >= {hit.segment.segment_id for hit in papers.search("harbour") if "harbour" in query}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Some thousand segments of made-up words."""
    uri, language = str(tmp_path_factory.mktemp("made-up") / "archive.lancedb"), SyntheticLanguage(dimensions=32)
    with LanceArchive.open_for_writing(uri, SyntheticEmbedder(language), COUNTER) as writer:
        writer.write(list(synthetic_documents(language, 1500)))
        writer.finish()
    with closing(LanceArchive.open(uri, SyntheticEmbedder(language))) as archive:
        yield archive


def test_a_string_is_found_by_the_index_as_by_a_scan(made_up, monkeypatch):
    segments = [s for document in list(made_up.documents())[:6] for s in made_up.segments_of(document.doc_id)][:40]
    parts = [segment.text[n : n + 25] for n, segment in enumerate(segments)]
    parts += [part.upper() for part in parts[:5]] + ["no such words here at all", "a b", "."]
    scanned = [[s.segment_id for s in made_up.find(part, limit=50)] for part in parts]
    monkeypatch.setattr(finding, "SCANNED", 0)
    assert [[s.segment_id for s in made_up.find(part, limit=50)] for part in parts] == scanned
    assert all(scanned[: len(segments)])


def test_vectors_are_indexed_when_it_pays_and_found_as_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(indexes, "VECTOR_INDEX_FROM", 500)
    language = SyntheticLanguage(dimensions=32)
    uri = str(tmp_path / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, SyntheticEmbedder(language), COUNTER) as writer:
        writer.write(list(synthetic_documents(language, 1200)))
        writer.finish()
        indexed = {column for index in writer._tables.segments.list_indices() for column in index.columns}
    with closing(LanceArchive.open(uri, SyntheticEmbedder(language))) as archive:
        queries = [s.text for d in list(archive.documents())[:5] for s in archive.segments_of(d.doc_id)][:10]
        assert "vector" in indexed
        assert archive.nearest_found(queries) > 0.95


def test_a_large_archive_with_little_new_is_left_as_it_is_and_what_is_new_is_found(tmp_path, contents, monkeypatch):
    monkeypatch.setattr(indexes, "LARGE", 5)
    plain, uri = NoEmbedder(), str(tmp_path / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, plain, COUNTER) as writer:
        writer.write(contents(TEXTS, plain))
        writer.finish()
        writer.write(contents({"new.txt": "The dredger Ottar sank INV-7-7."}, plain))
        writer.finish()
        segments = writer._tables.segments
        assert {index.num_unindexed_rows for index in segments.list_indices()} == {1}
        assert writer.is_finished
        assert writer.search("dredger Ottar")[0].document.path == "new.txt"
        assert writer.search("INV-7-7")[0].document.path == "new.txt"
        monkeypatch.setattr(indexes, "FEW_NEW", 0)
        assert not writer.is_finished
        writer.finish()
        assert {index.num_unindexed_rows for index in writer._tables.segments.list_indices()} == {0}


def test_a_full_text_index_from_before_phrases_is_searched_and_renewed(tmp_path, contents):
    from lancedb.index import FTS

    plain, uri = NoEmbedder(), str(tmp_path / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, plain, COUNTER) as writer:
        writer.write(contents(TEXTS, plain))
        writer.finish()
        writer._tables.segments.create_index("search_text", config=FTS(with_position=False, stem=True), replace=True)
        assert writer.search('"free cash flow"')[0].document.path == "d.txt"
        writer.finish()
        [renewed] = [i for i in writer._tables.segments.list_indices() if i.columns == ["search_text"]]
        assert renewed.index_details["with_position"]
