"""The files in which workers share their metrics: those of dead workers become part of one."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict

_FILE: Any = mmap_dict.MmapedDict  # which has no types
_LOCK = ".lock"
_KINDS = ("counter", "histogram")  # whose values add up; there are no shared gauges
_GONE = "gone"  # in place of a process id


@contextmanager
def locked(folder: Path, *, alone: bool) -> Iterator[bool]:
    """Hold the folder's lock: one writer ``alone``, who doesn't wait, or readers. False if not."""
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
        else:
            yield True


def fold_dead(folder: Path) -> None:
    """Add the files of processes that are gone to the common ones, and remove them. Never fails.

    Counters must never fall, so what a dead worker counted stays. While somebody reads, it is left
    for the next time.
    """
    with suppress(OSError), locked(folder, alone=True) as is_alone:
        if not is_alone:
            return
        for kind in _KINDS:
            for file in folder.glob(f"{kind}_[0-9]*.db"):
                if not _runs(file.stem.removeprefix(f"{kind}_")):
                    _add(file, folder / f"{kind}_{_GONE}.db")


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True


def _add(file: Path, total: Path) -> None:
    try:
        values = [*_FILE.read_all_values_from_file(str(file))]
    except (OSError, ValueError, struct.error):  # it died in its first moment
        values = []
    sums = _FILE(str(total))
    for key, value, timestamp, _ in values:
        before, _ = sums.read_value(key)
        sums.write_value(key, before + value, timestamp)
    sums.close()
    file.unlink()
