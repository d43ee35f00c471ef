"""The template, styles and script of the report, as they stand in the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def asset(name: str) -> str:
    """A file's text, without blanks around it."""
    return (FOLDER / name).read_text(encoding="utf-8").strip()
