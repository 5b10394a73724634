"""What a child and everything that it started use by now, counted from outside."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.confinement.confine import SECCOMP, Confinement
from webapp.confinement.linux import IS_LINUX
from webapp.confinement.seccomp import can_filter

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
        if home and count_disk_megabytes(Path(home), pid) > DISK_MB:
            return f"wrote more than {DISK_MB:,} MB of files"
        return None

    def _must_count_memory(self) -> bool:
        """True on macOS, which ignores that limit, and where others' code may start processes."""
        if sys.platform == "darwin":
            return True
        confinement = self.confinement
        return confinement is not None and not (SECCOMP in confinement.parts and can_filter())


def count_memory_megabytes(group: int) -> float:
    """Resident memory of all processes of a session or group, in MB."""
    if IS_LINUX:
        return sum(map(_resident_pages, _session(group))) * os.sysconf("SC_PAGE_SIZE") / 2**20
    output = subprocess.run(
        ["ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in output.splitlines()]
    return sum(int(size) for number, size in rows if int(number) == group) / 1024


def count_disk_megabytes(folder: Path, pid: int) -> float:
    """Disk that a folder takes, in MB, with files that the process has deleted and holds open."""
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
    return (total + _deleted_blocks(pid)) * _BLOCK / 2**20


def _deleted_blocks(pid: int) -> int:
    total = 0
    with suppress(OSError):
        for descriptor in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                status = descriptor.stat()
                if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                    total += status.st_blocks
    return total


def _session(number: int) -> Iterator[int]:
    """The processes of a session."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, IndexError):
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == number:
                    yield int(place.name)


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
