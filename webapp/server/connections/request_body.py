"""A request's body as it arrives: framed, kept in memory or on disk, given out when complete."""

from __future__ import annotations

import io
from typing import IO

import h11
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.server.connections.budget import DiskBudget, write_all

MEMORY_BYTES = 64 << 10  # of one body; beyond that it goes to disk
_SPARE_BYTES = 64 << 10  # for the frames of chunks, and half as much as is in them
_ANY_HEAD = [("Host", "x"), ("Transfer-Encoding", "chunked")]


class SizedBody:
    """A body whose length its headers say."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._missing = length

    @property
    def complete(self) -> bool:
        """True if all of it has arrived."""
        return not self._missing

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """What of ``data`` is of the body, and what comes after it."""
        part = data[: self._missing]
        self._missing -= len(part)
        return part, data[len(part) :]


class ChunkedBody:
    """A body in chunks, which h11 takes apart. ``split`` raises h11.RemoteProtocolError."""

    length: int | None = None

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.SERVER)
        head = h11.Request(method="POST", target="/", headers=_ANY_HEAD)
        self._parser.receive_data(h11.Connection(h11.CLIENT).send(head) or b"")
        self._parser.next_event()
        self._raw = self._size = 0
        self.complete = False

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """What of ``data`` is of the body, without its frames, and what comes after it."""
        if self.complete or not data:  # none is the end of a connection to h11
            return b"", data
        self._parser.receive_data(data)
        parts = []
        while isinstance(event := self._parser.next_event(), h11.Data):
            parts.append(bytes(event.data))
        part = b"".join(parts)
        if isinstance(event, h11.EndOfMessage):
            self.complete = True
            return part, self._parser.trailing_data[0]
        self._raw, self._size = self._raw + len(data), self._size + len(part)
        if self._raw - self._size > self._size // 2 + _SPARE_BYTES:
            raise h11.RemoteProtocolError("chunks of few bytes, each of which takes time")
        return part, b""


class BodyFile:
    """The bytes of a body that arrived, at most ``limit``: in memory while few, else on disk."""

    def __init__(self, budget: DiskBudget, client: str, limit: int) -> None:
        self._budget = budget
        self._client = client
        self._limit = limit
        self._file: IO[bytes] = io.BytesIO()
        self._on_disk = False
        self.size = 0
        self.too_large = False

    def write(self, data: bytes) -> None:
        """Keep ``data``, or set ``too_large``. Raises NoRoomError and OSError."""
        if self.size + len(data) > self._limit:
            self.too_large = True
            return
        if self._on_disk or self.size + len(data) > MEMORY_BYTES:
            self._to_disk(len(data))
        write_all(self._file, data)
        self.size += len(data)

    def _to_disk(self, more: int) -> None:
        """Make sure that there is a file with room for ``more`` bytes."""
        if self._on_disk:
            self._budget.take(self._client, more)
            return
        self._budget.take(self._client, self.size + more)
        self._on_disk = True
        file = self._budget.open_file()
        write_all(file, self._file.getvalue())  # type: ignore[attr-defined]
        self._file = file

    def open(self) -> IO[bytes]:
        """The complete body from its beginning; or one that says when it is read it's too large."""
        if self.too_large:
            return io.BufferedReader(_RefusedBody())
        self._file.seek(0)
        return io.BufferedReader(self._file) if self._on_disk else self._file  # type: ignore[type-var]

    def close(self) -> None:
        """Forget the bytes."""
        if self._on_disk:
            self._budget.give_back(self._client, self.size)
        self._file.close()


class _RefusedBody(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise RequestEntityTooLarge
