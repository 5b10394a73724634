"""Words about drift that the page, the command and the sentences have in common."""

from __future__ import annotations

from webapp.services.drift.answer import Scope
from webapp.services.formatting import points
from webapp.services.traffic import windows
from webapp.stats.performance import Performance
from webapp.stats.verdicts import Verdict
from webapp.vocabulary import Vocabulary

VERDICTS: dict[Verdict, str] = {
    "drifted": "Drifted",
    "stable": "Stable",
    "cannot tell": "Inconclusive",
}
SKILL, RANKING = "Skill vs. base rate", "Ranking (AUC)"
MIX, UNSEEN, BEHAVIOUR = "Traffic mix", "Unseen cases", "Behaviour"
AVERAGE = "predicting the average"  # what skill is measured against


def when_baseline(scope: Scope) -> str:
    """The time of the baseline, for the middle of a sentence: ``at training``."""
    phrases = {
        windows.TRAINING: "at training",
        windows.PREVIOUS: "in the period before",
        windows.WEEK_BEFORE: "a week before",
    }
    return phrases.get(scope.baseline_name, f"in the training of {scope.baseline_name}")


def describe_gap(performance: Performance, vocabulary: Vocabulary) -> str | None:
    """The reason why some performance is unknown, for use in a sentence; None if all is known."""
    if performance.base_rate is None:
        return "no outcomes yet"
    if performance.auc is None:
        is_positive = performance.base_rate.value > 0
        absent = vocabulary.negatives if is_positive else vocabulary.positives
        return f"no {absent} among the known outcomes"
    return performance.statement


def format_margin(margin: float) -> str:
    """A margin with the decimals that it has: ``3 points``, ``2.5 points``."""
    text = f"{margin * 100:g}"
    return points(margin, len(text.partition(".")[2]))
