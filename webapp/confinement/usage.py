"""What a child and everything that it started use by now, counted from outside."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.confinement.confine import Confinement
from webapp.confinement.linux import IS_LINUX
from webapp.confinement.reaper import find_descendants, needs_reaper

DISK_MB = 512  # that a confined child may fill with files
_PAUSE = 0.5  # seconds between two looks
_MOST_ENTRIES = 20_000  # of a folder; whoever makes more has filled the disk
_TOO_MANY = float("inf")
_BLOCK = 512  # bytes


@dataclass
class UsageLimits:
    """What is watched from outside while a child runs. Its address space is limited by itself."""

    megabytes: int  # of memory
    confinement: Confinement | None
    next_look: float = 0.0

    def find_excess(self, pid: int) -> str | None:
        """The reason to end a child that has too much memory or disk by now."""
        now = time.monotonic()
        if now < self.next_look:
            return None
        self.next_look = now + _PAUSE
        if self._must_count_memory() and count_memory_megabytes(pid) > self.megabytes:
            return f"needed more than {self.megabytes:,} MB of memory"
        home = self.confinement.writable if self.confinement is not None else ""
        pids = find_descendants(pid) if IS_LINUX else [pid]
        if home and count_disk_megabytes(Path(home), pids) > DISK_MB:
            return f"wrote more than {DISK_MB:,} MB of files"
        return None

    def _must_count_memory(self) -> bool:
        """True on macOS, which ignores that limit, and where others' code may start processes."""
        if sys.platform == "darwin":
            return True
        return needs_reaper(self.confinement)


def count_memory_megabytes(process: int) -> float:
    """Resident memory of a process and all below it, in MB; on macOS, of all of its group."""
    if IS_LINUX:
        pages = sum(map(_resident_pages, find_descendants(process)))
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    output = subprocess.run(
        ["ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in output.splitlines()]
    return sum(int(size) for number, size in rows if int(number) == process) / 1024


def count_disk_megabytes(folder: Path, pids: Iterable[int]) -> float:
    """Disk that a folder takes, in MB, with files that the processes have deleted and hold open."""
    total = 0
    waiting, entries = [str(folder)], 0
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as listing:
            for entry in listing:
                entries += 1
                if entries > _MOST_ENTRIES:
                    return _TOO_MANY
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return (total + _deleted_blocks(pids)) * _BLOCK / 2**20


def _deleted_blocks(pids: Iterable[int]) -> int:
    blocks: dict[tuple[int, int], int] = {}  # by file, which several may hold open
    for pid in pids:
        with suppress(OSError):
            for descriptor in os.scandir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    status = descriptor.stat()
                    if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                        blocks[status.st_dev, status.st_ino] = status.st_blocks
    return sum(blocks.values())


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
