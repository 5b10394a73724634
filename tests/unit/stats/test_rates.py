"""Rates, differences and their tests against SciPy and statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency, false_discovery_control
from statsmodels.stats.proportion import confint_proportions_2indep, power_proportions_2indep

from webapp.stats import rates
from webapp.stats.rates import wilson


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (20, 49), (0, 300), (299, 300), (5, 10)])
def test_equal_to_scipy(k: int, n: int) -> None:
    theirs = binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")
    ours = wilson(k, n)
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (k / n, theirs.low, theirs.high), abs=1e-12
    )


@pytest.mark.parametrize(("k", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_no_rate_without_events(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="needs"):
        wilson(k, n)


TABLES = [(40, 100, 60, 120), (0, 50, 3, 40), (5, 5, 1, 9), (900, 4000, 50, 300), (1, 1, 0, 1)]


@pytest.mark.parametrize("table", TABLES)
def test_newcombe_equals_statsmodels(table: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = table
    theirs = confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff")
    ours = rates.newcombe(*map(np.array, table))
    assert np.ravel(ours) == pytest.approx([x2 / n2 - x1 / n1, *theirs], abs=1e-12)


@pytest.mark.parametrize("table", [t for t in TABLES if 0 < t[0] + t[2] < t[1] + t[3]])
def test_chi_square_equals_scipy(table: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = table
    theirs = chi2_contingency([[x1, n1 - x1], [x2, n2 - x2]], correction=False).pvalue
    ours = rates.chi_square_p(np.array(x1), n1, np.array(x2), n2)
    assert float(ours) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("x1", "n1", "x2", "n2"), [(0, 5, 0, 9), (5, 5, 9, 9), (0, 0, 3, 9)])
def test_what_cannot_differ_has_p_1(x1: int, n1: int, x2: int, n2: int) -> None:
    assert rates.chi_square_p(np.array(x1), n1, np.array(x2), n2) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjustment_equals_scipy(p: list[float]) -> None:
    assert rates.adjust(np.array(p)) == pytest.approx(false_discovery_control(p), abs=1e-15)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.22, 0.5])
@pytest.mark.parametrize(("n1", "n2"), [(4000, 300), (4000, 30_000), (100, 100)])
def test_the_detectable_shift_has_80_percent_power(rate: float, n1: int, n2: int) -> None:
    shift = float(rates.detectable(np.array(rate), n1, n2))
    power = power_proportions_2indep(
        -shift, rate + shift, n1, ratio=n2 / n1, alpha=0.05, return_results=False
    )
    # Theirs counts rejections in the wrong direction, too, which a rate near 0 can't have.
    assert 0.7999 < power < (0.8001 if rate > 0.1 else 0.83)
    assert float(rates.detectable(np.array(1 - rate), n1, n2)) == pytest.approx(shift, abs=1e-9)


def test_too_few_events_detect_nothing() -> None:
    assert np.isnan(rates.detectable(np.array([0.5]), 4000, 2)).all()
    assert np.isnan(rates.detectable(np.array([0.5]), 4000, 0)).all()
