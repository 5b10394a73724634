"""A retrain from counts of few and very many events, beside one from the rows."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.figures import Figure, alternate, ratios
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.training.estimators import ESTIMATORS, one_thread
from webapp.training.fit import fit

SIZES, ROUNDS, ROW_ROUNDS = (10_000, 1_000_000, 100_000_000), 15, 3
LOGIT_BAR, HGB_BAR, FLAT_BAR = 50, 1000, 1.5  # ms, ms, ×
VERSION = read_prepared(ROOT / "models" / "logit_games_v1" / "everycase")


def measure() -> list[Figure]:
    """Fit the same counts table with 10⁴, 10⁶ and 10⁸ events."""
    sizes = {events: _counts(events) for events in SIZES}
    few, many, most = alternate(ROUNDS, *(_logit(sizes[events]) for events in SIZES))
    (hgb,) = alternate(ROW_ROUNDS, _fitting("hgb", sizes[SIZES[-1]]))
    name = "retrain from counts, logit"
    figures = [
        Figure(f"{name}, 10^4 events", "", few, "ms", at_most=LOGIT_BAR, digits=1),
        Figure(f"{name}, 10^6 events", "", many, "ms", at_most=LOGIT_BAR, digits=1),
        Figure(f"{name}, 10^8 events", "", most, "ms", at_most=LOGIT_BAR, digits=1),
        Figure(f"{name}, 10^8 by 10^4 events", "", ratios(most, few), at_most=FLAT_BAR),
        Figure(f"{name}, 10^8 by 10^6 events", "", ratios(most, many), at_most=FLAT_BAR),
        Figure("retrain from counts, hgb", "", hgb, "ms", at_most=HGB_BAR, digits=0),
    ]
    for events in SIZES[:2]:
        (rows,) = alternate(ROW_ROUNDS, _raw(sizes[events]))
        what = f"scikit-learn's logit on {events:,} rows"
        figures.append(Figure(what, "for comparison", rows, "ms", digits=0))
    return figures


def _counts(events: int) -> Counts:
    """Cases as in the champion's training data, with outcomes drawn from its scores."""
    assert VERSION.baseline is not None
    rng = np.random.default_rng(0)
    n = rng.multinomial(events, VERSION.baseline.n / VERSION.baseline.total)
    return Counts(n, rng.binomial(n, VERSION.scores))


def _logit(counts: Counts) -> Callable[[], float]:
    return _fitting("logit", counts)


def _fitting(estimator: str, counts: Counts) -> Callable[[], float]:
    def milliseconds() -> float:
        start = time.perf_counter()
        fit(VERSION.features, counts, ESTIMATORS[estimator], 0)
        return (time.perf_counter() - start) * 1000

    milliseconds()  # the first fit in a process also loads libraries
    return milliseconds


def _raw(counts: Counts) -> Callable[[], float]:
    """The rows as a data frame would hold them, in any order."""
    both = np.concatenate([counts.n - counts.positives, counts.positives])
    slot = np.random.default_rng(1).permutation(np.repeat(np.arange(len(both)), both))
    rows = VERSION.features.matrix()[slot % len(counts.n)].astype(np.float64)
    label = slot // len(counts.n)

    def milliseconds() -> float:
        start = time.perf_counter()
        with one_thread():
            LogisticRegression(**ESTIMATORS["logit"].parameters).fit(rows, label)
        return (time.perf_counter() - start) * 1000

    return milliseconds
