"""The folder of a run: found or made, locked, and read back.

Without ``--output`` the newest unfinished run of the same identity is continued, else a new one is made. With it, the
folder holds this identity's run or none; ``--fresh`` starts over.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docpager.batch.columns import TABLES
from docpager.batch.disk import telling_what_cannot_be_written, write_whole
from docpager.batch.journal import JOURNAL_NAME
from docpager.batch.locking import LOCK_NAME, FolderLock
from docpager.batch.manifest import (
    MANIFEST_NAME,
    Manifest,
    RunIdentity,
    RunState,
    differing_parts,
    new_manifest,
    read_manifest,
)
from docpager.batch.question_files import QuestionFile
from docpager.batch.run_notes import NOTES_NAME
from docpager.errors import DocpagerError, LockedError, MissingInputError, UsageError
from docpager.records import hex_id
from docpager.settings import RunSettings

OUTPUTS = Path("outputs")
TRANSCRIPTS_NAME = "transcripts"
_OURS = re.compile(
    rf"(\..*\.tmp|questions\..*|report\.(html|files)|{LOCK_NAME}|{MANIFEST_NAME}|{JOURNAL_NAME}|{NOTES_NAME}|.*\.parquet)"
)
_CHOOSING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's folder, locked for this process, with the manifest that says how the run stands."""

    path: Path
    manifest: Manifest
    lock: FolderLock
    resumed: bool
    """The run was begun by an earlier process."""

    @property
    def finished_exit_code(self) -> int | None:
        """The exit code of a run that is finished and whole; None where there is work to do."""
        whole = all((self.path / f"{table}.parquet").exists() for table in TABLES)
        return self.manifest.exit_code if whole and self.manifest.state == RunState.FINISHED else None


@contextmanager
def open_run_folder(
    question_file: QuestionFile, identity: RunIdentity, settings: RunSettings, outputs: Path = OUTPUTS
) -> Iterator[RunFolder]:
    """The folder of the run asked for, locked until the end of the block.

    Raises ``LockedError`` while another process works in it, and ``UsageError`` for a folder that holds a run of
    another identity, or something else.
    """
    started_at = datetime.now(UTC)
    if settings.output is None:
        folder = _choose(question_file, identity, settings, outputs, started_at)
    else:
        folder = _named(Path(settings.output), question_file, identity, settings, started_at)
    with folder.lock:
        _keep_questions(folder, question_file)
        yield folder


def resolve_run(run: str | Path, outputs: Path = OUTPUTS) -> Path:
    """The folder of a run given by its path, or by its name under ``outputs``; raises ``MissingInputError``."""
    for folder in (Path(run), outputs / run):
        if (folder / MANIFEST_NAME).exists():
            return folder
    if Path(run).is_dir():
        raise MissingInputError(f"{run} is no run: it has no {MANIFEST_NAME}.")
    raise MissingInputError(f"There is no run {run}, nor {outputs / run}.")


def _choose(
    question_file: QuestionFile, identity: RunIdentity, settings: RunSettings, outputs: Path, started_at: datetime
) -> RunFolder:
    with telling_what_cannot_be_written(outputs):
        outputs.mkdir(parents=True, exist_ok=True)
    # Two commands at once choose one after the other, so that the second sees the first one's run.
    with FolderLock(outputs, str(outputs), wait_seconds=_CHOOSING_SECONDS):
        unfinished = None if settings.fresh else _newest(outputs, identity, finished_too=bool(settings.retry))
        if unfinished is None:
            folder = _new_name(outputs, question_file.stem, started_at)
            return _begun(folder, question_file, identity, settings, started_at)
        if not settings.lock_wait_seconds:
            return _continued(unfinished, _locked(unfinished, settings))
    return _continued(unfinished, _locked(unfinished, settings))  # other runs may begin while this one waits


def _newest(outputs: Path, identity: RunIdentity, *, finished_too: bool) -> Path | None:
    found: list[tuple[str, Path]] = []
    for path in outputs.glob(f"*/{MANIFEST_NAME}"):
        try:
            manifest = read_manifest(path.parent)
        except DocpagerError:
            continue
        if manifest.identity == identity.sha256 and (finished_too or manifest.state != RunState.FINISHED):
            found.append((manifest.started_at, path.parent))
    return max(found)[1] if found else None


def _new_name(outputs: Path, stem: str, started_at: datetime) -> Path:
    safe = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:80] or "questions"
    name = f"{safe}-{started_at:%Y%m%dT%H%M%SZ}"
    candidates = (outputs / (name if n == 1 else f"{name}-{n}") for n in range(1, 10_000))
    return next(folder for folder in candidates if not folder.exists())


