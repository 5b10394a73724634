"""Is what was predicted what came? The mean score against the rate of the known outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.services.drift.answer import DriftReport
from webapp.services.formatting import share
from webapp.stats.harm import has_enough
from webapp.stats.rates import Interval

Verdict = Literal["too low", "too high", "calibrated", "unknown"]


@dataclass(frozen=True)
class Calibration:
    """The mean score of the events with a known outcome, the observed rate, and the verdict."""

    mean_score: float
    rate: Interval
    verdict: Verdict


def judge_calibration(report: DriftReport) -> Calibration | None:
    """None without outcomes; calm only where the rate can't be further away than the margin."""
    counts, rate = report.window.labelled, report.result.performance.window.base_rate
    if rate is None:
        return None
    mean_score = float(counts.n @ report.scope.scores / counts.total)
    verdict: Verdict = "unknown"
    if has_enough(counts):
        verdict = _judge(mean_score, rate, report.result.margin)
    return Calibration(mean_score, rate, verdict)


def _judge(mean_score: float, rate: Interval, margin: float) -> Verdict:
    if mean_score < rate.low:
        return "too low"
    if mean_score > rate.high:
        return "too high"
    is_sure = rate.high - mean_score < margin and mean_score - rate.low < margin
    return "calibrated" if is_sure else "unknown"


def describe_calibration(report: DriftReport) -> str:
    """A sentence where scores are off; empty where they aren't, or nobody knows."""
    calibration = judge_calibration(report)
    if calibration is None or calibration.verdict not in ("too low", "too high"):
        return ""
    observed_rate = f"{share(calibration.rate.value, 1)} {report.scope.vocabulary.were_positive}"
    return (
        f"The scores of {report.scope.version} are {calibration.verdict}: "
        f"{share(calibration.mean_score, 1)} predicted, {observed_rate}."
    )
