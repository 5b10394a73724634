"""Clients that ask for everything there is, until they are told to stop."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from tests.support.soaking.mix import UPLOAD, Ask, one

_PER_CONNECTION = 200  # requests, then the client comes anew
_UPLOAD_SECONDS = 20.0


@dataclass
class Crew:
    """Some clients at once, and what they were answered, by status; 0 for a broken connection."""

    port: int
    size: int = 4
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def answers(self) -> int:
        """How many requests were answered."""
        return sum(self.statuses.values())

    def work(self, seed: int) -> None:
        """One client, until the end."""
        rng, due = random.Random(seed), time.monotonic() + seed * _UPLOAD_SECONDS
        while not self.stop.is_set():
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                for _ in range(_PER_CONNECTION):
                    if self.stop.is_set():
                        break
                    is_upload = time.monotonic() >= due
                    due += self.size * _UPLOAD_SECONDS if is_upload else 0
                    self._ask(connection, UPLOAD(rng) if is_upload else one(rng))
            except (OSError, HTTPException) as error:
                self.statuses[0] += 1
                self.faults.append(repr(error))
                time.sleep(0.1)
            finally:
                connection.close()

    def _ask(self, connection: HTTPConnection, ask: Ask) -> None:
        connection.request(ask.method, ask.path, ask.body, ask.headers)
        response = connection.getresponse()
        body = response.read()
        self.statuses[response.status] += 1
        if response.status >= 500 and response.status != 503:
            self.faults.append(f"{ask.method} {ask.path}: {response.status} {body[:200]!r}")


@contextmanager
def working(port: int, size: int = 4) -> Iterator[Crew]:
    """A crew at work."""
    crew = Crew(port, size)
    threads = [threading.Thread(target=crew.work, args=(seed,)) for seed in range(size)]
    for thread in threads:
        thread.start()
    try:
        yield crew
    finally:
        crew.stop.set()
        for thread in threads:
            thread.join()
