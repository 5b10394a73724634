"""Wilson intervals against SciPy's."""

import pytest
from scipy.stats import binomtest

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
