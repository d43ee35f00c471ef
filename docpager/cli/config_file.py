"""The text of a ``--config`` file to start from: every setting with its default and its sentence, all commented out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from docpager.cli.options import CHOICES, sentences
from docpager.cli.toml_file import TABLES

HEAD = """\
# Settings of docpager; give this file with --config, or name it in DOCPAGER_CONFIG.
# Each line shows a default. Take the # away from a setting, and from no more than that, to change it.
# Flags win over DOCPAGER_* variables, variables over this file, this file over the defaults."""


def commented_settings() -> str:
    """Every setting below its sentence, by table; as it stands the file changes nothing."""
    tables = ("\n".join([f"[{table}]", *_settings(table)]) for table in TABLES)
    return "\n\n".join([HEAD, *tables]) + "\n"


def _settings(table: str) -> Iterator[str]:
    for record in TABLES[table]:
        for field in fields(record):
            yield f"\n# {sentences(record)[field.name]}"
            if field.name in CHOICES:
                yield f"# One of: {', '.join(CHOICES[field.name]())}."
            yield _default(field)


def _default(field: Field[Any]) -> str:
    # TOML has no word for nothing, so a setting without a default shows its name alone.
    return f"# {field.name} =" if field.default is None else f"# {field.name} = {toml_value(field.default)}"


def toml_value(value: Any) -> str:
    """A setting's value as TOML; whole floats without their point, as in 60."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
