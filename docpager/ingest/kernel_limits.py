"""What the kernel itself denies a worker process: seccomp and Landlock, where there are any (Linux, by ctypes).

Both are one way: once set they hold for the process and all it starts. Neither needs privileges, and neither is
required: where a kernel does not offer one, ``docpager.ingest.confinement`` stands alone.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EPERM, _EAGAIN, _EACCES, _ENOSYS = 1, 11, 13, 38
_AF_UNIX = 1
_CLONE_VFORK, _CLONE_THREAD = 0x4000, 0x10000
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16

# BPF: load a word; jump if equal, if not smaller, if any of these bits is set; return.
_LOAD, _IF_EQUAL, _IF_NOT_BELOW, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


@dataclass(frozen=True, slots=True)
class _Machine:
    """The numbers of system calls on one kind of processor."""

    audit: int
    seccomp: int
    socket: int
    clone: int
    denied: dict[int, int]
    """The error each of these calls ends with."""


_EVERYWHERE = {435: _ENOSYS, 425: _ENOSYS}  # clone3, whose flags no filter sees (libc falls back); io_uring_setup
_MACHINES = {
    # fork, ptrace, process_vm_readv, process_vm_writev, bpf, unshare, setns, mount, keyctl
    "x86_64": _Machine(
        0xC000003E,
        317,
        41,
        56,
        {57: _EAGAIN, **dict.fromkeys((101, 310, 311, 321, 272, 308, 165, 250), _EPERM), **_EVERYWHERE},
    ),
    # the same; there is no fork here but clone
    "aarch64": _Machine(
        0xC00000B7,
        277,
        198,
        220,
        {**dict.fromkeys((117, 270, 271, 280, 97, 268, 40, 219), _EPERM), **_EVERYWHERE},
    ),
}

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15  # with truncate and ioctl on devices
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NO_TCP = 3
_NO_FOREIGN_SIGNALS_OR_ABSTRACT_SOCKETS = 3


def deny_calls() -> bool:
    """Denies this process every socket but Unix ones, forks, and a look at other processes; whether it could."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or not _keep_privileges():
        return False
    program = b"".join(struct.pack("=HBBI", *step) for step in _program(machine))
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    flags = ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC)
    return _call(machine.seccomp, ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER), flags, filter_) == 0


def deny_paths(readable: Iterable[str], writable: Iterable[str], executable: Iterable[str]) -> bool:
    """Denies this process all files but those at and below these paths, and TCP; whether it could."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    version = _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    all_rights = max(rights for since, rights in _RIGHTS_BY_VERSION.items() if since <= version)
    network = _NO_TCP if version >= 4 else 0
    scoped = _NO_FOREIGN_SIGNALS_OR_ABSTRACT_SOCKETS if version >= 6 else 0
    rules = struct.pack("=QQQ", all_rights, network, scoped)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _call(_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for paths, rights in (
            (readable, _READ_FILE | _READ_DIR),
            (writable, all_rights & ~_EXECUTE),
            (executable, _READ_FILE | _READ_DIR | _EXECUTE),
        ):
            for path in paths:
                _permit(ruleset, path, rights)
        return _keep_privileges() and _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0
    finally:
        os.close(ruleset)


def _permit(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return  # what is not there need not be permitted
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, descriptor)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _program(machine: _Machine) -> list[tuple[int, int, int, int]]:
    """The filter: code, steps to skip if true, steps to skip if false, value."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _ERRNO | _EPERM),  # calls in another processor's manner have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_NOT_BELOW, 0, 1, 0x40000000),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
    ]
    for number, error in machine.denied.items():
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error)]
    return [
        *steps,
        (_IF_EQUAL, 0, 4, machine.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IF_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | _EACCES),
        # Threads are made by clone, and programs started by vfork; what is left is a fork.
        (_IF_EQUAL, 0, 3, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IF_ANY_BIT, 1, 0, _CLONE_THREAD | _CLONE_VFORK),
        (_RETURN, 0, 0, _ERRNO | _EAGAIN),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _keep_privileges() -> bool:
    """Gives up gaining privileges by starting programs, which both need."""
    return int(ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) == 0


def _call(number: int, *arguments: object) -> int:
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    return int(syscall(ctypes.c_long(number), *arguments))
