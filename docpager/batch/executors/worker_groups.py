"""What worker processes leave behind: what they started, and their temporary files.

Each worker leads a process group of its own and has a folder named by its process id, so that the parent knows what to
end and what to remove when the worker is gone, however it went.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from docpager.batch.locking import FolderLock
from docpager.errors import LockedError

_PREFIX = "docpager-workers-"
_PR_SET_PDEATHSIG = 1


class WorkerGroups:
    """The workers of one executor, and the folder of their temporary files; made by the parent."""

    def __init__(self) -> None:
        _remove_abandoned()
        self.folder = tempfile.mkdtemp(prefix=_PREFIX)
        self._lock = FolderLock(Path(self.folder), "A worker folder")

    def sweep(self) -> None:
        """Ends what workers that are gone have left running, and removes their files."""
        for name in filter(str.isdigit, os.listdir(self.folder)):
            leader = int(name)
            if not _is_there(leader):
                # Its number stays taken for as long as anything of its group runs: no stranger is hit.
                with contextlib.suppress(OSError):
                    os.killpg(leader, signal.SIGKILL)
                shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)

    def close(self) -> None:
        """The same, once no worker is there any more; then the folder goes, too."""
        with contextlib.suppress(OSError):
            self.sweep()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()


def lead_group(folder: str) -> str:
    """Makes this worker the leader of all it will start; returns its own folder, where temporary files go now."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpgid(0, 0)
        os.register_at_fork(after_in_child=lambda: die_with(os.getppid()))
    own_folder = os.path.join(folder, str(os.getpid()))
    os.mkdir(own_folder)
    tempfile.tempdir = os.environ["TMPDIR"] = own_folder
    return own_folder


def die_with(parent: int) -> None:
    """Ends this process with its parent, where the kernel offers that."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _remove_abandoned() -> None:
    """Folders of parents that were killed: theirs is no lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, LockedError):
            lock = FolderLock(folder, "A worker folder")
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
