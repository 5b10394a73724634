"""10,000 logged predictions per request in ``/api/v1/predict/batch``, beside executemany."""

from __future__ import annotations

import json
import random
import sqlite3
import time
import urllib.request
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.servers import APP, serving
from webapp.db.database import Database
from webapp.db.ids import new_ids
from webapp.db.migrate import migrate
from webapp.db.sql import insert_into
from webapp.events.record import EVENT
from webapp.settings import ROOT
from webapp.timing import now_ms

ROWS, ROUNDS = 10_000, 11
BAR_RATE, BAR_RATIO = 50_000, 0.5  # rows per second; share of the peer


def measure() -> list[Figure]:
    """Write to one table on one disk, in turns through the API and by the driver alone."""
    rng = random.Random(0)
    rows = [{f"G{i}": rng.randrange(2) for i in range(1, 11)} for _ in range(ROWS)]
    body = json.dumps(rows).encode()
    with serving(APP, WEB_CONCURRENCY="1", VAR_DIR=str(ROOT / "var" / "bench")) as server:
        place = Path(ROOT / "var" / "bench" / "raw.db")
        place.unlink(missing_ok=True)
        database = Database(f"sqlite:///{place}")
        migrate(database)
        database.close()
        with closing(sqlite3.connect(place, isolation_level=None)) as raw:
            raw.execute("PRAGMA synchronous=FULL")
            ours, theirs = alternate(ROUNDS, partial(_ask, server.url, body), partial(_insert, raw))
    what = "logged rows of a JSON batch per second"
    return [
        Figure(what, "", ours, "", at_least=BAR_RATE, digits=0),
        Figure(what, "sqlite3.executemany, events only", ratios(ours, theirs), at_least=BAR_RATIO),
    ]


def _ask(url: str, body: bytes) -> float:
    request = urllib.request.Request(
        f"{url}/api/v1/predict/batch", body, {"Content-Type": "application/json"}
    )
    start = time.perf_counter()
    with urllib.request.urlopen(request) as response:
        answer = response.read()
    seconds = time.perf_counter() - start
    assert answer.count(b'"id"') == ROWS
    return ROWS / seconds


def _insert(raw: sqlite3.Connection) -> float:
    """Insert existing rows in one transaction, without counts. Returns rows per second."""
    at = now_ms()
    rows = [
        (id_, at, "batch", "logit_games_v1", random.randrange(1024), 0.3, None, None, None)
        for id_ in new_ids(at, ROWS)
    ]
    statement = insert_into("events", EVENT)
    start = time.perf_counter()
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany(statement, rows)
    raw.execute("COMMIT")
    return ROWS / (time.perf_counter() - start)
