"""The SHA-256 of every file of an archive's tables, so that a flipped bit is found wherever it is, indexes included.

LanceDB writes each of its files once and never changes it: a file that no longer has the bytes it was recorded with is
damaged.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docpager.archive.durability import below, write_durably

FILE_NAME = "checksums"
_ENTRY = re.compile(r"([0-9a-f]{64}) ([^\n]+)")
_CHANGING = re.compile(r"/_refs(/|$)|/latest_version_hint\.json$|\.damaged$")
"""Files of a table that are replaced: tags, and a hint that LanceDB does without."""


class Ledger:
    """The checksums of an archive's files; kept as a text file, a line each, that is only appended to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._known = _read(self._path)

    def recorded(self) -> Iterator[str]:
        """The files that are recorded; each was on the disk before."""
        return (str(self._folder / name) for name in self._known)

    def record(self) -> None:
        """Adds the files that are new, on the disk when this returns."""
        lines = [f"{_sha256(path)} {name}\n" for name, path in self._files() if name not in self._known]
        if not lines:
            return
        with self._path.open("a", encoding="utf-8") as file:
            if file.tell() and not _ends_a_line(self._path):
                file.write("\n")  # the last writer was cut off within a line
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        self._known.update(_entries("".join(lines)))

    def drop_gone(self) -> None:
        """Forgets the files that are no longer there."""
        there = {name for name, _ in self._files()}
        if self._known.keys() - there:
            self._known = {name: checksum for name, checksum in self._known.items() if name in there}
            write_durably(self._path, "".join(f"{checksum} {name}\n" for name, checksum in self._known.items()))

    def damaged(self) -> Iterator[str]:
        """The files, by their path below the folder, that are not what they were when they were recorded."""
        for name, path in self._files():
            if name in self._known:
                try:
                    is_whole = _sha256(path) == self._known[name]
                except FileNotFoundError:
                    continue  # cleaned up meanwhile
                except OSError:
                    is_whole = False
                if not is_whole:
                    yield name

    def is_damaged(self, path: Path) -> bool:
        """Whether a file is recorded with other bytes."""
        checksum = self._known.get(path.relative_to(self._folder).as_posix())
        return checksum is not None and checksum != _sha256(path)

    def unrecorded(self) -> list[str]:
        """Files that there is no checksum of."""
        return [name for name, _ in self._files() if name not in self._known]

    def _files(self) -> Iterator[tuple[str, Path]]:
        # As strings: this goes through some thousands of names at each write of a large archive.
        start = len(str(self._folder)) + 1
        for path in below(self._folder):
            name = path[start:]
            if ".lance/" in name and not _CHANGING.search(name) and os.path.isfile(path):
                yield name, Path(path)


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(_entries(path.read_text(encoding="utf-8", errors="replace")))
    except FileNotFoundError:
        return {}


def _entries(text: str) -> Iterable[tuple[str, str]]:
    found = (_ENTRY.fullmatch(line) for line in text.splitlines())
    return ((entry[2], entry[1]) for entry in found if entry is not None)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
