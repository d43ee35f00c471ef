"""Values in conditions and full-text queries: exactly the intended rows, whatever stands in them."""

from __future__ import annotations

import random
from contextlib import closing

import pytest

from docpager.archive.filters import one_of, quoted
from docpager.archive.in_memory import InMemoryArchive, ingested_text
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder

SEED = 909
PIECES = [
    *"'\"\\%_;-*()[]{}`$#@!^&|~<>/?:,. ", "OR", "AND", "NOT", "NULL", "true", "--", "/*", "*/", "''", "' OR '1'='1",
    "x'; DROP TABLE segments; --", "\n", "\t", "é", "É", "ß", "日本", "\u202e", "\u2028", "😀", "a", "A", "1", "ferry",
]  # fmt: skip


def made_up(chance):
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 7)))


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Texts of awkward pieces, in an archive on disk and in one in memory."""
    chance = random.Random(SEED)
    written = [ingested_text(f"{n}.txt", f"Text {made_up(chance)} of {made_up(chance)}.") for n in range(300)]
    uri = str(tmp_path_factory.mktemp("values") / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, NoEmbedder(), "o200k_base") as writer:
        writer.write(written)
        writer.finish()
    with closing(LanceArchive.open(uri, NoEmbedder())) as archive:
        yield archive, InMemoryArchive(written)


def test_a_value_finds_exactly_the_rows_that_hold_it(archives, count, figure):
    lance, memory = archives
    chance, values = random.Random(SEED + 1), count(150, 5000)
    found = 0
    for _ in range(values):
        value = made_up(chance)
        here = [segment.segment_id for segment in lance.find(value, limit=1000)]
        assert here == [segment.segment_id for segment in memory.find(value, limit=1000)], repr(value)
        found += bool(here)
    assert found > values / 10
    figure(f"{values:,} values sought as text, {found:,} of them in some row: exactly the rows that hold them")


def test_a_value_names_exactly_the_rows_that_are_it(archives, count, figure):
    table = archives[0]._tables.segments
    texts = {row["segment_id"]: row["text"] for row in table.search().select(["segment_id", "text"]).to_list()}
    chance, values = random.Random(SEED + 2), count(60, 2500)
    for _ in range(values):
        wanted = [made_up(chance), *chance.sample(list(texts.values()), chance.randrange(3))]
        rows = table.search().where(one_of("text", wanted)).select(["segment_id"]).to_list()
        assert {row["segment_id"] for row in rows} == {key for key, text in texts.items() if text in wanted}
        [row] = table.search().where(f"segment_id = {quoted(next(iter(texts)))}").select(["text"]).to_list()
        assert row["text"] == next(iter(texts.values()))
    figure(f"{values:,} lists of values: exactly the rows that are one of them")


def test_a_query_is_words_and_nothing_else(archives, count, figure):
    lance, _ = archives
    chance, values = random.Random(SEED + 3), count(60, 2500)
    ids = {document.doc_id for document in lance.documents()}
    for _ in range(values):
        query = made_up(chance)
        scope = chance.sample(sorted(ids), 5)
        hits = lance.search(query, limit=20, doc_ids=scope)
        assert {hit.document.doc_id for hit in hits} <= set(scope), repr(query)
    figure(f"{values:,} full-text queries: none failed, none left its scope")
