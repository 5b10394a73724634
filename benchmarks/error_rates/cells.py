"""One cell of the grid: baselines, versions and windows of one law, and what was said of them.

Nothing drifts, so each verdict that says so is false, and each interval should cover the truth.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt

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
from webapp.stats import divergence, drift, harm, pairs, verdicts
from webapp.stats.calibration import Level, judge_level
from webapp.stats.divergence import TotalVariation
from webapp.stats.drift import Labels, Window
from webapp.stats.harm import Judgement
from webapp.stats.inputs import Feature, compare_means, feature_rows
from webapp.stats.pairs import Pair
from webapp.stats.performance import Performance
from webapp.stats.rates import Interval
from webapp.stats.reference import Reference
from webapp.stats.verdicts import MARGIN, SKILL_MARGIN

_NO_VARIATION = TotalVariation(0.0, 0.0, 0.0, 1.0, 0)
_ROUNDING = 1e-12


@dataclass
class Tally:
    """How often something held, of how many times that it could.

    Windows that were held against the same baseline aren't independent of each other: the sums
    over baselines are for the standard error.
    """

    hits: int = 0
    total: int = 0
    hits_squared: int = 0  # sums over baselines
    total_squared: int = 0
    product: int = 0

    def add_baseline(self, hits: int, total: int) -> None:
        """Count the windows of one more baseline."""
        self.add(Tally(hits, total, hits**2, total**2, hits * total))

    def add(self, other: Tally) -> None:
        """Count some more."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def percent(self) -> float:
        """The share in percent; nan where it never could."""
        return 100 * self.hits / self.total if self.total else float("nan")

    @property
    def error(self) -> float:
        """The standard error of the share in percent points, that of a ratio of sums."""
        if not self.total:
            return float("nan")
        share = self.hits / self.total
        squares = self.hits_squared - 2 * share * self.product + share**2 * self.total_squared
        return 100 * sqrt(max(squares, 0.0)) / self.total


Tallies = dict[str, Tally]


@dataclass(frozen=True)
class Cell:
    """The false verdicts and the intervals that covered the truth, by name."""

    false: Tallies = field(default_factory=lambda: defaultdict(Tally))
    covered: Tallies = field(default_factory=lambda: defaultdict(Tally))

    def as_dict(self) -> dict[str, dict[str, dict[str, int]]]:
        """Plain values for JSON."""
        return {
            kind: {name: asdict(tally) for name, tally in getattr(self, kind).items()}
            for kind in ("false", "covered")
        }


@dataclass(frozen=True)
class Verdicts:
    """What the Drift page says of a window, by the same functions, without its charts' figures."""

    fewer: int  # events of the smaller side
    headline: str
    features: tuple[Feature, ...]
    pairs: list[Pair]
    mean_score: Interval
    score: Interval  # its change
    labels: Labels | None
    performance: Judgement
    level: Level | None


@dataclass(frozen=True)
class Setting:
    """A version, the baseline, and what performance is held against, measured once."""

    version: Version
    baseline: Window
    reference: Reference
    before: Performance

    @classmethod
    def of(cls, version: Version, baseline: Window) -> Setting:
        """The setting of a version that was fitted on the baseline, or on nothing."""
        if version.out_of_fold is None:
            reference = Reference.of_counts("baseline", version.scores, baseline.labelled)
        else:
            reference = Reference.out_of_fold(version.out_of_fold)
        return cls(version, baseline, reference, harm.measure_reference(reference))

    def judge(self, window: Window) -> Verdicts:
        """What is said of a window."""
        scores, sides = self.version.scores, (self.baseline.events, window.events)
        n, m = window.total, self.baseline.total
        rows = feature_rows(INPUTS, *sides, MARGIN)
        judgement = harm.compare_skill(scores, window.labelled, self.reference, self.before)
        variation = _NO_VARIATION  # below the floor it isn't read
        if min(n, m) >= drift.FEWEST:
            variation = divergence.total_variation(*sides)
        headline = drift.summarize(n, m, MARGIN, rows, variation, judgement)
        _, mean_score, change = compare_means(scores, *sides)
        return Verdicts(
            fewer=min(n, m),
            headline=headline.verdict,
            features=rows,
            pairs=pairs.compare(INPUTS.names, INPUTS.matrix(), *sides),
            mean_score=mean_score,
            score=change,
            labels=drift.label_drift(self.baseline.labelled, window.labelled, MARGIN),
            performance=judgement,
            level=judge_level(scores, self.baseline.labelled, window.labelled, MARGIN),
        )


