"""Versions with different inputs, on the cases that they can all answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, InputError
from webapp.catalog.prepared import Prepared
from webapp.stats.counts import Counts

Named = Sequence[tuple[str, Prepared]]


def common(versions: Named, field: str = "versions") -> Features:
    """The inputs on which all of them can be compared: those of one that has everybody's.

    A version that doesn't ask for an input gives the same answer with and without it, so it can be
    put on the cases of one that does. Where no version has all inputs, nobody's traffic tells them
    all, and guessing them would compare the guesses. Raises InputError, which says what is missing.
    """
    widest = max(versions, key=lambda pair: len(pair[1].features.names))
    for name, prepared in versions:
        lacking = [f for f in prepared.features.names if f not in widest[1].features.names]
        if lacking:
            raise InputError(
                field,
                f"can't be compared: {name} asks for {', '.join(lacking[:3])}, which events of "
                f"{widest[0]} don't tell; choose versions of which one has the inputs of all",
            )
    return widest[1].features


def lifted(prepared: Prepared, features: Features) -> NDArray[np.float64]:
    """The version's scores on the cases of ``features``, which has all of its inputs."""
    return np.asarray(prepared.scores[_cases(prepared.features, features)])


def seen(prepared: Prepared, features: Features) -> NDArray[np.int64] | None:
    """Training rows behind each case of ``features``; None where they are not known."""
    if prepared.baseline is None:
        return None
    return np.asarray(prepared.baseline.n[_cases(prepared.features, features)])


def _cases(own: Features, features: Features) -> NDArray[np.int64]:
    if own == features:
        return np.arange(own.cases)
    columns = [features.names.index(name) for name in own.names]
    return own.number(features.matrix()[:, columns])


def projected(counts: Counts, given: Features, features: Features) -> Counts:
    """Counts over the cases of ``features``, which are some of the given ones, in any order.

    Raises InputError, naming what is missing.
    """
    lacking = [name for name in features.names if name not in given.names]
    if lacking:
        raise InputError("data", f"lacks the columns {', '.join(lacking)}")
    case = _cases(features, given)
    n, positives = np.zeros((2, features.cases), np.int64)
    np.add.at(n, case, counts.n)
    np.add.at(positives, case, counts.positives)
    return Counts(n, positives)
