"""What only the archive on disk has to do: reopen, lock, survive kills, refuse what is not its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from docpager.archive.in_memory import ingested_text
from docpager.archive.lance import LanceArchive
from docpager.archive.row_checksums import with_row_checksums
from docpager.archive.search import _cosine
from docpager.archive.tables import archive_stamp
from docpager.errors import (
    ArchiveFormatError,
    ConfigurationError,
    EmbedderMismatchError,
    LockedError,
    MissingArchiveError,
    MissingInputError,
)
from docpager.models.embedding import NoEmbedder, WordLlamaEmbedder
from docpager.records import DocumentStatus

LIBRARY = {"a.txt": "The first turbine.\n\nThe second turbine.", "b.txt": ["Page one.", "Page two."]}
PLAIN = NoEmbedder()


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "archive.lancedb")


@pytest.fixture(scope="module")
def template(tmp_path_factory, contents):
    """An archive that was written and left."""
    uri = str(tmp_path_factory.mktemp("template") / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
        writer.write(contents(LIBRARY, PLAIN))
        writer.finish()
    return uri


@pytest.fixture
def written(template, uri):
    """A copy of it, to be changed: an archive is its folder, wherever that is."""
    shutil.copytree(template, uri)
    return uri


def files_below(uri: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(uri).rglob("*") if path.is_file()}


def test_a_place_without_an_archive_is_told(uri):
    with pytest.raises(MissingArchiveError) as missing:
        LanceArchive.open(uri, PLAIN)
    assert str(missing.value) == f"No archive at {uri}. Make one with: docpager ingest FOLDER --archive {uri}"
    assert not Path(uri).exists()


def test_a_folder_without_tables_is_no_archive(tmp_path):
    with pytest.raises(MissingArchiveError):
        LanceArchive.open(str(tmp_path), PLAIN)


def test_an_archive_on_another_machine_is_refused():
    with pytest.raises(ConfigurationError) as refusal:
        LanceArchive.open("s3://bucket/archive", PLAIN)
    assert str(refusal.value) == "An archive is a folder on this machine, which s3://bucket/archive is not."


def test_a_reopened_archive_goes_on_where_it_was(written, contents):
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        assert writer.sweep() == 0
        writer.write(contents({"c.txt": "The third turbine."}, PLAIN))
        writer.finish()
    found = LanceArchive.open(written, PLAIN).find("turbine")
    assert [segment.text for segment in found] == ["The first turbine.", "The second turbine.", "The third turbine."]


def test_an_earlier_generation_can_be_opened_again(written, contents):
    earlier = LanceArchive.open(written, PLAIN)
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        writer.write(contents({"a.txt": "No more."}, PLAIN))
        writer.finish()
    again = LanceArchive.open(written, PLAIN, generation=earlier.generation)
    assert again.generation == earlier.generation
    assert again.find("turbine") == earlier.find("turbine")
    assert LanceArchive.open(written, PLAIN).find("turbine") == []


def test_a_generation_that_is_gone_is_told(written):
    with pytest.raises(MissingInputError) as missing:
        LanceArchive.open(written, PLAIN, generation="900.900.900")
    assert str(missing.value) == (
        f"The archive at {written} no longer has generation 900.900.900: version 900 of its table documents is gone."
    )


@pytest.mark.parametrize("recorded", ["900.900.900", "", "\x00\x00\x00", None])
def test_without_a_usable_record_of_the_generation_the_newest_is_read(written, recorded):
    record = Path(written, "generation")
    if recorded is None:
        record.unlink()
    else:
        record.write_text(recorded)
    assert len(LanceArchive.open(written, PLAIN).find("turbine")) == 2


@pytest.mark.parametrize("generation", ["", "12", "1.2", "a.b.c", "1.2.3.4", "1.-2.3", "1.2.²"])
def test_what_is_no_generation_is_refused(written, generation):
    with pytest.raises(ConfigurationError) as refusal:
        LanceArchive.open(written, PLAIN, generation=generation)
    assert str(refusal.value) == f"{generation!r} is no generation of an archive: they look like 12.12.13."


def test_the_stamp_names_embedder_and_counter(written):
    stamp = archive_stamp(written)
    assert (stamp.format, stamp.embedder, stamp.token_counter) == (2, "none", "o200k_base")


def test_another_embedder_is_refused_and_changes_nothing(written):
    before = files_below(written)
    message = (
        f"The archive at {written} was embedded with none, not wordllama-256. "
        "Set the embedder to none, or ingest again into a new archive."
    )
    with pytest.raises(EmbedderMismatchError) as refusal:
        LanceArchive.open(written, WordLlamaEmbedder())
    assert str(refusal.value) == message
    with pytest.raises(EmbedderMismatchError) as refusal:
        LanceArchive.open_for_writing(written, WordLlamaEmbedder(), "o200k_base")
    assert str(refusal.value) == message
    assert files_below(written) == before
    LanceArchive.open_for_writing(written, PLAIN, "o200k_base").close()  # the refusal freed the lock


def test_another_token_counter_is_refused(written):
    with pytest.raises(ConfigurationError) as refusal:
        LanceArchive.open_for_writing(written, PLAIN, "cl100k_base")
    assert str(refusal.value) == (
        f"The tokens of the archive at {written} were counted with o200k_base, not cl100k_base. Nothing was changed."
    )


@pytest.mark.parametrize("stamped", ["3", "17", "", "x"])
def test_a_format_from_elsewhere_is_refused_and_changes_nothing(written, stamped):
    import lancedb

    documents = lancedb.connect(written).open_table("documents")
    schema = documents.schema.with_metadata({**documents.schema.metadata, b"docpager.format": stamped.encode()})
    lancedb.connect(written).create_table("documents", documents.to_arrow().cast(schema), mode="overwrite")
    before = files_below(written)
    with pytest.raises(ArchiveFormatError) as refusal:
        LanceArchive.open(written, PLAIN)
    assert str(refusal.value) == (
        f"The archive at {written} has format {stamped or 'unknown'}; this docpager knows format 2. "
        "Nothing was changed. Use the docpager that wrote it, or ingest again into a new archive."
    )
    with pytest.raises(ArchiveFormatError):
        LanceArchive.open_for_writing(written, PLAIN, "o200k_base")
    assert files_below(written) == before


def test_stats_count_what_is_there(written):
    archive = LanceArchive.open(written, PLAIN)
    stats = archive.stats()
    assert stats.documents == {DocumentStatus.INDEXED: 2}
    assert (stats.paper_pages, stats.segments, stats.tokens) == (3, 4, 10)
    assert stats.bytes_on_disk == sum(len(data) for data in files_below(written).values())
    assert stats.generation == LanceArchive.open(written, PLAIN).generation


def test_vectors_of_the_wrong_shape_are_refused(uri, contents):
    [content] = contents({"a.txt": "One.\n\nTwo."}, PLAIN)
    with (
        LanceArchive.open_for_writing(uri, WordLlamaEmbedder(), "o200k_base") as writer,
        pytest.raises(ValueError, match=r"The vectors of a\.txt have the shape \(2, 0\); 2 segments need \(2, 256\)"),
    ):
        writer.write([content])


def test_finish_gathers_what_many_batches_scattered(uri, contents):
    with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
        for round_ in range(12):
            writer.write(contents({f"{round_}.txt": f"Round {round_}."}, PLAIN))
        writer.finish()
        stats = writer._tables.segments.stats()
    assert stats["fragment_stats"]["num_fragments"] == 1
    assert len(LanceArchive.open(uri, PLAIN).find("Round", limit=100)) == 12


def test_an_interrupted_making_is_made_again(uri, contents):
    from docpager.archive.tables import ArchiveStamp, make_tables

    Path(uri).mkdir()
    make_tables(uri, ArchiveStamp("wordllama-256", "o200k_base"), 256)
    shutil.rmtree(Path(uri, "documents.lance"))  # made last, so this is what a kill leaves
    with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
        writer.write(contents(LIBRARY, PLAIN))
    assert len(LanceArchive.open(uri, PLAIN).find("turbine")) == 2


@pytest.mark.parametrize("table", ["documents", "pages", "segments"])
def test_a_newest_version_that_was_not_written_whole_is_set_aside(written, table, contents, caplog):
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        writer.write(contents({"c.txt": "The third turbine."}, PLAIN))
    newest = min(Path(written, f"{table}.lance", "_versions").glob("*.manifest"))
    newest.write_bytes(newest.read_bytes()[:40])
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        writer.sweep()
        assert {document.path for document in writer.documents()} >= {"a.txt", "b.txt"}
        writer.write(contents({"c.txt": "The third turbine."}, PLAIN))
        assert writer.sweep() == 0
    assert "set aside" in caplog.text
    assert len(LanceArchive.open(written, PLAIN).find("turbine")) == 3


SYNC_WHAT_IS_NEW = """
import os, sys
opened = set()
sys.addaudithook(lambda event, args: opened.add(os.fspath(args[0])) if event == "open" and args[0] else None)
from docpager.archive.in_memory import ingested_text
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder
def below(folder):
    return {os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names}
