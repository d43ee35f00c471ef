"""A ``--config`` file: TOML with an ``[ingest]`` and a ``[run]`` table, keys named as the settings' fields."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, UsageError
from docpager.settings import AgentSettings, CacheSettings, ConnectionSettings, IngestSettings, RunSettings

TABLES: dict[str, tuple[type, ...]] = {
    "ingest": (IngestSettings,),
    "run": (AgentSettings, ConnectionSettings, RunSettings, CacheSettings),
}


def read_config(path: Path) -> dict[str, dict[str, Any]]:
    """Every table of the file, empty where it is absent; an unknown table or key is a ``UsageError`` that names it."""
    try:
        loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingInputError(f"No configuration file at {path}.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"Cannot read the configuration file {path}: {error}") from error
    for table, values in loaded.items():
        if table not in TABLES:
            raise UsageError(_unknown("table", f"[{table}]", str(path), table, TABLES))
        if not isinstance(values, Mapping):
            raise UsageError(f"{table} in {path} is not a table. Write [{table}] and its keys below it.")
    return {table: _checked(loaded.get(table, {}), table, path) for table in TABLES}


def _checked(values: Mapping[str, Any], table: str, path: Path) -> dict[str, Any]:
    known = {field.name for record in TABLES[table] for field in fields(record)}
    short = {name.removesuffix("_seconds"): name for name in known}
    checked = {}
    for key, value in values.items():
        name = short.get(key.replace("-", "_"), key)
        if name not in known:
            raise UsageError(_unknown("key", key, f"[{table}] of {path}", key, known))
        checked[name] = value
    several = {f.name for record in TABLES[table] for f in fields(record) if str(f.type).startswith("tuple")}
    return {name: [value] if name in several and isinstance(value, str) else value for name, value in checked.items()}


def _unknown(kind: str, shown: str, where: str, word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=3, cutoff=0.8) or get_close_matches(
        word, list(known), n=3, cutoff=0.5
    )
    advice = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(known))}."
    return f"Unknown {kind} {shown} in {where}. {advice}"
