"""The counts of 60 days with 10,000,000 events behind them, read into arrays."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from webapp.catalog.prepared import read_prepared
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.sql import insert_into
from webapp.events.counts import CountsQuery, CountsReader
from webapp.events.record import KEY
from webapp.settings import ROOT
from webapp.timing import DAY_MS

EVENTS, DAYS, ROUNDS = 10_000_000, 60, 11
COLD_BAR, WARM_BAR = 100, 10  # ms
VERSION, FIRST = "logit_games_v1", 20_000 * DAY_MS


def measure() -> list[Figure]:
    """Read with an empty cache, and again."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        database = Database(f"sqlite:///{Path(folder) / 'log.db'}")
        migrate(database)
        rows = _counts()
        with database.writing() as link:
            link.run_many(insert_into("counts", (*KEY, "n")), rows)
        query = CountsQuery(VERSION, ("api",), FIRST, FIRST + DAYS * DAY_MS)
        cold, warm = [], []
        for _ in range(ROUNDS):
            reader = CountsReader(database)
            cold.append(_milliseconds(reader, query))
            warm.append(_milliseconds(reader, query))
        database.close()
    print(f"  {len(rows):,} rows of counts")
    what = "counts of 60 days with 10^7 events"
    return [
        Figure(f"{what}, cold", "", tuple(cold), "ms", at_most=COLD_BAR, digits=0),
        Figure(f"{what}, unchanged", "", tuple(warm), "ms", at_most=WARM_BAR, digits=1),
    ]


def _counts() -> list[tuple[object, ...]]:
    """Cases as in the champion's training data; some outcomes are unknown."""
    rng = np.random.default_rng(0)
    baseline = read_prepared(ROOT / "models" / VERSION / "everycase").baseline
    assert baseline is not None
    rows: list[tuple[object, ...]] = []
    for day in range(DAYS):
        n = rng.multinomial(EVENTS // DAYS, baseline.n / baseline.total)
        for case in np.flatnonzero(n).tolist():
            split = rng.multinomial(n[case], (0.1, 0.7, 0.2)).tolist()
            key = (VERSION, "api", "day", FIRST + day * DAY_MS, case)
            rows += [(*key, label - 1, count) for label, count in enumerate(split) if count]
    return rows


def _milliseconds(reader: CountsReader, query: CountsQuery) -> float:
    start = time.perf_counter()
    reader.read(query)
    return (time.perf_counter() - start) * 1000
