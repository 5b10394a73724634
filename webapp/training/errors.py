"""What training can refuse. Apart from the rest, so that telling needs no heavy import."""


class TrainingError(ValueError):
    """Something asked for that can't be done; the message says how to mend it."""


class SourceError(TrainingError):
    """A source of rows that can't be had or isn't what it should be."""


class DataError(TrainingError):
    """Rows that can't be used: says which line and column and what is needed."""


class EstimatorError(TrainingError):
    """A fit that can't be made."""


class EvaluateError(TrainingError):
    """Nothing can be evaluated."""


class PolicyError(TrainingError):
    """Rules, or a kept state, that no policy can use; names the field."""
