"""The estimators of ``everycase train`` and how they are fitted.

All are fitted on weighted cases: one row for each case and label that occurred, weighted by its
count. These are at most 2 × 2^d rows, so a fit costs the same on a thousand events and on a
billion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from platform import python_version
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.training.errors import EstimatorError

Flavor = Literal["sklearn", "keras"]
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Estimator:
    """An estimator. ``parameters`` are plain values and become part of the training facts."""

    name: str
    meaning: str
    flavor: Flavor
    parameters: Parameters
    fit: Callable[[Parameters, WeightedCases, int], Any]  # the int is the seed
    libraries: tuple[str, ...]  # that a fitted model needs

    def versions(self) -> dict[str, str]:
        """The installed versions of Python and of the libraries that a model needs."""
        return {"python": python_version(), **{name: version(name) for name in self.libraries}}


@dataclass(frozen=True)
class WeightedCases:
    """Counts as weighted rows to fit on, ``n`` of each field."""

    rows: pd.DataFrame  # int64 columns with names, so that models know their features' names
    label: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, features: Features, counts: Counts) -> WeightedCases:
        """A row for each case and label with events. Raises EstimatorError without both labels."""
        both = np.concatenate([counts.n - counts.positives, counts.positives])
        slots = np.flatnonzero(both)
        label = slots // features.cases
        if len(np.unique(label)) < 2:
            raise EstimatorError("all labels are the same: rows with 0 and rows with 1 are needed")
        rows = frame(features).iloc[slots % features.cases].reset_index(drop=True)
        return cls(rows, label, both[slots].astype(np.float64))


def frame(features: Features) -> pd.DataFrame:
    """All cases in order, int64[2**d, d] with the features' names, as models take them."""
    return pd.DataFrame(features.matrix().astype(np.int64), columns=list(features.names))


def one_thread() -> Any:
    """A context manager that limits numpy and scikit-learn to one thread.

    These fits have a few thousand rows: more threads gain nothing, and on a busy machine (a web
    server beside a retrain) boosting would spend most of its time waiting for them.
    """
    return _threads().limit(limits=1)


@cache
def _threads() -> Any:
    """The controller, created once: finding the libraries' thread pools takes as long as a fit."""
    return ThreadpoolController()


def probabilities(model: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
    """float64[n]: P(label = 1) of every row by a fitted model of any of these estimators."""
    if hasattr(model, "predict_proba"):
        with one_thread():
            return np.asarray(model.predict_proba(rows)[:, 1], np.float64)
    return np.asarray(model.predict(rows.to_numpy(), verbose=0), np.float64)[:, 0]


def _fit_logit(parameters: Parameters, cases: WeightedCases, seed: int) -> Any:
    model = LogisticRegression(**parameters, random_state=seed)
    return model.fit(cases.rows, cases.label, sample_weight=cases.weight)


def _fit_logit2(parameters: Parameters, cases: WeightedCases, seed: int) -> Any:
    pairs = PolynomialFeatures(degree=2, interaction_only=True, include_bias=False)
    model = Pipeline(
        [("pairs", pairs), ("logit", LogisticRegression(**parameters, random_state=seed))]
    )
    return model.fit(cases.rows, cases.label, logit__sample_weight=cases.weight)


def _fit_hgb(parameters: Parameters, cases: WeightedCases, seed: int) -> Any:
    model = HistGradientBoostingClassifier(**parameters, random_state=seed)
    return model.fit(cases.rows, cases.label, sample_weight=cases.weight)


def _fit_keras(parameters: Parameters, cases: WeightedCases, seed: int) -> Any:
    try:
        from webapp.training import network
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("keras", "jax", "jaxlib"):
            raise
        raise EstimatorError(
            f"--estimator keras: {error.name} isn't installed here. "
            "Run in the project's folder: pip install -e '.[keras]'"
        ) from None
    return network.fit(parameters, cases.rows.to_numpy(), cases.label, cases.weight, seed)


_SKLEARN = ("mlflow", "scikit-learn", "skops", "numpy")

ESTIMATORS: dict[str, Estimator] = {
    row.name: row
    for row in (
        Estimator(
            "logit",
            "logistic regression",
            "sklearn",
            {"C": 1.0, "max_iter": 1000},
            _fit_logit,
            _SKLEARN,
        ),
        Estimator(
            "logit2",
            "logistic regression with every pair of features",
            "sklearn",
            {"C": 0.3, "max_iter": 1000},
            _fit_logit2,
            _SKLEARN,
        ),
        # min_samples_leaf counts weighted cases here, not events, so scikit-learn's default of 20
        # would merge most of them. In 5-fold validation on the games' rows 1-12,000 the log loss is
        # .3504 at 1, .3503 at 2, .3503 at 3, .3507 at 5, .3516 at 10 and .3518 at 20. The choice is
        # 2: as good as any, and no leaf rests on a single row. Early stopping would hold out a
        # random tenth of the *cases*, and the model would depend on which ones.
        Estimator(
            "hgb",
            "gradient boosted trees",
            "sklearn",
            {
                "max_iter": 80,
                "l2_regularization": 5.0,
                "min_samples_leaf": 2,
                "early_stopping": False,
            },
            _fit_hgb,
            _SKLEARN,
        ),
        Estimator(
            "keras",
            "a small neural network",
            "keras",
            {"hidden": [16, 8], "l2": 0.001, "epochs": 200, "learning_rate": 0.01},
            _fit_keras,
            ("mlflow", "keras", "jax", "numpy"),
        ),
    )
}
