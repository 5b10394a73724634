"""Names of estimators and challengers as people read them, and counts in sentences."""

from __future__ import annotations

from typing import Literal, get_args

EstimatorName = Literal["logit", "logit2", "hgb", "keras"]
ESTIMATORS: tuple[EstimatorName, ...] = get_args(EstimatorName)
ESTIMATOR_TITLES: dict[str, str] = {
    "logit": "logistic regression",
    "logit2": "logistic regression with pairs",
    "hgb": "gradient boosting",
    "keras": "a small neural network",
}


def estimator_title(name: str) -> str:
    """An estimator in words; a name that is not in the table stays as it is."""
    return ESTIMATOR_TITLES.get(name, name)


def challenger_name(key: str) -> str:
    """A challenger in words: ``gradient boosting on the last 2,000 events``."""
    estimator, _, window = key.partition("@")
    events = "all events" if window == "all" else last_events(int(window))
    return f"{estimator_title(estimator)} on {events}"


def last_events(n: int) -> str:
    """``the last event`` or ``the last 2,000 events``"""
    return "the last event" if n == 1 else f"the last {n:,} events"
