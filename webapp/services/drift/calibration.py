"""Is what was predicted what came? The mean score against the rate of the known outcomes."""

from __future__ import annotations

from webapp.services.drift.answer import DriftReport
from webapp.services.formatting import share
from webapp.stats.calibration import Level, judge_level


def judge_calibration(report: DriftReport) -> Level | None:
    """The verdict on the scores' level in the window; None without outcomes."""
    before, now = report.baseline.labelled, report.window.labelled
    return judge_level(report.scope.scores, before, now, report.result.margin)


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
