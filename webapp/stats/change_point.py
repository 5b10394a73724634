"""When what the cases say about the label last changed: a change point of a logistic regression.

Counts come in periods. For each place between two of them, logistic regressions are fitted before
it and after it, and their likelihood is compared with that of one for both: a likelihood ratio for
a single change (Quandt 1958; for generalised linear models Hinkley 1970 and Csörgő & Horváth 1997,
"Limit Theorems in Change-Point Analysis"). If the largest ratio is beyond chance, there was a
change at its place, and the periods after it are searched again, until no change is found in them
(binary segmentation, Scott & Knott 1974), so that the last of several changes is found.

Twice the log of a ratio has about a chi-squared distribution with as many degrees of freedom as
there are coefficients; the level is divided by the number of places. Weights have the penalty of
the fits (half their squares), which makes a change a little harder to find. Many places are
tried at once, with Newton's method on stacks of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts

Array = NDArray[np.float64]
Numbers = NDArray[np.int64] | NDArray[np.float64]
Fit = tuple[Array, Array]
ALPHA = 1e-3  # of finding a change where there is none, over all places of one search
FEWEST_OF_EACH = 20  # events of either label on both sides of a place
_STEPS = 25  # of Newton's method; about 6 are needed
_HALVINGS = 8
_CLOSE = 1e-6  # of the log likelihood
_CELLS = 1 << 20  # numbers in the largest array: samples times cases times coefficients
_DENSE = 16  # periods that are all tried, and then so many per doubling of age


def last_change(matrix: NDArray[np.integer], periods: Sequence[Counts]) -> int:
    """The index of the first period after the last change; 0 if none is found.

    ``matrix`` has the inputs of every case, 0/1[k, d], ``periods`` the counts of the k cases in
    order of time.
    """
    begin = 0
    if not periods:
        return begin
    occurs = np.any([period.n > 0 for period in periods], axis=0)
    design = np.column_stack([np.ones(int(occurs.sum())), matrix[occurs]])
    sums = [
        _sums([getattr(period, kind)[occurs] for period in periods]) for kind in ("n", "positives")
    ]
    while (place := _change(design, *[each[begin:] for each in sums])) is not None:
        begin += place
    return begin


def _sums(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Sums of the rows before each place, int64[periods + 1, k]."""
    sums = np.zeros((len(rows) + 1, len(rows[0])), dtype=np.int64)
    np.cumsum(rows, axis=0, out=sums[1:])
    return sums


def _change(design: Array, n: NDArray[np.int64], positives: NDArray[np.int64]) -> int | None:
    """The most likely place of a change, from sums over the periods, if it is beyond chance."""
    places = _places(np.diff(n.sum(axis=1)), np.diff(positives.sum(axis=1)))
    if not places.size:
        return None
    whole, start = fit(design, n[-1:] - n[0], positives[-1:] - positives[0])
    size = max(1, _CELLS // design.size)
    batches = np.split(places, range(size, len(places), size))
    apart = [_apart(design, n, positives, batch, start) for batch in batches]
    ratio = np.concatenate(apart) - whole
    best = int(ratio.argmax())
    limit = chi_squared_limit(design.shape[1], ALPHA / len(places))
    return int(places[best]) if 2 * ratio[best] > limit else None


def _apart(
    design: Array,
    n: NDArray[np.int64],
    positives: NDArray[np.int64],
    places: NDArray[np.int64],
    start: Array,
) -> Array:
    """The log likelihood, float64[places], of one regression before each place and one after it.

    They begin at the weights of one for both, ``start``, which are mostly near.
    """
    before = n[places] - n[0], positives[places] - positives[0]
    after = n[-1] - n[places], positives[-1] - positives[places]
    first, second = (_fit_occurring(design, *side, start)[0] for side in (before, after))
    return first + second


def _fit_occurring(design: Array, n: Numbers, positives: Numbers, start: Array) -> Fit:
    """The same as ``fit``, by the cases that occur in one of the samples."""
    occurs = n.any(axis=0)
    return fit(design[occurs], n[:, occurs], positives[:, occurs], start)


def _places(n: NDArray[np.int64], positives: NDArray[np.int64]) -> NDArray[np.int64]:
    """The periods before which a change is looked for: all new ones, of old ones some.

    ``n`` and ``positives`` are those of each period.
    """
    size = len(n)
    labels = np.stack([n - positives, positives])
    early = np.cumsum(labels, axis=1)[:, :-1]
    late = labels.sum(axis=1)[:, None] - early
    is_enough = (np.minimum(early, late) >= FEWEST_OF_EACH).all(axis=0)
    age = size - np.arange(1, size)
    step = 2 ** np.maximum(np.floor(np.log2(np.maximum(age / _DENSE, 1))), 0)
    return np.flatnonzero(is_enough & (age % step == 0)) + 1


def log_likelihoods(design: Array, n: Numbers, positives: Numbers) -> Array:
    """The penalised log likelihood, float64[s], of a logistic regression on each of s samples."""
    return fit(design, n, positives)[0]


def fit(design: Array, n: Numbers, positives: Numbers, start: Array | None = None) -> Fit:
    """The same, and the weights, float64[s, d + 1], that have it.

    ``design`` is float64[k, d + 1], the first column 1; ``n`` and ``positives`` are [s, k].
    Half the squares of all weights but the first are subtracted. ``start`` are weights to begin at.
    """
    size, width = len(n), design.shape[1]
    penalty = np.ones(width)
    penalty[0] = 1e-6  # a sample of one label would have no finite intercept
    weights = np.zeros((size, width)) if start is None else np.repeat(start, size, axis=0)
    value = _objective(design, n, positives, penalty, weights)
    for _ in range(_STEPS):
        score = 1 / (1 + np.exp(-(weights @ design.T)))
        slope = (positives - n * score) @ design - penalty * weights
        curve = (design.T * (n * score * (1 - score))[:, None, :]) @ design
        step = np.linalg.solve(curve + np.diag(penalty), slope[:, :, None])[:, :, 0]
        length = np.ones(size)
        for _ in range(_HALVINGS):  # a step too long is halved
            new = _objective(design, n, positives, penalty, weights + length[:, None] * step)
            is_worse = new < value
            if not is_worse.any():
                break
            length[is_worse] /= 2
        new = np.where(is_worse, value, new)
        weights = weights + np.where(is_worse, 0.0, length)[:, None] * step
        gain, value = float((new - value).max()), new
        if gain < _CLOSE:
            break
    return value, weights


def _objective(
    design: Array, n: Numbers, positives: Numbers, penalty: Array, weights: Array
) -> Array:
    logit = weights @ design.T
    losses = n * np.logaddexp(0, logit) - positives * logit
    return np.asarray(-losses.sum(axis=1) - (penalty * weights**2).sum(axis=1) / 2)


def chi_squared_limit(degrees: int, chance: float) -> float:
    """What a chi-squared variable exceeds with this chance (Wilson & Hilferty 1931)."""
    z = NormalDist().inv_cdf(1 - chance)
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + z * spread**0.5) ** 3)
