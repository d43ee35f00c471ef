"""Programs that docpager starts where they are installed: pandoc and tesseract. No other module starts any."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.readers.composer import one_line

_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class OptionalProgram:
    """A program that some formats need, what it is for and how it comes onto a machine."""

    name: str
    purpose: str
    install: str


PANDOC = OptionalProgram("pandoc", "RTF, ODT and other formats", "pip install 'docpager[pandoc]', or a pandoc on PATH")
TESSERACT = OptionalProgram("tesseract", "OCR of scanned pages and pictures", "apt-get install tesseract-ocr, or alike")
PROGRAMS = (PANDOC, TESSERACT)


@functools.cache
def find_program(name: str) -> str | None:
    """Where a program is: on PATH, or within the package that brings it; None where it is not."""
    return shutil.which(name) or (_packaged_pandoc() if name == PANDOC.name else None)


def _packaged_pandoc() -> str | None:
    # Only looked up: what the package itself would do is start pandoc, and a search in the home folder.
    try:
        spec = importlib.util.find_spec("pypandoc")
    except (ImportError, ValueError):
        return None
    for folder in spec.submodule_search_locations or () if spec else ():
        found = shutil.which(str(Path(folder) / "files" / "pandoc"))
        if found:
            return found
    return None


def program_version(name: str) -> str | None:
    """The first line of what ``--version`` says; None where the program is missing or does not start."""
    if find_program(name) is None:
        return None
    try:
        said = run_program(name, ["--version"], b"", seconds=10)
    except (DocumentError, OSError):
        return None
    return one_line(said.decode("utf-8", "replace").split("\n")[0]) or None


def run_program(
    name: str, arguments: Sequence[str], data: bytes, *, seconds: float, variables: Mapping[str, str] | None = None
) -> bytes:
    """Runs a program that reads ``data`` from stdin, and returns its stdout; documents are never named to it.

    Raises ``DocumentError`` with what it says where it fails, ``LimitExceededError`` where it takes longer.
    """
    program = find_program(name)
    if program is None:
        raise DocumentError(f"{name} is not installed.")
    environment = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
    environment |= {"LC_ALL": "C.UTF-8", **(variables or {})}
    try:
        ended = subprocess.run(  # noqa: S603 - a program of the table above, without a shell
            [program, *arguments], input=data, capture_output=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LimitExceededError(f"{name} took longer than {seconds:.0f} s.") from error
    if ended.returncode:
        said = one_line(ended.stderr.decode("utf-8", "replace"))[-300:]
        raise DocumentError(f"{name} ended with exit code {ended.returncode}: {said or 'it says nothing'}")
    return ended.stdout
