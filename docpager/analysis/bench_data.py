"""Reads the files that a benchmark brings: records of JSON lines with the fields it needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, QuestionFileError


def data_file(folder: Path, *names: str) -> Path:
    """The first of the named files or folders that is there; raises ``MissingInputError`` where none is."""
    if not folder.is_dir():
        raise MissingInputError(f"There is no folder {folder}. Name the folder that holds {' or '.join(names)}.")
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise MissingInputError(f"{folder} holds no {' or '.join(names)}.")


def json_records(path: Path, fields: Sequence[str]) -> list[dict[str, Any]]:
    """The records of a file of JSON lines, each with at least these fields; raises ``QuestionFileError``."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise QuestionFileError(f"Line {number} of {path} is no JSON: {error}") from None
        missing = [name for name in fields if not isinstance(record, dict) or name not in record]
        if missing:
            raise QuestionFileError(f"Line {number} of {path} has no {', '.join(missing)}.")
        records.append(record)
    if not records:
        raise QuestionFileError(f"{path} holds no records.")
    return records
