"""What an archive returned is kept while it fits, and the least recently used leaves."""

from hypothesis import given
from hypothesis import strategies as st

from docpager.archive.in_memory import InMemoryArchive
from docpager.archive.page_cache import ENTRY_CHARACTERS, PageCache

TEXTS = {
    f"{name}.txt": [f"{name} page {n}: " + "rye " * 100 for n in range(3)] for name in ("mill", "pier", "quay", "toll")
}
ARCHIVE = InMemoryArchive.of(TEXTS)
DOC_IDS = [document.doc_id for document in ARCHIVE.documents()]
PAGE = len(ARCHIVE.paper_page(DOC_IDS[0], 1).text) + ENTRY_CHARACTERS


def test_what_was_asked_lately_is_answered_again_without_the_archive():
    cache = PageCache(ARCHIVE)
    for _ in range(3):
        assert cache.search("mill") == ARCHIVE.search("mill")
        assert cache.segments_of(DOC_IDS[0]) == ARCHIVE.segments_of(DOC_IDS[0])
        assert cache.paper_page(DOC_IDS[0], 2) == ARCHIVE.paper_page(DOC_IDS[0], 2)
    assert (cache.hits, cache.misses) == (6, 3)


def test_what_was_not_used_for_longest_leaves():
    cache = PageCache(ARCHIVE, most_characters=4 * PAGE)
    for number in (1, 2, 3):
        cache.paper_page(DOC_IDS[0], number)
    cache.paper_page(DOC_IDS[0], 1)
    for doc_id in DOC_IDS[1:3]:
        cache.paper_page(doc_id, 1)
    cache.hits = cache.misses = 0
    cache.paper_page(DOC_IDS[0], 1)
    assert (cache.hits, cache.misses) == (1, 0)
    cache.paper_page(DOC_IDS[0], 2)
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_list_that_a_caller_changes_changes_nothing_that_is_kept():
    cache = PageCache(ARCHIVE)
    cache.search("mill").clear()
    cache.segments_of(DOC_IDS[0]).clear()
    assert cache.search("mill") == ARCHIVE.search("mill")
    assert cache.segments_of(DOC_IDS[0]) == ARCHIVE.segments_of(DOC_IDS[0])


@given(st.lists(st.tuples(st.sampled_from(DOC_IDS), st.integers(1, 4)), max_size=40), st.integers(0, 6 * PAGE))
def test_answers_are_the_archives_and_memory_is_bounded_whatever_is_asked(asked, most):
    cache = PageCache(ARCHIVE, most_characters=most)
    for doc_id, number in asked:
        assert cache.paper_page(doc_id, number) == ARCHIVE.paper_page(doc_id, number)
        assert sum(size for _, size in cache._kept.values()) == cache._characters <= most
    assert cache.hits + cache.misses == len(asked)
