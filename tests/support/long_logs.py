"""Ten years of traffic, as counts, for versions with as many inputs as are wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.support.model_folders import make_model
from tests.support.versions import counts_for
from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, write_prepared
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.sql import insert_into
from webapp.events.record import KEY
from webapp.timing import DAY_MS, now_ms, start_of_day

YEARS = 3_650  # days
NAMES = tuple(f"long_v{i}" for i in range(1, 5))


def make_versions(models: Path, inputs: int) -> None:
    """Four versions that differ a little, each with its table and training counts."""
    features = Features.numbered(inputs)
    for seed, name in enumerate(NAMES):
        folder = make_model(models, name, content=name)
        facts = Facts(model_digest(folder), features.names)
        counts = counts_for(features, most=9 if inputs > 10 else 99)
        write_prepared(folder / OWN_FOLDER, facts, _scores(features, seed), counts)


def _scores(features: Features, seed: int) -> NDArray[np.float64]:
    """Log odds that are a sum over the inputs, and some noise of the version's own."""
    weights = np.random.default_rng(99).normal(0, 0.5, len(features.names))
    noise = np.random.default_rng(seed).normal(0, 0.2, features.cases)
    return np.asarray(1 / (1 + np.exp(1.5 - features.matrix() @ weights - noise)))


def write_counts(url: str, inputs: int, rows_a_day: int, days: int = YEARS) -> int:
    """Write that many rows of counts for each of the last ``days``. Returns their number."""
    rng, today = np.random.default_rng(0), start_of_day(now_ms())
    cases = 1 << inputs
    database = Database(url)
    migrate(database)
    statement, total = insert_into("counts", (*KEY, "n")), 0
    with database.writing() as link:
        for day in range(today - (days - 1) * DAY_MS, today + DAY_MS, DAY_MS):
            cells = np.unique(rng.integers(0, cases * 3, rows_a_day)).tolist()
            n = rng.integers(1, 9, len(cells)).tolist()
            key = (NAMES[0], "api", "day", day)
            rows = [(*key, c // 3, c % 3 - 1, k) for c, k in zip(cells, n, strict=True)]
            total += link.run_many(statement, rows)
    database.close()
    return total
