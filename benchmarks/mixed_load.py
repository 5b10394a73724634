"""A mixed load of everything that people and programs request, through nginx, and its check."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from threading import Event as Flag
from threading import Thread
from typing import Any

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.events import by_id
from tests.support.nginx import Nginx
from webapp.db.database import Database

NAMES = [f"G{i}" for i in range(1, 11)]
PAGES = ("/", "/drift", "/compare", "/models", "/?G1=1&G4=1")
READS = ("/api/v1/drift?days=7", "/api/v1/versions", "/api/v1/champion", "/readyz")
PATIENCE = 30.0  # seconds for which one request is retried
PAUSE = 0.01  # seconds between two requests of a client


@dataclass(frozen=True)
class RequestRecord:
    """One request: its kind, when it was sent, its status (0: the connection broke), seconds."""

    what: str
    at: float
    status: int
    seconds: float


@dataclass
class Client:
    """One client with an address and a connection of its own."""

    nginx: Nginx
    seed: int
    requests: list[RequestRecord] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)  # acknowledged, by id
    labels: dict[str, int] = field(default_factory=dict)
    unsure: int = 0  # unnamed predictions that were not acknowledged
    problems: list[str] = field(default_factory=list)
    _connection: HTTPSConnection | None = None

    def run(self, stop: Flag) -> None:
        """Send requests of all kinds until ``stop`` is set."""
        rng = random.Random(self.seed)
        kinds = (self.predict, self.unnamed, self.program, self.batch, self.label, self.page)
        try:
            while not stop.wait(PAUSE):
                rng.choices((*kinds, self.read), (30, 8, 8, 4, 20, 15, 15))[0](rng)
        except Exception as error:  # noqa: BLE001 - raised by ``check`` in the main thread
            self.problems.append(repr(error))

    def predict(self, rng: random.Random) -> None:
        """Predict with a request id: until there is an answer, and sometimes once more."""
        body = _row(rng) | {"request_id": _name(rng)}
        answer = self.until_done("predict", "POST", "/api/v1/predict", body)
        self._note([answer])
        if rng.random() < 0.2:
            again = self.until_done("predict again", "POST", "/api/v1/predict", body)
            assert (again["id"], again["case"]) == (answer["id"], answer["case"])

    def unnamed(self, rng: random.Random) -> None:
        """Predict without a request id, once."""
        self._note_once(self.once("predict unnamed", "POST", "/api/v1/predict", _row(rng)))

    def program(self, rng: random.Random) -> None:
        """Predict by ``GET /``, once. Its answer has the probability under another name."""
        query = "&".join(f"{name}={value}" for name, value in _row(rng).items())
        answer = self.once("GET /", "GET", f"/?{query}")
        if answer is not None:
            answer["probability"] = float(answer.pop("response"))
        self._note_once(answer)

    def batch(self, rng: random.Random) -> None:
        """Predict thirty rows under one request id."""
        body = {"rows": [_row(rng) for _ in range(30)], "request_id": _name(rng)}
        answer = self.until_done("batch", "POST", "/api/v1/predict/batch", body)
        self._note([row | {"version": answer["version"]} for row in answer["predictions"]])

    def label(self, rng: random.Random) -> None:
        """Send the outcome of an event that has none yet."""
        candidates = [id_ for id_ in list(self.events)[-50:] if id_ not in self.labels]
        if not candidates:
            return
        id_, label = rng.choice(candidates), rng.randrange(2)
        body = [{"id": id_, "label": label}]
        answer = self.until_done("outcome", "POST", "/api/v1/outcomes", body)
        assert answer["outcomes"][0]["status"] == 200, answer
        self.labels[id_] = label

    def page(self, rng: random.Random) -> None:
        """Open a page, as a browser does first."""
        self.once("page", "GET", rng.choice(PAGES), accept="text/html")

    def read(self, rng: random.Random) -> None:
        """Read figures as JSON."""
        self.once("read", "GET", rng.choice(READS))

    def until_done(self, what: str, method: str, path: str, body: Any) -> Any:
        """Send until there is an answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.once(what, method, path, body)
            if answer is not None:
                return answer
            time.sleep(0.1)
        raise TimeoutError(f"{path} was not answered in {PATIENCE} s")

    def once(
        self,
        what: str,
        method: str,
        path: str,
        body: Any = None,
        accept: str = "*/*",
        token: str = "",
    ) -> Any:
        """Send once. Returns None without a good answer."""
        headers = {"Accept": accept, "Authorization": f"Bearer {token or API_TOKEN}"}
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        sent_at, status, content = time.monotonic(), 0, b""
        try:
            if self._connection is None:
                self._connection = self.nginx.connect(f"127.0.2.{self.seed + 1}")
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, HTTPException):
            self.hang_up()
        self.requests.append(RequestRecord(what, sent_at, status, time.monotonic() - sent_at))
        if status == 200:
            return {} if accept == "text/html" else json.loads(content)
        assert status == 0 or status >= 500, (what, path, status, content)
        return None

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _note(self, answers: list[dict[str, Any]]) -> None:
        self.events |= {answer["id"]: answer for answer in answers}

    def _note_once(self, answer: dict[str, Any] | None) -> None:
        if answer is None:
            self.unsure += 1
        else:
            self._note([answer])