def _named(
    folder: Path, question_file: QuestionFile, identity: RunIdentity, settings: RunSettings, started_at: datetime
) -> RunFolder:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a folder for the run with -o.")
    if not (folder / MANIFEST_NAME).exists():
        _refuse_foreign(folder)
        try:
            return _begun(folder, question_file, identity, settings, started_at)
        except LockedError:
            if not (settings.lock_wait_seconds and (folder / MANIFEST_NAME).exists()):
                raise  # else another process began it in this moment, and is waited for
    lock = _locked(folder, settings)
    try:
        if settings.fresh:
            return _begun(folder, question_file, identity, settings, started_at, lock)
        return _same(folder, identity, lock)
    except BaseException:
        lock.release()
        raise


def _refuse_foreign(folder: Path) -> None:
    foreign = sorted(p.name for p in folder.iterdir() if not _OURS.fullmatch(p.name)) if folder.exists() else []
    if foreign:
        raise UsageError(
            f"{folder} holds no run, but it holds {foreign[0]}"
            f"{f' and {len(foreign) - 1} more' if len(foreign) > 1 else ''}. Name a new folder with -o."
        )


def _same(folder: Path, identity: RunIdentity, lock: FolderLock) -> RunFolder:
    run = _continued(folder, lock)
    if run.manifest.identity != identity.sha256:
        differences = "; ".join(differing_parts(run.manifest.identity_parts, identity.parts())) or "identity"
        raise UsageError(
            f"{folder} holds another run; different: {differences}. "
            "Name another folder with -o, or start this one over with --fresh."
        )
    return run


def _continued(folder: Path, lock: FolderLock) -> RunFolder:
    try:
        manifest = read_manifest(folder)
        if manifest.state != RunState.FINISHED:
            _sweep(folder)
    except BaseException:
        lock.release()
        raise
    return RunFolder(folder, manifest, lock, resumed=True)


def _begun(
    folder: Path,
    question_file: QuestionFile,
    identity: RunIdentity,
    settings: RunSettings,
    started_at: datetime,
    lock: FolderLock | None = None,
) -> RunFolder:
    run_id = hex_id(identity.sha256, started_at.isoformat(), os.getpid(), os.urandom(8).hex())
    copy = f"questions.{question_file.kind}"
    described = {
        "name": Path(question_file.name).name,
        "copy": copy,
        "sha256": question_file.sha256,
        "questions": len(question_file.questions),
    }
    manifest = new_manifest(run_id, identity, described, settings, started_at)
    manifest.paths = {
        "questions": copy,
        "journal": JOURNAL_NAME,
        "notes": NOTES_NAME,
        "transcripts": TRANSCRIPTS_NAME,
    }
    with telling_what_cannot_be_written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = lock or _locked(folder, settings)
        try:
            _refuse_taken(folder, settings)
            # The new manifest comes first: a journal left by the run before names another run_id and no longer counts.
            manifest.save(folder)
            _clear(folder)
        except BaseException:
            lock.release()
            raise
    return RunFolder(folder, manifest, lock, resumed=False)


def _locked(folder: Path, settings: RunSettings) -> FolderLock:
    return FolderLock(folder, f"The run {folder}", wait_seconds=settings.lock_wait_seconds)


def _refuse_taken(folder: Path, settings: RunSettings) -> None:
    # Another process made a run here after this one had looked, and ended before the lock was taken.
    if not settings.fresh and (folder / MANIFEST_NAME).exists():
        raise LockedError(f"The run {folder}", str(folder / LOCK_NAME))


def _keep_questions(run: RunFolder, question_file: QuestionFile) -> None:
    copy = run.path / run.manifest.paths["questions"]
    if not copy.exists():
        with telling_what_cannot_be_written(run.path):
            write_whole(copy, question_file.content)


def _clear(folder: Path) -> None:
    """Removes what an earlier run left: only files that runs write."""
    for name in (TRANSCRIPTS_NAME, "report.files"):
        shutil.rmtree(folder / name, ignore_errors=True)
    kept = {MANIFEST_NAME, LOCK_NAME}
    ours = {JOURNAL_NAME, NOTES_NAME, "report.html", *(f"{table}.parquet" for table in TABLES)}
    for path in folder.iterdir():
        if path.name not in kept and (path.name in ours or path.name.startswith("questions.")):
            path.unlink()
    _sweep(folder)


def _sweep(folder: Path) -> None:
    """Removes what a killed process was writing."""
    for pattern in (".*.tmp", f"{TRANSCRIPTS_NAME}/.*.tmp"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
