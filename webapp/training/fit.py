"""Fit an estimator on counts, validate it, and collect the training facts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate
from webapp.stats.scored_counts import ScoredCounts
from webapp.training.errors import EstimatorError
from webapp.training.estimators import Estimator, WeightedCases, frame, one_thread, probabilities
from webapp.training.rows import LabelledCounts

FOLDS = 5
MIN_EACH_LABEL = 10  # rows of each label; with fewer a fold may lack a label


@dataclass(frozen=True)
class Validation:
    """Mean metrics over the folds of a k-fold validation on the training rows."""

    log_loss: float
    auc: float
    brier: float
    folds: int


@dataclass(frozen=True)
class CrossValidation:
    """A validation, and every training event with the score of the fold that didn't fit on it."""

    metrics: Validation
    out_of_fold: ScoredCounts


@dataclass(frozen=True)
class TrainingFacts:
    """A version's training data and method. Saved with the model and shown on its pages."""

    source: str  # the data's public address, or the name of a local file
    sha256: str  # of the complete file
    rows: str  # FIRST:LAST, 1-based and inclusive
    n: int
    positives: int
    cases: int  # number of different cases
    estimator: str
    parameters: dict[str, Any]
    validation: dict[str, float]
    seed: int
    when: str  # ISO 8601, UTC
    libraries: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The facts as plain values, for JSON and YAML."""
        return asdict(self)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with its training facts."""

    model: Any
    facts: TrainingFacts
    out_of_fold: ScoredCounts


def train(
    data: LabelledCounts,
    estimator: Estimator,
    seed: int,
    *,
    source: str,
    sha256: str,
    when: datetime,
) -> TrainedModel:
    """Fit on all rows and validate by fits on four fifths of them each. Raises EstimatorError."""
    check_enough(data.counts)
    model = fit(data.features, data.counts, estimator, seed)
    validation = validate(data.features, data.counts, estimator, seed)
    facts = TrainingFacts(
        source=source,
        sha256=sha256,
        rows=str(data.rows),
        n=data.counts.total,
        positives=int(data.counts.positives.sum()),
        cases=data.cases,
        estimator=estimator.name,
        parameters=dict(estimator.parameters),
        validation=asdict(validation.metrics),
        seed=seed,
        when=when.isoformat(timespec="seconds"),
        libraries=estimator.versions(),
    )
    return TrainedModel(model, facts, validation.out_of_fold)


def check_enough(counts: Counts) -> None:
    """Raise EstimatorError if there are too few rows of a label to fit and validate on."""
    positives = int(counts.positives.sum())
    for label, n in ((1, positives), (0, counts.total - positives)):
        if n < MIN_EACH_LABEL:
            have = "has" if n == 1 else "have"
            raise EstimatorError(
                f"{n} of the {counts.total:,} rows {have} label {label}: "
                f"at least {MIN_EACH_LABEL} are needed to fit and validate"
            )


def fit(features: Features, counts: Counts, estimator: Estimator, seed: int) -> Any:
    """The estimator's model, fitted on the counts."""
    cases = WeightedCases.of(features, counts)
    with one_thread():
        return estimator.fit(estimator.parameters, cases, seed)


def validate(
    features: Features, counts: Counts, estimator: Estimator, seed: int, folds: int = FOLDS
) -> CrossValidation:
    """Validate by k folds of events. The cost depends on the number of cases, not of events."""
    rows = frame(features)
    metrics_by_fold: list[tuple[float, float, float]] = []
    parts: list[tuple[NDArray[np.float64], Counts]] = []
    for held_out in split(counts, folds, seed):
        if held_out.total == 0:
            continue
        rest = Counts(counts.n - held_out.n, counts.positives - held_out.positives)
        scores = probabilities(fit(features, rest, estimator, seed), rows)
        parts.append((scores, held_out))
        metrics = evaluate(scores, held_out)
        metrics_by_fold.append((metrics.log_loss, metrics.auc, metrics.brier))
    log_loss, auc, brier = np.nanmean(
        np.array(metrics_by_fold), axis=0
    )  # AUC is nan without both labels
    validation = Validation(float(log_loss), float(auc), float(brier), folds)
    return CrossValidation(validation, ScoredCounts.of_folds(parts))


def split(counts: Counts, folds: int, seed: int) -> list[Counts]:
    """Assign every event to a fold at random: for equal events this is a multinomial draw."""
    rng = np.random.default_rng(seed)
    shares = np.full(folds, 1 / folds)
    negatives: NDArray[np.int64] = rng.multinomial(counts.n - counts.positives, shares)
    positives: NDArray[np.int64] = rng.multinomial(counts.positives, shares)
    return [Counts(negatives[:, k] + positives[:, k], positives[:, k]) for k in range(folds)]
