"""Calls of the Linux kernel that Python has no function for. Elsewhere they do nothing."""

from __future__ import annotations

import ctypes
import os
import sys

IS_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAP_DAC_READ_SEARCH = 2
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
_HIGHEST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def call_kernel(number: int, *arguments: object) -> int:
    """A system call by its number. Raises OSError."""
    if _libc is None:
        raise OSError("not Linux")
    longs = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    _libc.syscall.restype = ctypes.c_long
    result = int(_libc.syscall(ctypes.c_long(number), *longs))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def set_process(option: int, *arguments: object) -> bool:
    """``prctl``: set a property of this process. False if the kernel refuses."""
    if _libc is None:
        return False
    longs = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    longs += [ctypes.c_ulong(0)] * (4 - len(longs))
    return bool(_libc.prctl(option, *longs) == 0)


def ask_process(option: int) -> int:
    """``prctl`` that asks; -1 if the kernel knows no such thing."""
    return -1 if _libc is None else int(_libc.prctl(option, *[ctypes.c_ulong(0)] * 4))


def end_with_parent(number: int) -> bool:
    """Have the kernel send this signal to this process when its parent dies."""
    return set_process(_PR_SET_PDEATHSIG, number)


def hide_process() -> bool:
    """Make this process' environment and memory unreadable for others of the same user.

    What it starts is readable again until it calls this, too. Root still reads it, unless it gave
    up its capabilities.
    """
    return set_process(_PR_SET_DUMPABLE, 0)


def refuse_privileges() -> bool:
    """Never gain rights by a program with more of them; the kernel wants this before a filter."""
    return set_process(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities(*, keep_reading: bool) -> bool:
    """Give up what root may do beyond others, for this process and what it starts.

    ``keep_reading`` keeps the right to read files of other users, for a process whose folders are
    limited otherwise. Root stays the owner of root's files.
    """
    number = _CAPSET.get(os.uname().machine)
    if number is None or not IS_LINUX:
        return False
    reading = 1 << _CAP_DAC_READ_SEARCH if keep_reading else 0
    for capability in range(_HIGHEST_CAPABILITY + 1):
        if not reading >> capability & 1:
            set_process(_PR_CAPBSET_DROP, capability)  # refused to those who have none
    rest = reading if os.geteuid() == 0 else 0
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(rest, rest, 0, 0, 0, 0)  # effective, permitted, inheritable
    try:
        call_kernel(number, header, sets)
    except OSError:
        return False
    return True
