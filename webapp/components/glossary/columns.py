"""Columns and rows of tables, and what is set beside charts."""

from __future__ import annotations

from webapp.components.glossary.term import Term

_COMPARE = "compare#how-the-numbers-are-made"
_DRIFT = "drift#how-the-numbers-are-made"
_MODELS = "models#the-shipped-versions"
_POLICY = "retraining#how-they-decide"

TERMS = (
    Term(
        "input",
        "Input",
        "One of the yes/no questions that the model asks.",
        "drift#drift",
    ),
    Term(
        "before",
        "Before",
        "The share of events with this input in the baseline, which the window is compared with.",
        _DRIFT,
    ),
    Term(
        "window",
        "Window",
        "The share of events with this input in the days that are looked at.",
        _DRIFT,
    ),
    Term(
        "difference",
        "Difference with 95 % interval, points",
        "The share now minus the share before, in percentage points, and the range in which it "
        "lies in 95 of 100 samples like these. The shaded band is the margin: changes within it "
        "are ignored.",
        _DRIFT,
        ("Difference",),
    ),
    Term(
        "since",
        "Drifted since",
        "The first day since which the verdict over seven days has been drifted without a break.",
        _DRIFT,
    ),
    Term(
        "input_verdict",
        "Verdict on an input",
        "Drifted or stable if the whole interval of the change lies beyond or within the margin. "
        "Otherwise it is inconclusive, and more events would tell.",
        _DRIFT,
    ),
    Term(
        "verdict",
        "Verdict",
        "Better or worse if the whole interval of the difference lies beyond the margin, no "
        "difference if it lies within. Otherwise it is inconclusive, and more outcomes would tell.",
        _COMPARE,
    ),
    Term(
        "case",
        "Case",
        "One combination of all inputs. Those that are named are yes, all others are no.",
        _DRIFT,
    ),
    Term(
        "share",
        "Share",
        "How much of all events this case makes up, before and now.",
        _DRIFT,
    ),
    Term(
        "predicted",
        "Predicted",
        "The probability that the version gives to this case.",
        "models#the-shipped-versions",
        ("Probability",),
    ),
    Term(
        "observed",
        "Observed",
        "The share of positives among the training rows that are exactly this case.",
        _MODELS,
        ("observed in training",),
    ),
    Term(
        "training_rows",
        "Training rows",
        "How many rows of the training data are exactly this case. With none, the model "
        "extrapolates.",
        "models#training-counts",
    ),
    Term(
        "mix",
        "Traffic mix",
        "The part of the change that comes from which cases came in, with outcomes within each "
        "case as before.",
        _DRIFT,
    ),
    Term(
        "behaviour",
        "Behaviour",
        "The part of the change that comes from other outcomes within the same cases. This is the "
        "part that retraining can mend.",
        _DRIFT,
    ),
    Term("pair", "Pair", "Two inputs, looked at together.", _DRIFT),
    Term(
        "odds_ratio",
        "Odds ratio",
        "How many times the odds of one input rise where the other one is yes, before and now. "
        "At 1 the two are independent.",
        _DRIFT,
    ),
    Term(
        "log_odds_change",
        "Log-odds change",
        "The change of the odds ratio on a log scale, with half its 95 % interval. 0 is no change.",
        _DRIFT,
    ),
    Term("both", "Events with both", "Events of the window in which both inputs are yes.", _DRIFT),
    Term(
        "outcomes",
        "Outcomes",
        "Events of which it is known what happened.",
        _COMPARE,
    ),
    Term(
        "events",
        "Events",
        "Predictions that were made for somebody, and their share of all.",
        _COMPARE,
    ),
    Term(
        "loss_gap",
        "Log loss, challenger − reference",
        "The difference in log loss on the same events, with its 95 % interval. Below 0 the "
        "challenger is better.",
        _COMPARE,
    ),
    Term(
        "scores",
        "Scores",
        "The probabilities that the two versions give to this case.",
        _COMPARE,
    ),
    Term(
        "favours",
        "Outcomes favour",
        "The version whose decision agrees with what happened in this case, if outcomes tell.",
        _COMPARE,
    ),
    Term(
        "reference",
        "reference",
        "The version that all others are compared with; the champion, unless you choose another.",
        "compare#comparing-versions",
    ),
    Term(
        "challenger",
        "challenger",
        "A version that might replace the one which answers now.",
        "compare#comparing-versions",
    ),
    Term(
        "champion",
        "champion",
        "The version that answers whenever nobody asks for another one.",
        "api#the-champion",
    ),
    Term(
        "threshold",
        "Threshold",
        "The score from which an event is picked, for whatever you do with the picked. "
        "Moving it trades precision against recall.",
        _COMPARE,
    ),
    Term(
        "gain",
        "Gain per positive picked",
        "What it is worth to you to pick one positive, in any unit.",
        _COMPARE,
    ),
    Term(
        "cost",
        "Cost per pick",
        "What each pick costs you, positive or not, in the unit of the gain.",
        _COMPARE,
    ),
    Term(
        "probability_of",
        "Probability of",
        "The class that the version's probability stands for.",
        "models#which-class",
    ),
    Term("estimator", "Estimator", "The kind of model that was fitted.", _MODELS),
    Term("trained_on_rows", "Trained on rows", "The rows of the file it was fitted on.", _MODELS),
    Term("training_events", "Training events", "How many rows it was fitted on.", _MODELS),
    Term(
        "training_positives",
        "Positives in training",
        "How many of the rows it was fitted on were positive.",
        _MODELS,
    ),
    Term(
        "training_cases",
        "Cases in training",
        "How many of all possible cases occurred in the rows it was fitted on.",
        _MODELS,
    ),
    Term("parameters", "Parameters", "Settings that it was fitted with.", _MODELS),
    Term(
        "validation",
        "Cross-validation",
        "Its metrics on parts of the training data that it was not fitted on.",
        _MODELS,
    ),
    Term(
        "environment",
        "Environment",
        "The libraries that the version was saved with, against those here. Without them it "
        "is served from its stored table.",
        "models#models-of-your-own",
    ),
    Term(
        "came_without",
        "Came without",
        "What the version's folder lacks, so that some figures can't be told of it.",
        "models#models-of-your-own",
    ),
    Term("trained_at", "Trained at", "When it was fitted, in UTC.", _MODELS),
    Term(
        "version",
        "Version",
        "One trained model. All versions are served side by side, and each has an address.",
        _MODELS,
    ),
    Term(
        "status",
        "Status",
        "Whether the version can answer, and if not, why.",
        "models#what-its-answers-must-be",
    ),
    Term(
        "trained_on",
        "Trained on",
        "The rows or days that the version was fitted on. It isn't judged on events among them.",
        _MODELS,
    ),
    Term("actions", "Actions", "What administrators can do with it.", "api#permissions"),
    Term(
        "next_check",
        "Next check",
        "When the policy looks at the outcomes next.",
        "operations#by-schedule",
    ),
    Term("last_check", "Last check", "When the policy last looked at the outcomes.", _POLICY),
    Term(
        "since_promotion",
        "Outcomes since promotion",
        "Outcomes that became known since the champion was promoted.",
        _POLICY,
    ),
    Term(
        "candidates",
        "Candidates",
        "Models that are fitted on recent outcomes and run beside the champion, to see whether a "
        "retrain would pay.",
        _POLICY,
    ),
    Term(
        "promotion",
        "Promotion",
        "Whether a retrained version that passes the gate becomes champion by itself, or waits "
        "for a person.",
        "retraining#the-gate",
    ),
    Term("policy", "Policy", "The rule that decides when to retrain.", _POLICY),
    Term(
        "retrains",
        "Retrains",
        "How often the policy would have retrained on this log.",
        "retraining#on-the-games-file",
    ),
    Term("true_positives", "true positives", "Picked, and positive.", _COMPARE),
    Term("false_positives", "false positives", "Picked, and not positive.", _COMPARE),
    Term("false_negatives", "false negatives", "Not picked, though positive.", _COMPARE),
    Term("true_negatives", "true negatives", "Not picked, and not positive.", _COMPARE),
    Term(
        "row",
        "Row",
        "The place of the row in your file.",
        "api#predictions-and-outcomes",
        ("Line",),
    ),
    Term(
        "inputs_on",
        "On",
        "The inputs that are yes; all others are no.",
        "api#predictions-and-outcomes",
        ("Owns",),
    ),
)
