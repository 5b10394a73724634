"""Landlock: which folders a process may read and write, for root too (Linux 5.13 and newer).

Everything that isn't allowed is denied, in files and, where the kernel knows it, in TCP (6.7) and
in signals to processes outside (6.12). A process can't leave it, nor anything that it starts.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from webapp.confinement.linux import call_kernel

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on all machines
_ASK_VERSION = 1
_PATH_BENEATH = 1
# Rights, in the order of the kernel's bits
_EXECUTE, _WRITE, _READ, _LIST, _REMOVE_FOLDER, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_FOLDER, _MAKE_FILE, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # by version, then all
_READING = _READ | _LIST  # no program may be started
# No link, pipe, socket or device: what is made here is read by others afterwards
_WRITING = _READING | _WRITE | _REMOVE_FOLDER | _REMOVE_FILE
_WRITING |= _MAKE_FOLDER | _MAKE_FILE | _REFER | _TRUNCATE
_NETWORK = 0b11  # bind and connect
_SCOPES = 0b11  # abstract sockets and signals
_WITH_NETWORK, _WITH_SCOPES = 4, 6  # versions


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Rule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock_version() -> int:
    """The version of Landlock that this kernel offers; 0 for none."""
    try:
        return call_kernel(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(
    readable: Iterable[Path], writable: Iterable[Path], executable: Iterable[Path] = ()
) -> int:
    """Allow these files and folders alone from now on, with all in them.

    Returns the version that holds, 0 for none. What doesn't exist is left out.
    """
    version = landlock_version()
    if not version:
        return 0
    all_rights = _HANDLED.get(version, _HANDLED[3])
    rules = _Ruleset(
        all_rights,
        _NETWORK if version >= _WITH_NETWORK else 0,
        _SCOPES if version >= _WITH_SCOPES else 0,
    )
    size = 8 if version < _WITH_NETWORK else 16 if version < _WITH_SCOPES else 24
    try:
        ruleset = call_kernel(_CREATE, ctypes.byref(rules), size, 0)
    except OSError:
        return 0
    try:
        for path in readable:
            _allow(ruleset, path, _READING & all_rights)
        for path in writable:
            _allow(ruleset, path, _WRITING & all_rights)
        for path in executable:
            _allow(ruleset, path, (_READ | _EXECUTE) & all_rights)
        call_kernel(_RESTRICT, ruleset, 0)
    except OSError:
        return 0
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: Path, rights: int) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= _OF_FILES
            rule = _Rule(rights, descriptor)
            call_kernel(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(descriptor)
