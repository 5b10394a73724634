"""Error rates by simulation: what claims 95 % is right in 95 %, and no drift is no alarm.

Windows are drawn from the shipped champion's training cases, whose games depend on each other, with
labels as its scores say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support import populations
from webapp.stats import calibration, drift, margins, performance
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window
from webapp.stats.inputs import feature_rows
from webapp.stats.metrics import auc
from webapp.stats.rates import Interval

SCORES, CASES, GAMES = populations.shipped().scores, populations.shares(), populations.GAMES
BASELINE = 4000
SIZES = (300, 3_000, 30_000)

pytestmark = pytest.mark.slow


def windows(n: int, times: int, points: float = 0.0) -> Iterator[tuple[Window, Window]]:
    """Baselines, and windows in which so many more have G8."""
    rng = np.random.default_rng(n + times)
    now = populations.shifted(7, points)
    for _ in range(times):
        yield populations.draw(rng, BASELINE, CASES), populations.draw(rng, n, now)


def verdicts(n: int, times: int, points: float = 0.0) -> list[str]:
    return [
        drift.compare(GAMES, SCORES, before, now).headline.verdict
        for before, now in windows(n, times, points)
    ]


@pytest.mark.parametrize("n", [3_000, 300_000])
def test_six_points_are_drift(n: int) -> None:
    rng, now = np.random.default_rng(0), populations.shifted(7, 0.06)
    big = populations.draw(rng, 40_000, CASES)  # so that its own noise hides nothing
    columns = [
        drift.compare(GAMES, SCORES, big, populations.draw(rng, n, now)).headline for _ in range(20)
    ]
    assert sum(f.verdict == "drifted" and "features" in f.causes for f in columns) >= 18


@pytest.mark.parametrize("n", [3_000, 300_000])
def test_six_points_as_expected_are_drift_of_that_game_alone(n: int) -> None:
    sizes = [np.rint(cases * size).astype(np.int64) for cases, size in (
        (CASES, BASELINE), (populations.shifted(7, 0.06), n))]  # fmt: skip
    rows = feature_rows(GAMES, *sizes, margin=0.03)
    names = [row.name for row in rows if row.verdict == "drifted"]
    assert "G8" in names
    assert all(abs(row.difference.value) > 0.03 for row in rows if row.name in names)


def test_six_points_in_60_events_are_inconclusive() -> None:
    columns = verdicts(60, 100, 0.06)
    assert columns.count("cannot tell") >= 98
    assert columns.count("stable") == 0


def truths() -> dict[str, float]:
    """What the intervals of the window should cover, for endless windows without drift."""
    big = Counts(
        np.rint(CASES * 1e12).astype(np.int64), np.rint(CASES * SCORES * 1e12).astype(np.int64)
    )
    loss, rate = performance.loss(SCORES, big).value, big.base_rate
    return {
        "log_loss": loss,
        "brier": float((CASES * SCORES * (1 - SCORES)).sum()),
        "auc": auc(SCORES, big),
        "skill": 1 - loss / margins.entropy(rate),
        "slope": 1.0,
        "intercept": 0.0,
        "base_rate": rate,
    }


def covers(result: DriftResult, true: dict[str, float]) -> Iterator[tuple[str, bool]]:
    """Whether each interval of a window without drift has the truth in it."""
    judgement, quality = result.performance, result.performance.window
    assert quality.log_loss
    assert quality.auc
    pairs: list[tuple[str, Interval | None, float]] = [
        *(("feature", row.difference, 0) for row in result.features),
        ("score", result.scores.difference, 0),
        *((name, getattr(quality, name), value) for name, value in true.items()),
        ("skill change", judgement.skill, 0),
        ("estimated loss", judgement.estimated.log_loss, quality.log_loss.value),
        ("estimated auc", judgement.estimated.auc, quality.auc.value),
    ]
    for name, split in result.splits.items():
        pairs += [(f"{name} total", split.total, 0), (f"{name} population", split.population, 0)]
        if name != "score":  # where there is none to be unsure of
            pairs.append((f"{name} behaviour", split.behaviour, 0))
    for name, interval, truth in pairs:
        if interval is not None:
            yield name, interval.low <= truth <= interval.high


@pytest.mark.parametrize("n", SIZES)
def test_without_drift_alarms_are_rare_and_intervals_cover_the_truth(n: int) -> None:
    """600 windows. An alarm rate of 7.5 % would pass once in 110 times; an interval that covers
    91 % once in 20, 90 % once in 130.
    """
    headlines: list[str] = []
    coverage: dict[str, list[bool]] = defaultdict(list)
    true = truths()
    for before, now in windows(n, 600):
        result = drift.compare(GAMES, SCORES, before, now)
        assert isinstance(result, DriftResult)
        headlines.append(result.headline.verdict)
        for name, hit in covers(result, true):
            coverage[name].append(hit)
    assert headlines.count("drifted") / 600 <= 0.05
    if n == SIZES[-1]:
        assert headlines.count("stable") >= 300
    shares = {name: float(np.mean(hits)) for name, hits in coverage.items()}
    assert {name: c for name, c in shares.items() if not 0.93 <= c <= 0.97} == {}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("off", [0.0, 0.2, 0.8])
def test_the_calibration_error_is_covered(n: int, off: float) -> None:
    """Its interval covers a little more: without any error it has but one side."""
    rng = np.random.default_rng(n)
    scores = 1 / (1 + (1 - SCORES) / SCORES * np.exp(-off))
    place = np.minimum((scores * 10).astype(int), 9)
    true = float(np.abs(np.bincount(place, CASES * (SCORES - scores))).sum())
    hits = []
    for _ in range(400):
        interval = calibration.ece(scores, populations.draw(rng, n, CASES).labelled)
        hits.append(interval.low <= true <= interval.high)
    assert 0.93 <= np.mean(hits) <= 0.99


@pytest.mark.parametrize(("m", "n"), [(200, 200), (200, 1000), (4000, 200), (4000, 3000)])
def test_a_window_without_drift_hardly_ever_shows_an_input_that_drifted(m: int, n: int) -> None:
    """Of 600 windows; were it 8 % of them, more than 6 % would be seen in 97 of 100 such tests."""
    rng = np.random.default_rng(m + n)
    alarms = 0
    for _ in range(600):
        rows = feature_rows(GAMES, rng.multinomial(m, CASES), rng.multinomial(n, CASES), 0.03)
        alarms += any(row.verdict == "drifted" for row in rows)
    assert alarms / 600 <= 0.06
