"""Exact Shapley values of a score table: which inputs move a case away from the average."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

_BATCHED = 1 << 12


def shapley(
    scores: NDArray[np.float64], weights: NDArray[np.floating | np.integer], case: int
) -> tuple[float, NDArray[np.float64]]:
    """Interventional Shapley values of ``case`` against a background of weighted cases.

    ``scores[2**d]`` is the model, ``weights[2**d]`` how often each background case counts.
    Returns the background's mean score and ``values[d]`` in probability; mean + sum(values) is
    ``scores[case]``. Exact over all 2**d coalitions (Shapley 1953; the interventional value
    function of Janzing, Minorics and Blöbaum 2020). Raises ValueError for an empty background.
    """
    total = float(weights.sum())
    if total <= 0:
        raise ValueError("the background has no events")
    features = len(scores).bit_length() - 1
    order = np.arange(len(scores)) ^ case  # a bit of 0 then means: as in the case explained
    worth = _coalitions(scores[order], weights[order] / total)
    values = np.zeros(features)
    subset = np.arange(len(scores))
    size = np.array([int(s).bit_count() for s in subset])
    share = np.array(
        [factorial(k) * factorial(features - 1 - k) / factorial(features) for k in range(features)]
    )
    for i in range(features):
        without = subset[(subset >> i & 1) == 0]
        values[i] = share[size[without]] @ (worth[without | 1 << i] - worth[without])
    return float(worth[0]), values


def _coalitions(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean score for every coalition S: inputs in S as in the case, the rest as in the background.

    Input by input, from the last: one inside S keeps the half of the table that agrees with the
    case and folds the weights over it; one outside keeps both halves. That takes 3**d
    multiplications, where trying every background case would take 4**d. Large tables are split
    here first, because ``_batch`` holds all 3**d products at once.
    """
    if len(scores) <= _BATCHED:
        return _batch(scores[None], weights[None]).ravel()
    half = len(scores) // 2
    inside = _coalitions(scores[:half], weights[:half] + weights[half:])
    outside = _coalitions(scores[:half], weights[:half])
    outside += _coalitions(scores[half:], weights[half:])
    return np.concatenate((outside, inside))


def _batch(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for m tables at once, [m, 2**k] each."""
    if scores.shape[1] == 1:
        return scores * weights
    half = scores.shape[1] // 2
    agree, differ = weights[:, :half], weights[:, half:]
    inside, same, other = np.split(
        _batch(
            np.concatenate((scores[:, :half], scores[:, :half], scores[:, half:])),
            np.concatenate((agree + differ, agree, differ)),
        ),
        3,
    )
    return np.concatenate((same + other, inside), axis=1)
