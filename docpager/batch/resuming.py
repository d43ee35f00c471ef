"""A run that was interrupted goes on with the generation of the archive that it started with, while there is one."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from docpager.batch.locking import FolderLock
from docpager.batch.manifest import MANIFEST_NAME, Manifest, RunIdentity, RunState, read_manifest
from docpager.batch.run_folder import OUTPUTS
from docpager.errors import DocpagerError, LockedError, MissingInputError
from docpager.protocols import Archive
from docpager.records import hex_id
from docpager.settings import RunSettings

_log = logging.getLogger(__name__)

Opened = TypeVar("Opened", bound=Archive)


def refuse_at_work(
    identity: RunIdentity, settings: RunSettings, generation: str | None, outputs: Path = OUTPUTS
) -> None:
    """Raises ``LockedError`` where another process works on the run that the settings mean, unless it is waited for.

    Asks for no more of the archive than its newest generation's name: what is slow to load is not needed for a refusal.
    """
    if settings.lock_wait_seconds:
        return
    for folder, manifest in _unfinished(identity, settings, outputs):
        if manifest.state == RunState.RUNNING and (settings.output or manifest.archive_generation == generation):
            with suppress(OSError):
                FolderLock(folder, f"The run {folder}").release()


@contextmanager
def alone(identity: RunIdentity, settings: RunSettings, generation: str | None) -> Iterator[None]:
    """Until the end of the block, an identical run on this machine raises ``LockedError``, before what is slow to load.

    The lock on the run's folder is what keeps two from one run; this one only tells sooner, where they start together.
    """
    if settings.lock_wait_seconds or (settings.fresh and settings.output is None):
        yield
        return
    folder = Path(tempfile.gettempdir()) / f"docpager-{os.getuid()}"
    place = str(Path(settings.output or OUTPUTS).resolve())
    name = f"run-{hex_id(identity.sha256, generation or '', place)}.lock"
    lock = None
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = FolderLock(folder, f"The run {settings.output or 'of these questions'}", name=name)
    try:
        yield
    finally:
        if lock is not None:
            (folder / name).unlink(missing_ok=True)
            lock.release()


def as_it_began(
    identity: RunIdentity,
    settings: RunSettings,
    archive: Opened,
    open_at: Callable[[str], Opened],
    outputs: Path = OUTPUTS,
) -> tuple[RunIdentity, Opened]:
    """The identity and the archive of the unfinished run that the settings mean, where only the generation differs.

    Else what was given, and so where that run is still at work or its generation gone: a run of another generation is
    another run.
    """
    found = sorted(_unfinished(identity, settings, outputs), key=lambda run: run[1].started_at)
    if not found or found[-1][1].archive_generation == identity.archive_generation:
        return identity, archive
    folder, manifest = found[-1]
    try:
        FolderLock(folder, f"The run {folder}").release()
        earlier = open_at(manifest.archive_generation)
    except (LockedError, OSError, MissingInputError):  # still at work, not ours to write, or what it read is gone
        return identity, archive
    _log.warning(
        "%s goes on with the archive as it was when the run began (generation %s, not %s). "
        "--fresh, or the next run, reads what was ingested since.",
        folder,
        manifest.archive_generation,
        identity.archive_generation,
    )
    return replace(identity, archive_generation=manifest.archive_generation), earlier


def _unfinished(identity: RunIdentity, settings: RunSettings, outputs: Path) -> Iterator[tuple[Path, Manifest]]:
    """Unfinished runs of this identity, of whatever generation."""
    if settings.fresh:
        return
    folders = [p.parent for p in outputs.glob(f"*/{MANIFEST_NAME}")] if settings.output is None else []
    for folder in [Path(settings.output)] if settings.output is not None else folders:
        try:
            manifest = read_manifest(folder)
        except DocpagerError:
            continue
        parts = manifest.identity_parts  # of the same archive, so its embedder is the same
        same = replace(identity, archive_generation=manifest.archive_generation, embedder=parts.get("embedder", ""))
        if manifest.state != RunState.FINISHED and manifest.identity == same.sha256:
            yield folder, manifest
