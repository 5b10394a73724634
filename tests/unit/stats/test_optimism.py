"""A model that learnt its training data by heart isn't called worse for what it never had."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import populations
from webapp.stats import drift, harm, performance
from webapp.stats.counts import Counts
from webapp.stats.reference import Reference
from webapp.stats.scored_counts import ScoredCounts
from webapp.training.fit import split

CASES = populations.shares()


def memorize(training: Counts) -> np.ndarray:
    """The rate of each case, drawn a little to the mean: as overfitted as a table can be."""
    return (training.positives + 2 * training.base_rate) / (training.n + 2)


def out_of_fold(training: Counts) -> ScoredCounts:
    parts = []
    for part in split(training, 5, seed=0):
        rest = Counts(training.n - part.n, training.positives - part.positives)
        parts.append((memorize(rest), part))
    return ScoredCounts.of_folds(parts)


def honest(training: Counts) -> Reference:
    return Reference.out_of_fold(out_of_fold(training))


def judgements(
    rates: np.ndarray, n: int, times: int
) -> list[tuple[harm.Judgement, harm.Judgement]]:
    """Fresh training and a fresh window of one law each time: against in-sample, and honest."""
    rng = np.random.default_rng(n)
    results = []
    for _ in range(times):
        training = populations.draw(rng, 4000, CASES, rates).labelled
        window = populations.draw(rng, n, CASES, rates).labelled
        sides = memorize(training), training, window, window.n
        results.append((harm.judge(*sides), harm.judge(*sides, honest(training))))
    return results


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 0.25])  # a fifth and a twentieth buy
@pytest.mark.parametrize("n", [300, 3000, 30_000])
def test_no_drift_is_no_harm(n: int, scale: float) -> None:
    """With 200 windows, a rate of 10 % would exceed this bar with a probability of 96 %."""
    pairs = judgements(populations.shipped().scores * scale, n, 200)
    honest = np.mean([judgement.detected == "worse" for _, judgement in pairs])
    assert honest <= 0.05
    assert np.mean([judgement.verdict == "worse" for _, judgement in pairs]) <= 0.05
    if n >= 3000:
        naive = np.mean([judgement.detected == "worse" for judgement, _ in pairs])
        assert naive > 0.5, "the rows that it was fitted on flatter it"


def test_a_loss_is_still_found() -> None:
    """Behaviour that forgets half of what made buyers differ is harm, measured honestly too."""
    rates = populations.shipped().scores
    rng = np.random.default_rng(1)
    training = populations.draw(rng, 4000, CASES, rates).labelled
    mean = float(CASES @ rates)
    window = populations.draw(rng, 3000, CASES, mean + (rates - mean) / 4).labelled
    sides = memorize(training), training, window, window.n
    judgement = harm.judge(*sides, honest(training))
    assert (judgement.detected, judgement.reference) == ("worse", "cross-validation")


def test_what_is_judged_by_is_the_folds_own_performance() -> None:
    training = populations.draw(np.random.default_rng(2), 4000, CASES).labelled
    folds = out_of_fold(training)
    judgement = harm.judge(memorize(training), training, training, training.n, honest(training))
    assert judgement.baseline == performance.measure(folds.scores, folds.counts)
    skills = performance.optimism(memorize(training), training, folds)
    assert skills is not None
    assert judgement.baseline.skill is not None
    assert judgement.baseline.skill.value == skills[1] < skills[0]
    assert performance.optimism(memorize(training), training, None) is None


def test_what_training_hides_is_not_called_behaviour() -> None:
    """Nothing changed. By the rows it was fitted on, the loss rose by behaviour.

    Folds that fit on four fifths leave a tenth of that. Of 30 samples, 12 significant ones would
    be a rate of 20 % with a probability of 1 %.
    """
    rng, rates = np.random.default_rng(3), populations.shipped().scores
    verdicts: list[list[bool]] = []
    values: list[list[float]] = []
    for _ in range(30):
        training = populations.draw(rng, 4000, CASES, rates)
        window = populations.draw(rng, 3000, CASES, rates)
        reference = honest(training.labelled)
        scores = memorize(training.labelled)
        pair = [drift.splits(scores, training, window, r)["log_loss"] for r in (None, reference)]
        verdicts.append([s.behaviour.low > 0 or s.behaviour.high < 0 for s in pair])
        values.append([s.behaviour.value for s in pair])
        judgement = harm.judge(scores, training.labelled, window.labelled, window.events, reference)
        assert judgement.baseline.log_loss is not None
        assert pair[1].before.value == pytest.approx(judgement.baseline.log_loss.value)
        assert pair[1].total.value == pytest.approx(
            pair[1].population.value + pair[1].behaviour.value
        )
    assert np.sum(verdicts, axis=0)[0] >= 24
    assert np.sum(verdicts, axis=0)[1] <= 12
    naive, honest_mean = np.mean(values, axis=0)
    assert abs(honest_mean) < naive / 4


def test_first_outcomes_are_no_flattery() -> None:
    """A table learnt by heart, held against 1,000 fresh outcomes, hardly ever did worse since.

    Of 200 samples, a rate of 10 % would exceed this bar with a probability of 96 %.
    """
    rng, rates = np.random.default_rng(4), populations.shipped().scores
    worse = 0
    for _ in range(200):
        scores = memorize(populations.draw(rng, 4000, CASES, rates).labelled)
        first = populations.draw(rng, 1000, CASES, rates).labelled
        window = populations.draw(rng, 3000, CASES, rates).labelled
        reference = Reference.of_counts("first outcomes", scores, first)
        judgement = harm.judge(scores, window, window, window.n, reference)
        worse += judgement.verdict == "worse"
    assert worse <= 0.05 * 200
