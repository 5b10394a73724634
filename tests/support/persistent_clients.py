"""Clients that never give up: they send predictions and outcomes until each is acknowledged."""

from __future__ import annotations

import json
import random
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event as Flag
from threading import Thread
from typing import Any

from tests.support.app_access import API_TOKEN
from tests.support.events import assert_consistent, by_id
from webapp.db.database import Database

NAMES = [f"G{i}" for i in range(1, 11)]
PATIENCE = 40.0  # seconds that a client tries for


@dataclass
class Client:
    """One client with a connection of its own. What it was told is in ``predicted``, by id."""

    port: int
    seed: int
    predicted: dict[str, dict[str, Any]] = field(default_factory=dict)
    labelled: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[int, str | None]] = field(default_factory=list)  # status, Retry-After
    broken: int = 0  # connections that broke
    problems: list[str] = field(default_factory=list)
    _connection: HTTPConnection | None = None

    def run(self, stop: Flag) -> None:
        """Predict, and label some of it, until ``stop`` is set."""
        rng = random.Random(self.seed)
        try:
            while not stop.is_set():
                self.step(rng)
        except Exception as error:  # noqa: BLE001 - shown by the test's own thread
            self.problems.append(repr(error))
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def step(self, rng: random.Random) -> None:
        """One prediction in one of the ways there are, sometimes sent twice, and its outcome."""
        row = {name: rng.randrange(2) for name in NAMES}
        if rng.random() < 0.2:
            answer = self.once("/api/v1/predict", row)  # no request id: never sent again
        else:
            body = row | {"request_id": str(uuid.UUID(int=rng.getrandbits(128)))}
            answer = self.until_done("/api/v1/predict", body)
            if answer is not None and rng.random() < 0.2:
                again = self.until_done("/api/v1/predict", body)
                assert again is not None
                assert (again["id"], again["case"]) == (answer["id"], answer["case"])
        if answer is None:
            return
        self.predicted[answer["id"]] = answer | {"named": "request_id" in answer}
        if rng.random() < 0.5:
            label = rng.randrange(2)
            outcome = self.until_done("/api/v1/outcomes", [{"id": answer["id"], "label": label}])
            if outcome is not None:
                assert outcome["outcomes"][0]["status"] == 200, outcome
                self.labelled[answer["id"]] = label

    def until_done(self, path: str, body: Any) -> Any:
        """Send until there is an answer; None when there is none in a long time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.once(path, body)
            if answer is not None:
                return answer
            time.sleep(0.1)
        raise TimeoutError(f"{path} was not answered in {PATIENCE} s")

    def once(self, path: str, body: Any) -> Any:
        """Send once; None when it was refused for now, or the connection broke."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_TOKEN}"}
        try:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
                self._connection.connect()
                if self._connection.sock.getsockname() == self._connection.sock.getpeername():
                    raise ConnectionError("nobody listens, so it reached itself")
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.request("POST", path, json.dumps(body), headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            self.broken += 1
            self.hang_up()
            return None
        if response.status == 503:
            self.refused.append((503, response.headers.get("Retry-After")))
            return None
        assert response.status == 200, (response.status, content)
        return json.loads(content)


@dataclass
class Crowd:
    """Several clients at once."""

    clients: list[Client]

    @property
    def acknowledged(self) -> int:
        """How many predictions were acknowledged so far."""
        return sum(len(client.predicted) for client in self.clients)

    @property
    def refused(self) -> list[tuple[int, str | None]]:
        """All answers that said to come again later."""
        return [answer for client in self.clients for answer in client.refused]

    def check(self, database: Database, *, alone: bool = True) -> None:
        """Is all that was acknowledged in the log, once, and do the counts agree?

        Only if these clients were ``alone``, there must be little else.
        """
        rows = by_id(database)
        for client in self.clients:
            assert client.problems == []
            for event_id, answer in client.predicted.items():
                assert event_id in rows, "an acknowledged prediction is lost"
                case, version, score, label, request_id = rows[event_id]
                assert (case, score) == (answer["case"], answer["probability"])
                assert version == answer["version"]
                assert request_id == answer.get("request_id")
                if event_id in client.labelled:
                    assert label == client.labelled[event_id], "an acknowledged outcome is lost"
        request_ids = [row[-1] for row in rows.values() if row[-1] is not None]
        assert len(request_ids) == len(set(request_ids))
        # beyond it only what was on its way when the clients stopped or a connection broke
        on_the_way = sum(client.broken + len(client.refused) + 1 for client in self.clients)
        assert not alone or len(rows) <= self.acknowledged + on_the_way
        assert_consistent(database)


@contextmanager
def crowd(url: str, size: int = 8) -> Iterator[Crowd]:
    """Clients at work until the block ends; then they have finished what they were at."""
    port, stop = int(url.rpartition(":")[2]), Flag()
    clients = [Client(port, seed) for seed in range(size)]
    threads = [Thread(target=client.run, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield Crowd(clients)
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE + 30)
            assert not thread.is_alive()
