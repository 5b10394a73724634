"""Waiting for a new version to be served here, so that a promotion leaves no gap."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from webapp.catalog.versions import Catalog
from webapp.server.supervisor import LOCK

_POLL_SECONDS = 0.2
_WAIT_SECONDS = 60


def is_supervised(var: Path) -> bool:
    """True if a supervisor watches the models on this machine."""
    try:
        with (var / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def wait_until_served(catalog: Catalog, version: str, var: Path) -> None:
    """Return when the version can answer here, when no supervisor prepares it, or after 60 s."""
    end = time.monotonic() + _WAIT_SECONDS
    while is_supervised(var) and time.monotonic() < end:
        entry = catalog.get(version)
        if entry is not None and entry.status != "preparing":
            return
        time.sleep(_POLL_SECONDS)
