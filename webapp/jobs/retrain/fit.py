"""A version fitted on a window of what has matured, judged on events that are held out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.stores.saving import NewVersion
from webapp.jobs.retrain.matured_stream import hold_out
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate, judge
from webapp.stats.metrics import evaluate
from webapp.training.policy.past import Past
from webapp.training.policy.plan import ESTIMATORS as NAMES
from webapp.training.policy.plan import Plan
from webapp.training.policy.rules import Challenger

_NUMBER = re.compile(r"_v[0-9]+$")


@dataclass(frozen=True)
class Fitted:
    """A model with what it was fitted on, and the events that it was not."""

    model: Any
    scores: NDArray[np.float64]
    challenger: Challenger
    features: Features
    training: Counts
    held_out: Counts
    seed: int


def fit_winner(
    challenger: Challenger, features: Features, blocks: Sequence[Counts], plan: Plan
) -> Fitted:
    """Fit on the window that ends where the held-out events begin. Raises EstimatorError."""
    from webapp.training.estimators import ESTIMATORS, frame, probabilities
    from webapp.training.fit import check_enough, fit

    parted = hold_out(blocks, plan.holdout, plan.seed)
    training = Past(parted.rest).window(challenger.window)
    check_enough(training)
    model = fit(features, training, ESTIMATORS[challenger.estimator], plan.seed)
    scores = probabilities(model, frame(features))
    return Fitted(model, scores, challenger, features, training, parted.held_out, plan.seed)


def judge_fitted(
    fitted: Fitted, champion: NDArray[np.float64], plan: Plan, sure: float | None
) -> Gate:
    """The gate, on the held-out events; the window and they say who comes."""
    traffic = fitted.training.n + fitted.held_out.n
    return judge(
        champion, fitted.scores, fitted.held_out, traffic, plan.rules, fitted.training.n, sure
    )


def cross_validated(fitted: Fitted) -> dict[str, Any]:
    """The usual figures of a version: five-fold, on its training events."""
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import validate

    estimator = ESTIMATORS[fitted.challenger.estimator]
    return asdict(validate(fitted.features, fitted.training, estimator, fitted.seed))


def as_version(
    fitted: Fitted, name: str, more: Mapping[str, Any], validation: Mapping[str, Any], now: int
) -> NewVersion:
    """With its facts; ``more`` are those that only the check knows."""
    from webapp.training.estimators import ESTIMATORS

    estimator = ESTIMATORS[fitted.challenger.estimator]
    held_out = evaluate(fitted.scores, fitted.held_out) if fitted.held_out.total else None
    facts = {
        "window": str(fitted.challenger.window),
        "n": fitted.training.total,
        "positives": int(fitted.training.positives.sum()),
        "cases": int(np.count_nonzero(fitted.training.n)),
        "estimator": estimator.name,
        "parameters": dict(estimator.parameters),
        "validation": dict(validation),
        "held_out": _plain(held_out.as_dict()) if held_out else {},
        "seed": fitted.seed,
        "when": datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="seconds"),
        "libraries": estimator.versions(),
    }
    return NewVersion(
        name, fitted.model, estimator.flavor, fitted.features, fitted.training, {**more, **facts}
    )


def _plain(figures: Mapping[str, float]) -> dict[str, float]:
    """Those that are numbers: JSON knows no others."""
    return {name: value for name, value in figures.items() if isfinite(value)}


def name_after(champion: str, estimator: str, *, simulated: bool) -> str:
    """``hgb_games`` after ``logit_games_v1``: the subject stays, the estimator is the new one's."""
    base = _NUMBER.sub("", champion)
    first, _, rest = base.partition("_")
    subject = rest if first in NAMES and rest else base
    subject = subject.removesuffix("_simulated")
    return f"{estimator}_{subject}"[:80] + ("_simulated" if simulated else "")
