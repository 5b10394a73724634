"""Run the parsing process from a web process."""

from __future__ import annotations

import logging

from webapp.files.types import MIB, FileError, Limits
from webapp.limited_process import TOOK_LONGER, run_child

_log = logging.getLogger(__name__)


def parse_in_child(message: bytes, limits: Limits) -> bytes:
    """The answer to a packed request from a limited process. Raises FileError."""
    child = run_child(
        "webapp.files.parse",
        [],
        seconds=limits.seconds,
        megabytes=limits.memory // MIB,
        stdin=message,
    )
    if child.reason is None:
        return child.output
    if child.reason.startswith(TOOK_LONGER):
        raise FileError(f"The file took more than {limits.seconds:g} seconds to read: split it.")
    _log.error("the parsing process: %s", child.reason)
    raise FileError(
        "The file can't be read: it is damaged, or needs more memory than one file may take."
    )
