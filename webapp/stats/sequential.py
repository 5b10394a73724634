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
from dataclasses import dataclass, field, replace
from math import erfc, log, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import cells

Array = NDArray[np.float64]
Mixture = float | tuple[float, ...]  # ρ, or several of which the mean is taken
_RATIO, _FIRST_MIXTURE = 16.0, 0.75
_ROUNDS = 50  # of Newton's method, which needs fewer than ten
_PRECISE = 1e-12
_FIRST = 0.9
_DENSE = 8
_FARTHEST = -30.0
_ERFC = np.frompyfunc(erfc, 1, 1)


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


@dataclass(frozen=True)
class EvidenceRows:
    """The evidence of several sets of events at once, each a float64[sets]."""

    n: Array
    total: Array
    spread: Array


Sums = TypeVar("Sums", Evidence, EvidenceRows)


def observe(values: Array, counts: Counts, scores: Array) -> Evidence:
    """The evidence of a batch; x of an event is ``values[case, label]`` (float64[cases, 2]).

    ``scores`` (float64[cases]) are the probabilities of label 1 that the expected squares are
    computed with. They and ``values`` must be fixed before the batch comes.
    """
    events, squares = cells(counts), values**2
    expected_squares = counts.n @ ((1 - scores) * squares[:, 0] + scores * squares[:, 1])
    spread = (float((events * squares).sum()) + 2 * float(expected_squares)) / 3
    return Evidence(counts.total, float((events * values).sum()), spread)


@dataclass(frozen=True, eq=False)
class Trail:
    """Evidence since the first batch and since later ones: ``since[i]`` from ``starts[i]`` on.

    A change long after the beginning is buried in the batches before it, so evidence is also
    gathered from every later batch on. The stake is divided over the starts in advance (``stake``),
    so an e-process may begin at any batch with the share reserved for it. Of old starts only some
    are kept, about eight per doubling of age; dropping the others costs power, not validity.
    """

    batches: int = 0
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    sums: Array = field(default_factory=lambda: np.zeros((3, 0)))  # n, total, spread of each start

    @property
    def since(self) -> tuple[Evidence, ...]:
        """The evidence since each start."""
        return tuple(self._evidence(i) for i in range(len(self.starts)))

    @property
    def whole(self) -> Evidence:
        """The evidence since the first batch."""
        return self._evidence(0) if len(self.starts) else Evidence()

    def newest(self, n: int) -> Evidence:
        """The evidence since the latest start that has at least ``n`` events; empty without one."""
        enough = np.flatnonzero(self.sums[0] >= n)
        return self._evidence(int(enough[-1])) if len(enough) else Evidence()

    def add(self, batch: Evidence) -> Trail:
        """The trail with one more batch."""
        now = self.batches
        starts, sums = np.append(self.starts, now), np.zeros((3, len(self.starts) + 1))
        sums[:, :-1] = self.sums
        sums += np.array([[batch.n], [batch.total], [batch.spread]])
        keeps = _keeps(starts, now)
        return Trail(now + 1, starts[keeps], sums[:, keeps])

    def leading(self, strength: Callable[[EvidenceRows], Array]) -> tuple[float, float, Evidence]:
        """The start whose log e-value, with the log of its stake, is largest.

        ``strength`` gives the log e-values of the evidence since every start. Returns that sum, the
        log of the stake, and the evidence. There must be at least one batch.
        """
        strengths = strength(EvidenceRows(*self.sums)) + np.log(stake(self.starts))
        best = int(np.argmax(strengths))
        log_stake = log(stake(self.starts[best : best + 1])[0])
        return float(strengths[best]), log_stake, self._evidence(best)

    def _evidence(self, index: int) -> Evidence:
        n, total, spread = self.sums[:, index].tolist()
        return Evidence(int(n), total, spread)


def stake(starts: NDArray[np.int64]) -> Array:
    """Stakes of starts: nine tenths for the first batch, 1/(10 j (j + 1)) for the later ones."""
    later = np.maximum(starts, 1).astype(np.float64)
    shares: Array = np.where(starts == 0, _FIRST, (1 - _FIRST) / (later * (later + 1)))
    return shares


