"""Bounds on a mean that hold at all times at once, so that checking often costs nothing.

Differences of losses come in batches of counts. They are a martingale about their conditional
means, whatever the traffic does, because the score tables that are compared were fixed before
the batch came. For such sums, with λ > 0 fixed,

    exp(λ (S − Σ means) − λ² V / 2),   V = Σ (x² + 2 E[x²]) / 3,

is a supermartingale (Delyon 2009, "Exponential inequalities for sums of weakly dependent
variables", proposition 12; in the time-uniform setting Howard, Ramdas, McAuliffe & Sekhon 2020,
"Time-uniform Chernoff bounds via nonnegative supermartingales", table 3). It needs no bound on x,
so losses are neither clipped nor assumed small; log losses are finite as scores are clipped at
the machine's epsilon (``metrics.EPSILON``). Mixing λ over half a normal distribution gives the
one-sided normal mixture of Howard, Ramdas, McAuliffe & Sekhon 2021 ("Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 49, proposition 6); by Ville's
inequality it exceeds 1/α with a probability of at most α, at any of all checks. That the mean may
change from batch to batch is no harm: what is bounded is the mean so far (Choe & Ramdas 2024,
"Comparing sequential forecasters", Operations Research 72).

E[x²] is taken case by case with the labels that a score table expects. Where that table is wrong
the bound holds asymptotically, as that of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024
("Time-uniform central limit theory and asymptotic confidence sequences"); simulations in the
tests hold the rate of false alarms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import cells

Array = NDArray[np.float64]
Mixture = float | tuple[float, ...]  # ρ, or several of which the mean is taken
_RATIO, _FIRST_MIXTURE = 16.0, 0.75
_ROUNDS = 40  # of halving; the bound is then exact to a billionth
_FIRST = 0.9
_DENSE = 8


@dataclass(frozen=True)
class Evidence:
    """Sums over some events: their number, the sum of x, and V of the module's formula."""

    n: int = 0
    total: float = 0.0
    spread: float = 0.0

    @property
    def mean(self) -> float:
        """The mean of x; nan without events."""
        return self.total / self.n if self.n else float("nan")

    def __add__(self, other: Evidence) -> Evidence:
        """Combine the evidence of two disjoint sets of events."""
        return Evidence(self.n + other.n, self.total + other.total, self.spread + other.spread)


def observe(values: Array, counts: Counts, scores: Array) -> Evidence:
    """The evidence of a batch; x of an event is ``values[case, label]`` (float64[cases, 2]).

    ``scores`` (float64[cases]) are the probabilities of label 1 that the expected squares are
    computed with. They and ``values`` must be fixed before the batch comes.
    """
    events, squares = cells(counts), values**2
    expected_squares = counts.n @ ((1 - scores) * squares[:, 0] + scores * squares[:, 1])
    spread = (float((events * squares).sum()) + 2 * float(expected_squares)) / 3
    return Evidence(counts.total, float((events * values).sum()), spread)


@dataclass(frozen=True)
class Trail:
    """Evidence since the first batch and since later ones: ``since[i]`` from ``starts[i]`` on.

    A change long after the beginning is buried in the batches before it, so evidence is also
    gathered from every later batch on. The stake is divided over the starts in advance (``stake``),
    so an e-process may begin at any batch with the share reserved for it. Of old starts only some
    are kept, about eight per doubling of age; dropping the others costs power, not validity.
    """

    batches: int = 0
    starts: tuple[int, ...] = ()
    since: tuple[Evidence, ...] = ()

    @property
    def whole(self) -> Evidence:
        """The evidence since the first batch."""
        return self.since[0] if self.since else Evidence()

    def newest(self, n: int) -> Evidence:
        """The evidence since the latest start that has at least ``n`` events; empty without one."""
        return next((e for e in reversed(self.since) if e.n >= n), Evidence())

    def add(self, batch: Evidence) -> Trail:
        """The trail with one more batch."""
        now = self.batches
        both = zip((*self.starts, now), (*self.since, Evidence()), strict=True)
        pairs = [(start, sums + batch) for start, sums in both if _keeps(start, now)]
        return Trail(now + 1, tuple(start for start, _ in pairs), tuple(e for _, e in pairs))

    def leading(self, strength: Callable[[Evidence], float]) -> tuple[float, float, Evidence]:
        """The start whose log e-value, with the log of its stake, is largest.

        ``strength`` gives the log e-value of the evidence since a start. Returns that sum, the log
        of the stake, and the evidence. There must be at least one batch.
        """
        stakes = [log(stake(start)) for start in self.starts]
        sums = [strength(e) + log_stake for e, log_stake in zip(self.since, stakes, strict=True)]
        best = max(range(len(sums)), key=lambda i: sums[i])
        return sums[best], stakes[best], self.since[best]


