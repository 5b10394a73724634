"""Files that only their owner may read: the database, keys, links to sign in with."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MODE = 0o600


def make_private(path: Path) -> None:
    """Make the file, if there is none, with the mode 0600, or take others' rights from it.

    Where that can't be done, whatever opens the file next says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, MODE))
    with suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(MODE)
