"""The Nth write fails, for each N until none is left: the command says so, and the same command completes the work.

Everyday, one write of each kind of command; at full counts every write, with a disk that is full, a disk that was
remounted to be read only, and a single I/O error.
"""

import errno
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from docpager import open_archive, open_archive_for_writing
from docpager.errors import MissingArchiveError
from docpager.records import DocumentStatus, sha256_hex

AT_ONCE = 3
ERRORS = {"no_space": errno.ENOSPC, "read_only": errno.EROFS, "io_error_once": errno.EIO}
MOST_WRITES = 3000


@dataclass(frozen=True)
class Failing:
    """Which write fails, and how."""

    library: str
    error: str
    at: int

    def environment(self, folder):
        """For a program that works below a folder."""
        words = {
            "LD_PRELOAD": self.library,
            "FAIL_BELOW": str(folder / "work"),
            "FAIL_AT": str(self.at),
            "FAIL_ERRNO": str(ERRORS[self.error]),
            "FAIL_LOG": str(folder / "failed"),
        }
        return words | ({"FAIL_ONCE": "1"} if self.error.endswith("once") else {})


def sweep(case, count, everyday):
    """The cases of each N, several at once, until one in which no write failed; how often each exit code came."""
    codes = Counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        if count(True, False):
            return Counter(threads.map(case, everyday))
        for first in range(1, MOST_WRITES, 4 * AT_ONCE):
            ended = list(threads.map(case, range(first, first + 4 * AT_ONCE)))
            codes.update(code for code in ended if code is not None)
            if None in ended:
                return codes
    raise AssertionError(f"{MOST_WRITES} writes failed, one after another, and there is no end of them")


def refused(code, said, failing):
    """Whether the command said that it could not write; one that could do without that write ends well."""
    assert "Traceback" not in said, said
    assert "Unexpected" not in said, said
    if code == 0:
        return False
    assert code == 75, (failing, code, said)
    assert "Cannot write" in said, said
    # A single error may go unseen by LanceDB until it reads the file back.
    assert os.strerror(ERRORS[failing.error]) in said or (failing.error.endswith("once") and "Generic" in said), said
    return True


def check_archive(uri, texts):
    """Every document whole and as it was read, and nothing beside them."""
    with open_archive_for_writing(uri, embedder="none") as writer:
        assert writer.sweep() == 0
    archive = open_archive(uri)
    assert list(archive.check()) == []
    rows = {row.path: row for row in archive.documents()}
    assert {path: row.status for path, row in rows.items()} == dict.fromkeys(texts, DocumentStatus.INDEXED)
    for path, row in rows.items():
        [page], segments = archive.paper_pages(row.doc_id), archive.segments_of(row.doc_id)
        assert (page.text.strip(), page.text_sha256) == (texts[path], sha256_hex(page.text))
        assert [segment.text for segment in segments] == [texts[path]]
        assert len(segments) == row.segment_count == 1
    assert len(archive.search("ferry passengers", limit=9)) == len(texts)
    archive.close()


TEXTS = {f"{n}.txt": f"Ferry number {n} carried {n}00 passengers." for n in range(1, 4)}


@pytest.mark.parametrize(
    "error", [pytest.param(name, marks=[] if name == "no_space" else pytest.mark.slow) for name in ERRORS]
)
def test_an_ingest_that_cannot_write_says_so_and_the_same_command_completes_it(
    error, programs, world_of, failing_writes, count, figure, tmp_path
):
    documents, command = tmp_path / "documents", world_of(8).command("ingest", tmp_path / "documents")
    documents.mkdir()
    for name, text in TEXTS.items():
        (documents / name).write_text(f"{text}\n", encoding="utf-8")

    def case(at):
        folder = tmp_path / f"case-{at}"
        (folder / "work").mkdir(parents=True)
        uri, failing = str(folder / "work" / "archive.lancedb"), Failing(failing_writes, error, at)
        words = [*command, "--archive", uri, "--embedder", "none", "--workers", "1", "-q"]
        code, said = programs.ended(words, folder, **failing.environment(folder))
        failed = (folder / "failed").exists()
        refused(code, said, failing)
        assert failed or code == 0, said
        try:
            open_archive(uri).close()
        except MissingArchiveError:
            assert code == 75
        code_again, said = programs.ended(words, folder)
        assert code_again == 0, said
        check_archive(uri, TEXTS)
        shutil.rmtree(folder)
        return code if failed else None

    codes = sweep(case, count, [71] if error == "io_error_once" else [150])
    figure(
        f"{sum(codes.values())} writes failed, one in each ingest; exit codes {dict(codes)}; all completed, all clean"
    )
    assert codes[75] > 0


@pytest.mark.parametrize(
    "error", [pytest.param(name, marks=[] if name == "io_error_once" else pytest.mark.slow) for name in ERRORS]
)
def test_a_run_that_cannot_write_says_so_and_the_same_command_completes_it(
    error, programs, world_of, serving, failing_writes, count, figure, results_of, tmp_path
):
    """Archive, run and reply cache are on the disk that fails; reading an archive goes on without it, and so does
    a run without its cache."""
    world = world_of(8)
    with serving(world, 0.0) as endpoint:

        def command(folder):
            words = world.command("run", world.questions, "--archive", folder / "work" / "archive.lancedb")
            words += ["--limit", "3", "-o", folder / "work" / "run", "-q", "--concurrency", "1"]
            return [str(w) for w in [*words, "--model", "loopback", "--base-url", endpoint.base_url]]

        def place(name):
            folder = tmp_path / name
            shutil.copytree(world.archive, folder / "work" / "archive.lancedb")
            return folder

        folder = place("unbroken")
        assert programs.ended(command(folder), folder) == (0, "")
        unbroken = results_of(folder / "work" / "run")

        def case(at):
            folder, failing = place(f"case-{at}"), Failing(failing_writes, error, at)
            more = {"XDG_CACHE_HOME": str(folder / "work" / "cache")}
            code, said = programs.ended(command(folder), folder, **failing.environment(folder), **more)
            failed = (folder / "failed").exists()
            refused(code, said, failing)
            assert failed or code == 0, said
            code_again, said = programs.ended(command(folder), folder, **more)
            assert code_again == 0, said
            assert results_of(folder / "work" / "run") == unbroken
            assert not list((folder / "work" / "run").rglob("*.tmp"))
            journal = (folder / "work" / "run" / "journal.jsonl").read_bytes()
            assert journal.count(b"\n") == 3
            shutil.rmtree(folder)
            return code if failed else None

        codes = sweep(case, count, [30])
    figure(f"{sum(codes.values())} writes failed, one in each run; exit codes {dict(codes)}; all completed, rows equal")
