"""Laws that baselines and windows are drawn from, and the versions that are judged on them.

Cases come as in the training of the shipped champion, whose inputs depend on each other; outcomes
as its scores say, moved to another share of positives. Nothing changes between baseline and window
unless the law is shifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT
from webapp.stats import calibration, margins, performance
from webapp.stats.counts import Counts
from webapp.stats.drift import Window
from webapp.stats.metrics import auc
from webapp.stats.scored_counts import ScoredCounts
from webapp.training import fit as training
from webapp.training.estimators import ESTIMATORS, frame, probabilities

Array = NDArray[np.float64]

INPUTS = Features.numbered(10)
GIVEN = "given"  # scores that are the truth, so not fitted on the baseline
_MANY = 1e12  # events whose shares are those of the law


@dataclass(frozen=True)
class Law:
    """How often each case comes, and how often its outcome is positive: float64[k] each."""

    cases: Array
    rates: Array

    def draw(self, rng: np.random.Generator, n: int) -> Window:
        """A sample of n events, all with their outcome."""
        events = rng.multinomial(n, self.cases)
        return Window(events, Counts(events, rng.binomial(events, self.rates)))

    def endless(self) -> Counts:
        """So many events that their shares are the law's."""
        n, positives = self.cases * _MANY, self.cases * self.rates * _MANY
        return Counts(np.rint(n).astype(np.int64), np.rint(positives).astype(np.int64))

    def shift(self, game: int, points: float) -> Law:
        """The law in which the share of events with an input is larger; else as it was."""
        has = (np.arange(len(self.cases)) >> game & 1).astype(bool)
        rate = float(self.cases[has].sum())
        more, less = (rate + points) / rate, (1 - rate - points) / (1 - rate)
        return Law(np.where(has, self.cases * more, self.cases * less), self.rates)

    def forget(self, share: float) -> Law:
        """The law in which outcomes depend on the case less by ``share``."""
        mean = float(self.cases @ self.rates)
        return Law(self.cases, mean + (self.rates - mean) * (1 - share))


@cache
def law_at(rate: float) -> Law:
    """The law in which the share of positive outcomes is ``rate``."""
    champion = read_prepared(ROOT / "models/logit_games_v1/everycase")
    assert champion.baseline is not None
    cases = champion.baseline.n / champion.baseline.n.sum()
    odds = np.log(champion.scores / (1 - champion.scores))
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        is_less = float(cases @ (1 / (1 + np.exp(-odds - middle)))) < rate
        low, high = (middle, high) if is_less else (low, middle)
    return Law(cases, 1 / (1 + np.exp(-odds - low)))


@dataclass(frozen=True)
class Version:
    """A score table float64[k], and its scores out of fold where it was fitted."""

    scores: Array
    out_of_fold: ScoredCounts | None = None
    folds: tuple[Array, ...] = ()  # the score tables of the folds


def make_version(model: str, law: Law, baseline: Counts) -> Version | None:
    """A version fitted on the baseline as training does; None where it refuses to."""
    if model == GIVEN:
        return Version(law.rates)
    positives = int(baseline.positives.sum())
    if min(positives, baseline.total - positives) < training.MIN_EACH_LABEL:
        return None
    estimator, rows = ESTIMATORS[model], frame(INPUTS)
    scores = probabilities(training.fit(INPUTS, baseline, estimator, 0), rows)
    parts = []
    for held_out in training.split(baseline, training.FOLDS, 0):
        rest = Counts(baseline.n - held_out.n, baseline.positives - held_out.positives)
        if held_out.total and 0 < rest.positives.sum() < rest.total:
            table = probabilities(training.fit(INPUTS, rest, estimator, 0), rows)
            parts.append((table, held_out))
    return Version(scores, ScoredCounts.of_folds(parts), tuple(table for table, _ in parts))


@dataclass(frozen=True)
class Truth:
    """What the intervals of a window should cover, and that of the change of skill."""

    metrics: dict[str, float]
    skill_change: float
    mean_score: float


def find_truth(version: Version, law: Law) -> Truth:
    """The metrics of a version in endless samples of a law."""
    big = law.endless()
    rate, scores = float(law.cases @ law.rates), version.scores
    loss = performance.loss(scores, big).value
    line = calibration.fit(scores, big)
    metrics = {
        "base_rate": rate,
        "log_loss": loss,
        "brier": float((big.n * scores**2 + big.positives * (1 - 2 * scores)).sum() / big.total),
        "auc": auc(scores, big),
        "skill": 1 - loss / margins.entropy(rate),
        "ece": _find_ece(scores, law),
    }
    if line is not None:
        metrics |= {"slope": line.slope.value, "intercept": line.intercept.value}
    change = 0.0
    if version.folds:
        losses = [performance.loss(table, big).value for table in version.folds]
        change = metrics["skill"] - (1 - float(np.mean(losses)) / margins.entropy(rate))
    return Truth(metrics, change, float(law.cases @ scores))


def _find_ece(scores: Array, law: Law) -> float:
    bins = calibration.BINS
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=law.cases * (law.rates - scores), minlength=bins)
    return float(np.abs(gaps).sum())
