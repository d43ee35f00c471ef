"""What a worker process may touch: the document it reads, the libraries it reads it with, its own temporary folder.

Two layers. An audit hook sees what Python code asks for, knows the one document of the moment, and answers with a
message. Below it, seccomp and Landlock hold C libraries to nearly the same (``docpager.ingest.kernel_limits``), where
the kernel offers them. Neither is ever lifted from a process, so only workers are confined, never the main process.
"""

from __future__ import annotations

import os
import shutil
import site
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from docpager.ingest.kernel_limits import deny_calls, deny_paths
from docpager.ingest.readers.programs import PROGRAMS
from docpager.protocols import TokenCounter

TOOLS = tuple(program.name for program in PROGRAMS)
"""The only programs a worker may start."""
_TOOL_FOLDERS = ("TESSDATA_PREFIX",)
"""Variables that name a folder of data which one of them reads."""

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/opt", "/nix/store")
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1")
_SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/openssl.cnf",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/self/maps",
    "/proc/self/stat",
    "/proc/self/status",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
)
_CODE_SUFFIXES = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dll", ".dylib", ".zip", ".egg", ".pth", "/METADATA")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS_SOCKET_CALLS = ("socket.gethostname", "socket.sethostname")
_CHANGES = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
    "os.rename": (0, 1),
    "os.link": (0, 1),
    "os.symlink": (1,),
}
"""Audit events of changes to files, and which of their arguments are paths."""
_STARTS = ("os.fork", "os.forkpty", "os.exec", "os.spawn", "os.system", "pty.spawn", "os.startfile")
_LISTINGS = ("os.listdir", "os.scandir")


@dataclass(frozen=True, slots=True)
class Confinement:
    """Confines a worker process when it starts. Picklable; ``folders`` are those that documents stand in.

    The counter is loaded first, for its ranks may be kept where no reader has any business.
    """

    folders: tuple[str, ...] = ()
    counter: TokenCounter | None = None

    def __call__(self, own_folder: str) -> None:
        """Confines this process for good; in ``own_folder`` it may write."""
        if self.counter is not None:
            self.counter.count("loaded")
        # Looked up now: what a document says must not choose the program.
        tools = tuple(os.path.realpath(found) for tool in TOOLS if (found := shutil.which(tool)))
        libraries = tuple(sorted(_library_folders()))
        code = tuple({os.path.abspath(entry) for entry in sys.path if entry})
        guard = _Guard(_real(own_folder), libraries, code, tools)
        _STATE.guard = guard
        data = filter(None, (os.environ.get(name) for name in _TOOL_FOLDERS))
        readable = (*libraries, *code, *_SYSTEM_FILES, *self.folders, *data)
        deny_paths(readable, (own_folder, os.devnull), (*tools, *_LOADERS, sys.prefix))
        deny_calls()
        sys.addaudithook(guard)


@contextmanager
def reading_only(file: str) -> Iterator[None]:
    """Within, a confined process may read this file; elsewhere it changes nothing."""
    guard = _STATE.guard
    if guard is None:
        yield
        return
    guard.document = os.path.abspath(file)
    try:
        yield
    finally:
        guard.document = ""


class _State:
    """Whether this process is confined, and by what."""

    guard: _Guard | None = None


_STATE = _State()


class _Guard:
    """The audit hook. It is called for all that Python code asks of the system, so the usual comes first."""

    def __init__(self, own_folder: str, libraries: tuple[str, ...], code: tuple[str, ...], tools: tuple[str, ...]):
        self.document = ""
        self._own = own_folder + os.sep
        self._libraries = tuple(folder + os.sep for folder in libraries)
        self._code = tuple(folder + os.sep for folder in code)
        self._tools = tools
        self._checks: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
            "open": self._open,
            "subprocess.Popen": self._start,
            "os.posix_spawn": self._start,
            **dict.fromkeys(_CHANGES, self._change),
            **dict.fromkeys(_STARTS, self._refuse_start),
            **dict.fromkeys(_LISTINGS, self._list),
        }

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        check = self._checks.get(event)
        if check is not None:
            check(event, arguments)
        elif event.startswith("socket.") and event not in _HARMLESS_SOCKET_CALLS:
            self._socket(event, arguments)

    def _open(self, _: str, arguments: tuple[Any, ...]) -> None:
        path = _path(arguments[0])
        if path is None:
            return
        mode, flags = arguments[1], arguments[2]
        is_written = any(sign in mode for sign in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITING)
        if path == os.devnull or self._is_own(path):
            return
        if is_written:
            raise PermissionError(f"A reader tried to write {path!r}; it may write in its temporary folder only.")
        if path == self.document or self._is_library(path):
            return
        raise PermissionError(f"A reader tried to open {path!r}, which is not the document it reads.")

    def _list(self, _: str, arguments: tuple[Any, ...]) -> None:
        path = _path(arguments[0] if arguments and arguments[0] is not None else os.curdir)
        if path is None or self._is_own(path) or (path + os.sep).startswith(self._libraries + self._code):
            return
        raise PermissionError(f"A reader tried to look into {path!r}.")

    def _change(self, event: str, arguments: tuple[Any, ...]) -> None:
        for place in _CHANGES[event]:
            path = _path(arguments[place])
            if path is not None and not self._is_own(path):
                raise PermissionError(f"A reader tried to change {path!r} ({event}).")

    def _start(self, _: str, arguments: tuple[Any, ...]) -> None:
        named = arguments[0] if arguments[0] is not None else next(iter(arguments[1]), "")
        program = shutil.which(os.fsdecode(named)) or os.fsdecode(named)
        is_known = os.path.basename(program) in TOOLS and program.startswith(self._libraries)
        if os.path.realpath(program) not in self._tools and not is_known:
            raise PermissionError(f"A reader tried to start {program!r}; it may start {' and '.join(TOOLS)} only.")

    def _refuse_start(self, event: str, _: tuple[Any, ...]) -> None:
        raise PermissionError(f"A reader tried to start a process ({event}).")

    def _socket(self, event: str, arguments: tuple[Any, ...]) -> None:
        unix = getattr(socket, "AF_UNIX", None)
        if event == "socket.__new__" and len(arguments) > 1 and arguments[1] == unix:
            return
        raise PermissionError(f"A reader tried to use the network ({event}).")

    def _is_own(self, path: str) -> bool:
        if not (path + os.sep).startswith(self._own):
            return False
        return (_real(path) + os.sep).startswith(self._own)  # a link in it may lead out

    def _is_library(self, path: str) -> bool:
        if path.startswith(self._libraries) or path in _SYSTEM_FILES:
            return True
        return path.startswith(self._code) and path.endswith(_CODE_SUFFIXES)


def _library_folders() -> set[str]:
    """Where code and its data are installed; the project's own package, too, wherever it is."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    named = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, package, *_SYSTEM]
    named += [*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()]
    # A prefix may be the root of the file system; what is installed there is found by the other names.
    found = {os.path.abspath(folder) for folder in named} | {_real(folder) for folder in named}
    return {folder for folder in found if folder != os.sep}


def _path(named: Any) -> str | None:
    """An absolute path; None for an open file's descriptor."""
    if isinstance(named, int):
        return None
    return os.path.abspath(os.fsdecode(named))


def _real(path: str) -> str:
    return os.path.realpath(path)
