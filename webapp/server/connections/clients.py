"""How many connections or requests each client has, counted over all worker processes."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from webapp.addresses import client_network
from webapp.server.connections.refusals import Refusal, too_many

ROWS = 64  # workers at one time, those that a reload replaces included
COLUMNS = 1 << 14
_WIDTH = 2  # bytes per count
_MOST = (1 << 8 * _WIDTH) - 1


class ClientTable:
    """Counts in memory that all workers share: a row per worker, a column per hash of a client.

    A worker writes only its own row, so no lock is needed, and the row of a killed one is cleared.
    The hash has a secret: nobody can choose addresses that share a column with somebody else's.
    """

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, ROWS * COLUMNS * _WIDTH)).cast("H")
        self._secret = os.urandom(16)
        self._free = list(range(ROWS))

    def take_row(self) -> int | None:
        """A row for a worker that starts, in the process that starts it; None if all are taken."""
        return self._free.pop() if self._free else None

    def free_row(self, row: int) -> None:
        """Forget what a worker counted that ended."""
        for column in range(COLUMNS):
            self._counts[column * ROWS + row] = 0
        self._free.append(row)

    def add(self, row: int, client: str) -> int:
        """Count one more: how many the client has now in all workers."""
        first = self._first(client)
        self._counts[first + row] = min(self._counts[first + row] + 1, _MOST)
        return sum(self._counts[first : first + ROWS])

    def remove(self, row: int, client: str) -> None:
        """Count one less."""
        place = self._first(client) + row
        self._counts[place] = max(self._counts[place] - 1, 0)

    def _first(self, client: str) -> int:
        digest = blake2b(client.encode(), digest_size=4, key=self._secret).digest()
        return int.from_bytes(digest, "big") % COLUMNS * ROWS


class ClientLimit:
    """The most connections of one client, or, behind proxies, requests on their way.

    A proxy's connections carry many clients; there a request counts for the address that the
    outermost trusted proxy saw, from its headers to the last byte of its answer.
    """

    def __init__(self, table: ClientTable, row: int | None, most: int, proxies: int) -> None:
        self._table = table
        self._row = row
        self._most = most if row is not None else 0
        self._proxies = proxies
        self.refusal: Refusal = too_many(most, by_request=proxies > 0)

    def key_of_peer(self, peer: Any) -> str:
        """Who a connection counts for; empty if it isn't limited (a proxy, a socket file)."""
        if not self._most or self._proxies or not isinstance(peer, tuple):
            return ""
        return client_network(str(peer[0]))

    def key_of_request(self, headers: list[tuple[str, str]]) -> str:
        """Who a request counts for; empty if that isn't limited or not known."""
        if not self._most or not self._proxies:
            return ""
        values = [value for name, value in headers if name == "X-FORWARDED-FOR"]
        addresses = [part.strip() for part in ",".join(values).split(",")]
        if len(addresses) < self._proxies or not addresses[-self._proxies]:
            return ""
        return client_network(addresses[-self._proxies])

    def enter(self, client: str) -> Callable[[], None] | None:
        """Count one of a client: what to call when it has ended; None if it is one too many."""
        row = self._row
        if not client or row is None:
            return _do_nothing
        if self._table.add(row, client) > self._most:
            self._table.remove(row, client)
            return None
        return lambda: self._table.remove(row, client)


def _do_nothing() -> None:
    pass
