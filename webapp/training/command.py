"""The work of ``everycase train``, from a path or URL to a saved version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from webapp.catalog.stores.saving import NewVersion, SavingError, save_version
from webapp.catalog.stores.store import Store
from webapp.training.data import read_labelled
from webapp.training.errors import TrainingError
from webapp.training.rows import RowRange
from webapp.training.source import locate

if TYPE_CHECKING:
    from webapp.training.fit import TrainingFacts

# Errors that a person can fix; the message says how.
TRAIN_ERRORS = (TrainingError, SavingError)


@dataclass(frozen=True)
class TrainRequest:
    """The options of ``everycase train``."""

    data: str
    rows: str
    estimator: str
    name: str
    seed: int
    sha256: str | None = None


@dataclass(frozen=True)
class TrainResult:
    """The saved version and its training facts."""

    version: str
    facts: TrainingFacts
    notes: tuple[str, ...] = ()  # how the file was read


def run(request: TrainRequest, *, store: Store, cache: Path, when: datetime) -> TrainResult:
    """Read, fit, validate and save. Raises TRAIN_ERRORS."""
    store.check_name(request.name)  # now, not after minutes of work
    rows = RowRange.parse(request.rows)
    source = locate(request.data, request.sha256, cache)
    data = read_labelled(source.path, rows)

    # Imported late, as it takes seconds: mistakes in the options are reported at once.
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import train

    estimator = ESTIMATORS[request.estimator]
    training = train(
        data, estimator, request.seed, source=source.public_name, sha256=source.sha256, when=when
    )
    new = NewVersion(
        name=request.name,
        model=training.model,
        flavor=estimator.flavor,
        features=data.features,
        baseline=data.counts,
        training=training.facts.as_dict(),
        out_of_fold=training.out_of_fold,
    )
    return TrainResult(save_version(store, new), training.facts, data.notes)


def describe(result: TrainResult, place: str) -> str:
    """Describe what was trained and saved, and what to do next, for a person to read."""
    from webapp.training.estimators import ESTIMATORS

    facts = result.facts
    validation = facts.validation
    names = ", ".join(f"{key} {value}" for key, value in facts.parameters.items())
    return "\n".join(
        (
            f"Read       rows {facts.rows} of {facts.source}",
            f"           {facts.n:,} rows, {_count_cases(facts.cases)}, "
            f"{facts.positives / facts.n:.2%} positive",
            *([f"           {'; '.join(result.notes)}"] if result.notes else []),
            f"Fitted     {facts.estimator} ({ESTIMATORS[facts.estimator].meaning}): {names}, "
            f"seed {facts.seed}",
            f"Validation log loss {validation['log_loss']:.4f}, AUC {validation['auc']:.4f}, "
            f"Brier {validation['brier']:.4f} ({validation['folds']}-fold on these rows)",
            f"Saved      {place}",
            "Next       everycase evaluate --data PATH --rows FIRST:LAST "
            f"{result.version}   (use rows it wasn't trained on)",
        )
    )


def _count_cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} different cases"
