"""Programs that docpager starts where they are installed: pandoc and tesseract. No other module starts any."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.readers.composer import one_line

_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class OptionalProgram:
    """A program that some formats need, what it is for and how it comes onto a machine."""

    name: str
    purpose: str
    install: str
    package: str = ""
    """A Python package that brings it."""


PANDOC = OptionalProgram(
    "pandoc",
    "RST, Org, LaTeX, notebooks and DocBook",
    "pip install 'docpager[pandoc]', or a pandoc on PATH",
    "pypandoc",
)
TESSERACT = OptionalProgram("tesseract", "OCR of scanned pages and pictures", "apt-get install tesseract-ocr, or alike")
PROGRAMS = (PANDOC, TESSERACT)


@functools.cache
def find_program(program: OptionalProgram) -> str | None:
    """Where a program is: within the package that brings it, or on PATH; None where it is not."""
    packaged = (
        shutil.which(str(Path(folder) / "files" / program.name)) for folder in _package_folders(program.package)
    )
    return next(filter(None, packaged), None) or shutil.which(program.name)


def _package_folders(name: str) -> Iterator[str]:
    # Only looked up: what pypandoc itself would do is start pandoc, and a search in the home folder.
    try:
        spec = importlib.util.find_spec(name) if name else None
    except (ImportError, ValueError):
        return
    yield from (spec.submodule_search_locations or ()) if spec else ()


def program_version(program: OptionalProgram) -> str | None:
    """Its name and version; None where the program is missing or does not start."""
    if find_program(program) is None:
        return None
    try:
        said = run_program(program, ["--version"], b"", seconds=10)
    except (DocumentError, OSError):
        return None
    return one_line(said.decode("utf-8", "replace").split("\n")[0]) or None


def run_program(
    wanted: OptionalProgram,
    arguments: Sequence[str],
    data: bytes,
    *,
    seconds: float,
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Runs a program that reads ``data`` from stdin, and returns its stdout; documents are never named to it.

    Raises ``DocumentError`` with what it says where it fails, ``LimitExceededError`` where it takes longer.
    """
    name, program = wanted.name, find_program(wanted)
    if program is None:
        raise DocumentError(f"{name} is not installed.")
    environment = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
    environment |= {"LC_ALL": "C.UTF-8", **(variables or {})}
    with subprocess.Popen(  # noqa: S603 - a program of the table above, without a shell
        [program, *arguments], stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
    ) as process:
        try:
            _limit_cpu_time(process.pid, seconds)
            output, said = process.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise LimitExceededError(f"{name} took longer than {seconds:.0f} s.") from error
        finally:
            process.kill()
    if process.returncode:
        last = one_line(said.decode("utf-8", "replace"))[-300:]
        raise DocumentError(f"{name} ended with exit code {process.returncode}: {last or 'it says nothing'}")
    return output


def _limit_cpu_time(process: int, seconds: float) -> None:
    """Lets the kernel end a program that outlives its worker, where the kernel can (Linux)."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        limit = int(seconds) + 1
        resource.prlimit(process, resource.RLIMIT_CPU, (limit, limit))
