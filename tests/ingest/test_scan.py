"""What is found under the named paths."""

from __future__ import annotations

import os
import socket

import pytest

from docpager.errors import MissingInputError
from docpager.ingest.scan import roots_of, scan


def paths(*named, **options):
    return [source.path for source in scan(named, **options)]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "reports"
    for name in ("b.txt", "a.txt", "sub/c.md", "sub/deeper/d.pdf", "z.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_files_come_in_order_with_paths_relative_to_the_root(folder):
    assert paths(folder) == ["a.txt", "b.txt", "sub/c.md", "sub/deeper/d.pdf", "z.txt"]


def test_a_source_knows_its_root_size_and_time(folder):
    os.utime(folder / "a.txt", ns=(0, 1_700_000_000_123_456_789))
    source = next(scan([folder]))
    assert (source.root, source.collection, source.size_bytes) == (str(folder), "reports", 5)
    assert source.modified_at.isoformat() == "2023-11-14T22:13:20.123456+00:00"


def test_a_named_file_has_its_folder_as_root(folder):
    (source,) = scan([folder / "sub" / "c.md"])
    assert (source.root, source.path) == (str(folder / "sub"), "c.md")


def test_a_file_named_twice_is_found_once(folder):
    assert paths(folder, folder, folder / "a.txt") == paths(folder)
    assert len(roots_of([folder, folder / "a.txt"])) == 1


PATTERNS = [
    ({"include": ["*.md"]}, ["sub/c.md"]),
    ({"include": ["sub/*"]}, ["sub/c.md", "sub/deeper/d.pdf"]),
    ({"include": ["**/a.txt"]}, ["a.txt"]),
    ({"exclude": ["*.txt"]}, ["sub/c.md", "sub/deeper/d.pdf"]),
    ({"include": ["*.txt"], "exclude": ["b*"]}, ["a.txt", "z.txt"]),
    ({"include": ["nothing"]}, []),
]


@pytest.mark.parametrize(("options", "expected"), PATTERNS)
def test_patterns_choose_by_relative_path(folder, options, expected):
    assert paths(folder, **options) == expected


def test_only_plain_visible_files_are_found(folder, tmp_path):
    before = paths(folder)
    for name in (".hidden", "~$a.docx", ".git/config", "archive.lancedb/data.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    (folder / "link.txt").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "fifo.txt")
    with socket.socket(socket.AF_UNIX) as plug:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path must be short
        plug.bind("plug.txt")
        os.chdir(here)
        assert paths(folder) == before


def test_a_name_that_is_not_utf8_is_readable_and_leads_to_its_file(folder):
    file = os.path.join(os.fsencode(folder), b"caf\xe9.txt")
    with open(file, "wb") as opened:
        opened.write(b"x")
    (source,) = scan([folder], include=["caf*"])
    assert source.path == "caf\ufffd.txt"
    assert source.file.read_bytes() == b"x"


def test_deeply_nested_folders_are_walked(tmp_path):
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(60):
            os.mkdir("d" * 10)
            os.chdir("d" * 10)
        with open("end.txt", "w") as opened:
            opened.write("x")
    finally:
        os.chdir(here)
    assert len(paths(tmp_path)) == 1


def test_a_missing_path_is_named_before_anything_is_found(folder, tmp_path):
    with pytest.raises(MissingInputError) as raised:
        next(scan([folder, tmp_path / "nowhere"]))
    assert str(raised.value) == f"Cannot ingest {tmp_path / 'nowhere'}. It is not there."


def test_a_fifo_cannot_be_named(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(MissingInputError, match="It is no file or folder"):
        list(scan([tmp_path / "fifo"]))
