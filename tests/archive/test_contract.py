"""What every archive does, whatever it is made of."""

import random
from dataclasses import replace

import pytest

from docpager.errors import ToolError
from docpager.protocols import Archive, WritableArchive
from docpager.records import DocumentStatus, LastAction

LIBRARY = {
    "b/annual-report.txt": [
        "# Item 7\n\n## Results\n\nNet sales were $32,136 million in 2018.\n\nOperating income fell to 7,207.",
        "## Liquidity\n\nThe credit facility expires in 2023.\n\n# Item 8\n\nSee the consolidated statements.",
    ],
    "a/contract.md": "# Termination\n\nEither party may terminate on 90 days' notice.\n\nThe credit note is void.",
    "c/letter.txt": "Dear shareholder,\n\nsales grew. The 100% target_ was met: a\\b.",
}


def by_path(archive: Archive):
    return {document.path: document for document in archive.documents()}


def texts(segments):
    return [segment.text for segment in segments]


@pytest.fixture
def library(kind, contents):
    """An archive of the three texts, to be changed."""
    kind.writer.write(contents(LIBRARY, kind.embedder))
    kind.writer.finish()
    return kind


@pytest.fixture
def archive(read_only_kind, contents):
    """A reader of the three texts, shared: tests that ask for it change nothing."""
    if not list(read_only_kind.writer.documents()):
        read_only_kind.writer.write(contents(LIBRARY, read_only_kind.embedder))
        read_only_kind.writer.finish()
    return read_only_kind.reader()


def test_an_archive_meets_the_protocol(kind):
    assert isinstance(kind.writer, WritableArchive)
    assert isinstance(kind.reader(), Archive)


def test_an_empty_archive_has_nothing_to_give(kind):
    kind.writer.finish()
    archive = kind.reader()
    assert list(archive.documents()) == []
    assert archive.search("anything") == []
    assert archive.find("anything") == []
    assert archive.document("0" * 16) is None
    assert archive.segments(["0" * 16]) == []
    assert archive.paper_page("0" * 16, 1) is None
    assert archive.outline("0" * 16) == []


def test_what_is_written_is_read_back_whole(archive, contents, read_only_kind):
    written = contents(LIBRARY, read_only_kind.embedder)
    assert [document.path for document in archive.documents()] == sorted(LIBRARY)
    for content in written:
        doc_id = content.document.doc_id
        stored = archive.document(doc_id)
        assert replace(stored, ingested_at=None) == replace(content.document, ingested_at=None)
        assert stored.ingested_at.utcoffset().total_seconds() == 0
        assert tuple(archive.segments_of(doc_id)) == content.segments
        assert tuple(archive.paper_pages(doc_id)) == content.pages
        assert archive.paper_page(doc_id, 1) == content.pages[0]
        assert archive.paper_page(doc_id, 99) is None
        for segment in content.segments:
            page = archive.paper_page(doc_id, segment.page_number)
            assert page.text[segment.char_start : segment.char_end] == segment.text


def test_segments_come_in_the_order_asked_for_and_unknown_ones_are_left_out(archive):
    ids = [s.segment_id for document in archive.documents() for s in archive.segments_of(document.doc_id)]
    shuffled = random.Random(7).sample(ids, len(ids))
    asked = [shuffled[0], "f" * 16, *shuffled]
    assert [segment.segment_id for segment in archive.segments(asked)] == [shuffled[0], *shuffled]


def test_segments_of_one_paper_page(archive):
    report = by_path(archive)["b/annual-report.txt"]
    assert texts(archive.segments_of(report.doc_id, page_number=2)) == [
        "The credit facility expires in 2023.",
        "See the consolidated statements.",
    ]


def test_the_outline_counts_what_stands_below_each_heading(archive):
    report = by_path(archive)["b/annual-report.txt"]
    outline = archive.outline(report.doc_id)
    assert [(entry.headings, entry.page_number, entry.segment_count) for entry in outline] == [
        (("Item 7",), 1, 3),
        (("Item 7", "Results"), 1, 2),
        (("Item 7", "Liquidity"), 2, 1),
        (("Item 8",), 2, 1),
    ]
    assert archive.segments([outline[2].first_segment_id])[0].text == "The credit facility expires in 2023."


def test_search_ranks_the_segment_that_answers_first(archive):
    hits = archive.search("When does the credit facility expire?")
    assert hits[0].segment.text == "The credit facility expires in 2023."
    assert hits[0].document.path == "b/annual-report.txt"
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert hits[0].bm25 > 0


