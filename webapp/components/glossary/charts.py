"""Charts and cards, by their titles: what they show and how to read them."""

from __future__ import annotations

from webapp.components.glossary.term import Term

_COMPARE = "compare#how-the-numbers-are-made"
_DRIFT = "drift#how-the-numbers-are-made"
_MODELS = "models#the-shipped-versions"

TERMS = (
    Term(
        "why",
        "Why",
        "How the probability comes about, from the average of training to this case, one input "
        "after another. The steps are exact Shapley values: each input gets its average effect "
        "over all orders.",
        _MODELS,
    ),
    Term(
        "all_versions_here",
        "All versions",
        "The same case, answered by each version. Where they disagree far, few training rows "
        "tell them what is right.",
        _MODELS,
    ),
    Term(
        "whole_model",
        "The whole model",
        "A Karnaugh map: every case is one cell, and a step to the next cell changes exactly one "
        "input. Colour is the probability.",
        _MODELS,
    ),
    Term(
        "score_file",
        "Score a file",
        "Adds the probability to each row of your file. Nothing of it is kept.",
        "api#predictions-and-outcomes",
    ),
    Term(
        "this_cell",
        "This cell",
        "The case that the switches show, as a cell of the map.",
        _MODELS,
    ),
    Term(
        "highest",
        "Highest",
        "The cases with the highest probability. Those with few training rows are left out, as "
        "extremes among them are often chance.",
        _MODELS,
    ),
    Term(
        "harm",
        "Does it hurt?",
        "Log loss over time, beside that of always predicting the average. Where the two meet, "
        "the model is of no use.",
        _DRIFT,
    ),
    Term(
        "why_changed",
        "Why it changed",
        "Splits a change into which cases came and what happened within each. Only the second "
        "part calls for retraining.",
        _DRIFT,
    ),
    Term(
        "bridge",
        "From before to now",
        "The value at the baseline, what each part of the change adds or takes, and the value now.",
        _DRIFT,
    ),
    Term(
        "cases_behind",
        "The cases behind it",
        "The cases that contribute most to the change, the largest first.",
        _DRIFT,
        ("The cases behind it, in points",),
    ),
    Term(
        "which_moved",
        "Which inputs moved",
        "The share of events with each input over time, against the baseline. What stays in the "
        "shaded band is ignored.",
        _DRIFT,
    ),
    Term(
        "combinations",
        "Which combinations moved",
        "Inputs can change together while each alone stays the same. This shows pairs, and all "
        "cases.",
        _DRIFT,
    ),
    Term(
        "pairs",
        "Pairs",
        "How much more, or less, two inputs go together than before. Numbers mark the pairs that "
        "drifted.",
        _DRIFT,
    ),
    Term(
        "all_cases",
        "All cases",
        "Every case as a cell, coloured by the share of events that it gained or lost. Neighbours "
        "differ by one input.",
        _DRIFT,
    ),
    Term(
        "sees",
        "What the model sees",
        "The probabilities that the version gives to what comes in, and how much comes in.",
        _DRIFT,
    ),
    Term(
        "score_shares",
        "Scores",
        "How events spread over the range of probabilities, now and before. It needs no outcomes.",
        _DRIFT,
    ),
    Term(
        "volume",
        "Volume and outcomes",
        "Events over time, and how many of their outcomes are known. Recent ones are often still "
        "open.",
        _DRIFT,
    ),
    Term(
        "metrics",
        "Metrics",
        "All versions on the same outcomes. Compare the differences under the values: they are "
        "far surer than the values themselves.",
        _COMPARE,
    ),
    Term(
        "difference_from",
        "Difference from the reference",
        "The difference of each metric with its 95 % interval, and the margin as a shaded band. "
        "Right or left of the band is a verdict.",
        _COMPARE,
    ),
    Term(
        "ranking",
        "Ranking and calibration",
        "Whether the version puts positives before negatives, and whether its probabilities can "
        "be taken at their word.",
        _COMPARE,
    ),
    Term(
        "roc",
        "ROC",
        "For each threshold, the share of positives found against the share of negatives picked. "
        "The further to the upper left, the better.",
        _COMPARE,
    ),
    Term(
        "precision_recall",
        "Precision and recall",
        "For each threshold, how many of the picked are positive against how many of the positive "
        "are picked. Higher is better.",
        _COMPARE,
    ),
    Term(
        "calibration",
        "Calibration",
        "The observed share of positives for each range of predicted probability. On the diagonal "
        "probabilities mean what they say.",
        _COMPARE,
    ),
    Term(
        "decisions",
        "Decisions",
        "What picking from a threshold upwards would have been worth, with your gain and cost. "
        "The curve's top is the best threshold.",
        _COMPARE,
    ),
    Term(
        "flips",
        "Decisions that flip",
        "Cases that one of the two versions picks and the other doesn't, at this threshold.",
        _COMPARE,
    ),
    Term(
        "confusion",
        "Confusion matrix",
        "Right and wrong decisions of a version at the threshold, by what happened.",
        _COMPARE,
    ),
    Term(
        "close_up",
        "Two versions up close",
        "Where two versions disagree, whom it affects, and which inputs explain it.",
        _COMPARE,
    ),
    Term(
        "every_case",
        "Every case",
        "Every case as a cell, coloured by the challenger's probability minus the reference's. "
        "Neighbours differ by one input.",
        _COMPARE,
    ),
    Term(
        "segments",
        "Gains and losses by group",
        "The difference in log loss among the events with each input. A version can win overall "
        "and lose for a group.",
        _COMPARE,
    ),
    Term(
        "effects",
        "What they disagree about",
        "The inputs, and pairs of them, that the two versions weigh differently.",
        _COMPARE,
    ),
    Term(
        "periods",
        "Every version over time",
        "How far each version lies behind the best one of each period. A lasting lead counts for "
        "more than one good week.",
        _COMPARE,
    ),
    Term("facts", "Facts", "What each version is, and what it was trained on.", _MODELS),
    Term(
        "versions",
        "Versions",
        "All versions in the models folder, judged on the same events.",
        _MODELS,
    ),
    Term(
        "policy_card",
        "Retraining policy",
        "When a version is retrained, and how near that is.",
        "retraining#how-they-decide",
    ),
    Term(
        "ledger",
        "Promotion ledger",
        "Every change of champion with its reason and evidence. Nothing in it is ever changed or "
        "removed.",
        "operations#retraining",
    ),
    Term(
        "backtest",
        "Backtest of the policies",
        "Each policy replayed on the past: predict a block of events, then learn from it. The "
        "lowest line would have served you best.",
        "retraining#on-the-games-file",
    ),
)
