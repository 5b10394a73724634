"""A version from the model of a retrain: its validation, its facts and its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from webapp.catalog.stores.saving import NewVersion
from webapp.stats.metrics import evaluate
from webapp.training.policy.retrain import FittedModel, JudgedRetrain
from webapp.training.policy.words import ESTIMATORS as NAMES

if TYPE_CHECKING:  # scikit-learn takes seconds to import
    from webapp.training.fit import CrossValidation

_NUMBER = re.compile(r"_v[0-9]+$")


def cross_validate(model: FittedModel) -> CrossValidation:
    """The five-fold validation of a version on its training events."""
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import validate

    estimator = ESTIMATORS[model.challenger.estimator]
    return validate(model.features, model.training, estimator, model.seed)


def as_version(
    retrain: JudgedRetrain,
    name: str,
    check_facts: Mapping[str, Any],
    validation: CrossValidation,
    now: int,
) -> NewVersion:
    """A version to save, with its facts; ``check_facts`` are those that only the check knows.

    Its metrics on held-out events are those of the model that was judged. Where that was then
    fitted again on these events as well, ``refit`` says so.
    """
    from webapp.training.estimators import ESTIMATORS

    model, judged_model = retrain.final, retrain.judged
    estimator = ESTIMATORS[model.challenger.estimator]
    held_out = (
        evaluate(judged_model.scores, judged_model.held_out)
        if judged_model.held_out.total
        else None
    )
    refit = {"judged_n": judged_model.training.total, "judged_on": judged_model.held_out.total}
    facts = {
        "window": str(model.challenger.window),
        "n": model.training.total,
        "positives": int(model.training.positives.sum()),
        "cases": int(np.count_nonzero(model.training.n)),
        "estimator": estimator.name,
        "parameters": dict(estimator.parameters),
        "validation": asdict(validation.metrics),
        "held_out": _finite(held_out.as_dict()) if held_out else {},
        **({"refit": refit} if retrain.is_refitted else {}),
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
        validation.out_of_fold,
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
