"""What a worker may touch: nothing but its document, its libraries and its temporary folder."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from docpager.batch.executors.processes import ProcessExecutor
from docpager.ingest.confinement import Confinement, reading_only
from docpager.ingest.kernel_limits import deny_calls, deny_paths

import bad_readers  # isort: skip

IN_PYTHON = """
    opens writes appends removes renames links lists connects looks_up binds fetches fetches_a_file
    starts_a_program starts_a_program_by_name starts_python poses_as_pandoc forks_once
""".split()  # noqa: SIM905
BY_SYSTEM_CALLS = "connects_by_c connects_by_c_over_ipv6 forks_by_c traces uses_io_uring".split()  # noqa: SIM905
BY_PATHS = "opens_by_c opens_by_system_call truncates_by_c removes_by_c".split()  # noqa: SIM905
ALLOWED = {
    "opens_its_document": "the document",
    "uses_its_temporary_folder": "kept for a while",
    "imports_a_library": "pypdfium2 xml.dom.minidom",
    "starts_a_thread": "done",
}


def takes_hold(deny) -> bool:
    """Whether the kernel here offers it, found out in a child, for it is never lifted."""
    child = os.fork()
    if child == 0:
        os._exit(0 if deny() else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("documents")
    (made / "document.txt").write_text("the document")
    (made / "other.txt").write_text("another document")
    return made


@pytest.fixture
def outside(tmp_path_factory):
    file = tmp_path_factory.mktemp("outside") / "secret.txt"
    file.write_text("the secret")
    return file


@pytest.fixture(scope="module")
def confined(folder):
    prepare = Confinement((str(folder),))
    with ProcessExecutor(workers=2, timeout_seconds=20, memory_mib=1024, prepare=prepare) as executor:
        yield lambda tasks: {o.item[0]: o for o in executor.map(bad_readers.attempt, tasks)}


def test_what_python_code_asks_for_is_refused_with_a_message(confined, outside):
    outcomes = confined([(name, str(outside)) for name in IN_PYTHON])
    assert set(outcomes) == set(IN_PYTHON)
    for name, outcome in outcomes.items():
        assert outcome.failure is not None, f"{name} got {outcome.result!r}"
        assert "A reader tried to" in outcome.failure.message, f"{name}: {outcome.failure}"
    assert outside.read_text() == "the secret"


def test_another_document_of_the_same_folder_is_not_read(confined, folder):
    outcome = confined([("opens", str(folder / "other.txt"))])["opens"]
    assert "which is not the document it reads" in outcome.failure.message


def test_c_code_reaches_no_network_and_no_other_process_where_there_is_seccomp(confined, outside):
    if not takes_hold(deny_calls):
        pytest.skip("this kernel offers no seccomp filters")
    outcomes = confined([(name, str(outside)) for name in BY_SYSTEM_CALLS])
    assert {name for name, outcome in outcomes.items() if outcome.failure is None} == set()


def test_c_code_reaches_no_other_file_where_there_is_landlock(confined, outside):
    if not takes_hold(lambda: deny_paths((), (), ())):
        pytest.skip("this kernel offers no Landlock")
    names = [name for name in BY_PATHS if name != "opens_by_system_call" or platform.machine() == "x86_64"]
    for path in (str(outside), "/etc/passwd", str(Path.home() / ".bashrc")):
        outcomes = confined([(name, path) for name in names if path == str(outside) or "opens" in name])
        assert {name for name, outcome in outcomes.items() if outcome.failure is None} == set()
    assert outside.read_text() == "the secret"


def test_what_reading_takes_is_allowed(confined, folder):
    outcomes = confined([(name, str(folder / "document.txt")) for name in ALLOWED])
    assert {name: outcome.result or outcome.failure for name, outcome in outcomes.items()} == ALLOWED


def test_nothing_is_confined_but_workers(folder):
    with reading_only(str(folder / "document.txt")):
        assert (folder / "other.txt").read_text() == "another document"
    assert sys.platform != "linux" or "Seccomp:\t0" in Path("/proc/self/status").read_text()
