"""Where a command's words go: data to stdout, messages to stderr."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click

LOG_FORMATS = ("text", "json")


class ConsoleLog(logging.Handler):
    """What modules log becomes a command's messages."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one message."""
        self._console.warn(record.getMessage())


@dataclass
class Console:
    """The two streams of a command, and how much it may say."""

    quiet: bool = False
    debug: bool = False
    log_format: str = LOG_FORMATS[0]
    """How messages are written: text, or json for machines."""

    def say(self, message: str = "", **facts: object) -> None:
        """A message to the person: stderr, unless ``--quiet``. ``facts`` go beside it into JSON."""
        if not self.quiet:
            self._tell("info", message, facts)

    def warn(self, message: str) -> None:
        """A message nobody may miss: stderr, always."""
        self._tell("error" if message.startswith("Error: ") else "warning", message, {})

    def _tell(self, level: str, message: str, facts: Mapping[str, object]) -> None:
        if self.log_format == "json":
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            message = json_line({"at": at, "level": level, "message": message, **facts})
        click.echo(message, err=True)

    def put(self, text: str = "") -> None:
        """Data: stdout."""
        click.echo(text)

    def put_json(self, record: Any) -> None:
        """A record as one JSON line on stdout."""
        click.echo(json_line(record))

    def put_table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table on stdout: columns as wide as they need, numbers to the right, the last one cut to the terminal."""
        body = [[_cell(value) for value in row] for row in rows]
        numeric = [all(_is_number(row[n]) for row in body) and bool(body) for n in range(len(heads))]
        widths = [max(len(line[n]) for line in [list(heads), *body]) for n in range(len(heads))]
        room = shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else None
        for line in [list(heads), *body]:
            cells = [
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(line, widths, numeric, strict=True)
            ]
            click.echo("  ".join(cells).rstrip()[:room])


def json_line(record: Any) -> str:
    """A record as one line of JSON."""
    value = asdict(record) if is_dataclass(record) and not isinstance(record, type) else record
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return " ".join(str(value).split())


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(",", "").replace(".", "", 1).lstrip("-").isdigit()


def plural(count: int, noun: str, plural_noun: str | None = None) -> str:
    """``1 page``, ``2,036 pages``."""
    return f"{count:,} {noun if count == 1 else plural_noun or noun + 's'}"


def duration(seconds: float) -> str:
    """``4.2 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def dollars(cost: float | None) -> str:
    """A cost in US dollars; unknown is said, never shown as nothing."""
    return "cost unknown" if cost is None else f"${cost:,.4f}"