def simulate(
    model: str,
    rate: float,
    baseline_n: int,
    sizes: Sequence[int],
    runs: range,
    windows: int = 1,
) -> dict[int, Cell]:
    """Judge fresh windows of each size, so many by each run's fresh version and baseline.

    A run is drawn from its number alone, so that some of them can be added to others. A version
    that training refuses to fit, for want of rows of a label, is left out.
    """
    law, cells = law_at(rate), {n: Cell() for n in sizes}
    for run in runs:
        seed = [sum(model.encode()), round(rate * 1e4), baseline_n, run]
        rng = np.random.default_rng(seed)
        baseline = law.draw(rng, baseline_n)
        version = make_version(model, law, baseline.labelled)
        if version is None:
            continue
        setting, truth = Setting.of(version, baseline), find_truth(version, law)
        for n, cell in cells.items():
            answers = [setting.judge(law.draw(rng, n)) for _ in range(windows)]
            _note(cell.false, ([*_false_verdicts(truth, one)] for one in answers))
            _note(cell.covered, ([*_coverage(law, truth, one)] for one in answers))
    return cells


def _note(tallies: Tallies, windows: Iterable[Sequence[tuple[str, bool]]]) -> None:
    """Count what holds in the windows of one baseline, by name."""
    hits, totals = Counter[str](), Counter[str]()
    for window in windows:
        for name, holds in window:
            hits[name] += bool(holds)
            totals[name] += 1
    for name, total in totals.items():
        tallies[name].add_baseline(hits[name], total)


def _false_verdicts(truth: Truth, answer: Verdicts) -> Iterator[tuple[str, bool]]:
    """Whether each verdict says something that isn't so.

    A version is better than its folds if its skill is by more than the margin.
    """
    judgement, is_better = answer.performance, truth.skill_change > SKILL_MARGIN
    yield "headline: drifted", answer.headline == "drifted"
    yield "any input: drifted", any(row.verdict == "drifted" for row in answer.features)
    yield "mean score: drifted", verdicts.drift(answer.score, MARGIN, answer.fewer) == "drifted"
    yield "labels: drifted", answer.labels is not None and answer.labels.verdict == "drifted"
    yield "any pair: drifted", any(pair.verdict == "drifted" for pair in answer.pairs)
    level = answer.level
    yield "calibration: too low or high", level is not None and level.verdict[:3] == "too"
    yield "skill: worse", judgement.verdict == "worse"
    yield "skill: better", judgement.verdict == "better" and not is_better
    yield "ranking: worse", harm.judge_ranking(judgement) == "worse"
    yield "ranking: better", harm.judge_ranking(judgement) == "better"


def _coverage(law: Law, truth: Truth, answer: Verdicts) -> Iterator[tuple[str, bool]]:
    """Whether each interval that is shown covers what it should."""
    for name, interval, true in _intervals(law, truth, answer):
        yield name, interval.low - _ROUNDING <= true <= interval.high + _ROUNDING


def _intervals(law: Law, truth: Truth, answer: Verdicts) -> Iterator[tuple[str, Interval, float]]:
    """The intervals that are shown, and what each should cover."""
    judgement = answer.performance
    for name, true in truth.metrics.items():
        interval = getattr(judgement.window, name)
        if interval is not None:
            yield name.replace("_", " "), interval, true
    if judgement.skill is not None:
        yield "change of skill", judgement.skill, truth.skill_change
    shares = law.cases @ INPUTS.matrix()
    for row, share in zip(answer.features, shares, strict=True):
        yield "share of an input", row.window, float(share)
        yield "change of an input", row.difference, 0.0
    yield "mean score", answer.mean_score, truth.mean_score
    yield "change of the mean score", answer.score, 0.0
    if answer.labels is not None:
        yield "change of the labels", answer.labels.difference, 0.0
    for pair in answer.pairs:
        yield "change of a pair", pair.change, 0.0
