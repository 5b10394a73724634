"""100,000 parsed rows scored, beside the model's own ``predict_proba`` on a data frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.models import load_model
from webapp.catalog.reader import FolderCatalog
from webapp.services.predict.score_file import score_rows
from webapp.settings import ROOT, Settings

ROUNDS, ROWS, VERSION = 9, 100_000, "hgb_games_v1"


def measure() -> list[Figure]:
    """Score the same rows as an array and as a data frame. Raises RuntimeError if scores differ."""
    import pandas as pd

    version = FolderCatalog(ROOT / "models", Settings.read().var_dir).get(VERSION)
    assert version is not None
    assert version.prepared is not None
    names = list(version.prepared.features.names)
    rows = np.random.default_rng(1).integers(0, 2, (ROWS, len(names)), dtype=np.uint8)
    model, frame = load_model(VERSION), pd.DataFrame(rows.astype(np.int64), columns=names)
    ours, theirs = partial(score_rows, rows, version), partial(model.predict_proba, frame)
    if not np.allclose(ours(), theirs()[:, 1], rtol=0, atol=1e-12):
        raise RuntimeError("the score table and the model disagree")
    rates = alternate(ROUNDS, lambda: 1 / _seconds(ours, 20), lambda: 1 / _seconds(theirs, 1))
    print(f"  score_rows {1e3 / max(rates[0]):.2f} ms, predict_proba {1e3 / max(rates[1]):.0f} ms")
    return [
        Figure(
            f"batch scoring, {ROWS:,} rows",
            f"predict_proba of {VERSION} on a DataFrame",
            ratios(*rates),
            at_least=50,
            digits=0,
        )
    ]


def _seconds(call: Callable[[], Any], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times
