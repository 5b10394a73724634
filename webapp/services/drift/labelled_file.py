"""Drift of a labelled file against a version's training, as if its rows were the window."""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.cases import InputError
from webapp.services.context import Services
from webapp.services.drift.answer import DriftReport, NoAnswer, Scope
from webapp.services.drift.reader import baseline_of, baseline_version
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.stats import drift
from webapp.stats.drift import NoEvents, Window


def compare_on_file(services: Services, question: Question, rows: Any) -> DriftReport | NoAnswer:
    """Compare ``rows``, as ``training.data.read_ordered`` returns them, with a training set.

    Raises InputError, UnknownVersionError, VersionNotReadyError.
    """
    if question.baseline in (windows.PREVIOUS, windows.WEEK_BEFORE):
        raise InputError("baseline", "must be training or a version where a file is the window")
    name, prepared = version_choice.resolve(services, question.version)
    features, scores = prepared.features, prepared.scores
    if tuple(rows.features.names) != features.names:
        raise InputError("data", f"has other inputs than {name}: {', '.join(rows.features.names)}")
    scope = Scope(question, name, features, scores, question.baseline, ())
    training = baseline_of(baseline_version(services, question, prepared), prepared)
    events = np.bincount(rows.case, minlength=features.cases)
    window = Window(events.astype(np.int64), rows.counts)
    if training.counts is None:
        return NoAnswer(scope, "no baseline", n=window.total)
    baseline = Window(training.counts.n, training.counts)
    result = drift.compare(features, scores, baseline, window, question.margin, training.reference)
    if isinstance(result, NoEvents):
        return NoAnswer(scope, "empty baseline" if window.total else "no events", n=window.total)
    return DriftReport(scope, baseline, window, result)
