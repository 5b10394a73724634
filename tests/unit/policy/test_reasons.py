"""The sentences of a decision, in singular and plural."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.labelled_streams import NOTHING, RATES
from webapp.grammar import capitalize, quantity
from webapp.stats.counts import Counts
from webapp.training.policy.reasons import explain
from webapp.training.policy.rules import (
    Challenger,
    OwnError,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    Reading,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.words import challenger_name, last_events

NUMBERS = (0, 1, 2, 1200)


def batch(n: int) -> Counts:
    """Events of one case."""
    return Counts(np.eye(16, dtype=np.int64)[0] * n, np.zeros(16, np.int64))


def unused(challenger: Challenger) -> np.ndarray:
    raise AssertionError(challenger)


def policy_input(
    n: int = 0, waiting: int | None = None, own: OwnError | None = None
) -> PolicyInput:
    events = batch(n) if n else NOTHING
    return PolicyInput(events, ScoredChampion("a_v1", RATES, own), unused, waiting)


def decision(policy: str, *readings: Reading, winner: Challenger | None = None) -> PolicyDecision:
    nearest = readings[0] if readings else None
    return PolicyDecision(policy, winner is not None, winner, 0.5, nearest, readings, "")  # type: ignore[arg-type]


def reading(n: int, what: str = "logit@all", value: float = 0.002) -> Reading:
    return Reading(what, n, value, -0.001, 0.001, 1.5, 3.0)


def rules(policy: str, *estimators: str, every: int = 1000) -> PolicyRules:
    return PolicyRules.of(policy, list(estimators or ("logit",)), ["all"], every=every)


@pytest.mark.parametrize("n", NUMBERS)
def test_a_number_agrees_with_its_noun(n: int) -> None:
    expectation = {0: "0 events", 1: "1 event", 2: "2 events", 1200: "1,200 events"}
    assert quantity(n, "event") == expectation[n]


def test_challengers_in_words() -> None:
    assert challenger_name("hgb@all") == "gradient boosting on all events"
    assert challenger_name("logit2@1") == "logistic regression with pairs on the last event"
    assert challenger_name("odd@2000") == "odd on the last 2,000 events"
    assert capitalize("a small neural network") == "A small neural network"
    assert capitalize("") == ""


@pytest.mark.parametrize(
    ("n", "waiting", "expectation"),
    [
        (0, None, "No new outcomes; 7 since a_v1 became champion."),
        (1, 0, "1 new outcome; 7 since a_v1 became champion."),
        (2, 1, "1 event is still waiting for its outcome."),
        (1200, 1200, "1,200 events are still waiting for their outcomes."),
    ],
)
def test_new_outcomes_and_those_that_are_missing(
    n: int, waiting: int | None, expectation: str
) -> None:
    memory = PolicyMemory(n=7)
    text = explain(rules("never"), memory, policy_input(n, waiting), decision("never"))
    assert expectation in text
    assert text.endswith("The policy never retrains automatically.")


@pytest.mark.parametrize(
    ("every", "n", "expectation"),
    [
        (1, 0, "A retrain is due whenever outcomes arrive."),
        (1000, 999, "The next retrain is due after 1 more outcome (every 1,000)."),
        (1000, 998, "The next retrain is due after 2 more outcomes (every 1,000)."),
    ],
)
def test_when_the_next_retrain_is_due(every: int, n: int, expectation: str) -> None:
    which = rules("periodic", every=every)
    text = explain(which, PolicyMemory(n=n), policy_input(), decision("periodic"))
    assert text.endswith(expectation)


@pytest.mark.parametrize("every", [1, 1000])
def test_a_retrain_that_is_due(every: int) -> None:
    which = rules("periodic", every=every)
    due = decision("periodic", winner=which.challengers[0])
    rhythm = "whenever outcomes arrive" if every == 1 else "every 1,000 outcomes"
    text = explain(which, PolicyMemory(), policy_input(), due)
    assert text.endswith(f"A retrain is due {rhythm}: logistic regression on all events is fitted.")


@pytest.mark.parametrize("n", NUMBERS[1:])
@pytest.mark.parametrize("many", [False, True])
def test_the_closest_challenger(n: int, many: bool) -> None:
    which = rules("on_gain", *(("logit", "hgb") if many else ("logit",)))
    text = explain(which, PolicyMemory(), policy_input(), decision("on_gain", reading(n)))
    lead = "The closest of 2 challengers" if many else "The challenger"
    assert (
        f"{lead}, logistic regression on all events, gains 0.0020 nats per prediction over "
        f"{last_events(n)}."
    ) in text
    assert text.endswith("the policy fires above 0.0010: 50\u00a0% of the way.")


@pytest.mark.parametrize(("value", "verb"), [(0.02, "fell by 2.0"), (-0.02, "rose by 2.0")])
def test_skill_falls_or_rises(value: float, verb: str) -> None:
    own = OwnError(4000, 0.4, 0.2, 1e-4)
    result = decision("on_error", reading(1, "error", value))
    text = explain(rules("on_error"), PolicyMemory(), policy_input(own=own), result)
    assert f"{verb}\u00a0% over the last event." in text


@pytest.mark.parametrize(
    ("n_refused", "expectation"),
    [
        (1, "Paused: a retrain didn't replace a_v1, so the policy can fire again 1,000 outcomes"),
        (2, "Paused: 2 retrains didn't replace a_v1, so the policy can fire again 2,000 outcomes"),
    ],
)
def test_pauses_give_their_reason_and_length(n_refused: int, expectation: str) -> None:
    result = replace(decision("on_gain", reading(5)), rests=300)
    text = explain(rules("on_gain"), PolicyMemory(refused=n_refused), policy_input(), result)
    assert expectation in text
    assert text.endswith("after the last one, 300 from now.")
