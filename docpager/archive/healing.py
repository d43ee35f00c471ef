"""What a failed write or a power cut can leave: a newest manifest that is not whole, with which a table never opens."""

from __future__ import annotations

import logging
from pathlib import Path

from docpager.archive.durability import is_whole
from docpager.archive.ledger import Ledger
from docpager.archive.locking import FolderLock
from docpager.archive.schemas import DOCUMENTS, PAGES, SEGMENTS
from docpager.archive.tables import GENERATION_FILE, archive_folder, is_archive, recorded_generation
from docpager.errors import MissingArchiveError

_MAGIC = b"LANC"
"""The last bytes of every whole manifest."""
_LAST_VERSION = 2**64 - 1
_log = logging.getLogger(__name__)


def heal(uri: str, wait_seconds: float = 0) -> None:
    """Sets damaged manifests aside; raises ``LockedError`` while another process writes the archive."""
    if not is_archive(uri):
        raise MissingArchiveError(uri)
    folder = archive_folder(uri)
    lock = FolderLock(folder, f"The archive at {uri}", wait_seconds=wait_seconds)
    try:
        set_damaged_manifests_aside(folder)
    finally:
        lock.close()


def set_damaged_manifests_aside(folder: Path) -> None:
    """Takes manifests that are not whole, or not as they were written, out of the way: of the newest version, so that
    the one before is the newest; of older ones, because they would stop the next clean-up.

    Only for the one writer. A table's only manifest is taken too where the archive was never whole: it is made again.
    """
    ledger = Ledger(folder)
    was_whole = (folder / GENERATION_FILE).exists()
    for name in (DOCUMENTS, PAGES, SEGMENTS):
        manifests = list((folder / f"{name}.lance" / "_versions").glob("*.manifest"))
        damaged = [manifest for manifest in manifests if _is_damaged(manifest, ledger)]
        if was_whole and len(damaged) == len(manifests):
            continue
        for manifest in damaged:
            _log.warning("A version of %s was not written whole and is set aside: %s", name, manifest)
            manifest.rename(manifest.with_suffix(".damaged"))
    ledger.drop_gone()  # the next version will have the name of the newest


def is_half_made(folder: Path) -> bool:
    """Whether a power cut came while the archive was made: a table is missing, and nothing was ever written."""
    if (folder / GENERATION_FILE).exists():
        return False
    manifests = {name: _manifests(folder, name) for name in (DOCUMENTS, PAGES, SEGMENTS)}
    return len(manifests[DOCUMENTS]) <= 1 and not all(manifests.values())


def take_back_broken_writes(uri: str) -> None:
    """Drops what was written after the last whole generation. Only for the one writer.

    Of a write that a kill or a power cut broke off, what reached the disk and what did not cannot be told apart. Where
    a version of that generation is no longer there, only files without an end are dropped.
    """
    folder, generation = archive_folder(uri), recorded_generation(uri)
    if generation is not None:
        whole = dict(zip((DOCUMENTS, PAGES, SEGMENTS), map(int, generation.split("."))))
        manifests = {name: _manifests(folder, name) for name in whole}
        later = [path for name, found in manifests.items() for version, path in found.items() if version > whole[name]]
        if later and all(whole[name] in manifests[name] for name in whole):
            _log.warning("The last write to %s was broken off and is taken back", folder)
            for path in later:
                path.unlink()
    ledger = Ledger(folder)
    for path in (folder / name for name in ledger.unrecorded()):
        if not is_whole(path):
            path.unlink()
    ledger.drop_gone()


def _manifests(folder: Path, name: str) -> dict[int, Path]:
    """The manifests of a table by version; LanceDB names them by what is left of 2 ** 64."""
    found = (folder / f"{name}.lance" / "_versions").glob("*.manifest")
    return {_LAST_VERSION - int(path.stem): path for path in found if path.stem.isdigit()}


def damaged_head(folder: Path) -> str | None:
    """The newest manifest that is not as it was written, by its path below the folder."""
    ledger = Ledger(folder)
    for name in (DOCUMENTS, PAGES, SEGMENTS):
        # Lance counts manifests down, so that the newest comes first.
        manifest = min((folder / f"{name}.lance" / "_versions").glob("*.manifest"), default=None)
        if manifest is not None and ledger.is_damaged(manifest):
            return manifest.relative_to(folder).as_posix()
    return None


def _is_damaged(manifest: Path, ledger: Ledger) -> bool:
    return not manifest.read_bytes().endswith(_MAGIC) or ledger.is_damaged(manifest)
