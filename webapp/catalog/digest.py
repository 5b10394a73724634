"""The digest that ties a score table to the files of the model it was computed from."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWN_FOLDER = "everycase"  # our files inside a model folder; not part of the model


MOST_MEGABYTES = 1024  # of all files of a model together
MOST_ENTRIES = 10_000
MOST_LEVELS = 50


class TooLargeError(OSError):
    """A model's folder holds more than is read; ``strerror`` says so to people."""


def sized_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names and states of all files in a folder. Raises OSError.

    Raises TooLargeError for a folder that would take long to read. Nothing is read here: a sparse
    file of terabytes takes no room on the disk.
    """
    waiting, total, count = [("", 0)], 0, 0
    while waiting:
        name, level = waiting.pop()
        for entry in _list(folder / name):
            path = f"{name}/{entry.name}" if name else entry.name
            count += 1
            if entry.is_dir(follow_symlinks=False):
                waiting.append((path, level + 1))
            elif entry.is_file():
                status = entry.stat()
                total += status.st_size
                yield path, status
            check_bounds(total, count)
            check_level(level)


def _list(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(PermissionError), os.scandir(folder) as listing:
        yield from listing


def check_bounds(total: int, count: int) -> None:
    """Raise TooLargeError if files of ``total`` bytes, or so many, are more than any model's."""
    if total > MOST_MEGABYTES << 20:
        raise _too_large(f"are larger than {MOST_MEGABYTES:,} MB together")
    if count > MOST_ENTRIES:
        raise _too_large(f"are more than {MOST_ENTRIES:,}")


def check_level(level: int) -> None:
    """Raise TooLargeError for files that are in more folders than any model's."""
    if level > MOST_LEVELS:
        raise _too_large(f"are in more than {MOST_LEVELS} folders inside one another")


def _too_large(problem: str) -> TooLargeError:
    """The error about a folder's files, with what to do."""
    need = "which no model of 16 yes/no inputs needs: leave only the model in its folder"
    return TooLargeError(errno.EFBIG, f"Its files {problem}, {need}")


def model_files(folder: Path) -> list[Path]:
    """The files of an MLflow model in a fixed order, without ours and without temporary ones."""
    files = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if relative.parts[0] == OWN_FOLDER or "__pycache__" in relative.parts:
            continue
        if path.name != ".DS_Store" and path.is_file():
            files.append(path)
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def model_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the model's files.

    Raises OSError; TooLargeError before any file is read.
    """
    for _ in sized_files(folder):
        pass
    total = hashlib.sha256()
    for path in model_files(folder):
        total.update(name_bytes(path.relative_to(folder).as_posix()) + b"\0")
        total.update(bytes.fromhex(file_digest(path)))
    return total.hexdigest()


def name_bytes(name: str) -> bytes:
    """A file's name as bytes. On Linux a name can be any bytes, not only UTF-8."""
    return name.encode("utf-8", "surrogateescape")


def file_digest(path: Path) -> str:
    """SHA-256 of one file of any size, as hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
