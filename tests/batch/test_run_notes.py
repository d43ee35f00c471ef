"""Both stores of notes behave alike; the one in a run's folder loses nothing it took, and keeps nothing half."""

import json
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from docpager.agent.note_store import MemoryNotes
from docpager.batch.run_notes import NOTES_NAME, RunNotes
from docpager.errors import TemporaryError
from docpager.protocols import NoteStore
from docpager.records import NotedLines, RememberedNote

EVERYTHING = {(f"q{n}", None) for n in range(100)}
AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def note(n: int, text: str = "Harbour dues rose.", quote: str = "“Dues: 12 %”\r\n\u2028", **more) -> RememberedNote:
    lines = (NotedLines(f"s{n}", "d1", "reports/é.txt", 3, 1, 2, quote),)
    return replace(RememberedNote(f"id{n}", f"q{n}", None, 4, text, lines, False, AT), **more)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryNotes()
        return
    with RunNotes(tmp_path, "run-1", set()) as notes:
        yield notes


# What both do


def test_store_is_what_the_agent_asks_for(store):
    assert isinstance(store, NoteStore)


def test_notes_that_share_more_words_come_first_and_of_equals_the_latest(store):
    store.append(
        [note(1, "The Alma sails."), note(2, "The pier was rebuilt."), note(3, "The Alma carried passengers.")]
    )
    store.append([note(4, "An Alma sank.")])
    assert [kept.note_id for kept in store.search("Alma passengers")] == ["id3", "id4", "id1"]


def test_note_is_found_by_the_lines_it_rests_on(store):
    store.append([note(1, "Twelve."), note(2, "Thirteen.", quote="Tolls are free.")])
    assert [kept.note_id for kept in store.search("tolls")] == ["id2"]
    assert store.search("zebra") == []


def test_note_is_kept_once(store):
    store.append([note(1), note(2), note(1)])
    store.append([note(2), note(3)])
    assert [kept.note_id for kept in store.notes] == ["id1", "id2", "id3"]
    store.append([])
    assert len(store.notes) == 3


def test_threads_append_and_search_at_once(store):
    def work(n: int) -> int:
        store.append([note(2 * n), note(2 * n + 1)])
        return len(store.search("harbour dues"))

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(work, range(40)))
    assert sorted(kept.note_id for kept in store.notes) == sorted(f"id{n}" for n in range(80))
    assert max(found) <= 80
    assert all(found)


# What the folder does


def notes_in(folder, finished=EVERYTHING, run_id="run-1") -> list[str]:
    with RunNotes(folder, run_id, finished) as notes:
        return [kept.note_id for kept in notes.notes]


@pytest.fixture
def written(tmp_path):
    """A folder with three notes, and its file."""
    with RunNotes(tmp_path, "run-1", set()) as notes:
        notes.append([note(1), note(2)])
        notes.append([note(3, asked_doc_id="d7", tainted=True)])
    return tmp_path / NOTES_NAME


def test_notes_come_back_as_they_went_in(written, tmp_path):
    with RunNotes(tmp_path, "run-1", {("q1", None), ("q2", None), ("q3", "d7")}) as notes:
        assert notes.notes == (note(1), note(2), note(3, asked_doc_id="d7", tainted=True))


def test_each_note_is_a_line_that_people_can_read(written):
    first, *_ = map(json.loads, written.read_text(encoding="utf-8").split("\n")[:3])
    assert (first["run_id"], first["question_id"], first["text"]) == ("run-1", "q1", "Harbour dues rose.")
    assert first["lines"][0]["doc_path"] == "reports/é.txt"
    assert first["at"] == "2026-01-02T03:04:05.000678+00:00"


def test_no_file_is_made_while_nothing_is_remembered(tmp_path):
    assert notes_in(tmp_path) == []
    with RunNotes(tmp_path, "run-1", set()) as notes:
        notes.append([])
    assert list(tmp_path.iterdir()) == []


def test_notes_of_questions_that_did_not_finish_are_dropped(written, tmp_path):
    assert notes_in(tmp_path, {("q2", None), ("q3", None)}) == ["id2"]
    assert written.read_bytes().count(b"\n") == 1
    with RunNotes(tmp_path, "run-1", {("q2", None)}) as notes:
        notes.append([note(1)])
    assert notes_in(tmp_path) == ["id2", "id1"]


def test_notes_of_another_run_do_not_count(written, tmp_path):
    assert notes_in(tmp_path, run_id="run-2") == []
    assert written.read_bytes() == b""


TAILS = [
    b'{"run_id": "run-1", "note_id"',
    b"\x00" * 700,
    b'{"run_id": "run-1"}\n',
    b"[]\n",
    b'{"run_id": "run-1", "lines": 3, "at": 5}\n',
    b'{"run_id": "run-1", "lines": [{"segment": 1}], "at": ""}\n',
    b"\xff\xfe\n",
    b"\n\n",
]


@pytest.mark.parametrize("tail", TAILS)
def test_damaged_lines_are_dropped_and_the_others_kept(written, tmp_path, tail):
    whole = written.read_bytes()
    first, rest = whole.split(b"\n", 1)
    middle = tail if tail.endswith(b"\n") else b""
    written.write_bytes(first + b"\n" + middle + rest + tail)
    finished = EVERYTHING | {("q3", "d7")}
    assert notes_in(tmp_path, finished) == ["id1", "id2", "id3"]
    assert written.read_bytes() == whole


def test_every_cut_of_the_file_keeps_exactly_the_whole_lines(written, tmp_path):
    whole = written.read_bytes()
    for cut in range(0, len(whole) + 1, 23):
        written.write_bytes(whole[:cut])
        assert len(notes_in(tmp_path, EVERYTHING | {("q3", "d7")})) == whole[:cut].count(b"\n")


def test_text_that_no_encoding_has_does_not_stop_a_run(tmp_path):
    with RunNotes(tmp_path, "run-1", set()) as notes:
        notes.append([note(1, "half a character: \ud83d")])
    assert notes_in(tmp_path) == ["id1"]


def test_notes_that_cannot_be_written_whole_are_not_kept(tmp_path):
    """A real short write: the process may make no file larger than this one is, and a half note."""
    with RunNotes(tmp_path, "run-1", set()) as notes:
        notes.append([note(1)])
        size = (tmp_path / NOTES_NAME).stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, before[1]))
        try:
            with pytest.raises(TemporaryError, match="File too large"):
                notes.append([note(2), note(3)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert [kept.note_id for kept in notes.notes] == ["id1"]
        notes.append([note(2)])
    assert notes_in(tmp_path) == ["id1", "id2"]
