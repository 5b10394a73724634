"""Populations with dependent games, to draw windows from: the shipped versions' own training."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.stats.drift import Window

Array = NDArray[np.float64]
GAMES = Features.numbered(10)


@cache
def shipped(name: str = "logit_games_v1") -> Prepared:
    """A shipped version."""
    return read_prepared(ROOT / "models" / name / "everycase")


def shares() -> Array:
    """How often each case occurs: as in training, where the games depend on each other."""
    baseline = shipped().baseline
    assert baseline is not None
    return baseline.n / baseline.n.sum()


def shifted(game: int, points: float) -> Array:
    """The same, but ``points`` more (in shares) have a game; all else given it stays."""
    cases = shares()
    has = (np.arange(len(cases)) >> game & 1).astype(bool)
    rate = cases[has].sum()
    return np.where(has, cases * (rate + points) / rate, cases * (1 - rate - points) / (1 - rate))


def draw(rng: np.random.Generator, n: int, cases: Array, rates: Array | None = None) -> Window:
    """A window of n events, all labelled; by default as the champion's scores say."""
    events = rng.multinomial(n, cases)
    rates = shipped().scores if rates is None else rates
    return Window(events, Counts(events, rng.binomial(events, rates)))


def rows(counts: Counts, values: Array) -> tuple[NDArray[np.int64], Array]:
    """Labels and values, one a row, as libraries want them."""
    pairs = np.column_stack([counts.n - counts.positives, counts.positives]).ravel()
    return np.repeat(np.tile([0, 1], len(values)), pairs), np.repeat(values, counts.n)
