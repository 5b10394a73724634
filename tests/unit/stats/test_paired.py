"""Versions on the same events, against scikit-learn, statsmodels, and published figures."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from tests.support import populations
from webapp.cases import Features
from webapp.stats import compare, curves, decisions, disagreement, paired, performance, verdicts
from webapp.stats.counts import Counts
from webapp.stats.metric_specs import SPECS
from webapp.stats.rates import Interval

A, B = (populations.shipped(name).scores for name in ("logit_games_v1", "hgb_games_v1"))
GAMES = populations.GAMES


def sample(n: int, seed: int = 0) -> Counts:
    """Events as in training, labelled as halfway between the two versions."""
    rng = np.random.default_rng(seed)
    return populations.draw(rng, n, populations.shares(), (A + B) / 2).labelled


def rows(counts: Counts, values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray]:
    return populations.rows(counts, values)


@pytest.mark.parametrize("scores", [A, B, np.round(A, 1)], ids=["logit", "hgb", "ties"])
def test_values_are_those_of_scikit_learn(scores: NDArray[np.float64]) -> None:
    counts = sample(2000)
    y, p = rows(counts, scores)
    values = {
        "log_loss": sk.log_loss(y, p),
        "brier": sk.brier_score_loss(y, p),
        "auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
    }
    specs = {spec.key: spec for spec in SPECS}
    for name, value in values.items():
        assert specs[name].measure(scores, counts).value == pytest.approx(value, rel=1e-12)
    picks = p >= 0.2
    assert paired.precision(scores, counts, 0.2).value == pytest.approx(
        sk.precision_score(y, picks), rel=1e-12
    )
    assert paired.recall(scores, counts, 0.2).value == pytest.approx(
        sk.recall_score(y, picks), rel=1e-12
    )
    assert paired.ece(scores, counts).value == pytest.approx(
        populations_ece(y, p), rel=1e-12, abs=1e-15
    )


def populations_ece(y: NDArray[np.int64], p: NDArray[np.float64]) -> float:
    """Bin by bin, from the definition."""
    place = np.minimum((p * 10).astype(int), 9)
    return sum(abs(y[place == b].mean() - p[place == b].mean()) * (place == b).mean()
               for b in np.unique(place))  # fmt: skip


# Ovarian cancer patients of DeLong et al. 1988, as SAS/STAT's documentation prints them: albumin,
# total protein, K-G score, and 0 for those who don't benefit.
_PATIENTS = """
3.0 5.8 10 0 3.2 6.3 5 1 3.9 6.8 3 1 2.8 4.8 6 0 3.2 5.8 3 1 0.9 4.0 5 0 2.5 5.7 8 0 1.6 5.6 5 1
3.8 5.7 5 1 3.7 6.7 6 1 3.2 5.4 4 1 3.8 6.6 6 1 4.1 6.6 5 1 3.6 5.7 5 1 4.3 7.0 4 1 3.6 6.7 4 0
2.3 4.4 6 1 4.2 7.6 4 0 4.0 6.6 6 0 3.5 5.8 6 1 3.8 6.8 7 1 3.0 4.7 8 0 4.5 7.4 5 1 3.7 7.4 5 1
3.1 6.6 6 1 4.1 8.2 6 1 4.3 7.0 5 1 4.3 6.5 4 1 3.2 5.1 5 1 2.6 4.7 6 1 3.3 6.8 6 0 1.7 4.0 7 0
3.7 6.1 5 1 3.3 6.3 7 1 4.2 7.7 6 1 3.5 6.2 5 1 2.9 5.7 9 0 2.1 4.8 7 1 2.8 6.2 8 0 4.0 7.0 7 1
3.3 5.7 6 1 3.7 6.9 5 1 3.6 6.6 5 1"""
PATIENTS = np.array(_PATIENTS.split(), float).reshape(-1, 4)


def test_areas_and_their_differences_are_those_of_delong_as_published() -> None:
    counts = Counts(np.ones(43, np.int64), (PATIENTS[:, 3] == 0).astype(np.int64))
    albumin, protein, score = (
        paired.area(values, counts) for values in (-PATIENTS[:, 0], -PATIENTS[:, 1], PATIENTS[:, 2])
    )
    figures = ((albumin, 0.7366, 0.0927), (protein, 0.6478, 0.1000), (score, 0.7258, 0.1028))
    for measurement, value, error in figures:
        assert measurement.value == pytest.approx(value, abs=5e-5)
        assert measurement.estimate.variance**0.5 == pytest.approx(error, abs=5e-5)
    difference = (protein - score).estimate
    assert difference.value == pytest.approx(-0.0780, abs=5e-5)
    assert difference.variance**0.5 == pytest.approx(0.1046, abs=5e-5)
    assert difference.value**2 / difference.variance == pytest.approx(0.5554, abs=5e-5)


def test_the_influence_of_average_precision_is_its_derivative() -> None:
    counts, scores = sample(3000), np.round(B, 2)
    measurement = paired.average_precision(scores, counts)
    influence, events = measurement.parts[0]
    assert (influence * events).sum() == pytest.approx(0, abs=1e-9)
    for case in np.flatnonzero(counts.positives)[:3]:
        more = Counts(counts.n * 10**6, counts.positives * 10**6)
        more.n[case] += 1
        more.positives[case] += 1
        change = paired.average_precision(scores, more).value - measurement.value
        assert change * more.total == pytest.approx(influence[case, 1], rel=1e-3)


def test_a_difference_by_hand() -> None:
    """Ten events of one case: .5 against .2, three of them positive."""
    counts = Counts(np.array([10, 0]), np.array([3, 0]))
    first, other = np.array([0.5, 0.5]), np.array([0.2, 0.5])
    differences = compare.results([("a", first), ("b", other)], counts, 0.3)[1].differences
    each = [log(0.5 / 0.8), log(0.5 / 0.2)]  # loss of b minus loss of a, by label
    mean = 0.7 * each[0] + 0.3 * each[1]
    spread = sum(n * (v - mean) ** 2 for n, v in zip((7, 3), each, strict=True)) / 90
    assert differences["log_loss"] is not None
    assert differences["log_loss"].value == pytest.approx(mean)
    spread += ((each[1] - each[0]) / 20) ** 2  # half an event of ten at either end
    assert differences["log_loss"].high - mean == pytest.approx(1.959964 * spread**0.5, rel=1e-6)
    assert differences["precision"] is None  # b picks nobody
    assert differences["recall"] is not None
    assert differences["recall"].value == -1


@pytest.mark.parametrize(
    ("low", "high", "lower_is_better", "verdict"),
    [
        (-0.03, -0.02, True, "better"),
        (-0.03, -0.02, False, "worse"),
        (0.02, 0.03, True, "worse"),
        (0.02, 0.03, False, "better"),
        (-0.005, 0.004, True, "no difference that matters"),
        (-0.015, -0.005, True, "not enough evidence"),
        (-0.02, 0.03, False, "not enough evidence"),
    ],
)
def test_a_verdict_needs_the_whole_interval(
    low: float, high: float, lower_is_better: bool, verdict: str
) -> None:
    interval = Interval((low + high) / 2, low, high)
    assert verdicts.choose(interval, 0.01, lower_is_better=lower_is_better) == verdict


def test_that_many_further_events_settle_it() -> None:
    for value in (0.02, 0.004, -0.03):
        now = Interval(value, value - 0.05, value + 0.05)
        more = verdicts.further(now, 0.01, 1000)
        assert more is not None
        for extra, is_settled in ((more, True), (more - 2, False)):
            half = 0.05 * (1000 / (1000 + extra)) ** 0.5
            then = Interval(value, value - half, value + half)
            verdict = verdicts.choose(then, 0.01, lower_is_better=True)
            assert (verdict != "not enough evidence") == is_settled
    assert verdicts.further(Interval(0.01, 0.0, 0.02), 0.01, 50) is None


@pytest.mark.parametrize("labels", ["none", "one", "all 0", "all 1"])
def test_unknown_values_are_none(labels: str) -> None:
    n = np.zeros(1024, np.int64)
    if labels != "none":
        n[[3, 700]] = 1 if labels == "one" else 20
    n[3] = 0 if labels == "one" else n[3]
    counts = Counts(n, n if labels == "all 1" else np.zeros_like(n))
    first, other = compare.results([("a", A), ("b", B)], counts, 0.2)
    assert first.metrics["auc"] is None
    assert first.statement
    values = [
        v for side in (first.metrics, other.metrics, other.differences) for v in side.values()
    ]
    numbers = [x for v in values if v is not None for x in (v.value, v.low, v.high)]
    assert np.isfinite(numbers).all()
    assert disagreement.segments(GAMES, A, B, counts)
    assert curves.curve(A, counts) is None
    losses = [[performance.loss_interval(s, counts) if counts.total else None] for s in (A, B)]
    cells = compare.loss_matrix(["a", "b"], losses)
    assert (cells[0][0].log_loss is None) == (labels == "none")


def test_curves_are_those_of_scikit_learn() -> None:
    counts = sample(2000)
    y, p = rows(counts, B)
    curve = curves.curve(B, counts)
    assert curve is not None
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, fpr[1:], atol=1e-12)
    np.testing.assert_allclose(curve.true_positive_rate, tpr[1:], atol=1e-12)
    precision, recall, at = sk.precision_recall_curve(y, p)
    np.testing.assert_allclose(curve.precision[::-1], precision[:-1], atol=1e-12)
    np.testing.assert_allclose(curve.true_positive_rate[::-1], recall[:-1], atol=1e-12)
    np.testing.assert_allclose(curve.thresholds[::-1], at)


def test_confusion_value_and_the_best_threshold() -> None:
    counts = sample(3000)
    y, p = rows(counts, A)
    table = sk.confusion_matrix(y, p >= 0.2)
    confusion = decisions.confusion(A, counts, 0.2)
    assert table.tolist() == [
        [confusion.true_negatives, confusion.false_positives],
        [confusion.false_negatives, confusion.true_positives],
    ]
    worth = decisions.value(A, counts, 0.2, gain=8, cost=1)
    assert worth.value == pytest.approx((8 * y - 1)[p >= 0.2].sum() / y.size)
    best = decisions.best_threshold(A, counts, gain=8, cost=1)
    values = [decisions.value(A, counts, t, 8, 1).value for t in np.unique(A)]
    assert best.value.value == pytest.approx(max(values))
    assert best.threshold.low <= best.threshold.value <= best.threshold.high
    nobody = decisions.best_threshold(A, counts, gain=1, cost=10)
    assert nobody.threshold.value > A.max()
    assert nobody.value.value == 0


def test_the_decisions_that_flip() -> None:
    counts = sample(3000)
    flips = decisions.flips(A, B, counts.n, counts, 0.2)
    differs = (A >= 0.2) != (B >= 0.2)
    assert flips.share.value == pytest.approx(counts.n[differs].sum() / counts.total)
    assert flips.gained.value + flips.lost.value == pytest.approx(flips.share.value)
    assert sum(case.events for case in flips.cases) == counts.n[differs].sum()
    first = flips.cases[0]
    rate = counts.positives[first.case] / counts.n[first.case]
    assert first.rate is not None
    assert first.rate.value == pytest.approx(rate)
    for case in flips.cases:
        side = decisions.side(int(counts.positives[case.case]), case.labelled, 0.2)
        assert (case.right == "cannot tell") == (side == 0)
        if case.right != "cannot tell":
            right = {"reference": case.reference, "challenger": case.challenger}[case.right]
            assert (right >= 0.2) == (side > 0)


@pytest.mark.parametrize("threshold", [0.03, 0.2, 0.5])
def test_few_outcomes_are_judged_by_the_exact_test(threshold: float) -> None:
    for n in (0, 1, 3, 12, 49):
        for k in range(n + 1):
            above = n and stats.binomtest(k, n, threshold, "greater").pvalue <= 0.025
            below = n and stats.binomtest(k, n, threshold, "less").pvalue <= 0.025
            assert decisions.side(k, n, threshold) == int(above) - int(below), (k, n)


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.4])
def test_outcomes_rarely_take_sides_where_the_rate_is_the_threshold(threshold: float) -> None:
    rng = np.random.default_rng(0)
    for n in (1, 4, 20, 49, 50, 300):
        is_clear = [
            decisions.side(int(k), n, threshold) != 0 for k in rng.binomial(n, threshold, 4000)
        ]
        assert np.mean(is_clear) <= 0.065, n


def test_effects_are_weighted_least_squares_and_find_what_was_put_in() -> None:
    events = sample(5000).n
    effects = disagreement.effects(GAMES, A, B, events)
    assert effects is not None
    has = GAMES.matrix().astype(float)
    logit = np.log(B / (1 - B)) - np.log(A / (1 - A))
    alone = sm.WLS(logit, sm.add_constant(has), weights=events).fit()
    assert effects.alone == pytest.approx(alone.rsquared, rel=1e-8)
    odds = np.log(A / (1 - A)) + 0.5 * has[:, 2] - 0.8 * has[:, 4] * has[:, 6]
    artificial = disagreement.effects(GAMES, A, 1 / (1 + np.exp(-odds)), events)
    assert artificial is not None
    assert artificial.with_pairs == pytest.approx(1)
    by_name = {effect.names: effect.value for effect in artificial.effects}
    assert by_name["G5", "G7"] == pytest.approx(-0.8, abs=1e-6)
    assert by_name["G3",] == pytest.approx(0.5, abs=1e-6)
    assert artificial.effects[10].names == ("G5", "G7")  # the largest pair comes first
    same = disagreement.effects(GAMES, A, A, events)
    assert same is not None
    assert (same.alone, same.with_pairs) == (None, None)


def test_features_that_never_vary_have_no_effect() -> None:
    events = np.where(GAMES.matrix()[:, 0] == 0, 7, 0)
    effects = disagreement.effects(GAMES, A, B, events)
    assert effects is not None
    assert all(abs(e.value) < 1e-9 for e in effects.effects if "G1" in e.names)
    assert disagreement.effects(Features.numbered(1), A[:2], B[:2], np.array([3, 4])) is not None
    assert disagreement.effects(GAMES, A, B, np.zeros(1024, np.int64)) is None


def test_support_divides_the_disagreement() -> None:
    events = sample(4000).n
    trained_cases = np.arange(1024) % 3 > 0
    support = disagreement.support(A, B, events, trained_cases)
    assert support is not None
    parts = (1 - support.unseen_share) * support.seen + support.unseen_share * support.unseen  # type: ignore[operator]
    assert parts == pytest.approx(support.mean)
    everywhere = disagreement.support(A, B, events, np.ones(1024, bool))
    assert everywhere is not None
    assert everywhere.unseen is None


def test_the_best_version_of_each_period() -> None:
    counts = [sample(800, 1), sample(800, 2), Counts(*np.zeros((2, 1024), np.int64))]
    losses = [
        [performance.loss_interval(s, side) if side.total else None for side in counts]
        for s in (A, B)
    ]
    cells = compare.loss_matrix(["a", "b"], losses)
    for i in (0, 1):
        losses = [row[i].log_loss.value for row in cells if row[i].log_loss]
        assert [row[i].best for row in cells] == [loss == min(losses) for loss in losses]
        assert min(row[i].behind for row in cells) == 0  # type: ignore[type-var]
    assert cells[0][2].behind is None
