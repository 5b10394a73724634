"""Ends all that a process started, where no filter of system calls keeps it from starting any.

Whoever leaves its group and loses its parent is given by the kernel to the nearest ancestor that
asked for orphans (Linux' subreaper). The reaper is that ancestor: nothing below outlives it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from webapp.confinement.confine import SECCOMP, Confinement
from webapp.confinement.linux import IS_LINUX, end_with_parent, set_process
from webapp.confinement.seccomp import can_filter

_PR_SET_CHILD_SUBREAPER = 36
_PAUSE = 0.01  # seconds until the kernel has handed over the children of what was killed
_ROUNDS = 20  # of stopping, against processes that start others meanwhile


def needs_reaper(confinement: Confinement | None) -> bool:
    """True if others' code runs there that can start processes, and Linux can tell which."""
    if confinement is None or not IS_LINUX:
        return False
    return not (SECCOMP in confinement.parts and can_filter())


def go_on_below() -> None:
    """Go on in a child. This process waits for it, ends all that it started, and ends as it did.

    It ends all of it, too, at SIGTERM and when its own parent dies. Call it with one thread.
    """
    if not set_process(_PR_SET_CHILD_SUBREAPER, 1):
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    end_with_parent(signal.SIGTERM)
    reaper, work = os.getpid(), os.fork()
    if work:
        _reap(work)
    end_with_parent(signal.SIGKILL)
    if os.getppid() != reaper:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def find_descendants(process: int) -> list[int]:
    """A process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    pids = [process]
    for pid in pids:
        pids.extend(children.get(pid, ()))
    return pids


def _reap(work: int) -> NoReturn:
    """Wait for the work or SIGTERM, end everything below, and end as the work did."""
    status = _wait_for(work)
    _end_all_below()
    if os.WIFSIGNALED(status):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def _wait_for(work: int) -> int:
    """The status of the work, or that of a killed process at SIGTERM."""
    while signal.sigwait({signal.SIGCHLD, signal.SIGTERM}) != signal.SIGTERM:
        for pid, status in _ended_children():
            if pid == work:
                return status
    return signal.SIGKILL


def _ended_children() -> Iterator[tuple[int, int]]:
    """Pid and status of each that has ended. Raises ChildProcessError when there is no other."""
    while (child := os.waitpid(-1, os.WNOHANG))[0]:
        yield child


def _end_all_below() -> None:
    """Stop all, so that nobody starts others meanwhile, and kill them, until nobody is left."""
    while True:
        stopped_pids: set[int] = set()
        for _ in range(_ROUNDS):
            new = set(find_descendants(os.getpid())[1:]) - stopped_pids
            if not new:
                break
            _signal_all(new, signal.SIGSTOP)
            stopped_pids |= new
        _signal_all(stopped_pids, signal.SIGKILL)
        try:
            for _ in _ended_children():
                pass
        except ChildProcessError:
            return
        time.sleep(_PAUSE)


def _signal_all(pids: set[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _parents() -> Iterator[tuple[int, int]]:
    """Every process and its parent."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, IndexError):
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                yield int(place.name), int(fields[1])
