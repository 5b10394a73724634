"""Cases are said to have moved only where chance can't explain it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from webapp.stats.case_shifts import find_shifts, likelihood_ratio_p
from webapp.stats.verdicts import FEWEST

RNG = np.random.default_rng(5)
SHARES = RNG.dirichlet(np.full(1024, 0.3))  # of cases, most of them rare
RUNS = 200  # a false discovery rate of 10 % in place of 5 % would be 20 runs in place of 10


@pytest.mark.parametrize(
    ("x1", "n1", "x2", "n2"),
    [(20, 1000, 45, 900), (3, 4000, 1, 250), (0, 5000, 4, 300), (250, 800, 1, 700), (5, 50, 5, 50)],
)
def test_it_is_the_likelihood_ratio_test_with_the_correction(
    x1: int, n1: int, x2: int, n2: int
) -> None:
    (p,) = likelihood_ratio_p(np.array([x1]), n1, np.array([x2]), n2)
    table = [[x1, n1 - x1], [x2, n2 - x2]]
    assert p == pytest.approx(chi2_contingency(table, lambda_="log-likelihood").pvalue)


def test_nothing_moves_where_nothing_has_changed() -> None:
    false_alarms = 0
    for _ in range(RUNS):
        before, now = RNG.multinomial(5_000, SHARES), RNG.multinomial(800, SHARES)
        false_alarms += bool(find_shifts(before, now).any())
    assert false_alarms <= 0.1 * RUNS


def test_what_has_moved_is_found() -> None:
    moved_shares = SHARES.copy()
    moved_shares[:2] += 0.05
    shifts = find_shifts(
        RNG.multinomial(5_000, SHARES), RNG.multinomial(2_000, moved_shares / moved_shares.sum())
    )
    assert shifts[:2].all()


@pytest.mark.parametrize("n", [1, FEWEST - 1])
def test_of_few_events_nothing_is_known(n: int) -> None:
    now = np.zeros(4, np.int64)
    now[3] = n
    assert not find_shifts(np.array([5_000, 3_000, 2_000, 0]), now).any()
    assert not find_shifts(now, np.array([5_000, 3_000, 2_000, 0])).any()
