"""The errors of training. A module of its own, so that handling them needs no heavy import."""


class TrainingError(ValueError):
    """A request can't be carried out; the message says how to fix it."""


class SourceError(TrainingError):
    """A file of rows can't be read or downloaded, or has another SHA-256 than required."""


class DataError(TrainingError):
    """Rows can't be used; the message names the line and column and what is needed."""


class EstimatorError(TrainingError):
    """An estimator can't be fitted."""


class EvaluateError(TrainingError):
    """A version can't be evaluated."""


class PolicyError(TrainingError):
    """Rules or a stored state can't be used by a policy; the message names the field."""
