"""A change of who comes is not taken for behaviour, also where the champion misses pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import StratifiedTable

from tests.support import pair_effects
from tests.support.pair_effects import cases, draw, expit, log_odds
from webapp.stats.counts import Counts
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval
from webapp.stats.split import Split, split
from webapp.stats.split_changes import compare_cases

SCORES = pair_effects.champion()
LABEL = np.tile([0.0, 1.0], (1024, 1))
VALUES = {"positives": LABEL, "log loss": loss_cells(SCORES)}
SIZES = (1000, 3000, 30_000)
DRAWS = 100


@dataclass(frozen=True)
class Truth:
    """The parts of a change between endless samples."""

    population: float
    behaviour: float


def truth(values: NDArray[np.float64], tilt: float, shift: float) -> Truth:
    before, now, slope = cases(), cases(tilt), values[:, 1] - values[:, 0]
    rates = expit(log_odds()), expit(log_odds(shift))
    levels = [values[:, 0] + slope * rate for rate in rates]
    behaviour = float(((before + now) / 2 * (levels[1] - levels[0])).sum())
    return Truth(float(now @ levels[1] - before @ levels[0]) - behaviour, behaviour)


def splits(values: NDArray[np.float64], n: int, tilt: float, shift: float) -> list[Split]:
    """Splits of samples of n events each."""
    rng = np.random.default_rng(n)
    sides = ((draw(rng, n), draw(rng, n, tilt, shift)) for _ in range(DRAWS))
    results = [split(values, SCORES, before, now) for before, now in sides]
    return [result for result in results if result is not None]


def share_with(intervals: list[Interval], value: float) -> float:
    return float(np.mean([i.low <= value <= i.high for i in intervals]))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", VALUES)
def test_who_comes_is_no_behaviour(name: str, n: int) -> None:
    """Before, groups by score were compared: 45 to 100 % of these were called behaviour."""
    results = [result.behaviour for result in splits(VALUES[name], n, tilt=1, shift=0)]
    assert abs(truth(VALUES[name], 1, 0).behaviour) < 1e-12
    assert 1 - share_with(results, 0) <= 0.05 + 0.05  # the second for chance: 100 draws
    error = float(np.std([r.value for r in results])) / np.sqrt(DRAWS)
    assert abs(float(np.mean([r.value for r in results]))) < 3 * error


@pytest.mark.parametrize("n", SIZES)
def test_behaviour_alone_is_found(n: int) -> None:
    """Half a unit of log odds for everybody, 7 points of the rate."""
    results = [result.behaviour for result in splits(LABEL, n, tilt=0, shift=-0.5)]
    assert 1 - share_with(results, 0) >= 0.75
    assert all(result.value < 0 for result in results)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", VALUES)
def test_intervals_of_both_cover_the_true_parts(name: str, n: int) -> None:
    true = truth(VALUES[name], 1, -0.5)
    results = splits(VALUES[name], n, tilt=1, shift=-0.5)
    for part in ("behaviour", "population"):
        coverage = share_with([getattr(result, part) for result in results], getattr(true, part))
        assert coverage >= 0.93 - 0.04, part  # the second for chance: 100 draws


def test_the_common_change_is_mantels_and_haenszels() -> None:
    """Of cases with few events, held against statsmodels; one case no longer occurs."""
    before = Counts(np.array([9, 20, 14, 50]), np.array([2, 11, 5, 10]))
    now = Counts(np.array([25, 7, 16, 0]), np.array([9, 4, 11, 0]))
    scores, label = np.full(4, 0.4), np.tile([0.0, 1.0], (4, 1))
    tables = [
        np.array([[w1, w - w1], [b1, b - b1]])
        for w, w1, b, b1 in zip(now.n, now.positives, before.n, before.positives, strict=True)
        if w
    ]
    by_hand = [t[0, 0] / t[0].sum() - t[1, 0] / t[1].sum() for t in tables]
    pulls = [t[0].sum() * t[1].sum() / t.sum() for t in tables]
    common = float(np.average(by_hand, weights=pulls))
    assert np.sign(common) == np.sign(StratifiedTable(tables).logodds_pooled)
    changes = compare_cases(np.stack([label, label]), scores, before, now, alone=30)
    assert changes.change == pytest.approx([common] * 4)
    matched_events = sum(
        (b / 93 + w / 48) / 2 * d
        for (b, w, d) in zip([9, 20, 14], [25, 7, 16], by_hand, strict=True)
    )
    assert changes.effect.sum() == pytest.approx(matched_events + 50 / 93 / 2 * common)
    assert changes.allowance == 0


def test_what_one_side_alone_has_is_not_told() -> None:
    """Most of a group is gone: few cases don't speak for it."""
    before = Counts(np.array([10, 0, 990, 0]), np.array([2, 0, 400, 0]))
    now = Counts(np.array([10, 90, 0, 0]), np.array([6, 50, 0, 0]))
    result = split(np.tile([0.0, 1.0], (4, 1)), np.full(4, 0.4), before, now)
    assert result is not None
    kinds = {part.kind: part for part in result.parts}
    assert set(kinds) == {"others", "unseen", "gone"}
    assert kinds["gone"].behaviour.value == kinds["unseen"].behaviour.value == 0
    untold = result.untold
    assert (untold.baseline_share, untold.window_share) == pytest.approx((0.99, 0.9))
    # As if all had changed by the 40 points of the one case that both have.
    assert untold.allowance == pytest.approx((0.99 + 0.9) / 2 * 0.4)
    assert result.behaviour.low < -untold.allowance < untold.allowance < result.behaviour.high


def test_nothing_in_common_is_no_behaviour_and_says_so() -> None:
    before, now = (
        Counts(np.array([50, 0]), np.array([20, 0])),
        Counts(np.array([0, 50]), np.array([0, 10])),
    )
    result = split(np.tile([0.0, 1.0], (2, 1)), np.full(2, 0.4), before, now)
    assert result is not None
    assert (result.untold.baseline_share, result.untold.window_share) == (1, 1)
    assert (result.behaviour.value, result.behaviour.low, result.behaviour.high) == (0, -1, 1)
    assert result.total.value == pytest.approx(result.population.value)
