"""Did the model lose skill since the baseline, and how many outcomes would tell?

Only outcomes can say so. Without enough of them the verdict is ``unknown``: a loss that matters
would not have shown. It is no verdict on calm, whatever the scores promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from webapp.stats import performance, verdicts
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate
from webapp.stats.performance import Estimated, Expected, Performance
from webapp.stats.rates import Z80, Z95, Interval, square_and_add
from webapp.stats.reference import Origin, Reference
from webapp.stats.verdicts import AUC_MARGIN, SKILL_MARGIN, Harm

Array = NDArray[np.float64]

HARM_Z = 2.3263478740408398  # one-sided 1 % point
LEAST_OUTCOMES, LEAST_OF_A_LABEL = verdicts.FEWEST_OUTCOMES, verdicts.FEWEST_OF_EACH
LARGEST_LOSS = 0.05  # of skill that may go unnoticed, however skilful the model
_LEAST_ROOM = 1e-8  # of variance: a standard error of a hundredth of a point
_MOST_STEPS = 10
_LEAST_MEASURED = 200  # outcomes from which the window's own spread counts


@dataclass(frozen=True)
class Judgement:
    """The verdict on whether the model lost skill since the baseline; see ``stats.performance``.

    ``reference`` is what performance is held against, and ``baseline`` the performance there; it is
    None where only rows are known that the version was fitted on, which nothing is held against.
    ``no difference that matters``: no loss shows, and one of ``tolerance`` is ruled out.
    ``unknown``: neither that nor a loss; about ``outcomes_needed`` outcomes in the window would
    tell, None where no number is sure to, because the baseline has too few. ``detected`` is the
    verdict of the headline's stricter test.
    """

    baseline: Performance
    window: Performance
    estimated: Estimated  # of all events of the window, labelled or not
    skill: Interval | None  # the difference
    detected: Harm
    verdict: Harm
    tolerance: float | None = None
    outcomes_needed: int | None = None
    reference: Origin | None = "baseline"

    @property
    def has_enough_now(self) -> bool:
        """True if the window has enough outcomes of both labels for an interval to be trusted."""
        positives = self.window.n * self.window.base_rate.value if self.window.base_rate else 0
        return verdicts.find_shortage(self.window.n, round(positives)) is None

    @property
    def sees_no_harm(self) -> bool:
        """True where the doubt is about the baseline alone.

        The verdict is ``unknown``, as the baseline has too few outcomes for it; but those of the
        window are enough to say that its skill is that of the baseline's estimate, or better.
        """
        before, now = self.baseline.skill, self.window.skill
        if self.verdict != "unknown" or self.tolerance is None or before is None or now is None:
            return False
        if not self.has_enough_now:
            return False
        ends = (end - before.value for end in (now.value, now.low, now.high))
        verdict = verdicts.harm(Interval(*ends), SKILL_MARGIN, self.tolerance)
        return verdict in ("better", "no difference that matters")


@dataclass(frozen=True)
class _Side:
    """Labelled counts, and the score of each of their rows."""

    scores: Array
    counts: Counts

    @property
    def skill(self) -> Estimate:
        return performance.skill(self.scores, self.counts)


def judge(
    scores: Array,
    baseline: Counts,
    window: Counts,
    events: NDArray[np.int64],
    honest: Reference | None = None,
) -> Judgement:
    """Performance on the known outcomes of both sides, and whether skill was lost.

    ``events`` int64[k] are all events of the window. Where the scores were fitted on the baseline,
    they look better there than they are: ``honest`` is then what they are held against instead.
    """
    honest = honest or Reference.of_counts("baseline", scores, baseline)
    window = window if honest.judged_counts is None else honest.judged_counts
    judgement = compare_skill(scores, window, honest, measure_reference(honest))
    enough, tolerance = None, judgement.tolerance
    if judgement.verdict == "unknown" and tolerance is not None:
        sides = _Side(honest.scores, honest.counts), _Side(scores, window)
        enough = _outcomes_needed(*sides, events, tolerance)
    estimate = performance.estimate(scores, events)
    return replace(judgement, estimated=estimate, outcomes_needed=enough)


def measure_reference(reference: Reference) -> Performance:
    """The performance that a version is held against."""
    return performance.measure(reference.scores, reference.counts)


def compare_skill(
    scores: Array, window: Counts, honest: Reference, before: Performance
) -> Judgement:
    """The judgement on known outcomes, without estimate and plan.

    ``before`` is the performance of the reference, which many windows may share.
    """
    now, none = performance.measure(scores, window), Estimated(0)
    reference, outcomes = _Side(honest.scores, honest.counts), _Side(scores, window)
    if before.skill is None or not has_enough(reference.counts):
        return Judgement(before, now, none, None, "unknown", "unknown", reference=honest.origin)
    tolerance = _tolerance(before.skill.value)
    change = None if now.skill is None else outcomes.skill - reference.skill
    verdict = _verdict(change, window, tolerance)
    return Judgement(
        baseline=before,
        window=now,
        estimated=none,
        skill=change.interval() if change else None,
        detected=_detect(change, verdict),
        verdict=verdict,
        tolerance=tolerance,
        reference=honest.origin,
    )


def _tolerance(skill: float) -> float:
    """The loss of skill that must not go unnoticed: a third, at least the margin, at most .05."""
    return float(np.clip(skill / 3, SKILL_MARGIN, LARGEST_LOSS))


def _verdict(change: Estimate | None, window: Counts, tolerance: float) -> Harm:
    if change is None or not has_enough(window):
        return "unknown"
    return verdicts.harm(change.interval(), SKILL_MARGIN, tolerance)


def _detect(change: Estimate | None, verdict: Harm) -> Harm:
    if change is None or verdict == "unknown":
        return "unknown"
    return verdicts.harm(change.interval(HARM_Z), SKILL_MARGIN)


def judge_ranking(judgement: Judgement) -> Harm:
    """The verdict on AUC by its two independent intervals, as on skill: what ranks is above .5.

    Against cross-validation it is never ``better``: events of different folds, ranked together by
    the scores of different models, look a little worse than any of those ranks (Airola et al.
    2011).
    """
    before, now = judgement.baseline.auc, judgement.window.auc
    if before is None or now is None or judgement.tolerance is None or not judgement.has_enough_now:
        return "unknown"
    ends = ((auc.value, auc.low, auc.high) for auc in (before, now))
    change = Interval(*map(float, square_and_add(*ends)))
    verdict = verdicts.harm(change, AUC_MARGIN, _tolerance(2 * before.value - 1))
    is_low = judgement.reference == "cross-validation"
    return "no difference that matters" if is_low and verdict == "better" else verdict


def has_enough(counts: Counts) -> bool:
    """True if there are enough outcomes of both labels for an interval of skill to be trusted."""
    return counts.total >= LEAST_OUTCOMES and _rarer(counts) >= LEAST_OF_A_LABEL


def _rarer(counts: Counts) -> int:
    """The number of outcomes with the rarer label."""
    positives = int(counts.positives.sum())
    return min(positives, counts.total - positives)


def _outcomes_needed(
    reference: _Side, window: _Side, events: NDArray[np.int64], tolerance: float
) -> int | None:
    """How many outcomes would tell; None if the baseline's own noise leaves no room.

    Planned for a power of 80 % to rule out a loss of ``tolerance`` if nothing changed. Once there
    are that many, the present estimate says how much further its interval must narrow.
    """
    before, samples = reference.skill, _samples(reference, window, events)
    error = tolerance / (Z95 + Z80)
    enough = _number_for(samples, error**2 - before.variance)
    if enough is None:
        return None
    enough = max(enough, _least(float(events @ window.scores) / float(events.sum())))
    if window.counts.total < enough:
        return enough
    if not has_enough(window.counts):  # one label is rarer than the scores promise
        return ceil(window.counts.total * LEAST_OF_A_LABEL / max(_rarer(window.counts), 1))
    error = distance((window.skill - before).interval(), tolerance) / Z95
    further = _number_for(samples, error**2 - before.variance)
    return None if further is None else max(further, window.counts.total + 1)


_Sample = tuple[Array, Counts | Expected]


def _samples(reference: _Side, window: _Side, events: NDArray[np.int64]) -> list[_Sample]:
    """Samples like which further outcomes may be, with their scores.

    They are the baseline, the scores' own promise on the window's cases, and the outcomes that are
    known, if they are many.
    """
    samples: list[_Sample] = [
        (reference.scores, reference.counts),
        (window.scores, Expected.promised(window.scores, events)),
    ]
    if has_enough(window.counts) and window.counts.total >= _LEAST_MEASURED:
        samples.append((window.scores, window.counts))
    return samples


def distance(change: Interval, tolerance: float) -> float:
    """Half of the width at which the interval of a change that is unknown becomes conclusive."""
    room = change.value + tolerance
    if change.half >= room > -change.value:
        return room  # then it excludes the tolerance, and doesn't show a loss yet
    return abs(abs(change.value) - SKILL_MARGIN)


def _number_for(samples: Sequence[_Sample], room: float) -> int | None:
    """The number of outcomes at which skill has at most the variance ``room`` in all samples.

    The variance doesn't fall as 1/n alone, since small samples lack what is rare: the number is
    approached step by step. None if there is no room, or hardly any.
    """
    if room < _LEAST_ROOM:
        return None
    n = float(samples[0][1].n.sum())
    for step in range(_MOST_STEPS):
        skills = [
            performance.skill(scores, Expected.scaled(sample, n)) for scores, sample in samples
        ]
        largest = max(skill.variance for skill in skills)
        target = max(n * largest / room, 2.0)
        if abs(target - n) < 0.01 * n:
            break
        n = sqrt(target * n) if step else target
    return ceil(target)


def _least(rate: float) -> int:
    """Outcomes that hold enough of both labels, at a rate of positives."""
    rarer = max(min(rate, 1 - rate), 1e-6)
    return max(LEAST_OUTCOMES, ceil(LEAST_OF_A_LABEL / rarer))
