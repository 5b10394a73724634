"""Waiting for a new version to be served here, so that a promotion leaves no gap."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from webapp.catalog.versions import Catalog

LOCK = "supervisor.lock"
_POLL_SECONDS = 0.2
_WAIT_SECONDS = 60


def is_supervised(var: Path) -> bool:
    """Does a supervisor watch the models on this machine?"""
    try:
        with (var / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def wait_for(catalog: Catalog, version: str, var: Path) -> None:
    """Return when the version can answer here, or when nobody will see to it."""
    end = time.monotonic() + _WAIT_SECONDS
    while is_supervised(var) and time.monotonic() < end:
        found = catalog.get(version)
        if found is not None and found.status != "preparing":
            return
        time.sleep(_POLL_SECONDS)