def test_search_finds_words_of_the_headings(archive):
    assert archive.search("liquidity")[0].segment.text == "The credit facility expires in 2023."


def test_search_stays_within_the_named_documents(archive):
    contract = by_path(archive)["a/contract.md"].doc_id
    hits = archive.search("credit facility", doc_ids=[contract])
    assert {hit.segment.doc_id for hit in hits} == {contract}
    assert archive.search("credit facility", doc_ids=[]) == []
    assert archive.search("credit facility", doc_ids=["f" * 16]) == []


def test_pages_of_results_join_up_to_the_whole_ranking(archive):
    whole = archive.search("credit sales notice", limit=50)
    parts = [hit for offset in range(0, 60, 2) for hit in archive.search("credit sales notice", limit=2, offset=offset)]
    assert parts == whole
    assert len(whole) >= 3


def test_equal_scores_are_ordered_by_path_and_ordinal(kind, contents):
    same = "The very same paragraph about turbines."
    kind.writer.write(contents({f"{name}.txt": f"{same}\n\n{same}" for name in "dbeac"}, kind.embedder))
    kind.writer.finish()
    archive = kind.reader()
    everything = [(f"{name}.txt", ordinal) for name in "abcde" for ordinal in (0, 1)]
    for offset, limit in [(0, 10), (3, 4), (9, 5)]:
        hits = archive.search("turbines paragraph", offset=offset, limit=limit)
        assert [(hit.document.path, hit.segment.ordinal) for hit in hits] == everything[offset : offset + limit]
        assert [hit.rank for hit in hits] == [*range(offset + 1, min(offset + limit, 10) + 1)]


@pytest.mark.parametrize("query", ["", "   ", '"', '"credit facility"', "AND (", "a:b^2~*?", "\x00", "\ud800", "+ - !"])
def test_no_query_is_an_error(archive, query):
    assert isinstance(archive.search(query), list)


@pytest.mark.parametrize(
    ("pattern", "regex", "found"),
    [
        ("CREDIT", False, ["The credit note is void.", "The credit facility expires in 2023."]),
        ("100%", False, ["sales grew. The 100% target_ was met: a\\b."]),
        ("target_", False, ["sales grew. The 100% target_ was met: a\\b."]),
        ("a\\b", False, ["sales grew. The 100% target_ was met: a\\b."]),
        ("days' notice", False, ["Either party may terminate on 90 days' notice."]),
        ("%", False, ["sales grew. The 100% target_ was met: a\\b."]),
        ("n.t", False, []),
        (r"\d{1,3}(,\d{3})+", True, ["Net sales were $32,136 million in 2018.", "Operating income fell to 7,207."]),
        (r"^sales", True, ["sales grew. The 100% target_ was met: a\\b."]),
        (r"CREDIT", True, []),
        (r"(?i)CREDIT N", True, ["The credit note is void."]),
        ("Item 7", False, []),
    ],
)
def test_find_gives_exactly_the_segments_that_hold_it(archive, pattern, regex, found):
    assert texts(archive.find(pattern, regex=regex)) == found


def test_find_is_ordered_limited_and_scoped(archive):
    found = archive.find("e", limit=100)
    paths = {document.doc_id: document.path for document in archive.documents()}
    assert len(found) == 8
    assert found == sorted(found, key=lambda segment: (paths[segment.doc_id], segment.ordinal))
    assert archive.find("e", limit=3, offset=2) == found[2:5]
    letter = by_path(archive)["c/letter.txt"].doc_id
    assert {segment.doc_id for segment in archive.find("e", doc_ids=[letter])} == {letter}
    assert archive.find("e", doc_ids=[]) == []


@pytest.mark.parametrize("pattern", ["(", "[a-", "x{99999999999}", "*"])
def test_a_bad_expression_is_told_to_the_model(archive, pattern):
    with pytest.raises(ToolError) as refusal:
        archive.find(pattern, regex=True)
    assert str(refusal.value).startswith(f"The regular expression {pattern!r} cannot be used: ")


def test_an_empty_pattern_is_told_to_the_model(archive):
    with pytest.raises(ToolError) as refusal:
        archive.find("")
    assert str(refusal.value) == "Nothing to find: the pattern is empty."


def test_a_document_written_again_is_replaced_whole(library, contents):
    new = contents({"a/contract.md": "The credit note is void.\n\nNew clause on turbines."}, library.embedder)
    library.writer.write(new)
    library.writer.finish()
    archive = library.reader()
    doc_id = new[0].document.doc_id
    assert tuple(archive.segments_of(doc_id)) == new[0].segments
    assert tuple(archive.paper_pages(doc_id)) == new[0].pages
    assert archive.find("terminate") == []
    assert archive.search("turbines clause")[0].segment == new[0].segments[1]
    assert len(archive.find("e", limit=100)) == 8
    assert [document.path for document in archive.documents()] == sorted(LIBRARY)


