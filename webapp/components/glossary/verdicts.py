"""Verdicts and advice: the words of the chips."""

from __future__ import annotations

from webapp.components.glossary.term import Term

_ADVICE = "drift#drift"
_COMPARE = "compare#how-the-numbers-are-made"
_DRIFT = "drift#how-the-numbers-are-made"

TERMS = (
    Term(
        "promote",
        "Promote",
        "Another version is clearly better than the champion on the same outcomes, and than "
        "predicting the average.",
        _ADVICE,
    ),
    Term(
        "retrain",
        "Retrain",
        "The version does worse than at the baseline, or no better than predicting the average, "
        "and no other version is clearly better.",
        _ADVICE,
    ),
    Term(
        "watch",
        "Watch",
        "Something has changed, and it does no harm or that is unclear yet. Nothing to do but to "
        "look again.",
        _ADVICE,
    ),
    Term(
        "keep",
        "Keep",
        "All changes stay within the margin, and outcomes show no loss that matters.",
        _ADVICE,
    ),
    Term(
        "wait",
        "Wait",
        "There are too few events to be sure, or too few outcomes to tell whether it hurts.",
        _ADVICE,
    ),
    Term(
        "drifted",
        "Drifted",
        "The change is surely larger than the margin: its whole interval lies beyond it.",
        _DRIFT,
    ),
    Term(
        "stable",
        "Stable",
        "The change is surely smaller than the margin: its whole interval lies within.",
        _DRIFT,
    ),
    Term(
        "inconclusive",
        "Inconclusive",
        "The interval crosses the margin, so a change or difference that matters is neither shown "
        "nor ruled out. More events or outcomes would tell.",
        _DRIFT,
        ("Not enough evidence", "Cannot tell"),
    ),
    Term(
        "unknown",
        "Unknown",
        "Too few outcomes are known to tell.",
        _DRIFT,
    ),
    Term(
        "better",
        "Better",
        "Surely better by more than the margin: the whole interval of the difference lies beyond "
        "it.",
        _COMPARE,
    ),
    Term(
        "worse",
        "Worse",
        "Surely worse by more than the margin: the whole interval of the difference lies beyond "
        "it.",
        _COMPARE,
    ),
    Term(
        "no_difference",
        "No difference that matters",
        "Surely smaller than the margin, whichever version is ahead.",
        _COMPARE,
        ("no difference",),
    ),
    Term(
        "no_loss",
        "No loss that matters",
        "Outcomes rule out the loss of a third of the skill, and show none.",
        _DRIFT,
        ("No harm seen",),
    ),
    Term(
        "too_low",
        "Too low",
        "Positives occurred more often than predicted, by more than chance allows.",
        _DRIFT,
    ),
    Term(
        "too_high",
        "Too high",
        "Positives occurred less often than predicted, by more than chance allows.",
        _DRIFT,
    ),
    Term(
        "calibrated",
        "Calibrated",
        "Positives occurred as often as predicted, within the margin.",
        _DRIFT,
    ),
    Term(
        "many_unseen",
        "High",
        "More events than the margin allows fall into cases that the baseline never had.",
        _DRIFT,
    ),
    Term(
        "few_unseen",
        "Low",
        "Fewer events than the margin fall into cases that the baseline never had.",
        _DRIFT,
    ),
    Term(
        "overlap",
        "Trained on these",
        "This version learned from some of these events, so its result on them is flattered. "
        "It gets no verdict.",
        _COMPARE,
        ("trained on some of these",),
    ),
    Term(
        "no_verdict",
        "No verdict",
        "So many labels of this file are missing or unreadable that the rest may be one-sided.",
        "compare#comparing-versions",
    ),
    Term(
        "more",
        "higher",
        "The metric is surely higher with this version, by more than the margin.",
        "retraining#the-gate",
    ),
    Term(
        "less",
        "lower",
        "The metric is surely lower with this version, by more than the margin.",
        "retraining#the-gate",
    ),
)
