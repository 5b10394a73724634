"""Metrics: what is measured of a version or of a change."""

from __future__ import annotations

from webapp.components.glossary.term import Term

_COMPARE = "compare#how-the-numbers-are-made"
_DRIFT = "drift#how-the-numbers-are-made"

TERMS = (
    Term(
        "log_loss",
        "Log loss",
        "How surprised the version was by what happened: the mean of −log of the probability that "
        "it gave to the true outcome, in nats. Lower is better, and confident mistakes cost most.",
        _COMPARE,
        ("Log loss, 95 % interval",),
    ),
    Term(
        "auc",
        "ROC AUC",
        "The chance that a random positive scores higher than a random negative: 0.5 is guessing, "
        "1 is perfect. It judges the order of the scores, not their size.",
        _COMPARE,
        ("AUC", "Ranking (AUC)"),
    ),
    Term(
        "brier",
        "Brier score",
        "The mean squared distance between the probability and the outcome, 0 or 1. "
        "Lower is better.",
        _COMPARE,
    ),
    Term(
        "average_precision",
        "Average precision",
        "Precision averaged over all thresholds; guessing gets the base rate, perfect ranking 1. "
        "It looks at the top of the ranking more than ROC AUC does.",
        _COMPARE,
    ),
    Term(
        "ece",
        "Calibration error",
        "How far predicted probabilities lie from observed rates, averaged over groups of similar "
        "scores. At 0, of all events scored 30 % just 30 % turn out positive.",
        _COMPARE,
        ("ECE",),
    ),
    Term(
        "precision",
        "Precision",
        "The share of positives among the picked, whose score reaches the threshold. "
        "A higher threshold usually raises it and lowers recall.",
        _COMPARE,
    ),
    Term(
        "recall",
        "Recall",
        "The share of all positives that are picked at this threshold. "
        "A lower threshold raises it, and usually lowers precision.",
        _COMPARE,
    ),
    Term(
        "skill",
        "Skill vs. base rate",
        "How much of the log loss of predicting the average the version saves: 0 % is no better "
        "than the average, 100 % is perfect. Unlike log loss, it doesn't move with the base rate.",
        _DRIFT,
        ("Skill",),
    ),
    Term(
        "base_rate",
        "Base rate",
        "The share of positive outcomes among all events. "
        "Predicting it for everybody is what a useful model must beat.",
        _DRIFT,
    ),
    Term(
        "mean_score",
        "Mean score",
        "The average predicted probability over all events. "
        "It needs no outcomes, so it moves first when other cases come in.",
        _DRIFT,
    ),
    Term(
        "outcome_rate",
        "Outcome rate",
        "The share of positives among events whose outcome is known, before and now.",
        _DRIFT,
        ("Purchase rate",),
    ),
    Term(
        "predicted_observed",
        "Predicted → observed",
        "The mean predicted probability, and the share of positive outcomes on the same events. "
        "If they differ by more than chance allows, scores are too high or too low.",
        _DRIFT,
    ),
    Term(
        "inputs_drifted",
        "Inputs that drifted",
        "Inputs whose share of events has changed by more than the margin, surely: the whole "
        "interval of the change lies beyond it.",
        _DRIFT,
    ),
    Term(
        "unseen_events",
        "Events in unseen cases",
        "The share of events whose combination of inputs never occurred in the baseline. "
        "For them the model extrapolates.",
        _DRIFT,
        ("Events in cases unseen in training", "Unseen cases"),
    ),
    Term(
        "psi",
        "PSI",
        "Population stability index, the size of a change in shares: by custom 0.1 is noticeable "
        "and 0.25 large. With few events, chance alone gives it a size.",
        _DRIFT,
    ),
    Term(
        "js",
        "JS",
        "Jensen–Shannon distance between before and now: 0 is the same, 1 is nothing in common.",
        _DRIFT,
    ),
    Term(
        "p",
        "Adjusted p",
        "How often chance alone would show a change of this size, adjusted for looking at several "
        "inputs. A small p says that a change is real, not that it matters.",
        _DRIFT,
    ),
    Term(
        "changed_decisions",
        "Changed decisions",
        "The share of events for which the new version decides otherwise than the champion, at "
        "the gate's threshold. Above the limit, a promotion needs a person.",
        "retraining#the-gate",
        ("Max. changed decisions",),
    ),
    Term(
        "newly_picked",
        "Newly picked",
        "Events that only the new version picks, as a share of all events.",
        "retraining#the-gate",
    ),
    Term(
        "no_longer_picked",
        "No longer picked",
        "Events that only the champion picks, as a share of all events.",
        "retraining#the-gate",
    ),
    Term(
        "margin",
        "Margin",
        "The smallest difference that matters. Changes within it are ignored, however sure they "
        "are.",
        _COMPARE,
    ),
)
