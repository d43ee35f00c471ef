"""Names and kinds of files that lead elsewhere, block, or change under the reader's hands: nothing outside is read."""

from __future__ import annotations

import os
import socket
import threading
import time
import unicodedata
from contextlib import contextmanager, suppress

import pytest

from docpager.settings import IngestSettings
from docpager.wiring import ingest_folder, open_archive

OUTSIDE = "The secret of the lighthouse is 4711."
PLAIN_NAMES = [
    "it's.txt",
    'quo"te.txt',
    "100%_off.txt",
    "back\\slash.txt",
    "new\nline.txt",
    "bell\x07.txt",
    "-rf.txt",
    " leading and trailing .txt",
    "\u202egpj.txt",
    "😀.txt",
    unicodedata.normalize("NFC", "café.txt"),
    unicodedata.normalize("NFD", "café.txt"),
    "UPPER.txt",
    "upper.txt",
    "#record.txt",
    "x" * 251 + ".txt",
    "a;b&c|d$(e)`f`.txt",
]


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@pytest.fixture
def folder(tmp_path):
    """One plain file beside everything that is none."""
    root = tmp_path / "folder"
    root.mkdir()
    write(root / "plain.txt", "A plain file.")
    return root


@pytest.fixture
def outside(tmp_path):
    path = tmp_path / "outside" / "secret.txt"
    path.parent.mkdir()
    write(path, OUTSIDE)
    return path


def texts_of(archive):
    return {path: archive.texts(path) for path, row in archive.rows.items() if row.status == "indexed"}


def test_links_pipes_sockets_and_devices_are_passed_by(folder, outside, ingest):
    os.symlink(outside, folder / "link.txt")
    os.symlink(outside.parent, folder / "folder-link")
    os.symlink(folder, folder / "itself")
    os.symlink("b", folder / "a")
    os.symlink("a", folder / "b")
    os.symlink("nowhere.txt", folder / "dangling.txt")
    os.symlink("../outside/secret.txt", folder / "dots.txt")
    os.symlink("/dev/zero", folder / "zero.txt")
    os.symlink("/proc/self/environ", folder / "environ.txt")
    os.mkfifo(folder / "pipe.txt")
    with suppress(PermissionError):
        os.mknod(folder / "device.txt", 0o20600, os.makedev(1, 5))
    with socket.socket(socket.AF_UNIX) as plug:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path must be short
        plug.bind("plug.txt")
        os.chdir(here)
        started = time.monotonic()
        found = ingest(folder)
    assert texts_of(found) == {"plain.txt": "A plain file."}
    assert time.monotonic() - started < 60


def test_any_name_is_read_and_comes_back_as_it_is(folder, ingest):
    for number, name in enumerate(PLAIN_NAMES):
        write(folder / name, f"File number {number}.")
    found = ingest(folder)
    expected = {name: f"File number {number}." for number, name in enumerate(PLAIN_NAMES)}
    assert texts_of(found) == expected | {"plain.txt": "A plain file."}


def test_names_that_are_not_utf8_are_read_each_as_its_own_document(folder, ingest):
    for byte in (b"\xe9", b"\xff", b"\xc3\x28"):
        with open(os.path.join(os.fsencode(folder), b"caf" + byte + b".txt"), "wb") as file:
            file.write(b"Byte " + byte.hex().encode())
    listed = [row for row in ingest(folder).archive.documents() if row.path.startswith("caf")]
    assert {row.status for row in listed} == {"indexed"}
    assert len({row.doc_id for row in listed}) == 3


def test_a_path_of_more_than_4096_bytes_does_not_stop_the_others(folder, ingest):
    here = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(20):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
        write("end.txt", "At the end.")
    finally:
        os.chdir(here)
    assert texts_of(ingest(folder))["plain.txt"] == "A plain file."


def test_dots_in_the_named_path_lead_to_the_same_documents(folder, ingest):
    found = ingest(folder / ".." / "folder" / "." / ".." / "folder")
    assert list(found.rows) == ["plain.txt"]
    assert found.archive.document(found.rows["plain.txt"].doc_id).root == str(folder)


@contextmanager
def doing(what):
    """Does something again and again beside the block."""
    ended = threading.Event()

    def run():
        number = 0
        while not ended.is_set():
            what(number)
            number += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_files_that_are_written_while_they_are_read_say_so_or_are_one_state(folder, tmp_path):
    """Each text is one of those written, or the row says that the file changed; the next ingest reads what is there."""
    names = [f"live-{n}.txt" for n in range(12)]
    texts = {f"State {n}. " + "words " * (n * 50) for n in range(7)}
    states = sorted(texts)
    for name in names:
        write(folder / name, states[0])

    def change(number):
        write(folder / names[number % len(names)], states[number % len(states)])

    settings = IngestSettings(archive=str(tmp_path / "a.lancedb"), embedder="none", workers=2)
    with doing(change):
        ingest_folder(folder, settings)
    archive = open_archive(settings.archive)
    for row in archive.documents():
        changed = row.error_type == "ChangedDocumentError" and row.status == "failed"
        whole = "".join(page.text for page in archive.paper_pages(row.doc_id))
        assert changed or row.status in ("indexed", "empty", "duplicate"), row
        assert changed or row.path == "plain.txt" or whole in {"", *(text.strip() for text in texts)}
    ingest_folder(folder, settings)
    archive = open_archive(settings.archive)
    statuses = {row.path: row.status.value for row in archive.documents()}
    assert set(statuses.values()) <= {"indexed", "empty", "duplicate"}


def test_files_that_vanish_or_become_links_while_read_never_lead_outside(folder, outside, tmp_path):
    names = [f"live-{n}.txt" for n in range(12)]
    for name in names:
        write(folder / name, "A live file.")

    def replace(number):
        path, beside = folder / names[number % len(names)], folder / ".beside"
        with suppress(OSError):
            os.unlink(path)
        match number % 3:
            case 0:
                os.symlink(outside, beside)
            case 1:
                os.mkfifo(beside)
            case _:
                write(beside, "A live file.")
        os.replace(beside, path)

    settings = IngestSettings(archive=str(tmp_path / "a.lancedb"), embedder="none", workers=2, file_timeout_seconds=10)
    with doing(replace):
        ingest_folder(folder, settings)
    archive = open_archive(settings.archive)
    texts = {page.text for row in archive.documents() for page in archive.paper_pages(row.doc_id)}
    assert texts <= {"A live file.", "A plain file."}
