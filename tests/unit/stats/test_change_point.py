"""The last change of what the cases say: where it is found, and that none is found in calm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression

from tests.support.drift_streams import CALM, CHANGES, DriftStream, sea, stagger
from tests.support.labelled_streams import NOTHING, ON, RATES, batches, turned
from webapp.stats.change_point import chi_squared_limit, last_change, log_likelihoods
from webapp.stats.counts import Counts


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    """The same penalty, on the events themselves."""
    samples = batches(np.random.default_rng(1), 400, 3)
    design = np.column_stack([np.ones(len(ON)), ON])
    values = log_likelihoods(
        design,
        np.stack([one.n for one in samples]).astype(float),
        np.stack([one.positives for one in samples]).astype(float),
    )
    for one, value in zip(samples, values, strict=True):
        x = np.vstack([ON, ON])
        y = np.repeat([0, 1], len(ON))
        weight = np.concatenate([one.n - one.positives, one.positives])
        model = LogisticRegression(C=1.0, max_iter=1000, tol=1e-10).fit(x, y, sample_weight=weight)
        p = model.predict_proba(ON)[:, 1]
        events = one.positives @ np.log(p) + (one.n - one.positives) @ np.log(1 - p)
        assert value == pytest.approx(events - (model.coef_**2).sum() / 2, abs=1e-3)


def test_samples_of_one_label_and_without_noise_have_a_likelihood_too() -> None:
    design = np.column_stack([np.ones(len(ON)), ON])
    n = np.full((2, len(ON)), 50.0)
    positives = np.stack([0 * n[0], n[1] * ON[:, 0]])
    values = log_likelihoods(design, n, positives)
    assert np.isfinite(values).all()
    assert values[0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("degrees", [3, 11, 60])
@pytest.mark.parametrize("chance", [1e-2, 1e-5])
def test_the_limit_is_that_of_the_chi_squared_distribution(degrees: int, chance: float) -> None:
    """Or a little wider, far out and with few degrees of freedom."""
    ratio = chi_squared_limit(degrees, chance) / chi2.isf(chance, degrees)
    assert 0.99 < ratio < 1.06


@pytest.mark.parametrize("at", [1, 6, 11])
def test_a_change_is_found_where_it_is(at: int) -> None:
    rng = np.random.default_rng(at)
    periods = batches(rng, 800, at) + batches(rng, 800, 12 - at, turned(RATES, 0.15))
    assert last_change(ON, periods) == at


def test_of_several_changes_the_last_is_found() -> None:
    stream = CHANGES["STAGGER recurring, noise"].of(3)
    matrix, periods = stream.features.matrix(), (*stream.past, *stream.blocks)
    for n_periods, change in ((9, 8), (17, 8), (19, 18), (31, 28), (48, 38)):
        assert last_change(matrix, periods[:n_periods]) == change


def test_in_streams_without_a_change_none_is_found() -> None:
    """60 looks at 15 streams; a rate of 5 % would pass once in 20 times."""
    for name, calm in CALM.items():
        if name.endswith(("STAGGER", "SEA", "Agrawal")):
            short = DriftStream(calm.draw, [0] * 24, calm.noise)
            for seed in range(5):
                stream = short.of(seed)
                periods = (*stream.past, *stream.blocks)
                for n_periods in (8, 16, 24, 32):
                    assert last_change(stream.features.matrix(), periods[:n_periods]) == 0


def test_another_mix_of_cases_alone_is_no_change() -> None:
    """The outcomes within cases stay what they are, and logistic regression can tell them all."""
    rng = np.random.default_rng(0)
    shares = np.prod(np.where(ON == 1, 0.7, 0.3), axis=1)
    events = rng.multinomial(500, shares, size=6)
    later = [Counts(n, rng.binomial(n, RATES)) for n in events]
    assert last_change(ON, batches(rng, 500, 8) + later) == 0


def test_few_events_of_a_label_and_nothing_at_all_show_no_change() -> None:
    rng = np.random.default_rng(2)
    assert last_change(ON, []) == 0
    assert last_change(ON, [NOTHING, NOTHING]) == 0
    reversed_rates = 1 - RATES
    assert last_change(ON, batches(rng, 500, 4) + batches(rng, 15, 1, reversed_rates)) == 0


def test_generators_have_the_shares_of_their_concepts() -> None:
    """STAGGER's first concept holds in 1 of 9 cases; SEA's moves with its limit."""
    rng = np.random.default_rng(0)
    assert stagger(rng, 20_000, 0)[1].mean() == pytest.approx(1 / 9, abs=0.01)
    assert stagger(rng, 20_000, 1)[1].mean() == pytest.approx(5 / 9, abs=0.02)
    assert sea(rng, 20_000, 0)[1].mean() == pytest.approx(0.32, abs=0.02)
