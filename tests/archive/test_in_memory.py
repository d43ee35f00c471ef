import sys

import pytest

from docpager.archive.in_memory import InMemoryArchive
from docpager.models.tokens import TiktokenCounter
from docpager.records import DocumentStatus


def test_an_archive_is_made_of_texts():
    archive = InMemoryArchive.of(
        {"a.md": "# Top\n\nOne line.\nAnother.\n\n## Below\n\nThe end.", "b.pdf": ["Page one.", ""]}
    )
    first, second = archive.documents()
    assert [(s.headings, s.text, s.ordinal) for s in archive.segments_of(first.doc_id)] == [
        (("Top",), "One line.\nAnother.", 0),
        (("Top", "Below"), "The end.", 1),
    ]
    assert [page.text for page in archive.paper_pages(second.doc_id)] == ["Page one.", ""]
    assert archive.search("another")[0].segment.search_text == "Top\nOne line.\nAnother."


def test_tokens_are_words_unless_a_counter_says_otherwise():
    text = {"a.txt": "Uncharacteristically unconstitutional."}
    assert next(InMemoryArchive.of(text).documents()).token_count == 2
    counted = next(InMemoryArchive.of(text, TiktokenCounter()).documents()).token_count
    assert counted == TiktokenCounter().count(text["a.txt"])


@pytest.mark.parametrize("text", ["", "  \n\n ", "# Only a heading"])
def test_a_text_without_paragraphs_is_empty(text):
    [document] = InMemoryArchive.of({"a.txt": text}).documents()
    assert (document.status, document.segment_count) == (DocumentStatus.EMPTY, 0)


def test_equal_paragraphs_have_ids_of_their_own():
    archive = InMemoryArchive.of({"a.txt": "Same.\n\nSame.", "b.txt": "Same."})
    assert len({segment.segment_id for segment in archive.find("Same.")}) == 3


def test_a_rare_word_weighs_more_than_a_common_one():
    archive = InMemoryArchive.of({f"{n}.txt": "sales sales report" for n in range(9)} | {"z.txt": "turbine report"})
    assert archive.search("turbine sales")[0].document.path == "z.txt"


def test_it_needs_no_package_beyond_the_standard_library(child_environment):
    import subprocess

    code = (
        "import sys; from docpager.archive.in_memory import InMemoryArchive; "
        "InMemoryArchive.of({'a.txt': 'One.'}).search('one'); "
        "print([name for name in ('numpy', 'pyarrow', 'lancedb') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
