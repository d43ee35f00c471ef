"""A run that was interrupted goes on with the generation of the archive that it started with, while there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from docpager.batch.manifest import MANIFEST_NAME, Manifest, RunIdentity, RunState, read_manifest
from docpager.batch.run_folder import OUTPUTS
from docpager.errors import DocpagerError, MissingInputError
from docpager.protocols import Archive
from docpager.settings import RunSettings

_log = logging.getLogger(__name__)

Opened = TypeVar("Opened", bound=Archive)


def as_it_began(
    identity: RunIdentity,
    settings: RunSettings,
    archive: Opened,
    open_at: Callable[[str], Opened],
    outputs: Path = OUTPUTS,
) -> tuple[RunIdentity, Opened]:
    """The identity and the archive of the unfinished run that the settings mean, where only the generation differs.

    Else what was given, and so where that generation is gone: a run of another generation is another run.
    """
    found = sorted(_unfinished(identity, settings, outputs), key=lambda run: run[1].started_at)
    if not found or found[-1][1].archive_generation == identity.archive_generation:
        return identity, archive
    folder, manifest = found[-1]
    try:
        earlier = open_at(manifest.archive_generation)
    except MissingInputError:
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
        same = replace(identity, archive_generation=manifest.archive_generation)
        if manifest.state != RunState.FINISHED and manifest.identity == same.sha256:
            yield folder, manifest
