"""Without enough outcomes harm is unknown, and the number that is said to tell does tell."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest

from tests.support import populations
from webapp.stats import drift, harm, verdicts
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window
from webapp.stats.harm import Judgement
from webapp.stats.rates import Interval

SCORES, CASES = populations.shipped().scores, populations.shares()
NONE = Counts(np.zeros(1024, np.int64), np.zeros(1024, np.int64))
TURNED = 1 - SCORES  # the concept turned over


def judge(window: Counts, events: np.ndarray | None = None) -> Judgement:
    """A window against the champion's training."""
    baseline = populations.shipped().baseline
    assert baseline is not None
    return harm.judge(SCORES, baseline, window, window.n if events is None else events)


def drawn(n: int, rates: np.ndarray | None = None, seed: int = 0) -> Counts:
    return populations.draw(np.random.default_rng(seed), n, CASES, rates).labelled


def test_no_outcomes_are_no_calm() -> None:
    judgement = judge(NONE, drawn(3000).n)
    assert (judgement.verdict, judgement.detected, judgement.skill) == ("unknown", "unknown", None)
    assert judgement.tolerance == 0.05  # a third of 16.6 %, but no more than that
    assert judgement.outcomes_needed
    assert 3000 < judgement.outcomes_needed < 6000
    assert judgement.estimated.log_loss
    assert judgement.estimated.assumes == "behaviour didn't change"


def test_the_number_by_hand() -> None:
    """Two cases, scored .2 and .8 and half the events each: of skill, the moments are known."""
    n = np.array([50_000, 50_000])
    baseline = Counts(n, np.array([10_000, 40_000]))
    scores = np.array([0.2, 0.8])
    empty = Counts(n * 0, n * 0)
    judgement = harm.judge(scores, baseline, empty, n // 100)
    # With a base rate of a half, the entropy doesn't move with it: skill varies as loss / ln 2.
    spread = 0.16 * log(4) ** 2 / log(2) ** 2
    error = 0.05 / (1.959964 + 0.841621)
    assert judgement.outcomes_needed == pytest.approx(
        spread / (error**2 - spread / 100_000), rel=0.01
    )


def test_that_many_outcomes_do_tell() -> None:
    enough = judge(NONE, drawn(3000).n).outcomes_needed
    assert enough
    results = Counter(judge(drawn(enough, seed=seed)).verdict for seed in range(100))
    # Against this one training set, which is not redrawn: at least 70 of 100 (80 planned).
    assert results["no difference that matters"] >= 70
    assert results["worse"] <= 5
    assert {judge(drawn(enough, TURNED, seed)).verdict for seed in range(20)} == {"worse"}


def test_rare_outcomes_need_more_but_not_too_many_more() -> None:
    """Scores below .001 make intervals of small samples wide, which the number allows for."""
    rare = 1 / (1 + np.exp(3.5) * (1 - SCORES) / SCORES)
    baseline = populations.draw(np.random.default_rng(0), 200_000, CASES, rare).labelled
    enough = harm.judge(rare, baseline, NONE, drawn(5000).n).outcomes_needed
    assert enough
    events = drawn(5000).n
    windows = [drawn(enough, rare, seed) for seed in range(20)]
    verdicts_then = [harm.judge(rare, baseline, window, events).verdict for window in windows]
    assert verdicts_then.count("no difference that matters") >= 12
    assert harm.judge(rare, baseline, drawn(enough // 4, rare), events).verdict == "unknown"


@pytest.mark.parametrize("n", [20, 60, 150])
def test_few_outcomes_are_never_calm_about_a_concept_that_turned(n: int) -> None:
    results = Counter(judge(drawn(n, TURNED, seed)).verdict for seed in range(60))
    assert set(results) <= {"unknown", "worse"}
    assert n >= harm.LEAST_OUTCOMES or set(results) == {"unknown"}


def test_few_outcomes_rarely_raise_an_alarm() -> None:
    for n in (60, 300):
        alarms = sum(judge(drawn(n, seed=seed)).detected == "worse" for seed in range(60))
        assert alarms <= 3, n


def test_many_outcomes_show_harm_and_its_absence() -> None:
    assert judge(drawn(30_000)).verdict == "no difference that matters"
    worse = judge(drawn(30_000, 0.5 * SCORES + 0.087))
    assert (worse.verdict, worse.outcomes_needed) == ("worse", None)


def test_one_label_alone_tells_nothing() -> None:
    events = drawn(9000).n
    for positives in (events, events * 0):
        judgement = judge(Counts(events, positives))
        assert judgement.verdict == "unknown"
        assert (judgement.outcomes_needed or 0) > 9000


def test_a_small_baseline_leaves_no_number_that_would_tell() -> None:
    judgement = harm.judge(SCORES, drawn(400), drawn(90_000), drawn(90_000).n)
    assert (judgement.verdict, judgement.outcomes_needed) == ("unknown", None)


def test_two_outcomes_are_no_baseline() -> None:
    two = Counts(np.eye(1, 1024, 5, dtype=np.int64)[0] * 2, np.eye(1, 1024, 5, dtype=np.int64)[0])
    judgement = harm.judge(SCORES, two, drawn(9000), drawn(9000).n)
    assert (judgement.verdict, judgement.outcomes_needed) == ("unknown", None)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (Interval(-0.03, -0.045, -0.015), "worse"),
        (Interval(0.03, 0.015, 0.045), "better"),
        (Interval(0, -0.009, 0.009), "no difference that matters"),
        (Interval(-0.01, -0.049, 0.029), "no difference that matters"),
        (Interval(-0.02, -0.039, -0.001), "unknown"),  # a loss, of which size isn't sure
        (Interval(0, -0.06, 0.06), "unknown"),
    ],
)
def test_the_verdict(change: Interval, verdict: str) -> None:
    assert verdicts.harm(change, 0.01, 0.05) == verdict


def test_calm_inputs_without_outcomes_are_not_a_calm_headline() -> None:
    """The same cases as before, of which nobody knows the outcome, or all of them."""
    before = populations.draw(np.random.default_rng(1), 60_000, CASES)
    verdicts_by_labels = {}
    for name, outcomes in (
        ("none", NONE),
        ("few", Counts(before.events // 2000, before.events * 0)),
        ("same", before.labelled),
        ("turned", Counts(before.events, before.events - before.labelled.positives)),
    ):
        result = drift.compare(populations.GAMES, SCORES, before, Window(before.events, outcomes))
        assert isinstance(result, DriftResult)
        verdicts_by_labels[name] = result.headline.verdict
    assert verdicts_by_labels == {
        "none": "unknown", "few": "unknown", "same": "stable", "turned": "drifted",
    }  # fmt: skip
