"""No interval of width 0 and hardly a wrong verdict, however few or rare the outcomes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.populations import shares, shipped
from webapp.cases import Features
from webapp.stats import compare, drift, verdicts
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window
from webapp.stats.metric_specs import LOG_LOSS

Array = NDArray[np.float64]
RUNS = 120


def solve(rises: object, low: float, high: float) -> float:
    """Where a rising function is 0, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)  # type: ignore[operator]
    return low


@cache
def equally_good(rate: float) -> tuple[Array, Array, Array]:
    """Two versions at a base rate, and outcomes by which their log loss is the same."""

    def at_rate(scores: Array) -> Array:
        odds = np.log(scores / (1 - scores))
        by = solve(lambda m: shares() @ (1 / (1 + np.exp(-odds - m))) - rate, -15, 15)
        return np.asarray(1 / (1 + np.exp(-odds - by)))

    first, other = (at_rate(shipped(name).scores) for name in ("logit_games_v1", "hgb_games_v1"))

    def gain(weight: float) -> float:
        truth = weight * first + (1 - weight) * other
        ones, zeros = np.log(first / other), np.log((1 - first) / (1 - other))
        return float(shares() @ (truth * ones + (1 - truth) * zeros))

    weight = solve(gain, 0, 1)
    return first, other, weight * first + (1 - weight) * other


@pytest.mark.parametrize("rate", [0.5, 0.125, 0.01])
@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 50, 300])
def test_equally_good_versions_are_hardly_ever_called_better_or_worse(rate: float, n: int) -> None:
    """At most 5 % in the long run, and chance: two standard deviations of 120 runs."""
    first, other, truth = equally_good(rate)
    rng, wrong, hits = np.random.default_rng(n), 0, 0
    for _ in range(RUNS):
        events = rng.multinomial(n, shares())
        counts = Counts(events, rng.binomial(events, truth))
        pair = (LOG_LOSS.value(scores, counts, 0.2) for scores in (other, first))
        one, reference = pair
        assert one is not None
        assert reference is not None
        interval = (one - reference).cautious.interval()
        assert interval.low < interval.value < interval.high
        wrong += LOG_LOSS.judge(interval, counts) in ("better", "worse")
        hits += interval.low <= 0 <= interval.high
    assert wrong <= 0.05 * RUNS + 4
    assert wrong == 0 or n >= verdicts.FEWEST_OUTCOMES
    assert hits >= 0.93 * RUNS - 4


def test_two_equal_rows_decide_nothing() -> None:
    counts = Counts(np.array([2, 0]), np.array([2, 0]))
    first, other = compare.results(
        [("a", np.array([0.6, 0.1])), ("b", np.array([0.47, 0.1]))], counts, 0.2
    )
    for interval in (*first.metrics.values(), *other.metrics.values(), *other.differences.values()):
        assert interval is None or interval.low < interval.high
    assert {d.verdict for d in other.differences.values() if d} == {"not enough evidence"}
    assert other.statement == "all outcomes are 1: there is nothing to rank"


@pytest.mark.parametrize(
    ("n", "positives", "shortage", "more"),
    [
        (0, 0, "only 0 outcomes are known, and a verdict needs 50", 50),
        (1, 0, "only 1 outcome is known, and a verdict needs 50", 49),
        (49, 20, "only 49 outcomes are known, and a verdict needs 50", 1),
        (400, 1, "only 1 of 400 outcomes is 1, and a verdict needs 10 of each kind", 3600),
        (400, 395, "only 5 of 400 outcomes are 0, and a verdict needs 10 of each kind", 400),
        (400, 400, "none of 400 outcomes are 0, and a verdict needs 10 of each kind", 3600),
        (50, 10, None, 0),
    ],
)
def test_what_is_too_little(n: int, positives: int, shortage: str | None, more: int) -> None:
    assert verdicts.find_shortage(n, positives) == shortage
    if n:
        assert verdicts.missing(n, positives) == max(more, 0)