def _keeps(starts: NDArray[np.int64], now: int) -> NDArray[np.bool_]:
    """True for the first and the newest starts, and for every 2nd, 4th, 8th … of older ones."""
    doublings = np.frexp(np.maximum((now - starts) // _DENSE, 1))[1].astype(np.int64) - 1
    keeps: NDArray[np.bool_] = starts % (1 << doublings) == 0
    return keeps


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


def log_e(total: float | Array, spread: float | Array, mixture: Mixture) -> Array:
    """The log of the e-process against "the mean so far is at most 0"; arrays give an array.

    2 √(ρ/(V+ρ)) exp(S²/(2(V+ρ))) Φ(S/√(V+ρ)), the half-normal mixture over λ. The mean of several
    such processes is one as well: the first has three quarters of the stake, so that little is lost
    where it is the right one, and the others share the rest.
    """
    return _log_e_and_slope(total, spread, mixture)[0]


def _log_e_and_slope(
    total: float | Array, spread: float | Array, mixture: Mixture
) -> tuple[Array, Array]:
    """``log_e``, and its derivative in the total."""
    mixtures, weights = _weighted(mixture)
    width = np.asarray(spread)[..., None] + mixtures
    z = np.asarray(total)[..., None] / np.sqrt(width)
    tails = _log_tail(z)
    logs = np.log(weights) + 0.5 * np.log(mixtures / width) + tails
    highest = logs.max(axis=-1)
    parts = np.exp(logs - highest[..., None])
    sums = parts.sum(axis=-1)
    slopes = (z + sqrt(2 / np.pi) * np.exp(-tails)) / np.sqrt(width)  # as φ/Φ = √(2/π) exp(−tail)
    return highest + np.log(sums), (parts * slopes).sum(axis=-1) / sums


def _weighted(mixture: Mixture) -> tuple[Array, Array]:
    """Mixtures, and their shares of the stake."""
    mixtures = np.atleast_1d(mixture).astype(np.float64)
    if len(mixtures) == 1:
        return mixtures, np.ones(1)
    weights = np.full(len(mixtures), (1 - _FIRST_MIXTURE) / (len(mixtures) - 1))
    weights[0] = _FIRST_MIXTURE
    return mixtures, weights


def _log_tail(z: Array) -> Array:
    """log(2 exp(z²/2) Φ(z)), also if Φ(z) is too small for a float."""
    near = np.maximum(z, _FARTHEST)
    logs = near * near / 2 + np.log(np.asarray(_ERFC(-near / sqrt(2)), np.float64))
    # Mills' ratio: Φ(z) exp(z²/2) → 1 / (|z| √(2π))
    far = log(2 / sqrt(2 * np.pi)) - np.log(np.maximum(-z, 1.0))
    return np.where(z < _FARTHEST, far, logs)


def boundary(spread: float, alpha: float, mixture: Mixture) -> float:
    """The sum that only a share α of streams without a positive mean ever reach.

    ``log_e`` is convex in the sum, as it is the log of a mean of exp(λ S): Newton's method comes
    down from a bound that is never too low (Howard et al. 2021, equation 3.7), of the tightest one.
    """
    mixtures, weights = _weighted(mixture)
    wide = spread + mixtures
    limit = float(
        np.sqrt(2 * wide * np.log1p(np.sqrt(wide / mixtures) / (2 * alpha * weights))).min()
    )
    for _ in range(_ROUNDS):
        log_value, slope = _log_e_and_slope(limit, spread, mixture)
        step = float((log_value + log(alpha)) / slope)
        limit -= step
        if abs(step) <= _PRECISE * limit:
            break
    return limit


def lower(evidence: Evidence, alpha: float, mixture: Mixture) -> float:
    """Lower bound of the mean; it holds at all times at once, except in a share α of streams."""
    if evidence.n == 0:
        return float("-inf")
    return (evidence.total - boundary(evidence.spread, alpha, mixture)) / evidence.n


def against_estimate(evidence: Sums, variance: float) -> Sums:
    """Evidence about a mean less an earlier, independent estimate with that ``variance``.

    The difference D of the running mean and a fixed estimate has the variance
    v = V/n² + ``variance``, and D/v is a Brownian motion in time 1/v, as the covariance of D at two
    times is v at the later one. So D/v and 1/v take the places of S and V.
    """
    v = evidence.spread / evidence.n**2 + variance
    return replace(evidence, total=evidence.total / evidence.n / v, spread=1 / v)
