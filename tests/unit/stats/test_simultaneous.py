"""Many versions against one reference: intervals that hold at once, and hardly a false verdict."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from benchmarks.error_rates import many_versions
from webapp.stats import compare, disagreement, paired, simultaneous
from webapp.stats.counts import Counts
from webapp.stats.rates import Z95

LAW = many_versions.law_at(0.125)


def errors(correlation: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Errors of differences with these correlations, each of another size."""
    values, vectors = np.linalg.eigh(correlation)
    rows = vectors * np.sqrt(np.maximum(values, 0))
    return [(row * (i + 1)).astype(np.float32) for i, row in enumerate(rows)]


def equal(count: int, correlation: float) -> NDArray[np.float64]:
    return np.full((count, count), correlation) + np.eye(count) * (1 - correlation)


@pytest.mark.parametrize(("count", "correlation"), [(2, 0.5), (4, 0.5), (5, 0.9), (6, 0.0)])
def test_the_critical_value_is_that_of_the_multivariate_normal(
    count: int, correlation: float
) -> None:
    """SciPy integrates: so far in all directions lie 95 % of the errors."""
    matrix = equal(count, correlation)
    z = simultaneous.critical_value(errors(matrix))
    normal = stats.multivariate_normal(np.zeros(count), matrix, seed=1)
    inside = normal.cdf(np.full(count, z), lower_limit=np.full(count, -z))
    assert inside == pytest.approx(0.95, abs=0.004)


def test_the_critical_value_is_dunnetts() -> None:
    """Against one control with as many events each (Dunnett 1964, two-sided, endless events)."""
    for count, value in ((2, 2.21), (5, 2.51), (9, 2.69)):
        assert simultaneous.critical_value(errors(equal(count, 0.5))) == pytest.approx(
            value, abs=0.03
        )


def test_one_comparison_stands_alone_and_copies_count_once() -> None:
    one = errors(np.eye(3))
    assert simultaneous.critical_value(one[:1]) == Z95
    assert simultaneous.critical_value([one[0], one[0] * 2, one[0] * 3]) == pytest.approx(
        Z95, abs=0.02
    )
    assert simultaneous.critical_value([one[0], one[0] * 0]) == Z95
    assert simultaneous.critical_value(one) == simultaneous.critical_value(one[::-1])
    assert simultaneous.independent(1) == pytest.approx(Z95)
    assert simultaneous.critical_value(errors(np.eye(40))) <= simultaneous.independent(40)


def test_the_parts_of_an_error_sum_to_its_variance() -> None:
    first, other = many_versions.equally_good(LAW, 2)
    counts = LAW.draw(np.random.default_rng(0), 500).labelled
    for metric in (paired.log_loss, paired.area):
        difference = metric(other, counts) - metric(first, counts)
        parts = simultaneous.error_parts(difference)
        assert (parts**2).sum() == pytest.approx(difference.estimate.variance, rel=1e-4)


def test_adjusted_p_values_are_statsmodels() -> None:
    p = np.random.default_rng(0).random(30) ** 4
    assert simultaneous.adjust(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert simultaneous.adjust(np.array([])).size == 0


@pytest.mark.parametrize(("value", "margin"), [(0.5, 0.1), (-0.5, 0.1), (0.2, 0.0), (0.02, 0.3)])
def test_the_p_value_is_of_what_lies_beyond_the_margin(value: float, margin: float) -> None:
    p = simultaneous.p_beyond(value, 0.04, margin)
    tails = stats.norm.sf(abs(value), loc=[margin, -margin], scale=0.2)
    assert p == pytest.approx(tails.sum() if abs(value) > margin else 1.0)
    assert simultaneous.p_beyond(value, 0.0, margin) == (0.0 if abs(value) > margin else 1.0)


def test_two_versions_have_the_interval_that_they_had() -> None:
    tables = many_versions.equally_good(LAW, 3)
    counts = LAW.draw(np.random.default_rng(0), 2_000).labelled
    interval = many_versions.differences(tables[:2], counts)[0].cautious.interval()
    pairs = list(zip("abc", tables, strict=True))
    two = compare.results(pairs[:2], counts, 0.2)[1].differences["log_loss"]
    three = compare.results(pairs, counts, 0.2)[1].differences["log_loss"]
    without_verdict = compare.results(pairs, counts, 0.2, {"c"})[1].differences["log_loss"]
    assert two is not None
    assert three is not None
    assert (two.low, two.high) == (interval.low, interval.high)
    assert three.low < two.low < two.high < three.high
    assert without_verdict == two


@pytest.mark.slow
def test_of_twenty_equally_good_versions_hardly_ever_one_is_called_better_or_worse() -> None:
    """Of 200 samples; were it 9 % of them, no more than 10 would be seen in 2 of 100 such tests."""
    tables = many_versions.equally_good(LAW, 20)
    alone, at_once = many_versions.false_verdicts(LAW, tables, 300, 200)
    assert at_once <= 0.05 * 200
    assert alone > 0.1 * 200, "as it would be with intervals that each hold for themselves"


@pytest.mark.slow
def test_groups_of_ten_versions_hardly_ever_get_a_false_verdict() -> None:
    """Of 80 samples; were it 9 % of them, no more than 3 would be seen in 7 of 100 such tests."""
    tables = many_versions.equally_good(LAW, 10)
    assert many_versions.false_groups(LAW, tables, 3_000, 80) <= 3


def test_a_group_is_harder_to_find_among_more_versions() -> None:
    first, other, *rest = many_versions.equally_good(LAW, 8)
    counts = LAW.draw(np.random.default_rng(3), 30_000).labelled
    rows = {
        len(others): disagreement.segments(many_versions.INPUTS, first, other, counts, others)
        for others in ([], rest)
    }
    for few, many in zip(rows[0], rows[6], strict=True):
        assert few.difference == many.difference
        assert few.p_adjusted is not None
        assert many.p_adjusted is not None
        assert few.p_adjusted <= many.p_adjusted <= 7 * few.p_adjusted


def test_many_rule_models_are_finite_and_not_better() -> None:
    """Scores of exactly 0 and 1 of which none is contradicted yet: no NaN, no verdict by chance."""
    cases = np.arange(16)
    soft, rule = np.where(cases >= 12, 0.97, 0.03), (cases >= 12).astype(float)
    tables = [soft, *(np.where(cases == i, 0.5, rule) for i in range(12))]
    n = np.full(16, 20)
    counts = Counts(n, np.where(cases >= 12, n, 0))
    reach = simultaneous.reach(tables[0], tables[1:], counts)
    assert Z95 <= reach.log_loss <= simultaneous.independent(12)
    assert Z95 <= reach.auc <= simultaneous.independent(12)
    results = compare.results([(str(i), t) for i, t in enumerate(tables)], counts, 0.2)
    for result in results[1:]:
        difference = result.differences["log_loss"]
        assert difference is not None
        assert np.isfinite([difference.low, difference.value, difference.high]).all()
        assert difference.verdict != "better"
