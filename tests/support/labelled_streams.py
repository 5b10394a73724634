"""Streams of labelled batches to try retraining policies on.

Four inputs, a base rate of 18 %, and cases that say a little more about the label than the games'
do (skill 0.22).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.stats.margins import entropy
from webapp.stats.performance import loss_cells
from webapp.training.policy.past import Past, own_error
from webapp.training.policy.rules import Challenger, Refit, ScoredChampion, TrainingWindow
from webapp.training.policy.stream import BacktestStream

Array = NDArray[np.float64]
FEATURES = Features.numbered(4)
ON = FEATURES.matrix()
SHARES: Array = np.prod(np.where(ON == 1, 0.4, 0.6), axis=1)
RATES: Array = 1 / (1 + np.exp(3.15 - ON @ np.array([2.0, 1.4, -1.2, 0.6])))
NOTHING = Counts(np.zeros(16, np.int64), np.zeros(16, np.int64))


def draw(rng: np.random.Generator, n: int, rates: Array = RATES, shares: Array = SHARES) -> Counts:
    """A batch of n events."""
    events = rng.multinomial(n, shares)
    return Counts(events, rng.binomial(events, rates))


def batches(rng: np.random.Generator, n: int, times: int, rates: Array = RATES) -> list[Counts]:
    """Batches, all drawn_blocks at once."""
    events = rng.multinomial(n, SHARES, size=times)
    positives = rng.binomial(events, rates)
    return [Counts(*pair) for pair in zip(events, positives, strict=True)]


def loss(scores: Array, rates: Array) -> float:
    """The expected log loss of scores where these are the rates."""
    cells = loss_cells(scores)
    return float(SHARES @ ((1 - rates) * cells[:, 0] + rates * cells[:, 1]))


def faded(scores: Array, by: float) -> Array:
    """Rates that raise the log loss of these scores by so much, as cases say less about the label;
    the base rate stays what it is.
    """
    flat = float(SHARES @ RATES)
    whole = loss(scores, np.full(16, flat)) - loss(scores, RATES)
    part = by / whole
    assert part < 1
    return (1 - part) * RATES + part * flat


def turned(scores: Array, by: float) -> Array:
    """Rates that raise the log loss of these scores by so much over what would then be possible."""
    direction = ON @ np.array([-1.0, 1.0, 1.0, -1.0])
    low, high = 0.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        rates = 1 / (1 + np.exp(-np.log(RATES / (1 - RATES)) - middle * direction))
        low, high = (
            (middle, high) if loss(scores, rates) - loss(rates, rates) < by else (low, middle)
        )
    return rates


def smoothed(counts: Counts) -> Array:
    """The quickest of fits: each case's own rate, drawn_blocks a little to the base rate."""
    return (counts.positives + 4 * counts.base_rate) / (counts.n + 4)


def refitter(past: Past) -> Refit:
    """Fits ``smoothed`` whatever the estimator."""

    def refit(challenger: Challenger) -> Array:
        return smoothed(past.window(challenger.window))

    return refit


class StreamSums:
    """Fits on the beginnings of one stream, from its sums: ``Past`` adds its blocks up each time,
    which is most of a simulation of hundreds of checks.
    """

    def __init__(self, blocks: list[Counts]) -> None:
        cells = np.array([(block.n, block.positives) for block in blocks])
        self._sums = np.concatenate([np.zeros_like(cells[:1]), cells.cumsum(axis=0)])
        self._totals = self._sums[:, 0].sum(axis=1)

    def window(self, n_blocks: int, window: TrainingWindow) -> Counts:
        """``Past.window`` of so many blocks."""
        begin = 0
        if window.events is not None:
            before = self._totals[n_blocks] - window.events
            begin = max(0, int(np.searchsorted(self._totals, before, side="right")) - 1)
        return Counts(*(self._sums[n_blocks] - self._sums[begin]))

    def refitter(self, n_blocks: int) -> Refit:
        """Fits ``smoothed`` whatever the estimator."""
        return lambda challenger: smoothed(self.window(n_blocks, challenger.window))


def champion(rng: np.random.Generator, validated_on: int) -> ScoredChampion:
    """The truth's own scores, with a validation on that many events."""
    validation = draw(rng, validated_on)
    cells = loss_cells(RATES)
    negatives = validation.n - validation.positives
    level = float((negatives @ cells[:, 0] + validation.positives @ cells[:, 1]) / validation.total)
    return ScoredChampion("a_v1", RATES, own_error(RATES, validation, level))


def guessing() -> float:
    """The log loss of guessing the base rate."""
    return entropy(float(SHARES @ RATES))


def drifting(seed: int, blocks: int = 20, size: int = 500, past: int = 8) -> BacktestStream:
    """A stream in which what the cases say of the label turns, in a direction and at a pace by
    ``seed``, after ``past`` blocks without a change.
    """
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=4)
    direction *= 2.5 / np.linalg.norm(direction)

    def block(turn: float) -> Counts:
        odds = np.log(RATES / (1 - RATES)) + turn * (ON @ direction)
        return draw(rng, size, 1 / (1 + np.exp(-odds)))

    turns = [0.0] * past + [min(1.0, (1 + seed % 4) * (i + 1) / blocks) for i in range(blocks)]
    drawn_blocks = tuple(block(turn) for turn in turns)
    ends = tuple(size * (past + i + 1) for i in range(blocks))
    return BacktestStream(FEATURES, drawn_blocks[:past], drawn_blocks[past:], ends, "row")
