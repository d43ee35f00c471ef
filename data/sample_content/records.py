"""The collection's records: the maintenance log, the lost-property register and the customers' messages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

DATA = Path(__file__).resolve().parent / "sources" / "logs"

TABLES = {
    "logs/maintenance-log-2024.csv": "maintenance-log-2024.txt",
    "logs/lost-property-2024.csv": "lost-property-2024.txt",
}
FEEDBACK_FIELDS = ("id", "date", "route", "sender", "text")


def write_records(folder: Path) -> None:
    """Writes the CSV and JSONL files below ``folder``."""
    for target, source in TABLES.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        with (folder / target).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(_rows(DATA / source))
    (folder / "feedback").mkdir(parents=True, exist_ok=True)
    with (folder / "feedback" / "messages-2024.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        for row in _rows(DATA / "messages-2024.txt"):
            stream.write(json.dumps(dict(zip(FEEDBACK_FIELDS, row, strict=True)), ensure_ascii=False) + "\n")


def _rows(path: Path) -> list[list[str]]:
    """Fields parted by bars; a line without one continues the line before it."""
    rows: list[list[str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) > 1:
            rows.append(fields)
        elif line.strip():
            rows[-1][-1] += " " + line.strip()
    return rows
