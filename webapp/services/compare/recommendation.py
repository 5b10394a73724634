"""What a comparison recommends: one action for all versions, its headline, and what to watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.grammar import pluralize
from webapp.services.compare.answer import ComparisonReport, ScoredVersion
from webapp.services.formatting import number, signed
from webapp.services.traffic.advice import Action, advise, is_worthwhile
from webapp.stats import verdicts
from webapp.stats.metric_specs import SPECS
from webapp.stats.metrics import describe_certainty
from webapp.stats.verdicts import Choice

Role = Choice | Literal["trained"]  # of one of the other versions: its verdict, or why it has none
_MOST_NAMED = 3  # versions
_CALIBRATION = "ece"
_OTHERS: dict[Role, tuple[str, str]] = {
    "better": ("is better, too", "are better, too"),
    "no difference that matters": (
        "makes no difference that matters",
        "make no difference that matters",
    ),
    "not enough evidence": ("is too close to call", "are too close to call"),
    "worse": ("is worse", "are worse"),
    "trained": ("was trained on some of these", "were trained on some of these"),
}


@dataclass(frozen=True)
class Recommendation:
    """The action, and a sentence that begins with it.

    ``better`` is the version that is clearly better, and worth promoting; None if none is.
    """

    action: Action
    headline: str
    better: str | None = None
    needs_calibration: bool = False  # before its scores are taken for probabilities


def recommend(report: ComparisonReport, rival: ScoredVersion) -> Recommendation:
    """The recommendation on the reference, by the verdict on the best other version."""
    result = report.result(rival)
    difference, loss = result.differences["log_loss"], result.metrics["log_loss"]
    choice = difference.verdict if difference else "not enough evidence"
    is_useful = is_worthwhile(loss.value if loss else None, report.labelled)
    action = advise(choice, is_worthwhile=is_useful)
    needs_calibration = action == "Promote" and _verdict(report, rival, _CALIBRATION) == "worse"
    headline = _headline(report, rival, action, choice)
    if needs_calibration:
        headline += ", after calibrating it"
    better = rival.name if action == "Promote" else None
    return Recommendation(action, f"{headline}.", better, needs_calibration)


def _headline(
    report: ComparisonReport, rival: ScoredVersion, action: Action, choice: Choice
) -> str:
    """The headline without its full stop."""
    reference, others = report.reference.name, len(report.versions) - 1
    if action == "Promote":
        whom = f"{rival.name} to {reference}"
        return f"Promote {rival.name}" if report.judges_champion else f"Prefer {whom}"
    if action == "Retrain":
        return "Retrain: no version does better than predicting the average"
    keep = f"{'Keep' if report.judges_champion else 'Prefer'} {reference}"
    if action == "Wait":
        outcomes = report.labelled
        if verdicts.find_shortage(outcomes.total, int(outcomes.positives.sum())) is not None:
            return "Wait for more outcomes"
        return f"{keep} for now: {rival.name} is too close to call"
    if others > 1:
        return f"{keep}: none of the other {others} is clearly better"
    return f"{keep}: {rival.name} {_OTHERS[choice][0]}"


def describe_calibration(report: ComparisonReport, rival: ScoredVersion) -> str:
    """What a version's calibration takes from it; empty if it isn't the catch."""
    if _verdict(report, rival, _CALIBRATION) != "worse":
        return ""
    own, other = (report.result(v).metrics[_CALIBRATION] for v in (rival, report.reference))
    assert own is not None
    assert other is not None
    errors = f"{number(own.value, 4)} against {number(other.value, 4)}"
    if _verdict(report, rival, "log_loss") == "better":
        return (
            f"Its calibration error is {errors}: calibrate it before its scores are taken for "
            "probabilities."
        )
    ranking = report.result(rival).differences["auc"]
    if ranking is None or ranking.verdict != "better":
        return ""
    return (
        f"{rival.name} ranks better (ROC AUC {signed(ranking.value, 4)}) but is calibrated worse "
        f"(error {errors}): calibrated, it might be better."
    )


def describe_brier(report: ComparisonReport, version: ScoredVersion) -> str:
    """The Brier score's verdict where scores of exactly 0 or 1 keep log loss from one.

    It begins with a space; empty where there is none.
    """
    verdict, pair = _verdict(report, version, "brier"), (version, report.reference)
    is_certain = any(describe_certainty(v.scores, report.labelled.n) for v in pair)
    if not is_certain or verdict not in ("better", "worse"):
        return ""
    return (
        f" Scores of exactly 0 or 1 leave log loss open; by the Brier score {version.name} is "
        f"{verdict}."
    )


def describe_losses(report: ComparisonReport, rival: ScoredVersion) -> str:
    """The other metrics in which a better version is worse; empty if there are none."""
    titles = [
        spec.plain_title
        for spec in SPECS
        if spec.key != _CALIBRATION and _verdict(report, rival, spec.key) == "worse"
    ]
    return f"It is worse in {join_names(titles)}." if titles else ""


def describe_others(report: ComparisonReport, exceptions: Sequence[str]) -> str:
    """The verdicts on all other versions but ``exceptions``; empty if there are none."""
    groups: dict[Role, list[str]] = {role: [] for role in _OTHERS}
    for version in report.versions[1:]:
        if version.name not in exceptions:
            groups[_role(report, version)].append(version.name)
    parts = [
        f"{join_names(names)} {pluralize(len(names), *_OTHERS[role])}"
        for role, names in groups.items()
        if names
    ]
    return f"{'; '.join(parts)}." if parts else ""


def _role(report: ComparisonReport, version: ScoredVersion) -> Role:
    if version.overlap:
        return "trained"
    return _verdict(report, version, "log_loss") or "not enough evidence"


def _verdict(report: ComparisonReport, version: ScoredVersion, key: str) -> Choice | None:
    difference = report.result(version).differences.get(key)
    return None if difference is None else difference.verdict


def join_names(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b, c and 2 others``"""
    parts, more = list(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    if more > 0:
        parts.append("another one" if more == 1 else f"{more} others")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
