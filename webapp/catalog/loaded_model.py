"""A model that was loaded, whatever its library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LoadedModel:
    """A model, the function that answers rows, and what its answers are."""

    flavor: str
    estimator: Any  # or the FittedColumns of a model that isn't scikit-learn's
    ask: Callable[[Any], Any]
    classes: tuple[str, ...] = ()  # of its two columns, if the model names them
    is_proba: bool = False  # True if its answers can't be classes


@dataclass(frozen=True)
class FittedColumns:
    """The columns that a model was fitted on, under the names that scikit-learn gives them.

    ``spell`` is how the library writes a column's name, where that isn't as it is.
    """

    feature_names_in_: tuple[str, ...] | None
    n_features_in_: int | None
    spell: Callable[[str], str] | None = None
