"""A filter of system calls: no processes, no network, nothing done to other processes.

It allows what it doesn't name, so that numerical libraries work as ever, and answers what it names
with an error, so that code which can do without does without.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from webapp.confinement.linux import IS_LINUX, ask_process, refuse_privileges, set_process

_PR_SET_PDEATHSIG, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _FILTER = 1, 21, 22, 2
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # where the kernel puts them
_CLONE_THREAD = 0x10000
_F_SETOWN, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY = 8, 15, 1024, 1026
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_UNKNOWN = 463  # calls from this one on are newer than this list

# Numbers on x86_64 and on aarch64; None where there is no such call
_Numbers = tuple[int | None, int | None]
_DENIED: dict[str, _Numbers] = {
    # another process, or program
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    # network; socketpair stays
    "socket": (41, 198),
    # other processes: their memory, files, signals, priorities
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # namespaces, in which it would be root
    "unshare": (272, 97),
    "setns": (308, 268),
    # the kernel's wider doors
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # memory that outlives it
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # what Landlock doesn't look at
    "truncate": (76, 45),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
# Answered as a kernel without them would: libraries then take the older call, or go without
_ABSENT: dict[str, _Numbers] = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "openat2": (437, 437),
}
# Answered as if done: modes and owners, which Landlock doesn't look at either
_PRETENDED: dict[str, _Numbers] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
}
_CLONE, _PRCTL, _FCNTL, _OPEN, _OPENAT = (56, 220), (157, 167), (72, 25), (2, None), (257, 56)
# Calls that are about a process: allowed on itself
_ON_ITSELF: dict[str, _Numbers] = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def can_filter() -> bool:
    """True if this kernel has filters, and this list knows its machine."""
    is_known = os.uname().machine in _MACHINES and sys.maxsize > 1 << 32
    return IS_LINUX and is_known and ask_process(_PR_GET_SECCOMP) >= 0


def filter_calls() -> bool:
    """Filter this process' system calls from now on. False where that can't be done."""
    code = filter_code()
    if not code:
        return False
    program = _Program(len(code) // 8, code)
    return refuse_privileges() and set_process(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program))


def filter_code() -> bytes:
    """The filter for this process, which another program may set after this one became it.

    Empty where it can't be set.
    """
    return b"".join(_build(*_MACHINES[os.uname().machine])) if can_filter() else b""


def _build(column: int, machine: int) -> list[bytes]:
    """The filter, as instructions of 8 bytes."""
    code = [_step(_LOAD, _MACHINE), _step(_EQUAL, machine, 1, 0), _step(_RETURN, _KILL)]
    code += [_step(_LOAD, _NUMBER), _step(_AT_LEAST, _UNKNOWN, 0, 1), _fail(errno.ENOSYS)]
    for group, number in ((_DENIED, errno.EPERM), (_ABSENT, errno.ENOSYS), (_PRETENDED, 0)):
        for call in group.values():
            code += _on(call[column], [_fail(number)])
    for call in _ON_ITSELF.values():
        code += _on(call[column], _if_argument(0, (0, os.getpid()), _ALLOW, _EPERM))
    thread = [_argument(0), _step(_AND, _CLONE_THREAD), _step(_EQUAL, 0, 0, 1), _fail(errno.EPERM)]
    code += _on(_CLONE[column], [*thread, _step(_RETURN, _ALLOW)])
    code += _on(_PRCTL[column], _if_argument(0, (_PR_SET_PDEATHSIG,), _EPERM, _ALLOW))
    owners = (_F_SETOWN, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY)
    code += _on(_FCNTL[column], _if_argument(1, owners, _EPERM, _ALLOW))
    code += _on(_OPEN[column], _no_truncation(1)) + _on(_OPENAT[column], _no_truncation(2))
    return [*code, _step(_RETURN, _ALLOW)]


_EPERM = _ERROR | errno.EPERM


def _no_truncation(flags: int) -> list[bytes]:
    """Older Landlocks let a file that may be read be emptied by opening it."""
    code = [_argument(flags), _step(_AND, os.O_TRUNC | os.O_ACCMODE)]
    return [*code, _step(_EQUAL, os.O_TRUNC, 0, 1), _fail(errno.EPERM), _step(_RETURN, _ALLOW)]


def _if_argument(index: int, values: tuple[int, ...], then: int, otherwise: int) -> list[bytes]:
    code = [_argument(index)]
    for value in values:
        code += [_step(_EQUAL, value, 0, 1), _step(_RETURN, then)]
    return [*code, _step(_RETURN, otherwise)]


def _on(number: int | None, then: list[bytes]) -> list[bytes]:
    return [] if number is None else [_step(_EQUAL, number, 0, len(then)), *then]


def _argument(index: int) -> bytes:
    """Load the lower half of an argument, which is all that the kernel reads of these."""
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _fail(number: int) -> bytes:
    return _step(_RETURN, _ERROR | number)


def _step(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, if_true, if_false, value)