def stake(start: int) -> float:
    """Stake of a start: nine tenths for the first batch, 1/(10 j (j + 1)) for the later ones."""
    return _FIRST if start == 0 else (1 - _FIRST) / (start * (start + 1))


def _keeps(start: int, now: int) -> bool:
    age = now - start
    return start == 0 or age < _DENSE or start % (1 << (age // _DENSE).bit_length() - 1) == 0


def rho(spread: float, alpha: float) -> float:
    """The mixture that is tightest at V = ``spread`` (Howard et al. 2021, section 3.5)."""
    level = 2 * log(1 / alpha)
    return spread / (level + log(1 + level))


def scales(spread: float, lowest: float) -> tuple[float, ...]:
    """Values of V by which to tune mixtures: ``spread``, and a 16th again and again.

    The last is at least ``lowest``, unless that is more than ``spread``.
    """
    n_more = int(log(spread / lowest) / log(_RATIO)) if spread > lowest else 0
    return tuple(spread / _RATIO**k for k in range(n_more + 1))


def log_e(total: float, spread: float, mixture: Mixture) -> float:
    """The log of the e-process against "the mean so far is at most 0".

    2 √(ρ/(V+ρ)) exp(S²/(2(V+ρ))) Φ(S/√(V+ρ)), the half-normal mixture over λ. The mean of several
    such processes is one as well: the first has three quarters of the stake, so that little is lost
    where it is the right one, and the others share the rest.
    """
    if isinstance(mixture, float):
        return _log_e(total, spread, mixture)
    first, *others = (_log_e(total, spread, one) for one in mixture)
    if not others:
        return first
    rest = (1 - _FIRST_MIXTURE) / len(others)
    logs = [first + log(_FIRST_MIXTURE), *(one + log(rest) for one in others)]
    highest = max(logs)
    return highest + log(sum(exp(one - highest) for one in logs))


def _log_e(total: float, spread: float, mixture: float) -> float:
    width = spread + mixture
    z = total / sqrt(width)
    return 0.5 * log(mixture / width) + _log_tail(z)


def _log_tail(z: float) -> float:
    """log(2 exp(z²/2) Φ(z)), also if Φ(z) is too small for a float."""
    if z < -30:  # Mills' ratio: Φ(z) exp(z²/2) → 1 / (|z| √(2π))
        return log(2 / sqrt(2 * np.pi)) - log(-z)
    return z * z / 2 + log(erfc(-z / sqrt(2)))


def boundary(spread: float, alpha: float, mixture: Mixture) -> float:
    """The sum that only a share α of streams without a positive mean ever reach."""
    log_level = log(1 / alpha)
    low, high = 0.0, sqrt(spread + (mixture if isinstance(mixture, float) else max(mixture)))
    while log_e(high, spread, mixture) < log_level:
        low, high = high, 2 * high
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if log_e(middle, spread, mixture) < log_level:
            low = middle
        else:
            high = middle
    return high


def lower(evidence: Evidence, alpha: float, mixture: Mixture) -> float:
    """Lower bound of the mean; it holds at all times at once, except in a share α of streams."""
    if evidence.n == 0:
        return float("-inf")
    return (evidence.total - boundary(evidence.spread, alpha, mixture)) / evidence.n


def against_estimate(evidence: Evidence, variance: float) -> Evidence:
    """Evidence about a mean less an earlier, independent estimate with that ``variance``.

    The difference D of the running mean and a fixed estimate has the variance
    v = V/n² + ``variance``, and D/v is a Brownian motion in time 1/v, as the covariance of D at two
    times is v at the later one. So D/v and 1/v take the places of S and V.
    """
    v = evidence.spread / evidence.n**2 + variance
    return Evidence(evidence.n, evidence.mean / v, 1 / v)