def test_a_document_may_come_to_have_no_segments(library, contents):
    [old] = [content for content in contents(LIBRARY) if content.document.path == "a/contract.md"]
    failed = replace(old.document, status=DocumentStatus.FAILED, segment_count=0, token_count=0, sha256="ab" * 32)
    library.writer.write([replace(old, document=failed, pages=(), segments=(), vectors=None)])
    library.writer.finish()
    archive = library.reader()
    assert archive.document(failed.doc_id).status is DocumentStatus.FAILED
    assert archive.segments_of(failed.doc_id) == []
    assert archive.paper_pages(failed.doc_id) == []


def test_of_two_contents_for_one_document_the_last_counts(kind, contents):
    first = contents({"a.txt": "First version."}, kind.embedder)
    second = contents({"a.txt": "Second version.\n\nLonger."}, kind.embedder)
    kind.writer.write([*first, *second])
    archive = kind.reader()
    assert texts(archive.segments_of(first[0].document.doc_id)) == ["Second version.", "Longer."]
    assert archive.find("First") == []


def test_a_removed_document_leaves_its_row_and_nothing_else(library):
    doc_id = by_path(library.reader())["a/contract.md"].doc_id
    library.writer.remove([doc_id, "f" * 16])
    archive = library.reader()
    assert [document.path for document in archive.documents()] == ["b/annual-report.txt", "c/letter.txt"]
    row = archive.document(doc_id)
    assert (row.status, row.last_action, row.segment_count) == (DocumentStatus.REMOVED, LastAction.REMOVED, 0)
    assert archive.segments_of(doc_id) == []
    assert archive.paper_pages(doc_id) == []
    assert doc_id not in {hit.segment.doc_id for hit in archive.search("terminate notice credit")}


def test_a_row_alone_can_change_and_its_segments_stay(library):
    old = by_path(library.reader())["a/contract.md"]
    before = library.reader().segments_of(old.doc_id)
    library.writer.update_documents([replace(old, path="z/moved.md", last_action=LastAction.MOVED)])
    assert library.writer.sweep() == 0
    archive = library.reader()
    assert [document.path for document in archive.documents()][-1] == "z/moved.md"
    assert archive.segments_of(old.doc_id) == before
    assert texts(archive.find("credit")) == ["The credit facility expires in 2023.", "The credit note is void."]


def test_a_reader_stays_with_its_generation(library, contents):
    reader = library.reader()
    generation, everything = reader.generation, reader.find("e", limit=100)
    hits = reader.search("credit facility")
    contract = by_path(reader)["a/contract.md"].doc_id
    library.writer.write(
        contents({"d.txt": "More about the credit facility.", "a/contract.md": "Gone."}, library.embedder)
    )
    library.writer.remove([by_path(reader)["c/letter.txt"].doc_id])
    library.writer.finish()
    assert reader.generation == generation
    assert [document.path for document in reader.documents()] == sorted(LIBRARY)
    assert reader.find("e", limit=100) == everything
    assert reader.search("credit facility") == hits
    assert len(reader.segments_of(contract)) == 2
    newer = library.reader()
    assert newer.generation != generation
    assert [document.path for document in newer.documents()] == ["a/contract.md", "b/annual-report.txt", "d.txt"]


def test_the_generation_changes_with_the_state_and_only_then(library, contents):
    generation = library.reader().generation
    assert library.reader().generation == generation
    library.writer.finish()
    assert library.writer.sweep() == 0
    assert library.reader().generation == generation
    library.writer.write(contents({"d.txt": "More."}, library.embedder))
    assert library.reader().generation != generation


def test_a_writer_reads_what_it_has_written(kind, contents):
    kind.writer.write(contents({"a.txt": "About turbines."}, kind.embedder))
    [hit] = kind.writer.search("turbines")
    assert hit.document.path == "a.txt"
    kind.writer.write(contents({"a.txt": "About dynamos."}, kind.embedder))
    assert texts(kind.writer.find("dynamos")) == ["About dynamos."]
    assert kind.writer.generation == kind.reader().generation


def test_an_archive_that_is_whole_has_nothing_to_sweep(library):
    before = library.reader().find("e", limit=100)
    assert library.writer.sweep() == 0
    assert library.reader().find("e", limit=100) == before
