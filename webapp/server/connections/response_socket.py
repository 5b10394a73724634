"""What a thread writes a response to: it never waits for the client to read."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import IO

from webapp.server.connections.budget import DiskBudget, NoRoomError

MEMORY_BYTES = 64 << 10  # of what waits for one client; beyond that it goes to disk
PENDING_BYTES = 64 << 20  # beyond that the thread does wait
_PIECE = 1 << 16


class ResponseSocket:
    """Sends what the client takes at once and keeps the rest for the event loop to ``flush``.

    Gunicorn takes it for a socket. The first bytes of a response, its headers, are held back
    until more come, so that small responses are one packet. ``wake`` is called when something
    begins to wait.
    """

    def __init__(
        self, sock: socket.socket, budget: DiskBudget, client: str, wake: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._budget = budget
        self._client = client
        self._wake = wake
        self._changed = Condition()
        self._head = b""
        self._is_first = True
        self._memory: deque[memoryview] = deque()
        self._memory_size = 0
        self._file: IO[bytes] | None = None
        self._read = 0  # up to where the file was sent
        self._written = 0  # and its size
        self._broken: OSError | None = None
        self.taken = 0  # bytes that the client, or the kernel for it, took so far

    @property
    def pending(self) -> int:
        """Bytes that wait for the client."""
        return self._memory_size + self._written - self._read

    @property
    def is_broken(self) -> bool:
        """True if nothing can be sent any more."""
        return self._broken is not None

    def begin(self) -> None:
        """Expect the headers of a response."""
        self._is_first = True

    def end(self) -> None:
        """Send what is held back."""
        head, self._head = self._head, b""
        if head:
            self._put(head)

    def sendall(self, data: bytes | memoryview) -> None:
        """Send, or keep to be sent. Raises OSError if the connection is broken."""
        if self._is_first:
            self._is_first, self._head = False, bytes(data)
            return
        if self._head:
            data, self._head = b"".join((self._head, data)), b""
        self._put(data)

    def send(self, data: bytes) -> int:
        """Send at once, before the response (as ``100 Continue``)."""
        self._put(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> None:
        """Send a part of a file."""
        end = os.fstat(file.fileno()).st_size if count is None else offset + count
        while offset < end:
            piece = os.pread(file.fileno(), min(_PIECE, end - offset), offset)
            if not piece:
                raise OSError("a file became shorter while it was sent")
            self.sendall(piece)
            offset += len(piece)

    def shutdown(self, _how: int) -> None:
        """Promise that nothing follows; the event loop closes the connection."""

    def settimeout(self, _seconds: float | None) -> None:
        """Nothing: no method waits."""

    def recv(self, _size: int) -> bytes:
        """Nothing: the event loop reads."""
        return b""

    def close(self) -> None:
        """Nothing: the event loop closes the connection."""

    def flush(self) -> None:
        """Send what the client takes now. Called by the event loop when there may be room."""
        with self._changed:
            try:
                while self.pending and self._broken is None:
                    piece = self._next_piece()
                    size = self._sock.send(piece)
                    self.taken += size
                    self._forget(size)
            except BlockingIOError:
                pass
            except OSError as error:
                self._break(error)
            self._changed.notify_all()

    def give_up(self, why: OSError) -> None:
        """Break the connection, and forget what waits."""
        with self._changed:
            self._break(why)
            self._changed.notify_all()

    def _put(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        with self._changed:
            if self._broken is not None:
                raise self._broken
            was_empty = not self.pending
            if was_empty:
                view = view[self._try(view) :]
            if not view:
                return
            self._keep(view)
            if was_empty:
                self._wake()
            self._changed.wait_for(lambda: self.pending <= PENDING_BYTES or self.is_broken)

    def _try(self, view: memoryview) -> int:
        """Send what the client takes now: how many bytes."""
        size = 0
        try:
            while size < len(view):
                size += self._sock.send(view[size:])
        except BlockingIOError:
            pass
        except OSError as error:
            self._break(error)
            raise
        self.taken += size
        return size

    def _keep(self, view: memoryview) -> None:
        if self._file is None and self._memory_size + len(view) <= MEMORY_BYTES:
            self._memory.append(memoryview(bytes(view)))
            self._memory_size += len(view)
            return
        try:
            if self._file is None:
                self._file = self._budget.open_file()
            self._budget.take(self._client, len(view))
            start, self._written = self._written, self._written + len(view)
            _write_all(self._file, view, start)
        except NoRoomError:
            self._break(OSError("no room for what slow clients haven't read"))
        except OSError as error:
            self._break(error)
        if self._broken is not None:
            raise self._broken

    def _next_piece(self) -> memoryview | bytes:
        if self._memory:
            return self._memory[0]
        assert self._file is not None
        return os.pread(self._file.fileno(), _PIECE, self._read)

    def _forget(self, size: int) -> None:
        """Forget the first bytes of what waits, which were sent."""
        if not self._memory:
            self._read += size
            if self._read == self._written:
                self._drop_file()
            return
        self._memory_size -= size
        if size == len(self._memory[0]):
            self._memory.popleft()
        else:
            self._memory[0] = self._memory[0][size:]

    def _drop_file(self) -> None:
        if self._file is not None:
            self._budget.give_back(self._client, self._written)
            self._file.close()
        self._file, self._read, self._written = None, 0, 0

    def _break(self, why: OSError) -> None:
        self._broken = why
        self._memory.clear()
        self._memory_size = 0
        self._drop_file()


def _write_all(file: IO[bytes], view: memoryview, place: int) -> None:
    while view:
        size = os.pwrite(file.fileno(), view, place)
        view, place = view[size:], place + size
