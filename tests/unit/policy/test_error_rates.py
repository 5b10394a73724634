"""What docs/retraining.md says of false alarms and of when changes are caught, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.labelled_streams import (
    FEATURES,
    NOTHING,
    RATES,
    StreamSums,
    batches,
    champion,
    draw,
    faded,
    guessing,
    loss,
    turned,
)
from webapp.stats.counts import Counts
from webapp.training.policy.past import Past
from webapp.training.policy.rules import Array, Challenger, PolicyInput, PolicyRules, ScoredChampion
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step

ON_ERROR = PolicyRules.of("on_error", ["logit"], ["2000"])
ON_GAIN = PolicyRules.of("on_gain", ["logit"], ["2000", "4000", "all"])
WORSE = 0.02  # nats

pytestmark = pytest.mark.slow


def first_error(who: ScoredChampion, stream: list[Counts]) -> int | None:
    """The check at which on_error first fires."""

    def unused(challenger: Challenger) -> Array:
        raise AssertionError(challenger)

    state = PolicyMemory()
    for number, batch in enumerate(stream, 1):
        state, decision = step(ON_ERROR, state, PolicyInput(batch, who, unused))
        if decision.fire:
            return number
    return None


def first_gain(rng: np.random.Generator, stream: list[Counts]) -> int | None:
    """The check at which on_gain first fires; the champion is as good as can be at the start."""
    who, past = ScoredChampion("a_v1", RATES), batches(rng, 500, 16)
    sums = StreamSums(past + stream)
    refit = sums.refitter(len(past))
    state, _ = step(ON_GAIN, PolicyMemory(), PolicyInput(NOTHING, who, refit))
    for number, batch in enumerate(stream, 1):
        refit = sums.refitter(len(past) + number)
        state, decision = step(ON_GAIN, state, PolicyInput(batch, who, refit))
        if decision.fire:
            return number
    return None


@pytest.mark.parametrize("loss_of_skill", [0.0, ON_ERROR.skill_margin])
def test_on_error_rarely_fires_in_200_checks_unless_more_is_lost_than_the_margin(
    loss_of_skill: float,
) -> None:
    """40 streams: firing in 15 % of them would pass once in 20 times."""
    n_fired, rates = 0, faded(RATES, loss_of_skill * guessing())
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n_fired += first_error(champion(rng, 4000), batches(rng, 500, 200, rates)) is not None
    assert n_fired / 40 <= 0.05


def test_on_gain_rarely_fires_in_200_checks_without_a_change() -> None:
    """40 streams: firing in 15 % of them would pass once in 20 times."""
    n_fired = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n_fired += first_gain(rng, batches(rng, 500, 200)) is not None
    assert n_fired / 40 <= 0.05


def test_sums_of_a_stream_are_its_windows() -> None:
    rng = np.random.default_rng(0)
    blocks = [draw(rng, int(size)) for size in rng.integers(0, 900, 30)]
    sums = StreamSums(blocks)
    for end in (1, 3, 12, 30):
        past = Past(tuple(blocks[:end]))
        for window in (challenger.window for challenger in ON_GAIN.challengers):
            counts, expected_counts = sums.window(end, window), past.window(window)
            assert counts.n.tolist() == expected_counts.n.tolist()
            assert counts.positives.tolist() == expected_counts.positives.tolist()


def test_the_changes_are_of_the_size_that_they_say() -> None:
    assert loss(RATES, faded(RATES, WORSE)) - loss(RATES, RATES) == pytest.approx(WORSE)
    then = turned(RATES, WORSE)
    assert loss(RATES, then) - loss(then, then) == pytest.approx(WORSE)
    assert FEATURES.cases == len(RATES)


@pytest.mark.parametrize(("calm", "within"), [(0, 12), (40, 18)])
def test_on_gain_catches_what_a_refit_would_win_back(calm: int, within: int) -> None:
    for seed in range(25):
        rng = np.random.default_rng(seed)
        stream = batches(rng, 500, calm) + batches(rng, 500, within, turned(RATES, WORSE))
        check = first_gain(rng, stream)
        assert check is not None
        assert check > calm


def test_on_error_catches_it_when_the_champion_was_validated_on_many() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        stream = batches(rng, 500, 60, faded(RATES, WORSE))
        assert first_error(champion(rng, 50_000), stream) is not None


def test_on_error_catches_what_is_three_times_as_much_when_validated_on_few() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        stream = batches(rng, 500, 60, faded(RATES, 3 * WORSE))
        assert first_error(champion(rng, 4000), stream) is not None