class Promoter(Client):
    """An administrator who changes the champion regularly and measures when all processes know."""

    slowest: float = 0.0  # seconds after a promotion until the old champion last answered

    def run(
        self, stop: Flag, versions: tuple[str, ...] = ("logit_games_v2", "logit_games_v1")
    ) -> None:
        """One promotion every five seconds."""
        turn = 0
        try:
            while not stop.wait(5):
                turn += 1
                version = versions[turn % len(versions)]
                body = {"version": version, "reason": "the load wants it"}
                self.once("promote", "PUT", "/api/v1/champion", body, token=ADMIN_TOKEN)
                promoted_at = time.monotonic()
                while not stop.is_set() and time.monotonic() < promoted_at + 2:
                    answer = self.once("champion", "GET", "/api/v1/champion")
                    if answer is not None and answer["version"] != version:
                        self.slowest = max(self.slowest, time.monotonic() - promoted_at)
        except Exception as error:  # noqa: BLE001 - raised by ``check`` in the main thread
            self.problems.append(repr(error))


@dataclass
class Load:
    """All clients and their requests."""

    clients: list[Client]
    start: float  # of time.monotonic

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request, in order of time."""
        return sorted((a for c in self.clients for a in c.requests), key=lambda a: a.at)

    @property
    def failures(self) -> list[RequestRecord]:
        """The requests without a good answer."""
        return [a for a in self.requests if a.status != 200]

    def acknowledged(self) -> dict[str, dict[str, Any]]:
        """Every acknowledged event, by id."""
        return {id_: event for client in self.clients for id_, event in client.events.items()}

    def check(self, database: Database) -> None:
        """Assert that the log has every acknowledged event once, and none that wasn't requested."""
        rows = by_id(database)
        for client in self.clients:
            assert client.problems == []
            for id_, event in client.events.items():
                assert id_ in rows, "an acknowledged prediction is lost"
                case, version, score, label, _ = rows[id_]
                assert (case, version) == (event["case"], event["version"])
                assert abs(score - event["probability"]) < 1e-12
                assert label == client.labels.get(id_), "an acknowledged outcome is lost"
        request_ids = [row[-1] for row in rows.values() if row[-1] is not None]
        assert len(request_ids) == len(set(request_ids)), "a retry was counted twice"
        beyond = rows.keys() - self.acknowledged().keys()
        assert len(beyond) <= sum(client.unsure for client in self.clients), "an event is doubled"

    def summary(self) -> dict[str, Any]:
        """Figures to print."""
        requests = self.requests
        seconds = sorted(a.seconds for a in requests if a.status == 200)
        duration = requests[-1].at - requests[0].at
        return {
            "seconds": round(duration, 1),
            "requests": len(requests),
            "per_second": round(len(requests) / duration, 1),
            "events": len(self.acknowledged()),
            "kinds": dict(Counter(a.what for a in requests)),
            "failed": dict(Counter(f"{a.what}: {a.status}" for a in self.failures)),
            "p50_ms": round(1000 * seconds[len(seconds) // 2], 1),
            "p99_ms": round(1000 * seconds[int(0.99 * len(seconds))], 1),
            "champion_known_s": round(max(getattr(c, "slowest", 0.0) for c in self.clients), 2),
        }


@contextmanager
def load(nginx: Nginx, size: int = 8) -> Iterator[Load]:
    """Run clients until the block ends; then wait until their last requests are finished."""
    stop = Flag()
    clients = [*(Client(nginx, seed) for seed in range(size)), Promoter(nginx, size)]
    threads = [Thread(target=client.run, args=(stop,), daemon=True) for client in clients]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        yield Load(clients, start)
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE + 10)
            assert not thread.is_alive()
        for client in clients:
            client.hang_up()


def _row(rng: random.Random) -> dict[str, Any]:
    return {name: rng.randrange(2) for name in NAMES}


def _name(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))
