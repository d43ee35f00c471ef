"""Which runs are kept: ``runs prune``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from docpager.batch.locking import LOCK_NAME, FolderLock
from docpager.batch.manifest import MANIFEST_NAME, Manifest, RunState, read_manifest
from docpager.errors import DocpagerError, LockedError


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run's folder and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def stem(self) -> str:
        """The name of its question file without its ending: runs of one schedule share it."""
        return Path(str(self.manifest.question_file.get("name", ""))).stem

    @property
    def state(self) -> str:
        """How it stands now: one that says ``running`` while nobody works in its folder was killed."""
        if self.manifest.state != RunState.RUNNING or not (self.folder / LOCK_NAME).exists():
            return self.manifest.state
        try:
            FolderLock(self.folder, str(self.folder)).release()
        except (LockedError, OSError):
            return RunState.RUNNING
        return RunState.INTERRUPTED


def known_runs(outputs: Path) -> Iterator[KnownRun | DocpagerError]:
    """The runs below a folder, newest first, and what is wrong with those that cannot be read."""
    found: list[KnownRun] = []
    for file in outputs.glob(f"*/{MANIFEST_NAME}"):
        try:
            found.append(KnownRun(file.parent, read_manifest(file.parent)))
        except DocpagerError as error:
            yield error
    yield from sorted(found, key=lambda run: run.manifest.started_at, reverse=True)


def prunable(runs: list[KnownRun], *, keep: int | None, older_than_days: float | None) -> list[KnownRun]:
    """The finished runs that go: beyond the newest ``keep`` of each stem, and older than so many days; both where both.

    ``runs`` are newest first. A run that is not finished stays: the same command continues it.
    """
    before = None if older_than_days is None else datetime.now(UTC) - timedelta(days=older_than_days)
    newest: dict[str, int] = {}
    chosen = []
    for run in runs:
        if run.state != RunState.FINISHED:
            continue
        newest[run.stem] = newest.get(run.stem, 0) + 1
        is_surplus = keep is None or newest[run.stem] > keep
        is_old = before is None or datetime.fromisoformat(run.manifest.started_at) < before
        if is_surplus and is_old:
            chosen.append(run)
    return chosen


def remove_run(run: KnownRun) -> None:
    """Deletes a run's folder; raises ``LockedError`` while a process works in it.

    The manifest goes first: what is left of a removal that was interrupted is no run any more.
    """
    with FolderLock(run.folder, f"The run {run.folder}"):
        (run.folder / MANIFEST_NAME).unlink()
        shutil.rmtree(run.folder)
