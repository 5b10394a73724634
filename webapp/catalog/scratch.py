"""A folder for what a model's process leaves, read and removed as something that nobody trusts."""

from __future__ import annotations

import os
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.catalog.prepared import MOST_BYTES, PreparedError


@contextmanager
def scratch_folder(parent: Path | None = None, prefix: str | None = None) -> Iterator[Path]:
    """A new folder, removed at the end with whatever is in it. Raises OSError."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder of any depth, which ``shutil.rmtree`` doesn't. What can't be removed stays.

    Each inner folder is emptied into the outer one, so that nothing is ever deep.
    """
    waiting = True
    while waiting:
        waiting = False
        for path in _entries(folder):
            with suppress(OSError):
                if stat.S_ISDIR(path.lstat().st_mode):
                    waiting = _flatten(path, folder) or waiting
                else:
                    path.unlink()
    with suppress(OSError):
        folder.rmdir()


def _flatten(inner: Path, outer: Path) -> bool:
    """Move what a folder holds to the outer one and remove it. True if it held a folder."""
    inner.chmod(0o700)
    has_folders = False
    for path in _entries(inner):
        if stat.S_ISDIR(path.lstat().st_mode):
            path.chmod(0o700)
            path.rename(outer / uuid.uuid4().hex)
            has_folders = True
        else:
            path.unlink()
    inner.rmdir()
    return has_folders


def _entries(folder: Path) -> list[Path]:
    with os.scandir(folder) as listing:
        return [Path(entry.path) for entry in listing]


def check_draft(draft: Path) -> None:
    """Raise PreparedError unless a draft is a folder of plain files of the sizes that we write.

    A pipe would be waited for, a link could lead anywhere.
    """
    try:
        is_folder = stat.S_ISDIR(draft.lstat().st_mode)
    except OSError:
        is_folder = False
    if not is_folder:
        raise PreparedError("its result is missing")
    for name, most in MOST_BYTES.items():
        with suppress(FileNotFoundError):
            status = (draft / name).lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > most:
                raise PreparedError(f"{name} can't be used")
