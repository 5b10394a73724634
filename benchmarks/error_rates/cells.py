"""One cell of the grid: baselines, versions and windows of one law, and what was said of them.

Nothing drifts, so each verdict that says so is false, and each interval should cover the truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.error_rates.laws import (
    INPUTS,
    Law,
    Truth,
    Version,
    find_truth,
    law_at,
    make_version,
)
from webapp.stats import drift, harm
from webapp.stats.calibration import judge_level
from webapp.stats.drift import DriftResult, Window
from webapp.stats.rates import Interval
from webapp.stats.reference import Reference
from webapp.stats.verdicts import MARGIN, SKILL_MARGIN

_ROUNDING = 1e-12


@dataclass
class Tally:
    """How often something held, of how many times that it could."""

    hits: int = 0
    total: int = 0

    def add(self, hits: int, total: int = 1) -> None:
        """Count some more."""
        self.hits += hits
        self.total += total

    @property
    def percent(self) -> float:
        """The share in percent; nan where it never could."""
        return 100 * self.hits / self.total if self.total else float("nan")


Tallies = dict[str, Tally]


@dataclass(frozen=True)
class Cell:
    """The false verdicts and the intervals that covered the truth, by name."""

    false: Tallies
    covered: Tallies


def simulate(
    model: str, rate: float, baseline_n: int, sizes: Sequence[int], runs: int
) -> dict[int, Cell]:
    """Judge ``runs`` fresh windows of each size by a fresh version and baseline each.

    A version that training refuses to fit, for want of rows of a label, is left out.
    """
    law = law_at(rate)
    rng = np.random.default_rng([round(rate * 1e4), baseline_n])
    cells = {n: Cell(defaultdict(Tally), defaultdict(Tally)) for n in sizes}
    for _ in range(runs):
        baseline = law.draw(rng, baseline_n)
        version = make_version(model, law, baseline.labelled)
        if version is None:
            continue
        truth = find_truth(version, law)
        for n, cell in cells.items():
            window = law.draw(rng, n)
            result = _compare(version, baseline, window)
            for name, is_said in _false_verdicts(version, truth, baseline, window, result):
                cell.false[name].add(is_said)
            for name, interval, true in _intervals(law, truth, result):
                low, high = interval.low - _ROUNDING, interval.high + _ROUNDING
                cell.covered[name].add(low <= true <= high)
    return cells


def _compare(version: Version, baseline: Window, window: Window) -> DriftResult:
    rows = version.out_of_fold
    reference = None if rows is None else Reference.out_of_fold(rows)
    result = drift.compare(INPUTS, version.scores, baseline, window, reference=reference)
    assert isinstance(result, DriftResult)
    return result


def _false_verdicts(
    version: Version, truth: Truth, baseline: Window, window: Window, result: DriftResult
) -> Iterator[tuple[str, bool]]:
    """Whether each verdict says something that isn't so.

    A version is better than its folds if its skill is by more than the margin.
    """
    judgement, is_better = result.performance, truth.skill_change > SKILL_MARGIN
    level = judge_level(version.scores, baseline.labelled, window.labelled, MARGIN)
    yield "headline: drifted", result.headline.verdict == "drifted"
    yield "any input: drifted", any(row.verdict == "drifted" for row in result.features)
    yield "mean score: drifted", result.scores.verdict == "drifted"
    yield "labels: drifted", result.labels is not None and result.labels.verdict == "drifted"
    yield "any pair: drifted", any(pair.verdict == "drifted" for pair in result.pairs)
    yield "calibration: too low or high", level is not None and level.verdict[:3] == "too"
    yield "skill: worse", judgement.verdict == "worse"
    yield "skill: better", judgement.verdict == "better" and not is_better
    yield "ranking: worse", harm.judge_ranking(judgement) == "worse"
    yield "ranking: better", harm.judge_ranking(judgement) == "better"


def _intervals(
    law: Law, truth: Truth, result: DriftResult
) -> Iterator[tuple[str, Interval, float]]:
    """The intervals that are shown, and what each should cover."""
    judgement = result.performance
    for name, true in truth.metrics.items():
        interval = getattr(judgement.window, name)
        if interval is not None:
            yield name.replace("_", " "), interval, true
    if judgement.skill is not None:
        yield "change of skill", judgement.skill, truth.skill_change
    shares = law.cases @ INPUTS.matrix()
    for row, share in zip(result.features, shares, strict=True):
        yield "share of an input", row.window, float(share)
        yield "change of an input", row.difference, 0.0
    yield "mean score", result.scores.window, truth.mean_score
    yield "change of the mean score", result.scores.difference, 0.0
    if result.labels is not None:
        yield "change of the labels", result.labels.difference, 0.0
    for pair in result.pairs:
        yield "change of a pair", pair.change, 0.0
