"""A backtest of 22,905 rows under all policies, with logistic regression on three windows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT
from webapp.training.data import read_ordered
from webapp.training.policy.backtest import run
from webapp.training.policy.rules import POLICIES, PolicyRules
from webapp.training.policy.stream import BacktestStream, of_rows
from webapp.training.rows import RowRange

ROUNDS, BAR = 3, 10.0  # s
ROWS, START, EVERY = 22_905, 4_000, 500
DATA = os.environ.get("EVERYCASE_DATA")


def measure() -> list[Figure]:
    """Replay the rows, which are in memory, under every policy."""
    stream = _file_rows(DATA) if DATA else _simulated_rows()
    rules = [PolicyRules.of(policy, ["logit"], ["2000", "4000", "all"]) for policy in POLICIES]
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = run(stream, rules)
        seconds.append(time.perf_counter() - start)
    print("  " + ", ".join(f"{one.policy} {one.seconds:.1f} s" for one in result.runs))
    what = "the games file" if DATA else "made-up rows (EVERYCASE_DATA is unset)"
    name = f"backtest of {what}, 4 policies"
    return [Figure(name, "", tuple(seconds), "s", at_most=BAR, digits=1)]


def _file_rows(path: str) -> BacktestStream:
    rows = read_ordered(Path(path), RowRange())
    return of_rows(rows.features, rows.case, rows.label, START, EVERY)


def _simulated_rows() -> BacktestStream:
    """As many rows, whose cases shift from the training data of one version to that of another."""
    rng = np.random.default_rng(0)
    before, after = (
        read_prepared(ROOT / "models" / name / "everycase")
        for name in ("logit_games_v1", "logit_games_v2")
    )
    assert before.baseline is not None
    assert after.baseline is not None
    late = rng.random(ROWS) < np.linspace(0, 1, ROWS)
    draws = [
        rng.choice(len(v.scores), ROWS, p=v.baseline.n / v.baseline.total)  # type: ignore[union-attr]
        for v in (before, after)
    ]
    case = np.where(late, draws[1], draws[0])
    rates = np.where(late, after.scores[case], before.scores[case])
    label = (rng.random(ROWS) < rates).astype(np.int64)
    return of_rows(before.features, case, label, START, EVERY)
