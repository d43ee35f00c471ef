"""Generations that are read stay, however old versions are cleaned up; those nobody reads any more go."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from docpager.archive.lance import LanceArchive
from docpager.archive.pins import READERS
from docpager.errors import MissingInputError
from docpager.models.embedding import NoEmbedder

PLAIN = NoEmbedder()
NOTHING_KEPT = timedelta(0)
pytestmark = pytest.mark.filterwarnings("ignore:optimize.cleanup_older_than=0. removes every version")


@pytest.fixture
def uri(tmp_path, contents):
    uri = str(tmp_path / "archive.lancedb")
    with writing(uri) as writer:
        writer.write(contents({"a.txt": "The first turbine.", "b.txt": "The second turbine."}, PLAIN))
        writer.finish()
    return uri


def writing(uri):
    return LanceArchive.open_for_writing(uri, PLAIN, "o200k_base")


def rewritten(uri, contents, text="No more."):
    """Every document changed, indexed and compacted, and nothing kept but for those who read."""
    with writing(uri) as writer:
        writer.write(contents({"a.txt": text, "b.txt": text}, PLAIN))
        writer.finish()
        writer.drop_old_versions(NOTHING_KEPT)


def texts_of(archive):
    return [segment.text for segment in archive.find("turbine")] + [
        hit.segment.text for hit in archive.search("turbine")
    ]


def marks(uri):
    """Tags and locks that stand in an archive."""
    return sorted(path.name for path in [*Path(uri).glob("*.lance/_refs/tags/*"), *Path(uri, READERS).glob("*")])


def test_what_is_read_survives_every_clean_up(uri, contents):
    archive = LanceArchive.open(uri, PLAIN)
    before = texts_of(archive)
    for round_ in range(3):
        rewritten(uri, contents, f"Round {round_}.")
    assert texts_of(archive) == before
    assert len(before) == 4
    assert LanceArchive.open(uri, PLAIN).find("turbine") == []


def test_what_nobody_reads_any_more_goes(uri, contents):
    archive = LanceArchive.open(uri, PLAIN)
    generation = archive.generation
    assert len(marks(uri)) == 4  # a tag on each table and a lock
    archive.close()
    archive.close()
    assert marks(uri) == []
    rewritten(uri, contents)
    with pytest.raises(MissingInputError, match=f"no longer has generation {generation}"):
        LanceArchive.open(uri, PLAIN, generation=generation)


def test_an_archive_that_is_let_go_is_closed(uri):
    archive = LanceArchive.open(uri, PLAIN)
    assert marks(uri)
    del archive
    assert marks(uri) == []


def test_the_end_of_a_program_lets_the_generation_go(uri, child_environment):
    subprocess.run([sys.executable, "-c", READ.replace("sys.stdin.read()", "")], **program(uri, child_environment))
    assert marks(uri) == []


READ = """
import os, sys
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder
archive = LanceArchive.open(os.environ["ARCHIVE"], NoEmbedder())
print(archive.generation, flush=True)
sys.stdin.read()
print([segment.text for segment in archive.find("turbine")], flush=True)
"""


def program(uri, environment):
    return {"env": environment | {"ARCHIVE": uri}, "text": True, "stdout": subprocess.PIPE}


def test_another_process_reads_on_undisturbed_and_one_that_was_killed_keeps_nothing(uri, contents, child_environment):
    arguments = {"stdin": subprocess.PIPE, **program(uri, child_environment)}
    living, killed = (subprocess.Popen([sys.executable, "-c", READ], **arguments) for _ in range(2))
    generations = {each.stdout.readline().strip() for each in (living, killed)}
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(marks(uri)) == 8
    rewritten(uri, contents)
    assert len(marks(uri)) == 4
    out, _ = living.communicate("")
    assert out.strip() == "['The first turbine.', 'The second turbine.']"
    rewritten(uri, contents)
    assert marks(uri) == []
    with pytest.raises(MissingInputError):
        LanceArchive.open(uri, PLAIN, generation=generations.pop())


def test_an_archive_that_cannot_be_written_is_read_without_a_tag(uri, caplog):
    Path(uri, READERS).write_text("no folder")  # where a reader would put its lock
    with caplog.at_level("DEBUG", logger="docpager.archive.pins"):
        archive = LanceArchive.open(uri, PLAIN)
    assert len(texts_of(archive)) == 4
    assert "is read without a tag" in caplog.text
    archive.close()


def test_a_tag_of_someone_elses_is_kept_and_so_is_what_it_names(uri, contents):
    import lancedb

    segments = lancedb.connect(uri).open_table("segments")
    segments.tags.create("audit-2026", segments.version)
    rewritten(uri, contents)
    segments.checkout("audit-2026")
    assert segments.count_rows() == 2
    assert list(segments.tags.list()) == ["audit-2026"]


def test_readers_come_and_go_while_a_writer_cleans_up(uri, contents):
    def read(_):
        archive = LanceArchive.open(uri, PLAIN)
        found = [archive.search("turbine round", limit=9) for _ in range(3)]
        archive.close()
        assert len(found[0]) == 2
        assert found[1:] == found[:1] * 2

    with ThreadPoolExecutor(4) as threads:
        reading = threads.map(read, range(60))
        for round_ in range(6):
            rewritten(uri, contents, f"The turbine of round {round_}.")
        assert len(list(reading)) == 60
    with writing(uri) as writer:
        writer.drop_old_versions(NOTHING_KEPT)
    assert marks(uri) == []
