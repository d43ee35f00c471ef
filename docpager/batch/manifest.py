"""What a run is: its identity, and ``manifest.json``, which says how it was made and how it stands."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from docpager import __version__
from docpager.batch.disk import telling_what_cannot_be_written, write_whole
from docpager.batch.rows import RunFacts
from docpager.errors import DocpagerError, MissingInputError
from docpager.records import sha256_hex
from docpager.redaction import header_without_value, without_secrets
from docpager.settings import AgentSettings, ConnectionSettings, settings_sha256

MANIFEST_NAME = "manifest.json"
_SECRET_NAME = re.compile(r"(^|_)(key|secret|password|passwd|credential|credentials|token|authorization)($|_)", re.I)


class RunState(StrEnum):
    """How a run stands. One that says ``running`` without anyone holding its lock was killed."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Everything that can change a run's answers. Two runs of one identity are the same run."""

    questions_sha256: str
    settings: AgentSettings
    prompts_version: str
    archive_uri: str
    archive_generation: str
    embedder: str
    for_each: str | None = None
    where: str | None = None
    connection: ConnectionSettings | None = None
    """How the model was reached; told in the manifest, and no part of the identity."""

    @property
    def sha256(self) -> str:
        """Names the identity."""
        return sha256_hex(json.dumps(self.parts(), sort_keys=True, default=str))

    def parts(self) -> dict[str, Any]:
        """The identity's parts by name, settings among them under their own names, nothing secret."""
        parts = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("settings", "connection")}
        # What a run does not use is no part of it, so that runs keep their identity when a way to run is added.
        parts = {name: value for name, value in parts.items() if value is not None}
        return {**parts, "archive_uri": without_secrets(self.archive_uri), **printable(asdict(self.settings))}


def differing_parts(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """The parts in which two identities differ, as ``model (gpt-x there, extractive here)``."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    return [_difference(name, theirs, ours) for name in names if theirs.get(name) != ours.get(name)]


def _difference(name: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    if name.endswith("_sha256"):
        return name.removesuffix("_sha256")
    return f"{name} ({theirs.get(name)} there, {ours.get(name)} here)"


@dataclass(slots=True)
class Manifest:
    """The contents of ``manifest.json``. ``save`` replaces the file whole."""

    run_id: str
    identity: str
    identity_parts: dict[str, Any]
    settings: dict[str, dict[str, Any]]
    settings_sha256: str
    archive: str
    archive_generation: str
    model: str
    question_file: dict[str, Any]
    started_at: str
    state: str = RunState.RUNNING
    exit_code: int | None = None
    finished_at: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    """Answer rows by exit_status."""
    usage: dict[str, float | None] = field(default_factory=dict)
    """Sums over all answer rows; null where nothing is known."""
    autonomy: dict[str, int] = field(default_factory=dict)
    """Answer rows by who steered: the model (full), or the built-in reader for it (assisted)."""
    sittings: list[dict[str, Any]] = field(default_factory=list)
    """One for each process that worked on the run: when, how many questions it asked, how it ended."""
    since: str | None = None
    """The run's folder that answers were carried over from, where they were."""
    paths: dict[str, str] = field(default_factory=dict)
    """The run's files, relative to its folder."""
    docpager_version: str = __version__
    python: str = field(default_factory=lambda: sys.version.split()[0])
    platform: str = field(default_factory=platform.platform)

    def save(self, folder: Path) -> None:
        """Writes or replaces the manifest of a run's folder."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False, default=str)
        with telling_what_cannot_be_written(folder):
            write_whole(folder / MANIFEST_NAME, text.encode("utf-8", "replace") + b"\n")

    @property
    def facts(self) -> RunFacts:
        """What every row says about the run."""
        return RunFacts(self.run_id, self.settings_sha256, self.archive, self.archive_generation, self.model)

    @property
    def footer(self) -> dict[str, str]:
        """The metadata in the footer of the run's Parquet files."""
        from docpager.batch.columns import SCHEMA_VERSION

        return {
            "docpager.schema_version": SCHEMA_VERSION,
            "docpager.version": self.docpager_version,
            "docpager.run_id": self.run_id,
            "docpager.settings_sha256": self.settings_sha256,
            "docpager.archive_generation": self.archive_generation,
        }


def new_manifest(
    run_id: str, identity: RunIdentity, question_file: Mapping[str, Any], run_settings: Any, started_at: datetime
) -> Manifest:
    """The manifest of a run that begins."""
    return Manifest(
        run_id=run_id,
        identity=identity.sha256,
        identity_parts=identity.parts(),
        settings=_settings(agent=identity.settings, run=run_settings, connection=identity.connection),
        settings_sha256=settings_sha256(identity.settings),
        archive=without_secrets(identity.archive_uri),
        archive_generation=identity.archive_generation,
        model=identity.settings.model,
        question_file=dict(question_file),
        started_at=timestamp(started_at),
    )


def _settings(**records: Any) -> dict[str, dict[str, Any]]:
    return {name: printable(asdict(record)) for name, record in records.items() if record is not None}


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a folder; raises ``MissingInputError`` where there is none, ``DocpagerError`` if damaged."""
    path = folder / MANIFEST_NAME
    try:
        values = json.loads(path.read_bytes())
        known = {f.name for f in fields(Manifest)}
        return Manifest(**{name: value for name, value in values.items() if name in known})
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingInputError(f"{folder} is no run: it has no {MANIFEST_NAME}.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DocpagerError(f"Cannot read {path}: {error}. Run with --fresh to start this run over.") from error


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON holds them, every secret replaced by ``***``."""
    return {name: _printable(name, value) for name, value in settings.items()}


def _printable(name: str, value: Any) -> Any:
    if name == "header":
        return [header_without_value(header) for header in value]
    if name == "extra_body" and isinstance(value, str):
        return _printable_json(value)
    if _SECRET_NAME.search(name) and isinstance(value, str) and value:
        return "***"
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Sequence):
        return [_printable(name, item) for item in value]
    return printable(value) if isinstance(value, Mapping) else value


def _printable_json(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(_printable("", value), ensure_ascii=False)
