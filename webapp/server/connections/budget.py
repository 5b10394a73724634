"""Disk space for requests and answers that wait for their client."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Lock
from typing import IO

PROCESS_BYTES = 1 << 30
CLIENT_BYTES = 256 << 20  # four of the largest uploads


class NoRoomError(Exception):
    """There is no room for more."""


class DiskBudget:
    """Bytes on disk, in this process, by client. Safe with threads."""

    def __init__(self, folder: Path, most: int = PROCESS_BYTES, each: int = CLIENT_BYTES) -> None:
        self._folder = folder
        self._most = most
        self._each = each
        self._lock = Lock()
        self._sizes: dict[str, int] = {}
        self._size = 0

    def open_file(self) -> IO[bytes]:
        """A new file without a name. Raises OSError."""
        return tempfile.TemporaryFile(dir=self._folder, buffering=0)

    def take(self, client: str, size: int) -> None:
        """Take ``size`` bytes for a client. Raises NoRoomError."""
        with self._lock:
            own = self._sizes.get(client, 0) + size
            if self._size + size > self._most or (client and own > self._each):
                raise NoRoomError
            self._size += size
            self._sizes[client] = own

    def give_back(self, client: str, size: int) -> None:
        """Give back what was taken."""
        if not size:
            return
        with self._lock:
            self._size -= size
            self._sizes[client] -= size
            if not self._sizes[client]:
                del self._sizes[client]


def write_all(file: IO[bytes], data: bytes | memoryview) -> None:
    """Write all of ``data``, which a file without a buffer may do in parts. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
