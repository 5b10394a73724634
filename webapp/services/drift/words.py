"""Words about drift that the page, the command and the sentences have in common."""

from __future__ import annotations

from webapp.grammar import pluralize, quantity
from webapp.services.drift.answer import DriftReport, Scope
from webapp.services.drift.limit_words import describe_limits, round_up
from webapp.services.drift.missing import describe_no_reference, has_no_reference
from webapp.services.formatting import points
from webapp.services.traffic import windows
from webapp.stats.drift import Overall
from webapp.stats.harm import Judgement
from webapp.stats.limits import limits_of_harm
from webapp.stats.performance import Performance
from webapp.stats.verdicts import Harm
from webapp.vocabulary import Vocabulary

VERDICTS: dict[Overall, str] = {
    "drifted": "Drifted",
    "stable": "Stable",
    "cannot tell": "Inconclusive",
    "unknown": "Unknown",
}
HARM_VERDICTS: dict[Harm, str] = {
    "worse": "Worse",
    "better": "Better",
    "no difference that matters": "No loss that matters",
    "unknown": VERDICTS["unknown"],
}
NO_HARM = "No harm seen"  # where the baseline is too small to rule out every loss that matters
SKILL, RANKING = "Skill vs. base rate", "Ranking (AUC)"
MIX, UNSEEN, BEHAVIOUR = "Traffic mix", "Unseen cases", "Behaviour"
IMMATURE = "outcomes still coming in"
AVERAGE = "predicting the average"  # what skill is measured against


def when_baseline(scope: Scope) -> str:
    """The time of the baseline, for the middle of a sentence: ``at training``."""
    phrases = {
        windows.TRAINING: "at training",
        windows.PREVIOUS: "in the period before",
        windows.WEEK_BEFORE: "a week before",
        windows.EVALUATION: "in its evaluation",
    }
    return phrases.get(scope.baseline_name, f"in the training of {scope.baseline_name}")


def name_mean(scope: Scope, mean: str) -> str:
    """The name of a mean whose change is explained."""
    names = {"log_loss": "Log loss", "score": "Mean score"}
    return names.get(mean, scope.vocabulary.outcome_rate)


def when_measured(report: DriftReport) -> str:
    """When the reference of performance was measured, for the middle of a sentence."""
    scope, reference = report.scope, report.result.performance.reference
    if reference == "first outcomes" and scope.first is not None:
        return f"on its first {quantity(scope.first.n, 'outcome')}"
    phrases = {"cross-validation": "in cross-validation", "evaluation": "in its evaluation"}
    return phrases.get(reference or "", when_baseline(scope))


def describe_gap(performance: Performance, vocabulary: Vocabulary) -> str | None:
    """The reason why some performance is unknown, for use in a sentence; None if all is known."""
    if performance.base_rate is None:
        return "no outcomes yet"
    if performance.auc is None:
        is_positive = performance.base_rate.value > 0
        absent = vocabulary.negatives if is_positive else vocabulary.positives
        return f"no {absent} among the known outcomes"
    return performance.statement


def describe_doubt(report: DriftReport) -> str:
    """Why the verdict on harm is unknown, and what would tell; for use in a sentence."""
    judgement, vocabulary = report.result.performance, report.scope.vocabulary
    before, now = judgement.baseline, judgement.window
    if has_no_reference(report):
        return f"it {describe_no_reference(report.scope)}"
    if judgement.reference == "first outcomes" and not now.n and report.window.labelled.total:
        return f"these are its first {before.n:,} outcomes, which later ones are held against"
    if before.skill is None:
        return f"{_name_gap(before, vocabulary)} in the baseline, and {describe_need(judgement)}"
    if judgement.outcomes_needed is None and judgement.has_enough_now:
        many = quantity(before.n, "outcome")
        return f"the {many} {when_measured(report)} are too few, and {describe_need(judgement)}"
    gap = f"{quantity(now.n, 'outcome')} {pluralize(now.n, 'is', 'are')} too few"
    if now.skill is None:
        gap = _name_gap(now, vocabulary)
    return f"{gap}, and {describe_need(judgement)}"


def _name_gap(performance: Performance, vocabulary: Vocabulary) -> str:
    if not performance.n:
        return "no outcomes are known"
    return f"there are {describe_gap(performance, vocabulary)}"


def describe_need(judgement: Judgement) -> str:
    """How many outcomes would tell; for use in a sentence."""
    number = judgement.outcomes_needed
    if number is None:
        more = describe_limits(limits_of_harm(judgement), judgement.reference)
        if judgement.tolerance is None:  # there are fewer than any verdict needs
            return f"at least {more.removeprefix('about ')} are needed"
        return f"{more} would tell"
    return f"about {round_up(number):,} would tell"


def format_margin(margin: float) -> str:
    """A margin with the decimals that it has: ``3 points``, ``2.5 points``."""
    text = f"{margin * 100:g}"
    return points(margin, len(text.partition(".")[2]))
