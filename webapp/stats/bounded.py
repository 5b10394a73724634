"""The interval of a mean from few events, where the normal approximation isn't to be trusted."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log

from webapp.stats.rates import Interval

_ALLOWED = log(2 / 0.05)
_ROUNDS = 60  # of halving: the ends are then exact


def bounded_mean(value: float, n: float, least: float, most: float) -> Interval:
    """The mean of n events with its interval, if every event lies in [least, most].

    Such a mean deviates no more than that of events at either bound (Hoeffding 1963, theorem 1).
    So the means are kept whose Bernoulli divergence from the observed one is at most
    ln(2 / .05) / n: that holds in 95 % of samples or more, whatever their size and distribution. It
    is two to three times as wide as the normal approximation would be.
    """
    reach = most - least
    if reach <= 0 or n <= 0:
        return Interval(value, least, most)
    share = min(max((value - least) / reach, 0.0), 1.0)
    low, high = (
        _find_end(lambda mean: _diverge(share, mean) <= _ALLOWED / n, share, end)
        for end in (0.0, 1.0)
    )
    return Interval(value, min(value, least + reach * low), max(value, least + reach * high))


def _find_end(is_inside: Callable[[float], bool], inside: float, end: float) -> float:
    """Where a range that begins at ``inside`` stops on the way to ``end``."""
    outside = end
    for _ in range(_ROUNDS):
        middle = (inside + outside) / 2
        if is_inside(middle):
            inside = middle
        else:
            outside = middle
    return outside


def _diverge(p: float, q: float) -> float:
    """The Kullback-Leibler divergence of two Bernoulli distributions, in nats."""
    if q == p:
        return 0.0
    return inf if q in (0.0, 1.0) else sum(a * log(a / b) for a, b in ((p, q), (1 - p, 1 - q)) if a)
