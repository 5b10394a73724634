"""What the processes of a server hold: memory, descriptors, threads, temporary files, WAL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

from tests.support.memory import tree_of

LASTING = re.compile(
    r"gunicorn|everycase analyst|webapp\.server\.supervisor|webapp\.jobs\.consumer"
)
KEPT = re.compile(r"everycase\.db|queue\.db|gunicorn\.log|\.mmap$|metrics-|/catalog/|\.lock$")


@dataclass(frozen=True)
class Reading:
    """All of them at one moment. Processes that end with their work are not counted."""

    memory_mb: float  # that is no file's: what a leak takes
    descriptors: float
    threads: float
    processes: float
    files: float  # temporary ones, and what else there is beside the database
    wal_mb: float


def read(master: int, var: Path, scratch: Path) -> Reading:
    """The reading of a server's tree of processes and of its folders."""
    memory = descriptors = threads = processes = 0.0
    for pid in tree_of(master):
        with suppress(OSError, ValueError, IndexError):
            place = Path(f"/proc/{pid}")
            if not LASTING.search((place / "cmdline").read_bytes().replace(b"\0", b" ").decode()):
                continue
            pages = (place / "smaps_rollup").read_text()
            memory += int(pages.partition("Pss_Anon:")[2].split()[0]) / 1024
            descriptors += len(list((place / "fd").iterdir()))
            threads += int((place / "status").read_text().partition("Threads:")[2].split()[0])
            processes += 1
    places = [path for folder in (var, scratch) for path in _files(folder)]
    files = sum(not KEPT.search(str(path)) for path in places)
    wal = sum(_size(path) for path in places if path.name.endswith("-wal"))
    return Reading(memory, descriptors, threads, processes, files, wal / 2**20)


def _files(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [path for path in folder.rglob("*") if path.is_file()]
    return []


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def growth(readings: Sequence[Reading]) -> dict[str, tuple[float, float]]:
    """Each gauge's level after the first tenth of the time, and at its end.

    A level is the median of a tenth of the readings, so that a single busy moment is none.
    """
    tenth = max(1, len(readings) // 10)
    early, late = readings[tenth : 2 * tenth], readings[-tenth:]
    levels = [
        [median(values) for values in zip(*map(astuple, part), strict=True)]
        for part in (early, late)
    ]
    return {
        gauge.name: (before, after)
        for gauge, before, after in zip(fields(Reading), *levels, strict=True)
    }
