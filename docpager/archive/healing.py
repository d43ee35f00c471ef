"""What a failed write or a power cut can leave: a newest manifest that is not whole, with which a table never opens."""

from __future__ import annotations

import logging
from pathlib import Path

from docpager.archive.ledger import Ledger
from docpager.archive.locking import FolderLock
from docpager.archive.schemas import DOCUMENTS, PAGES, SEGMENTS
from docpager.archive.tables import GENERATION_FILE, archive_folder, is_archive
from docpager.errors import MissingArchiveError

_MAGIC = b"LANC"
"""The last bytes of every whole manifest."""
_log = logging.getLogger(__name__)


def heal(uri: str, wait_seconds: float = 0) -> None:
    """Sets damaged manifests aside; raises ``LockedError`` while another process writes the archive."""
    if not is_archive(uri):
        raise MissingArchiveError(uri)
    folder = archive_folder(uri)
    lock = FolderLock(folder, f"The archive at {uri}", wait_seconds=wait_seconds)
    try:
        set_damaged_heads_aside(folder)
        ledger = Ledger(folder)
        for manifest in folder.glob("*.lance/_versions/*.manifest"):
            if _is_damaged(manifest, ledger):  # of an older version, that nobody can read
                manifest.rename(manifest.with_suffix(".damaged"))
        ledger.drop_gone()
    finally:
        lock.close()


def set_damaged_heads_aside(folder: Path) -> None:
    """Takes newest manifests that are not whole, or not as they were written, out of the way: the version before is
    then the newest.

    Only for the one writer. An only manifest is taken too where the archive was never whole: it is made again.
    """
    ledger = Ledger(folder)
    was_whole = (folder / GENERATION_FILE).exists()
    for name in (DOCUMENTS, PAGES, SEGMENTS):
        # Lance counts manifests down, so that the newest comes first.
        manifests = sorted((folder / f"{name}.lance" / "_versions").glob("*.manifest"))
        while manifests and _is_damaged(manifests[0], ledger) and (len(manifests) > 1 or not was_whole):
            damaged = manifests.pop(0)
            _log.warning("The newest version of %s was not written whole and is set aside: %s", name, damaged)
            damaged.rename(damaged.with_suffix(".damaged"))
    ledger.drop_gone()  # the next version will have the same name


def damaged_head(folder: Path) -> str | None:
    """The newest manifest that is not as it was written, by its path below the folder."""
    ledger = Ledger(folder)
    for name in (DOCUMENTS, PAGES, SEGMENTS):
        manifest = min((folder / f"{name}.lance" / "_versions").glob("*.manifest"), default=None)
        if manifest is not None and ledger.is_damaged(manifest):
            return manifest.relative_to(folder).as_posix()
    return None


def _is_damaged(manifest: Path, ledger: Ledger) -> bool:
    return not manifest.read_bytes().endswith(_MAGIC) or ledger.is_damaged(manifest)
