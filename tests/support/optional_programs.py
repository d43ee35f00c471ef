"""Tests with and without the programs that docpager uses where they are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from docpager.ingest.readers.ocr import installed_languages
from docpager.ingest.readers.programs import PANDOC, find_program

needs_pandoc = pytest.mark.skipif(
    find_program(PANDOC) is None, reason="pandoc is not installed: pip install 'docpager[pandoc]'"
)
needs_tesseract = pytest.mark.skipif(
    "eng" not in installed_languages(), reason="Tesseract with English is not installed: apt-get install tesseract-ocr"
)


@contextmanager
def no_programs() -> Iterator[None]:
    """Within, neither pandoc nor Tesseract is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        patch.setitem(sys.modules, "pypandoc", None)
        _forget()
        yield
    _forget()


def _forget() -> None:
    find_program.cache_clear()
    installed_languages.cache_clear()
