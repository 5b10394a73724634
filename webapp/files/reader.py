"""Hand a file to the parsing process. This is the web processes' side of ``parse``."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from webapp.files.common import FileError, Limits

# Libraries start a thread and reserve memory for every core, on a large machine more than the
# limit allows.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}

_ROOT = Path(__file__).resolve().parents[2]  # where ``-m`` finds webapp, installed or not

_log = logging.getLogger(__name__)


def parse_in_child(message: bytes, limits: Limits) -> bytes:
    """The answer to a packed request, from a process of its own. Raises FileError."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "webapp.files.parse", str(limits.memory)],
            input=message,
            capture_output=True,
            check=False,
            timeout=limits.seconds,
            env={**os.environ, **_ENVIRONMENT},
            cwd=_ROOT,
        )
    except subprocess.TimeoutExpired as error:
        raise FileError(
            f"The file took more than {limits.seconds:g} seconds to read: split it."
        ) from error
    if done.returncode:
        _log.error(
            "the parsing process ended with %d: %s",
            done.returncode,
            done.stderr[-2_000:].decode("utf-8", "replace"),
        )
        raise FileError(
            "The file can't be read: it is damaged, or needs more memory than one file may take."
        )
    return done.stdout
