"""The progress of reading an upload, between the thread that reads it and the one that answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

Message = dict[str, Any]


class Progress:
    """A queue of messages from the reading thread, and a way to stop it.

    The reading thread reports how far it is and finishes with its last message; the answering
    thread iterates over the messages.
    """

    def __init__(self) -> None:
        self._messages: SimpleQueue[tuple[Message, bool]] = SimpleQueue()
        self._stop = threading.Event()

    def report(self, read: int, rows: int) -> None:
        """Send the progress: ``read`` of about ``rows`` rows."""
        self._messages.put(({"read": read, "rows": rows}, False))

    def finish(self, message: Message) -> None:
        """Send the last message, which ends ``messages``."""
        self._messages.put((message, True))

    def stop(self) -> None:
        """Ask the reading thread to stop soon."""
        self._stop.set()

    def is_stopped(self) -> bool:
        """True if nobody waits for the result any more."""
        return self._stop.is_set()

    def messages(self) -> Iterator[Message]:
        """Yield every message up to the last; closing the iterator stops the reading."""
        try:
            is_last = False
            while not is_last:
                message, is_last = self._messages.get()
                yield message
        finally:
            self.stop()
