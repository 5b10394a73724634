"""Drift of a labelled file against a version's training, as if its rows were the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from webapp.cases import InputError
from webapp.services.context import Services
from webapp.services.drift.answer import DriftReport, NoAnswer, Scope
from webapp.services.drift.baselines import baseline_counts, find_basis, find_reference
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
    if question.baseline is None and prepared.baseline is None:  # a file has no period before it
        evaluation = services.evaluations.find(prepared.facts.build)
        default = windows.TRAINING if evaluation is None else windows.EVALUATION
        question = replace(question, baseline=default)
    features, scores = prepared.features, prepared.scores
    if tuple(rows.features.names) != features.names:
        raise InputError("data", f"has other inputs than {name}: {', '.join(rows.features.names)}")
    question, basis = find_basis(services, question, name, prepared)
    scope = Scope(
        *(question, name, features, scores, question.baseline or "", ()),
        evaluation=basis.evaluation,
        is_without_counts=prepared.baseline is None,
    )
    counts = baseline_counts(services, basis, prepared)
    events = np.bincount(rows.case, minlength=features.cases)
    window = Window(events.astype(np.int64), rows.counts)
    if counts is None:
        return NoAnswer(scope, "no baseline", n=window.total)
    baseline = Window(counts.n, counts)
    reference = find_reference(services, basis, prepared, first=None, judged_counts=None)
    result = drift.compare(features, scores, baseline, window, question.margin, reference)
    if isinstance(result, NoEvents):
        return NoAnswer(scope, "empty baseline" if window.total else "no events", n=window.total)
    return DriftReport(scope, baseline, window, result)
