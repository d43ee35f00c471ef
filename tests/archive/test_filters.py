"""Values in conditions: exactly the intended rows, whatever is in them."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from docpager.archive.filters import both, one_of, quoted, turns
from docpager.archive.in_memory import InMemoryArchive
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder

AWKWARD = [
    "it's", "''", "'", '"', "\\", "\\'", "%", "_", "100%_off", "a\\nb", "' OR '1'='1", "x'; DROP TABLE segments; --",
    "/* comment */", "-- comment", "${name}", "{0}", "\x00", "a\x00b", "`", "$1", ";", "(", ")", "[a]", "*", "?",
    "é", "É", "ß", "日本", "\u202e", "\u2028", "😀", "\x1b[31m", "tab\there", "NULL", "true", "0x27", "\u02bc", "＇",
]  # fmt: skip
TEXTS = [f"{before}{value}{after}" for value in AWKWARD for before, after in (("", "."), ("See ", " there"))]
PIECES = st.sampled_from([*"'\"\\%_;-*()[]`$ ", "OR", "a", "A", "é", "É", "\x00", "日", "x'", "--"])
ALMOST_ANY_TEXT = st.one_of(
    st.sampled_from(AWKWARD), st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text(min_size=1, max_size=6)
)
READING = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def archives(tmp_path_factory, contents) -> tuple[LanceArchive, InMemoryArchive]:
    """The awkward texts, each a document with an awkward path, in a real archive and in memory."""
    written = contents({f"{n}-{text}": text for n, text in enumerate(TEXTS)}, NoEmbedder())
    uri = str(tmp_path_factory.mktemp("awkward") / "archive's 100%_.lancedb")
    with LanceArchive.open_for_writing(uri, NoEmbedder(), "o200k_base") as writer:
        writer.write(written)
        writer.finish()
    return LanceArchive.open(uri, NoEmbedder()), InMemoryArchive(written)


def test_awkward_texts_and_paths_are_stored_as_they_are(archives):
    lance, memory = archives
    assert list(lance.documents()) == list(memory.documents())
    for document in memory.documents():
        assert lance.segments_of(document.doc_id) == memory.segments_of(document.doc_id)


@READING
@given(ALMOST_ANY_TEXT)
@example("' OR '1'='1")
@example("\x00")
def test_find_gives_exactly_the_rows_that_hold_the_text(archives, text):
    lance, memory = archives
    assert lance.find(text, limit=1000) == memory.find(text, limit=1000)


@READING
@given(st.one_of(st.sampled_from(AWKWARD), st.lists(PIECES, min_size=1, max_size=5).map("".join)))
def test_an_expression_gives_exactly_the_rows_that_match_it(archives, text):
    lance, memory = archives
    expression = re.escape(text)
    assert lance.find(expression, regex=True, limit=1000) == memory.find(expression, regex=True, limit=1000)


@READING
@given(ALMOST_ANY_TEXT)
def test_an_awkward_id_names_no_document(archives, text):
    lance, _ = archives
    assert lance.document(text) is None
    assert lance.segments([text]) == []
    assert lance.segments_of(text) == []
    assert lance.paper_pages(text) == []
    assert lance.search("there", doc_ids=[text]) == []
    assert lance.find("there", doc_ids=[text]) == []


@READING
@given(ALMOST_ANY_TEXT)
def test_any_query_can_be_searched(archives, text):
    lance, _ = archives
    lance.search(text)


def test_an_awkward_id_removes_nothing(archives, tmp_path, contents):
    with LanceArchive.open_for_writing(str(tmp_path / "a"), NoEmbedder(), "o200k_base") as writer:
        writer.write(contents({"a.txt": "One.", "b.txt": "Two."}, NoEmbedder()))
        writer.remove(AWKWARD)
        assert len(writer.find("o", limit=9)) == 2


@pytest.mark.parametrize(
    ("value", "literal"), [("a", "'a'"), ("it's", "'it''s'"), ("\\", "'\\'"), ("", "''"), ("\ud800", "'?'")]
)
def test_only_the_quote_is_special_in_a_literal(value, literal):
    assert quoted(value) == literal


def test_conditions_are_joined():
    assert both("a = 1", None, "b = 2 OR c = 3") == "(a = 1) AND (b = 2 OR c = 3)"
    assert both(None) is None
    assert one_of("doc_id", ["b", "a", "b"]) == "doc_id IN ('b', 'a')"
    assert one_of("doc_id", []) == "false"


def test_many_values_are_asked_for_in_turns():
    assert list(turns(["a", "b", "a", "c", "d", "e"], size=2)) == [["a", "b"], ["c", "d"], ["e"]]
