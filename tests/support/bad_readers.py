"""What a reader that a hostile file has misled may do; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import ctypes
import functools
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from docpager.archive.lance import LanceArchive
from docpager.batch.executors.processes import ProcessExecutor
from docpager.ingest.confinement import Confinement, reading_only
from docpager.ingest.pipeline import ingest
from docpager.models.embedding import NoEmbedder
from docpager.models.tokens import TiktokenCounter
from docpager.peak_memory import peak_memory_mib
from docpager.settings import IngestSettings

_C = ctypes.CDLL(None, use_errno=True)


def hangs(_: str) -> None:
    """With all signals that can be held back held back."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(range(1, 32)) - {signal.SIGALRM})
    while True:
        time.sleep(600)


def eats_memory(_: str) -> None:
    """Past Python's own allocator."""
    while True:
        mapped = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        mapped.write(b"x" * (4 << 20))
        _KEPT.append(mapped)


_KEPT: list[mmap.mmap] = []


def segfaults(_: str) -> None:
    ctypes.string_at(0)


def exits(_: str) -> None:
    os._exit(3)


def floods_output(_: str) -> str:
    for descriptor in (1, 2):
        os.write(descriptor, b"flood\n" * 1_000_000)
    return "flood" * 28_000_000


def forks(_: str) -> None:
    """By C, for Python's own way is refused, and waits with its children."""
    for _number in range(3):
        child = _C.fork()
        if child == 0:
            time.sleep(600)
    if child < 0:
        raise OSError(ctypes.get_errno(), "no fork")
    time.sleep(600)


def raises(_: str) -> None:
    raise RuntimeError("boom")


KINDS = (hangs, eats_memory, segfaults, exits, floods_output, forks, raises)


def read_badly(function: Callable[[Any], Any], task: Any) -> Any:
    """Reads a task's documents, but for those whose path names a kind of bad reader."""
    for item in task.items:
        for kind in KINDS:
            if kind.__name__ in item.document.path:
                return kind(item.file)
    return function(task)


# What a confined reader tries, each with the path of a file outside, or of its own folder for temporary files.


def opens(path: str) -> str:
    return Path(path).read_text()


def opens_by_c(path: str) -> int:
    return _c_result(_C.open(path.encode(), os.O_RDONLY))


def opens_by_system_call(path: str) -> int:
    return _c_result(_C.syscall(257, -100, path.encode(), os.O_RDONLY))


def writes(path: str) -> None:
    Path(path).write_text("overwritten")


def appends(path: str) -> None:
    with open(path, "a") as file:
        file.write("x")


def truncates_by_c(path: str) -> int:
    return _c_result(_C.truncate(path.encode(), 0))


def removes(path: str) -> None:
    os.remove(path)


def removes_by_c(path: str) -> int:
    return _c_result(_C.unlink(path.encode()))


def renames(path: str) -> None:
    os.rename(path, path + "x")


def links(path: str) -> None:
    link = os.path.join(tempfile.gettempdir(), "link")
    os.symlink(path, link)
    Path(link).read_text()


def lists(path: str) -> None:
    os.listdir(os.path.dirname(path))


def connects(_: str) -> None:
    socket.create_connection(("127.0.0.1", 9))


def connects_by_c(_: str) -> int:
    return _c_result(_C.socket(socket.AF_INET, socket.SOCK_STREAM, 0))


def connects_by_c_over_ipv6(_: str) -> int:
    return _c_result(_C.socket(socket.AF_INET6, socket.SOCK_DGRAM, 0))


def looks_up(_: str) -> None:
    socket.getaddrinfo("example.com", 80)


def binds(_: str) -> None:
    socket.socket(socket.AF_INET).bind(("127.0.0.1", 0))


def fetches(_: str) -> None:
    urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)


def fetches_a_file(path: str) -> None:
    urllib.request.urlopen(f"file://{path}")


def starts_a_program(_: str) -> None:
    subprocess.run(["sh", "-c", "true"], check=True)


def starts_a_program_by_name(_: str) -> None:
    os.system("true")


def starts_python(_: str) -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def poses_as_pandoc(_: str) -> None:
    own = Path(tempfile.gettempdir()) / "pandoc"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    subprocess.run([str(own)], check=True)


def forks_once(_: str) -> None:
    os.fork()


def forks_by_c(_: str) -> int:
    return _c_result(_C.fork())


def traces(_: str) -> int:
    return _c_result(_C.ptrace(16, os.getppid(), 0, 0))


def uses_io_uring(_: str) -> int:
    return _c_result(_C.syscall(425, 1, ctypes.create_string_buffer(200)))


# What it may do.


def opens_its_document(path: str) -> str:
    with reading_only(path):
        return Path(path).read_text()


def uses_its_temporary_folder(_: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scratch.txt"
        file.write_text("kept for a while")
        file.rename(file.with_suffix(".md"))
        return file.with_suffix(".md").read_text()


def imports_a_library(_: str) -> str:
    import xml.dom.minidom

    import pypdfium2

    return f"{pypdfium2.__name__} {xml.dom.minidom.__name__}"


def starts_a_thread(_: str) -> str:
    import threading

    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append("done"))
    thread.start()
    thread.join()
    return told[0]


def attempt(task: tuple[str, str]) -> str:
    """Does the named thing; the kernel's refusals to C code are raised as Python's are."""
    name, path = task
    return str(globals()[name](path))


def _c_result(value: int) -> int:
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


class Misled(ProcessExecutor):
    """Workers whose readers behave as their files' names say."""

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Any:
        return super().map(functools.partial(read_badly, function), items)


def ingest_badly(folder: str, uri: str, seconds: str, confined: str) -> int:
    """Ingests a folder with misled readers; prints what came of it, and returns the exit code."""
    prepare = Confinement((folder,)) if confined else None
    executor = Misled(workers=4, timeout_seconds=float(seconds), memory_mib=1024, prepare=prepare)
    archive = LanceArchive.open_for_writing(uri, NoEmbedder(), "o200k_base")
    with executor, archive:
        report = ingest([folder], IngestSettings(), archive, NoEmbedder(), TiktokenCounter(), executor)
        rows = {row.path: [row.status.value, row.error_message] for row in archive.documents()}
    peak = peak_memory_mib()
    print(json.dumps({"rows": rows, "documents": report.documents, "peak_mib": peak}))
    return report.exit_code()


if __name__ == "__main__":
    # As a module of that name, so that workers find what is pickled.
    import bad_readers

    sys.exit(bad_readers.ingest_badly(*sys.argv[1:]))
