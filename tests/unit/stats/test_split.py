"""Pairs of games, and the split of changes: by hand, against statsmodels, and exactly summing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table2x2

from tests.support import populations
from webapp.cases import Features
from webapp.stats import pairs
from webapp.stats.counts import Counts
from webapp.stats.split import split

TWO = Features.numbered(2)
LABEL = np.tile([0.0, 1.0], (4, 1))
SCORES = np.array([0.1, 0.2, 0.3, 0.4])


def test_a_pair_by_hand_and_by_statsmodels() -> None:
    before, now = np.array([400, 100, 100, 400]), np.array([250, 250, 250, 250])
    (pair,) = pairs.compare(TWO.names, TWO.matrix(), before, now)
    tables = [Table2x2(counts.reshape(2, 2) + 0.5) for counts in (before, now)]
    change = tables[1].log_oddsratio - tables[0].log_oddsratio
    error = np.hypot(tables[0].log_oddsratio_se, tables[1].log_oddsratio_se)
    assert pair.change.value == pytest.approx(change)
    assert pair.change.half == pytest.approx(1.959964 * error, rel=1e-6)
    assert (pair.names, pair.both, pair.verdict) == (("G1", "G2"), 250, "drifted")
    assert pair.baseline == pytest.approx(tables[0].oddsratio)
    assert pair.window == pytest.approx(1.0)


def test_a_pair_that_hardly_occurs_is_inconclusive() -> None:
    (pair,) = pairs.compare(
        TWO.names, TWO.matrix(), np.array([4000, 20, 20, 0]), np.array([0, 5, 5, 300])
    )
    assert pair.verdict == "cannot tell"


def test_one_feature_has_no_pairs() -> None:
    one = Features.numbered(1)
    assert pairs.compare(one.names, one.matrix(), np.array([1, 2]), np.array([1, 2])) == []
    empty = np.zeros(4, np.int64)
    assert pairs.compare(TWO.names, TWO.matrix(), empty, empty + 1) == []


def test_false_discoveries_among_pairs_are_few() -> None:
    rng, cases = np.random.default_rng(3), populations.shares()
    names, matrix = populations.GAMES.names, populations.GAMES.matrix()
    wrong = 0
    for _ in range(100):
        results = pairs.compare(
            names, matrix, rng.multinomial(4000, cases), rng.multinomial(3000, cases)
        )
        assert len(results) == 45
        wrong += any(pair.verdict == "drifted" for pair in results)
    assert wrong <= 10  # of 100 windows, at a level of 5 %


def test_a_split_by_hand() -> None:
    # Two cases of 100 events before; now 300 and 100, and the second buys twice as often.
    before = Counts(np.array([100, 0, 0, 100]), np.array([10, 0, 0, 20]))
    now = Counts(np.array([300, 0, 0, 100]), np.array([30, 0, 0, 40]))
    result = split(LABEL, SCORES, before, now)
    assert result is not None
    assert (result.before.value, result.after.value) == pytest.approx((0.15, 0.175))
    assert result.population.value == pytest.approx(0.25 * 0.1 - 0.25 * 0.3)
    assert result.behaviour.value == pytest.approx((0.25 + 0.5) / 2 * 0.2)
    assert result.unseen.value == 0
    assert [(part.kind, part.case, part.cases) for part in result.parts] == [
        ("case", 3, 1),
        ("case", 0, 1),
    ]


def test_what_the_baseline_never_saw_is_apart() -> None:
    before = Counts(np.array([100, 0, 0, 0]), np.array([10, 0, 0, 0]))
    now = Counts(np.array([50, 50, 0, 0]), np.array([5, 40, 0, 0]))
    result = split(LABEL, SCORES, before, now)
    assert result is not None
    assert result.behaviour.value == 0
    assert result.seen.value + result.unseen.value == pytest.approx(result.population.value)
    assert result.unseen.value == pytest.approx(0.5 * (0.8 - (0.1 + 0.45) / 2))
    unseen = next(part for part in result.parts if part.kind == "unseen")
    assert (unseen.case, unseen.baseline_mean) == (1, None)


def test_nothing_is_split_without_events() -> None:
    empty, some = (Counts(np.full(4, n), np.zeros(4, np.int64)) for n in (0, 3))
    assert split(LABEL, SCORES, empty, some) is None
    assert split(LABEL, SCORES, some, empty) is None


CELLS = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), min_size=4, max_size=4)


@given(CELLS.filter(lambda c: sum(map(sum, c)) > 0), CELLS.filter(lambda c: sum(map(sum, c)) > 0))
def test_parts_sum_to_the_total(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    sides = [
        Counts(np.array([a + b for a, b in cells]), np.array([b for _, b in cells]))
        for cells in (one, other)
    ]
    result = split(LABEL, SCORES, *sides)
    assert result is not None
    total = result.after.value - result.before.value
    assert result.total.value == pytest.approx(total, abs=1e-12)
    assert result.population.value + result.behaviour.value == pytest.approx(total, abs=1e-12)
    assert result.seen.value + result.unseen.value == pytest.approx(
        result.population.value, abs=1e-12
    )
    assert sum(p.population + p.behaviour.value for p in result.parts) == pytest.approx(
        total, abs=1e-12
    )
    assert sum(part.cases for part in result.parts) == sum(
        any(c) or any(d) for c, d in zip(one, other, strict=True)
    )
