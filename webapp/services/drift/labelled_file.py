"""Drift of a labelled file against a version's training, as if its rows were the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webapp.cases import InputError
from webapp.services.context import Services
from webapp.services.drift.answer import Answer
from webapp.services.drift.reader import baseline_version
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.stats import drift
from webapp.stats.counts import Counts
from webapp.stats.drift import Window


def ask(services: Services, question: Question, rows: Any) -> Answer:
    """``rows`` as ``training.data.read_ordered`` gives them. Raises InputError and more."""
    if question.baseline in (windows.PREVIOUS, windows.WEEK_BEFORE):
        raise InputError("baseline", "must be training or a version where a file is the window")
    name, prepared = version_choice.resolve(services, question.version)
    if tuple(rows.features.names) != prepared.features.names:
        raise InputError("data", f"has other inputs than {name}: {', '.join(rows.features.names)}")
    other = baseline_version(services, question, prepared)
    counts = Counts.of(rows.case, rows.label, prepared.features.cases)
    window = Window(counts.n, counts)
    begun = Answer(
        question, name, prepared.features, prepared.scores, question.baseline, (), window=window
    )
    known = other.baseline if other is not None else None
    if known is None:
        return replace(begun, empty="no baseline")
    baseline = Window(known.n, known)
    found = drift.compare(prepared.features, prepared.scores, baseline, window, question.margin)
    return replace(begun, result=found, baseline=baseline)