@pytest.mark.parametrize("n", [1, 2, 60, 199])
def test_a_window_of_few_events_has_not_drifted(n: int) -> None:
    """As when the README's own request is sent twice: a rare case, and nothing else."""
    events = np.zeros(1024, np.int64)
    events[1023] = n
    baseline = shipped().baseline
    assert baseline is not None
    window = Window(events, Counts(events, events))
    before = Window(baseline.n, baseline)
    for sides in ((before, window), (window, before)):
        result = drift.compare(Features.numbered(10), shipped().scores, *sides)
        assert isinstance(result, DriftResult)
        assert result.headline.verdict == "cannot tell"
        assert {row.verdict for row in result.features} == {"cannot tell"}
        assert result.scores.verdict == "cannot tell"
        assert result.scores.difference.low < result.scores.difference.high
        assert not any(pair.verdict == "drifted" for pair in result.pairs)


CASES = np.arange(16)
SURE = CASES >= 12  # the rule says yes to these, and no to all others


def by_rule(n: int, errors: float) -> tuple[Array, Array, Array, float]:
    """A rule model, a soft one, the truth, and the rule's true disadvantage.

    ``errors`` is how often in ``n`` events the rule is wrong, on average.
    """
    rate = errors / n
    truth, rule, soft = (np.where(SURE, 1 - p, p) for p in (rate, 0.0, 0.03))
    p = np.clip(np.stack([rule, soft]), 2.0**-52, 1 - 2.0**-52)
    loss = -(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean(axis=1)
    return rule, soft, truth, float(loss[0] - loss[1])


@pytest.mark.parametrize("n", [300, 4000])
@pytest.mark.parametrize("errors", [0.26, 1.5, 6])
def test_scores_of_0_and_1_are_not_trusted_before_their_errors_can_show(
    n: int, errors: float
) -> None:
    """Wrong .26 times on average, three of four samples hold no error of 36 nats at all."""
    rule, soft, truth, true = by_rule(n, errors)
    rng, wrong, hits = np.random.default_rng(n), 0, 0
    for _ in range(RUNS):
        events = rng.multinomial(n, np.full(16, 1 / 16))
        counts = Counts(events, rng.binomial(events, truth))
        results = compare.results([("soft", soft), ("rule", rule)], counts, 0.2)
        difference = results[1].differences["log_loss"]
        assert difference is not None
        ends = (difference.low, difference.value, difference.high)
        assert np.isfinite(ends).all()
        assert difference.low < difference.high
        hits += difference.low <= true <= difference.high
        wrong += difference.verdict == ("better" if true > 0 else "worse")
        assert f"{n:,} events have a score of exactly 0 or 1" in str(results[1].statement)
    assert hits >= 0.95 * RUNS
    assert wrong == 0


@pytest.mark.parametrize("table", ["zeros", "ones", "rule", "one soft", "perfect"])
@pytest.mark.parametrize("n", [1, 30, 5000])
def test_drift_of_a_rule_model_is_finite(table: str, n: int) -> None:
    features, rng = Features.numbered(4), np.random.default_rng(1)
    scores = {
        "zeros": np.zeros(16),
        "ones": np.ones(16),
        "rule": SURE.astype(float),
        "one soft": np.where(CASES == 5, 0.4, SURE.astype(float)),
        "perfect": SURE.astype(float),
    }[table]
    truth = SURE.astype(float) if table == "perfect" else np.where(SURE, 0.9, 0.1)

    def window(size: int) -> Window:
        events = rng.multinomial(size, np.full(16, 1 / 16))
        return Window(events, Counts(events, rng.binomial(events, truth)))

    result = drift.compare(features, scores, window(3000), window(n))
    assert isinstance(result, DriftResult)
    now = result.performance.window
    for interval in (now.log_loss, now.brier, now.auc, result.performance.estimated.log_loss):
        if interval is not None:
            assert np.isfinite([interval.low, interval.value, interval.high]).all()
            ranks_nothing = interval is now.auc and len(np.unique(scores)) == 1
            assert interval.low < interval.high or ranks_nothing
