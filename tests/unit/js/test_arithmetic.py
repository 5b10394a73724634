"""The scripts compute what Python computes: the same calls to both, and every answer compared."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.js.conftest import Evaluate
from webapp import vocabulary
from webapp.cases import Features
from webapp.components.case_grid import gray
from webapp.services import formatting
from webapp.stats import decisions, rates
from webapp.stats.counts import Counts
from webapp.stats.shapley import shapley

DAY_MS = 86_400_000
THRESHOLDS = (0.0, 0.05, 0.2, 0.35, 0.5, 0.83, 1.0)


def tables(features: int, seed: int) -> tuple[NDArray[np.float64], Counts]:
    """A score table with ties, and counts of which every third is 0."""
    random = np.random.default_rng(seed)
    scores = random.random(1 << features).round(2)
    n = random.poisson(20, 1 << features) * (random.random(1 << features) < 2 / 3)
    return scores, Counts(n, random.binomial(n, scores))


def columns(counts: Counts) -> dict[str, list[int]]:
    """Counts as the page has them, with twice as many events as outcomes."""
    n, positives = counts.n.tolist(), counts.positives.tolist()
    return {"events": (2 * counts.n).tolist(), "labelled": n, "positives": positives}


@pytest.mark.parametrize("count", [1, 2, 7, 10])
def test_case_numbers(evaluate: Evaluate, count: int) -> None:
    features = Features.numbered(count)
    names, cases = list(features.names), range(features.cases)
    inputs = [features.owned(case) for case in cases]
    assert evaluate("cases.owned", [(names, case) for case in cases]) == [list(on) for on in inputs]
    assert evaluate("cases.caseOf", [(names, {"set": on}) for on in inputs]) == list(cases)
    assert evaluate("cases.bits", [(names, case) for case in cases]) == features.matrix().tolist()
    counts = evaluate("cases.bitCount", [(case,) for case in cases])
    assert counts == [case.bit_count() for case in cases]


@pytest.mark.parametrize("count", [1, 2, 7, 10])
def test_the_grid_of_the_map(evaluate: Evaluate, count: int) -> None:
    features = Features.numbered(count)
    across, down = gray(features.half), gray(count - features.half)
    codes = evaluate("cases.gray", [(j,) for j in range(len(across))])
    assert codes == across.tolist()
    assert evaluate("cases.ungray", [(code,) for code in codes]) == list(range(len(across)))
    [grid] = evaluate("grid.layout", [(count, 800, 2)])
    places = [(grid, i, j) for j in range(len(down)) for i in range(len(across))]
    case_numbers = across[None, :] | down[:, None] << features.half
    assert evaluate("grid.caseAt", places) == case_numbers.ravel().tolist()


@pytest.mark.parametrize("features", [1, 2, 5, 8])
def test_shapley_values_and_flips_of_every_case(evaluate: Evaluate, features: int) -> None:
    scores, counts = tables(features, seed=features)
    cases = range(1 << features)
    calls = [(scores.tolist(), counts.n.tolist(), case) for case in cases]
    for case, result in zip(cases, evaluate("cases.shapley", calls), strict=True):
        average, values = shapley(scores, counts.n, case)
        assert result["average"] == pytest.approx(average, abs=1e-12)
        assert result["values"] == pytest.approx(values.tolist(), abs=1e-12)
    flips = evaluate("cases.flips", [(scores.tolist(), case) for case in cases])
    neighbours = np.arange(1 << features)[:, None] ^ 1 << np.arange(features)
    assert flips == (scores[neighbours] - scores[:, None]).tolist()


def test_intervals_of_rates(evaluate: Evaluate) -> None:
    calls = [(k, n) for n in (1, 2, 5, 17, 50, 1_000, 250_000) for k in {0, 1, n // 3, n}]
    for (k, n), result in zip(calls, evaluate("rates.wilson", calls), strict=True):
        interval = rates.wilson(k, n)
        assert result == pytest.approx([interval.value, interval.low, interval.high], abs=1e-12)


def test_the_side_of_a_threshold(evaluate: Evaluate) -> None:
    calls = [
        (k, n, threshold)
        for n in (*range(1, 60), 400)
        for k in sorted({0, 1, n // 5, n // 2, n - 1, n})
        for threshold in THRESHOLDS
    ]
    assert evaluate("rates.side", calls) == [decisions.side(*call) for call in calls]


@pytest.mark.parametrize("seed", range(5))
def test_confusion_and_value_at_every_threshold(evaluate: Evaluate, seed: int) -> None:
    scores, counts = tables(8, seed)
    everyone = columns(counts)
    [steps] = evaluate("decisions.cumulate", [(scores.tolist(), everyone)])
    [totals] = evaluate("decisions.totals", [(everyone,)])
    thresholds = [*THRESHOLDS, *np.unique(scores).tolist()]
    sums = evaluate("decisions.picked", [(steps, threshold) for threshold in thresholds])
    confusions = evaluate("decisions.confusion", [(pair, totals) for pair in sums])
    values = evaluate("decisions.value", [(pair, totals, 8, 1.5) for pair in sums])
    for threshold, result, value in zip(thresholds, confusions, values, strict=True):
        confusion = decisions.confusion(scores, counts, threshold)
        assert result == {
            "truePositives": confusion.true_positives,
            "falsePositives": confusion.false_positives,
            "falseNegatives": confusion.false_negatives,
            "trueNegatives": confusion.true_negatives,
        }
        worth = decisions.value(scores, counts, threshold, 8, 1.5).value
        assert value == pytest.approx(1000 * worth, abs=1e-9)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_decisions_that_flip(evaluate: Evaluate, threshold: float) -> None:
    reference, counts = tables(8, seed=1)
    challenger, _ = tables(8, seed=2)
    call = (reference.tolist(), challenger.tolist(), counts.n.tolist(), threshold)
    [flips] = evaluate("decisions.flips", [call])
    python_flips = decisions.flips(reference, challenger, counts.n, counts, threshold)
    assert python_flips is not None
    assert [(flip["i"], flip["n"]) for flip in flips] == [
        (case.case, case.events) for case in python_flips.cases
    ]
    n_gained = sum(flip["n"] for flip in flips if flip["now"])
    assert n_gained / counts.total == pytest.approx(python_flips.gained.value, abs=1e-12)


def test_numbers_and_days_are_written_the_same(evaluate: Evaluate) -> None:
    shares = np.random.default_rng(0).uniform(0.001, 1, 500).tolist()  # none halfway between two
    assert evaluate("format.percent", [(share,) for share in shares]) == [
        formatting.percent(share) for share in shares
    ]
    assert evaluate("format.shortPercent", [(share,) for share in shares]) == [
        formatting.share(share) for share in shares
    ]
    changes = [share - 0.5 for share in shares] + [0.0, 0.0002, -0.0002]
    assert evaluate("format.points", [(change,) for change in changes]) == [
        formatting.signed(100 * change, 1) for change in changes
    ]
    days = [1_700_000_000_000 + 17 * DAY_MS * i for i in range(50)]
    assert evaluate("format.day", [(ms,) for ms in days]) == [
        formatting.short_day(ms) for ms in days
    ]
    numbers = [*range(1, 11), 1_234]
    assert [text.lower() for text in evaluate("format.spell", [(n,) for n in numbers])] == [
        vocabulary.spell(n) for n in numbers
    ]