writer = LanceArchive.open_for_writing(sys.argv[1], NoEmbedder(), "o200k_base")
before = below(sys.argv[1])
writer.write([ingested_text("new.txt", "One.")])
new = below(sys.argv[1]) - before
print(len(new), sorted(new - opened), sorted({os.path.dirname(path) for path in new} - opened))
"""


def test_every_new_file_and_its_folder_is_synced(written, child_environment):
    # LanceDB opens its files outside Python, so whatever Python opens here was opened to be synced.
    arguments = [sys.executable, "-c", SYNC_WHAT_IS_NEW, written]
    done = subprocess.run(arguments, env=child_environment, capture_output=True, text=True, check=True)
    count, rest = done.stdout.split(maxsplit=1)
    assert int(count) >= 9  # data, transaction and manifest of three tables
    assert rest == "[] []\n"


def test_many_threads_may_read_one_archive(written):
    archive = LanceArchive.open(written, PLAIN)
    expected = archive.search("turbine page")
    with ThreadPoolExecutor(8) as threads:
        assert all(hits == expected for hits in threads.map(archive.search, ["turbine page"] * 200))


@pytest.mark.slow
def test_a_large_archive_gets_a_vector_index_that_finds_the_same(uri):
    import numpy

    from docpager.archive.indexes import VECTOR_INDEX_FROM

    rng = numpy.random.default_rng(5)
    words = [f"word{n}" for n in range(3_000)]
    texts = [f"{' '.join(rng.choice(words, 12))}" for _ in range(VECTOR_INDEX_FROM)]
    embedder = WordLlamaEmbedder()
    with LanceArchive.open_for_writing(uri, embedder, "o200k_base") as writer:
        for start in range(0, len(texts), 20_000):
            content = ingested_text(f"{start}.txt", "\n\n".join(texts[start : start + 20_000]))
            vectors = embedder.embed([segment.search_text for segment in content.segments])
            writer.write([replace(content, vectors=vectors)])
        query = embedder.embed(["word17 word1200 word2999"])[0]
        exact = _cosine(writer._tables.segments, query, None, 10)
        writer.finish()
        indexes = {tuple(index.columns): index.index_type for index in writer._tables.segments.list_indices()}
        indexed = _cosine(writer._tables.segments, query, None, 10)
    assert "IvfSq" in indexes[("vector",)]
    assert len({round(score, 4) for score in exact.values()} & {round(s, 4) for s in indexed.values()}) >= 9


HOLD_THE_LOCK = """
import sys, time
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder
writer = LanceArchive.open_for_writing(sys.argv[1], NoEmbedder(), "o200k_base")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_may_read_but_not_write(written, child_environment):
    arguments = [sys.executable, "-c", HOLD_THE_LOCK, written]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=child_environment) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(LockedError) as refusal:
                LanceArchive.open_for_writing(written, PLAIN, "o200k_base")
            assert str(refusal.value) == (
                f"The archive at {written} is in use by another docpager process (lock {written}/writer.lock). "
                "Try again when it has ended."
            )
            assert refusal.value.exit_code == 75
            assert len(LanceArchive.open(written, PLAIN).find("turbine")) == 2
        finally:
            holder.kill()
    LanceArchive.open_for_writing(written, PLAIN, "o200k_base").close()  # the kernel freed it


