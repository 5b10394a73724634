"""Streams with known changes, as the literature on drift has them, with yes/no inputs only.

STAGGER (Schlimmer & Granger 1986), Mixed (Gama et al. 2004), SEA (Street & Kim 2001) and Agrawal
(1993) are drawn as in their papers; numbers become yes/no inputs at fixed thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.training.policy.stream import BacktestStream, of_rows

Bits = NDArray[np.bool_]
Labels = NDArray[np.bool_]
# Draws n events of a concept, by its number: inputs bool[n, d] and labels bool[n]
Draw = Callable[[np.random.Generator, int, int], tuple[Bits, Labels]]

EVERY, START = 500, 4_000  # events of a block, and before the first check


@dataclass(frozen=True)
class DriftStream:
    """Which concept holds in which block. ``noise`` is the share of labels that are turned."""

    draw: Draw
    concepts: Sequence[int]  # of each block after the start, which is of concept 0
    noise: float = 0.0
    gradual: bool = False  # True: ever more events of each block are of the last concept

    def of(self, seed: int, start: int = START, every: int = EVERY) -> BacktestStream:
        """The stream drawn with this seed."""
        rng = np.random.default_rng(seed)
        n_past, n_blocks = start // every, len(self.concepts)
        counts: list[Counts] = []
        for number, concept in enumerate([0] * n_past + list(self.concepts)):
            share = (number - n_past + 1) / n_blocks if self.gradual else 0.0
            n_last = int(rng.binomial(every, max(share, 0.0)))
            parts = [(concept, every - n_last), (self.concepts[-1], n_last)]
            samples = [self.draw(rng, n, which) for which, n in parts if n]
            bits, labels = (np.concatenate(both) for both in zip(*samples, strict=True))
            labels = labels ^ (rng.random(every) < self.noise)
            features = Features.numbered(bits.shape[1])
            case = features.number(bits.astype(np.int64))
            counts.append(Counts.of(case, labels.astype(np.int64), features.cases))
        ends = tuple(start + every * (i + 1) for i in range(n_blocks))
        return BacktestStream(features, tuple(counts[:n_past]), tuple(counts[n_past:]), ends, "row")


def _one_hot(values: NDArray[np.int64], levels: int) -> Bits:
    return np.asarray(values[:, None] == np.arange(levels))


def stagger(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """Size, colour and shape of three levels each: small and red; green or round; medium or big."""
    size, colour, shape = rng.integers(0, 3, (3, n))
    rule = [
        (size == 0) & (colour == 0),
        (colour == 1) | (shape == 0),
        size > 0,
    ][concept]
    return np.hstack([_one_hot(size, 3), _one_hot(colour, 3), _one_hot(shape, 3)]), rule


def mixed(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """At least two of: v, w, y below a wave over x. Concept 1 is the reverse."""
    v, w = rng.random((2, n)) < 0.5
    x, y = rng.random((2, n))
    rule = v.astype(int) + w + (y < 0.5 + 0.3 * np.sin(3 * np.pi * x)) >= 2
    bits = [v, w, x > 1 / 3, x > 2 / 3, y > 0.2, y > 0.5, y > 0.8]
    return np.stack(bits, axis=1), rule ^ (concept == 1)


def sea(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """The sum of two of three numbers from 0 to 10 is at most a limit, which moves."""
    numbers = rng.random((n, 3)) * 10
    limit = (8.0, 9.0, 7.0, 9.5)[concept]
    edges = [(0, 2), (0, 4), (0, 6), (0, 8), (1, 2), (1, 4), (1, 6), (1, 8), (2, 5)]
    bits = np.stack([numbers[:, i] > edge for i, edge in edges], axis=1)
    return bits, numbers[:, 0] + numbers[:, 1] <= limit


def agrawal(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """The first three functions of Agrawal: of age; of age and salary; of age and schooling."""
    age, salary = rng.uniform(20, 80, n), rng.uniform(20, 150, n)
    school = rng.integers(0, 5, n)
    young, old = age < 40, age >= 60
    low = np.select([young, old], [50, 25], 75)
    high = np.select([young, old], [100, 75], 125)
    first = np.select([young, old], [0, 2], 1)
    last = np.select([young, old], [1, 4], 3)
    rule = [
        young | old,
        (salary >= low) & (salary <= high),
        (school >= first) & (school <= last),
    ][concept]
    edges = [salary > 25, salary > 50, salary > 75, salary > 100, salary > 125]
    return np.stack([young, old, *edges, school > 0, school > 1, school > 3], axis=1), rule


def reversal(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """The label is the first of six inputs, and then its contrary."""
    bits = rng.random((n, 6)) < 0.5
    return bits, bits[:, 0] ^ (concept == 1)


def prior(rng: np.random.Generator, n: int, concept: int) -> tuple[Bits, Labels]:
    """Odds of the label that are halved (concept 2) or doubled (1) in every case."""
    bits = rng.random((n, 6)) < 0.4
    shift = (0.0, np.log(2), -np.log(2))[concept]
    logit = shift - 2.2 + bits @ np.array([1.6, 1.1, -1.0, 0.6, 0.3, 0.0])
    return bits, rng.random(n) < 1 / (1 + np.exp(-logit))


def _spans(*spans: tuple[int, int]) -> list[int]:
    return [concept for concept, n in spans for _ in range(n)]


def recurring(concepts: int, blocks: int, times: int) -> list[int]:
    """Each concept for so many blocks, in turns."""
    return [(i // blocks + 1) % concepts for i in range(blocks * times)]


CHANGES: dict[str, DriftStream] = {
    "STAGGER abrupt": DriftStream(stagger, _spans((0, 6), (1, 17), (2, 17))),
    "STAGGER abrupt, noise": DriftStream(stagger, _spans((0, 6), (1, 17), (2, 17)), 0.1),
    "STAGGER recurring": DriftStream(stagger, recurring(3, 10, 4)),
    "STAGGER recurring, noise": DriftStream(stagger, recurring(3, 10, 4), 0.1),
    "mixed recurring": DriftStream(mixed, recurring(2, 10, 4), 0.1),
    "SEA": DriftStream(sea, _spans((0, 10), (1, 10), (2, 10), (3, 10)), 0.1),
    "Agrawal": DriftStream(agrawal, _spans((0, 10), (1, 15), (2, 15)), 0.05),
    "Agrawal gradual": DriftStream(agrawal, _spans((0, 39), (2, 1)), 0.05, gradual=True),
    "reversal": DriftStream(reversal, _spans((0, 15), (1, 25))),
    "prior up": DriftStream(prior, _spans((0, 10), (1, 30))),
    "prior down": DriftStream(prior, _spans((0, 10), (2, 30))),
}
CALM: dict[str, DriftStream] = {
    "none, STAGGER": DriftStream(stagger, [0] * 200),
    "none, STAGGER, noise": DriftStream(stagger, [0] * 200, 0.1),
    "none, mixed": DriftStream(mixed, [0] * 200, 0.1),
    "none, SEA": DriftStream(sea, [0] * 200, 0.1),
    "none, Agrawal": DriftStream(agrawal, [0] * 200, 0.05),
    "none, logit": DriftStream(prior, [0] * 200),
}


def growing(inputs: NDArray[np.floating], labels: Labels, start: int, every: int) -> BacktestStream:
    """Rows of float[n, d], shuffled with a fixed seed; inputs are yes above their median."""
    order = np.random.default_rng(0).permutation(len(labels))
    bits = (inputs > np.median(inputs, axis=0))[order].astype(np.int64)
    features = Features.numbered(bits.shape[1])
    label = labels[order].astype(np.int64)
    return of_rows(features, features.number(bits), label, start, every)


def made_rows(n: int, seed: int) -> tuple[NDArray[np.float64], Labels]:
    """Rows of ten inputs, float[n, 10], of which two count more together, and labels."""
    rng = np.random.default_rng(seed)
    inputs = rng.random((n, 10))
    bits = inputs > 0.5
    weights = np.array([1.5, -1.2, 1.0, 0.8, -0.7, 0.5, -0.4, 0.3, 0.2, 0.0])
    logit = bits @ weights + 1.2 * bits[:, 0] * bits[:, 1] - 0.8
    return inputs, rng.random(n) < 1 / (1 + np.exp(-logit))


def small_streams() -> dict[str, BacktestStream]:
    """Data that grow without a change, from a hundred rows on."""
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine

    cancer, digits, wine = load_breast_cancer(), load_digits(), load_wine()
    busy = digits.data.var(axis=0).argsort()[::-1][:10]
    return {
        "breast cancer, 569 rows": growing(cancer.data[:, :10], cancer.target == 1, 100, 25),
        "wine, 178 rows": growing(wine.data[:, :10], wine.target == 1, 40, 10),
        "digits, 1,797 rows": growing(digits.data[:, busy], digits.target < 5, 200, 50),
        "made up, 600 rows": growing(*made_rows(600, 2), 100, 25),
        "made up, 2,500 rows": growing(*made_rows(2_500, 3), 200, 100),
        "made up, 11,000 rows": growing(*made_rows(11_000, 4), 500, 250),
    }
