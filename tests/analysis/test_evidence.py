"""What of an answer's citations counts, and what it bears."""

import pytest
from worlds import ask

from docpager.analysis.evidence import PagesReached, bears, bears_words, evidence_texts, pages_of
from docpager.archive.in_memory import InMemoryArchive
from docpager.models.scripted import call

SENTENCES = InMemoryArchive.of(
    {
        "a.txt": "First of four. Second of four. Third of four. Fourth of four.",
        "b.txt": "word " * 50 + "x " * 50 + "end.",
    }
)


def cited(query, *addresses):
    statements = [{"text": "So it is.", "addresses": list(addresses)}]
    script = [call("search", query=query), call("page_in", pages=["p1"]), call("answer", statements=statements)]
    return ask(script, archive=SENTENCES).citations


@pytest.mark.parametrize(
    ("addresses", "texts"),
    [
        (["p1:2"], ["Second of four."]),
        (["p1:1-4"], ["First of four. Second of four. Third of four."]),
        (["p1:4", "p1:1-3"], ["Fourth of four.", "First of four. Second of four."]),
        (["p1:4", "p1:3", "p1:2", "p1:1"], ["Fourth of four.", "Third of four.", "Second of four."]),
    ],
)
def test_only_the_first_three_lines_cited_count(addresses, texts):
    assert evidence_texts(SENTENCES, cited("four", *addresses)) == texts


def test_only_the_first_ninety_words_cited_count():
    [text] = evidence_texts(SENTENCES, cited("word", "p1:1-2"))
    assert len(text.split()) == 90
    assert text.endswith("x")


@pytest.mark.parametrize(
    ("texts", "answers", "by_letters", "by_words"),
    [
        (["It blew till  September."], ["till September"], True, True),
        (["In 1930."], ["30"], True, False),
        (["The U.S. Mint"], ["US Mint", "none"], True, False),
        (["Röntgen, Wilhelm"], ["röntgen"], True, True),
        (["one", "two"], ["one two"], False, False),
        (["anything"], ["", "?"], False, False),
        ([], ["a"], False, False),
    ],
)
def test_answers_are_found_by_letters_and_digits_or_as_words(texts, answers, by_letters, by_words):
    assert bears(texts, answers) is by_letters
    assert bears_words(texts, answers) is by_words


def test_pages_reached_are_compared_with_the_gold_ones():
    gold = frozenset({("a.pdf", 1), ("a.pdf", 2)})
    reached = PagesReached(gold, frozenset({("a.pdf", 1), ("b.pdf", 2)}), frozenset({("b.pdf", 1)}))
    assert (reached.any_read, reached.all_read, reached.any_cited) == (True, False, False)
    assert PagesReached(gold, gold, gold).all_read


def test_segments_stand_on_paper_pages():
    segments = [segment for d in SENTENCES.documents() for segment in SENTENCES.segments_of(d.doc_id)]
    ids = [segment.segment_id for segment in segments]
    assert pages_of(SENTENCES, [*ids, "gone"]) == {("a.txt", 1), ("b.txt", 1)}
