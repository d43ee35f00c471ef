"""The words a model is given, as data files beside this one, with a version for the manifest."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PROMPTS_VERSION = "5"


@cache
def prompt(name: str) -> str:
    """The text of a prompt file, without the newline at its end."""
    return files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")
