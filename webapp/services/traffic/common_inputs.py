"""Versions with different inputs, compared on the cases that all of them can score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, InputError
from webapp.catalog.prepared import Prepared
from webapp.grammar import pluralize
from webapp.stats.counts import Counts

Named = Sequence[tuple[str, Prepared]]


def common_features(versions: Named, field: str = "versions") -> Features:
    """The inputs on which all versions can be compared: those of one that has the inputs of all.

    A version without an input gives the same score whatever its value, so it can be evaluated on
    the cases of a version that has it. Where no version has all inputs, no traffic records them
    all, and filling them in would compare the guesses. Raises InputError, naming what is missing.
    """
    widest = max(versions, key=lambda pair: len(pair[1].features.names))
    for name, prepared in versions:
        missing = [f for f in prepared.features.names if f not in widest[1].features.names]
        if missing:
            inputs = pluralize(len(missing), "input")
            raise InputError(
                field,
                f"can't be compared: {name} has the {inputs} {', '.join(missing[:3])}, which "
                f"events of {widest[0]} lack; choose versions of which one has the inputs of all",
            )
    return widest[1].features


def scores_on(prepared: Prepared, features: Features) -> NDArray[np.float64]:
    """The version's scores, float64[k], on the cases of ``features``, which has all its inputs."""
    if prepared.features == features:
        return prepared.scores
    return np.asarray(prepared.scores[_cases(prepared.features, features)])


def training_rows_on(prepared: Prepared, features: Features) -> NDArray[np.int64] | None:
    """Training rows behind each case of ``features``, int64[k]; None where unknown."""
    if prepared.baseline is None:
        return None
    if prepared.features == features:
        return prepared.baseline.n
    return np.asarray(prepared.baseline.n[_cases(prepared.features, features)])


def _cases(own: Features, features: Features) -> NDArray[np.int64]:
    """The case of ``own`` that each case of ``features`` belongs to."""
    if own == features:
        return np.arange(own.cases)
    columns = [features.names.index(name) for name in own.names]
    return own.number(features.matrix()[:, columns])


def project_counts(counts: Counts, columns: Features, features: Features) -> Counts:
    """Sum counts over the cases of ``columns`` to those of ``features``, a subset in any order.

    Raises InputError, naming the columns that are missing.
    """
    missing = [name for name in features.names if name not in columns.names]
    if missing:
        raise InputError("data", f"lacks the columns {', '.join(missing)}")
    case = _cases(features, columns)
    n, positives = np.zeros((2, features.cases), np.int64)
    np.add.at(n, case, counts.n)
    np.add.at(positives, case, counts.positives)
    return Counts(n, positives)
