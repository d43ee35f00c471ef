"""The top-k peer: as many of the best passages as its prompt may hold."""

from worlds import WordCounter, long_archive

from docpager.analysis.top_k import top_k

ARCHIVE = long_archive(pages=100, sentences=2)
QUESTION = "Which chapter speaks of lantern number 300?"


def test_passages_come_best_first_until_the_prompt_is_full():
    found = top_k(ARCHIVE, QUESTION, 300, WordCounter())
    best = ARCHIVE.search(QUESTION, limit=found.k)
    assert found.pages == {(hit.document.path, hit.segment.page_number) for hit in best}
    assert 250 < found.prompt_tokens <= 300
    assert top_k(ARCHIVE, QUESTION, 299, WordCounter()).k <= found.k


def test_a_prompt_with_room_for_more_than_search_ranks_holds_all_of_it():
    assert top_k(ARCHIVE, QUESTION, 1_000_000, WordCounter()).k == len(ARCHIVE.search(QUESTION, limit=1000))


def test_a_prompt_with_room_for_nothing_holds_nothing():
    found = top_k(ARCHIVE, QUESTION, 5, WordCounter())
    assert (found.k, found.pages) == (0, frozenset())
