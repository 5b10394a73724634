"""What keeps a verdict open, and that so many more of it do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import populations
from webapp.stats import drift
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window
from webapp.stats.limits import Limit, limits_of_harm, limits_of_inputs
from webapp.stats.verdicts import MARGIN

SHARES, SCORES = populations.shares(), populations.shipped().scores


def exact(n: int) -> Window:
    """A window as the population is, to the nearest event: with nothing that chance did."""
    events = np.round(SHARES * n).astype(np.int64)
    return Window(events, Counts(events, np.round(events * SCORES).astype(np.int64)))


def compare(m: int, n: int, *, is_labelled: bool = True) -> DriftResult:
    baseline, window = exact(m), exact(n)
    if not is_labelled:
        window = Window(window.events, Counts(0 * window.events, 0 * window.events))
    result = drift.compare(populations.GAMES, SCORES, baseline, window)
    assert isinstance(result, DriftResult)
    return result


def inputs(result: DriftResult) -> tuple[Limit, ...]:
    return limits_of_inputs(result.features, result.n, result.baseline_n, MARGIN)


@pytest.mark.parametrize(
    ("m", "n", "sides"),
    [
        (40_000, 1_000, {"window events"}),
        (1_000, 40_000, {"baseline events"}),
        (1_000, 1_000, {"window events", "baseline events"}),
    ],
)
def test_so_many_more_events_settle_it(m: int, n: int, sides: set[str]) -> None:
    limits = inputs(compare(m, n))
    assert {limit.of for limit in limits} == sides
    more = {limit.of: limit.more or 0 for limit in limits}
    size = m + more.get("baseline events", 0), n + more.get("window events", 0)
    rng, stable = np.random.default_rng(m), 0
    for _ in range(40):  # a power of 60 % for one input would show with a probability of 98 %
        before, now = (populations.draw(rng, k, SHARES) for k in size)
        result = drift.compare(populations.GAMES, SCORES, before, now)
        assert isinstance(result, DriftResult)
        stable += sum(row.verdict == "stable" for row in result.features)
    assert stable >= 0.75 * 40 * 10
    assert inputs(compare(*size)) == ()


def test_too_small_sides_are_counted_up_to_the_floor() -> None:
    sides = exact(60), exact(150)
    result = drift.compare(populations.GAMES, SCORES, *sides)
    assert isinstance(result, DriftResult)
    assert [(limit.of, limit.have + (limit.more or 0)) for limit in inputs(result)] == [
        ("window events", 200),
        ("baseline events", 200),
    ]
    assert inputs(compare(60_000, 60_000)) == ()


def test_harm_is_limited_by_outcomes_of_the_window_first() -> None:
    result = compare(40_000, 20_000, is_labelled=False)
    (limit,) = limits_of_harm(result.performance)
    assert (limit.of, limit.have) == ("window outcomes", 0)
    assert limit.more == result.performance.outcomes_needed


def test_a_small_baseline_limits_harm_and_so_many_more_do() -> None:
    result = compare(400, 60_000)
    assert (result.performance.verdict, result.performance.outcomes_needed) == ("unknown", None)
    (limit,) = limits_of_harm(result.performance)
    assert limit.of == "baseline outcomes"
    assert limit.more is not None
    assert compare(limit.have + limit.more, 60_000).performance.verdict != "unknown"
    assert limits_of_harm(compare(60_000, 60_000).performance) == ()


def test_two_small_sides_are_named_together() -> None:
    performance = compare(400, 500).performance
    limits = limits_of_harm(performance)
    assert [limit.of for limit in limits] == ["window outcomes", "baseline outcomes"]
    sizes = [limit.have + (limit.more or 0) for limit in limits]
    assert compare(sizes[1], sizes[0]).performance.verdict != "unknown"


def test_a_baseline_without_enough_of_a_label_says_how_many() -> None:
    events = np.round(SHARES * 300).astype(np.int64)
    positives = np.zeros_like(events)
    positives[np.argmax(events)] = 3
    baseline = Window(events, Counts(events, positives))
    result = drift.compare(populations.GAMES, SCORES, baseline, exact(5000))
    assert isinstance(result, DriftResult)
    (limit,) = limits_of_harm(result.performance)
    n = int(events.sum())
    assert (limit.of, limit.have, limit.more) == ("baseline outcomes", n, -(-n * 10 // 3) - n)
