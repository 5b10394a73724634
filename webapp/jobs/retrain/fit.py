"""Fitting a version on a window of matured events, and judging it on events held out of it."""

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
from webapp.stats import gate
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate
from webapp.stats.metrics import evaluate
from webapp.training.policy.past import Past
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.rules import Challenger
from webapp.training.policy.words import ESTIMATORS as NAMES

_NUMBER = re.compile(r"_v[0-9]+$")


@dataclass(frozen=True)
class FittedModel:
    """A model with the counts that it was fitted on and those that were held out."""

    model: Any
    scores: NDArray[np.float64]
    challenger: Challenger
    features: Features
    training: Counts
    held_out: Counts
    seed: int


def fit_winner(
    challenger: Challenger, features: Features, blocks: Sequence[Counts], plan: RetrainPlan
) -> FittedModel:
    """Fit on the window that ends where the held-out events begin. Raises EstimatorError."""
    from webapp.training.estimators import ESTIMATORS, frame, probabilities
    from webapp.training.fit import check_enough, fit

    split = hold_out(blocks, plan.holdout, plan.seed)
    training = Past(split.rest).window(challenger.window)
    check_enough(training)
    model = fit(features, training, ESTIMATORS[challenger.estimator], plan.seed)
    scores = probabilities(model, frame(features))
    return FittedModel(model, scores, challenger, features, training, split.held_out, plan.seed)


def judge(
    model: FittedModel, champion: NDArray[np.float64], plan: RetrainPlan, sure_gain: float | None
) -> Gate:
    """Judge on held-out events; traffic shares come from the training window plus those events."""
    traffic = model.training.n + model.held_out.n
    return gate.judge(
        champion, model.scores, model.held_out, traffic, plan.rules, model.training.n, sure_gain
    )


def cross_validate(model: FittedModel) -> dict[str, Any]:
    """Validation metrics of a version: five-fold, on its training events."""
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import validate

    estimator = ESTIMATORS[model.challenger.estimator]
    return asdict(validate(model.features, model.training, estimator, model.seed))


def as_version(
    model: FittedModel,
    name: str,
    check_facts: Mapping[str, Any],
    validation: Mapping[str, Any],
    now: int,
) -> NewVersion:
    """A version to save, with its facts; ``check_facts`` are those that only the check knows."""
    from webapp.training.estimators import ESTIMATORS

    estimator = ESTIMATORS[model.challenger.estimator]
    held_out = evaluate(model.scores, model.held_out) if model.held_out.total else None
    facts = {
        "window": str(model.challenger.window),
        "n": model.training.total,
        "positives": int(model.training.positives.sum()),
        "cases": int(np.count_nonzero(model.training.n)),
        "estimator": estimator.name,
        "parameters": dict(estimator.parameters),
        "validation": dict(validation),
        "held_out": _finite(held_out.as_dict()) if held_out else {},
        "seed": model.seed,
        "when": datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="seconds"),
        "libraries": estimator.versions(),
    }
    return NewVersion(
        name,
        model.model,
        estimator.flavor,
        model.features,
        model.training,
        {**check_facts, **facts},
    )


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are finite: JSON has no other numbers."""
    return {name: value for name, value in metrics.items() if isfinite(value)}


def name_after(champion: str, estimator: str, *, is_simulated: bool) -> str:
    """``hgb_games`` after ``logit_games_v1``: the subject stays, the estimator is the new one's."""
    base = _NUMBER.sub("", champion)
    first, _, rest = base.partition("_")
    subject = rest if first in NAMES and rest else base
    subject = subject.removesuffix("_simulated")
    return f"{estimator}_{subject}"[:80] + ("_simulated" if is_simulated else "")