def test_the_lock_is_free_after_closing(written):
    first = LanceArchive.open_for_writing(written, PLAIN, "o200k_base")
    with pytest.raises(LockedError):
        LanceArchive.open_for_writing(written, PLAIN, "o200k_base")
    first.close()
    LanceArchive.open_for_writing(written, PLAIN, "o200k_base").close()


DIE_BEFORE_THE_COMMIT = """
import os, signal, sys
from docpager.archive.in_memory import ingested_text
from docpager.archive.writing import LanceWriter
from docpager.models.embedding import NoEmbedder

class Dying(LanceWriter):
    def _commit(self, *args, **named):
        if sys.argv[2] == "after":
            super()._commit(*args, **named | {"whole": False})
        os.kill(os.getpid(), signal.SIGKILL)

writer = Dying.open_or_make(sys.argv[1], NoEmbedder(), "o200k_base")
if sys.argv[3] == "write":
    writer.write([ingested_text("a.txt", "Quite new.\\n\\nAll of it."), ingested_text("new.txt", "One.\\n\\nTwo.")])
else:
    writer.remove([ingested_text("a.txt", "").document.doc_id])
"""


@pytest.mark.parametrize(
    ("moment", "action"),
    [
        ("before", "write"),
        pytest.param("after", "write", marks=pytest.mark.slow),
        pytest.param("before", "remove", marks=pytest.mark.slow),
        ("after", "remove"),
    ],
)
def test_a_write_that_a_kill_broke_off_is_taken_back_at_the_next_opening(written, child_environment, moment, action):
    before = LanceArchive.open(written, PLAIN)
    arguments = [sys.executable, "-c", DIE_BEFORE_THE_COMMIT, written, moment, action]
    died = subprocess.run(arguments, env=child_environment, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    reader = LanceArchive.open(written, PLAIN)
    assert reader.generation == before.generation  # readers open whole generations only
    assert len(reader.find("turbine")) == 2
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        assert writer.sweep() == 0
    mended = LanceArchive.open(written, PLAIN)
    assert list(mended.documents()) == list(before.documents())
    assert list(mended.check()) == []


def test_rows_that_no_document_commits_to_are_swept(written, contents):
    """As a fault outside docpager may leave them, where there is no generation to go back to."""
    import lancedb

    pages = lancedb.connect(written).open_table("pages")
    rows = pages.to_arrow().slice(0, 1).to_pylist()
    stray = [row | {"page_id": f"stray:{row['page_number']}", "doc_id": "stray"} for row in rows]
    with LanceArchive.open_for_writing(written, PLAIN, "o200k_base") as writer:
        pages.checkout_latest()
        pages.add(with_row_checksums(type(pages.to_arrow()).from_pylist(stray, schema=pages.schema), pages.schema))
        assert writer.sweep() == 1
        assert writer.sweep() == 0
        assert list(writer.check()) == []


WRITE_UNTIL_KILLED = """
import itertools, json, random, sys
from docpager.archive.in_memory import ingested_text
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder

rng = random.Random(int(sys.argv[2]))
writer = LanceArchive.open_for_writing(sys.argv[1], NoEmbedder(), "o200k_base")
print("open", flush=True)
for round_ in itertools.count(int(sys.argv[3])):
    names = rng.sample(range(30), 5)
    size = rng.randint(1, 9)
    texts = {f"{name}.txt": [f"Round {round_} of {name}, part {n}." for n in range(size)] for name in names}
    writer.write([ingested_text(path, text) for path, text in texts.items()])
    if round_ % 4 == 3:
        writer.finish()
    print(json.dumps({path: len(text) for path, text in texts.items()} | {"round": round_}), flush=True)
"""


def killed_while_writing(uri: str, seed: int, first_round: int, environment: dict[str, str]) -> list[dict[str, int]]:
    """The batches that a process acknowledged before it was killed at some moment."""
    arguments = [sys.executable, "-c", WRITE_UNTIL_KILLED, uri, str(seed), str(first_round)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout.readline() == "open\n"
        time.sleep(0.3 + 0.137 * (seed % 5))
        os.kill(child.pid, signal.SIGKILL)
        return [json.loads(line) for line in child.stdout if line.endswith("}\n")]


def assert_kept(archive: LanceArchive, acknowledged: dict[str, tuple[int, int]]) -> None:
    documents = {document.path: document for document in archive.documents()}
    assert acknowledged.keys() <= documents.keys()
    for path, document in documents.items():
        segments = archive.segments_of(document.doc_id)
        pages = {page.page_number: page.text for page in archive.paper_pages(document.doc_id)}
        assert [segment.ordinal for segment in segments] == list(range(document.segment_count))
        assert all(pages[s.page_number][s.char_start : s.char_end] == s.text for s in segments)
        if document.error_type == "InterruptedWrite":
            assert document.sha256 is None
            continue
        rounds = {int(segment.text.split()[1]) for segment in segments}
        assert len(rounds) == 1
        if path in acknowledged:
            round_, count = acknowledged[path]
            assert (rounds == {round_} and len(segments) == count) or min(rounds) > round_


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_no_acknowledged_write_is_lost_by_kills(uri, kills, child_environment):
    acknowledged: dict[str, tuple[int, int]] = {}
    next_round = 0
    for seed in range(kills):
        for batch in killed_while_writing(uri, seed, next_round, child_environment):
            next_round = batch.pop("round") + 1
            acknowledged.update({path: (next_round - 1, count) for path, count in batch.items()})
        next_round += 1  # a batch may have been committed without being acknowledged
        assert_kept(LanceArchive.open(uri, PLAIN), acknowledged)
        with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
            writer.sweep()
            assert_kept(writer, acknowledged)
            assert writer.sweep() == 0
            assert sum(1 for _ in writer.documents()) >= len(acknowledged)
    assert acknowledged
