"""What a window is compared with, and what a version's performance in it is held against.

The inputs of traffic are compared with the baseline that was asked for. Performance can't always
be: on the rows that a version was fitted on it looks better than it is. Then it is held against
rows that the version was evaluated on, its own cross-validation, or its first outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from webapp.cases import InputError
from webapp.catalog.prepared import Facts, Prepared
from webapp.db.tables.evaluations import Evaluation
from webapp.services.context import Services
from webapp.services.drift.first_outcomes import FirstOutcomes
from webapp.services.predict import version_choice
from webapp.services.traffic import training_overlap, windows
from webapp.services.traffic.store_command import store_command
from webapp.services.traffic.windows import Question
from webapp.stats.counts import Counts
from webapp.stats.reference import Origin, Reference
from webapp.timing import now_ms

_PERIODS = (windows.PREVIOUS, windows.WEEK_BEFORE)


@dataclass(frozen=True)
class Basis:
    """What a question compares with.

    ``training`` is the version whose training it is; None where it is a period or stored rows.
    ``origin`` is what performance is held against. ``evaluation`` are the rows that were stored for
    the version that is judged_counts.
    """

    training: Prepared | None
    origin: Origin
    evaluation: Evaluation | None

    @property
    def mark(self) -> tuple[object, ...]:
        """What an answer depends on of the basis."""
        stored_mark = None if self.evaluation is None else (self.evaluation.at, self.evaluation.n)
        facts = None if self.training is None else self.training.facts
        own = () if facts is None else (facts.build, facts.baseline_sha256)
        return (*own, self.origin, stored_mark)


def settle(question: Question, prepared: Prepared, evaluation: Evaluation | None) -> Question:
    """The question with a baseline: where none was asked for, the best that the version has.

    That is its training, else rows that it was evaluated on, else the period before. Raises
    InputError.
    """
    if question.baseline is not None:
        return question
    if prepared.baseline is not None:
        return replace(question, baseline=windows.TRAINING)
    if evaluation is not None:
        return replace(question, baseline=windows.EVALUATION)
    question = replace(question, baseline=windows.PREVIOUS)
    windows.check_hours(question, now_ms())
    return question


def find_basis(
    services: Services, question: Question, name: str, prepared: Prepared
) -> tuple[Question, Basis]:
    """The question with its baseline, and what that is.

    Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    evaluation = services.evaluations.find(prepared.facts.build)
    question = settle(question, prepared, evaluation)
    if question.baseline in _PERIODS:
        if _has_seen_period(prepared.facts, question):
            return question, Basis(None, _honest_origin(prepared, evaluation), evaluation)
        return question, Basis(None, "baseline", evaluation)
    if question.baseline == windows.EVALUATION:
        if evaluation is None:
            mend = f"{store_command(name)} stores some"
            raise InputError("baseline", f"is evaluation, and {name} has no such rows: {mend}")
        return question, Basis(None, "evaluation", evaluation)
    other = _version(services, question, prepared)
    if not _has_seen(prepared.facts, other.facts):
        return question, Basis(other, "baseline", evaluation)
    return question, Basis(other, _honest_origin(prepared, evaluation), evaluation)


def _honest_origin(prepared: Prepared, evaluation: Evaluation | None) -> Origin:
    """What performance is held against where the baseline flatters the version."""
    if evaluation is not None:
        return "evaluation"
    return "first outcomes" if prepared.out_of_fold is None else "cross-validation"


def _has_seen_period(facts: Facts, question: Question) -> bool:
    """True if a version was trained on events of the log in the period that is the baseline."""
    until = training_overlap.trained_until(facts)
    return until is not None and question.before is not None and question.before[0] <= until


def _version(services: Services, question: Question, prepared: Prepared) -> Prepared:
    """The version whose training is the baseline. Raises as ``find_basis`` does."""
    if question.baseline is None or question.baseline == windows.TRAINING:
        return prepared
    try:
        _, other = version_choice.resolve(services, question.baseline)
    except version_choice.UnknownVersionError as error:
        names = ", ".join((windows.TRAINING, windows.EVALUATION, *_PERIODS))
        message = f"{error}: send {names} or a version"
        raise version_choice.UnknownVersionError(message, "baseline") from None
    if other.features != prepared.features:
        raise InputError(
            "baseline", f"is {question.baseline}, which has other inputs than this version"
        )
    if other.facts.opposes(prepared.facts):
        raise InputError(
            "baseline", f"is {question.baseline}, whose probability is that of the other class"
        )
    return other


def _has_seen(facts: Facts, other: Facts) -> bool:
    """True if a version was trained on some of what the other one was trained on."""
    if facts.build == other.build:
        return True
    digest = str(other.training.get("sha256") or "")
    rows = training_overlap.find_rows(other, digest) if digest else None
    return rows is not None and training_overlap.count_rows(facts, digest, *rows) > 0


def baseline_counts(services: Services, basis: Basis, prepared: Prepared) -> Counts | None:
    """The counts to compare with, None where they are those of a period or unknown.

    Raises LogUnavailableError.
    """
    if basis.training is not None:
        return basis.training.baseline
    return _stored(services, prepared) if basis.origin == "evaluation" else None


def find_reference(
    services: Services,
    basis: Basis,
    prepared: Prepared,
    first: Counts | None,
    judged_counts: Counts | None,
) -> Reference | None:
    """What performance is held against; None for the baseline itself.

    ``first`` are the version's first outcomes, if there are enough, and ``judged_counts`` those of
    the window after them, where it reaches into them. Raises LogUnavailableError.
    """
    if basis.origin == "baseline":
        return None
    if basis.origin == "evaluation":
        return Reference.of_counts("evaluation", prepared.scores, _stored(services, prepared))
    if basis.origin == "cross-validation" and prepared.out_of_fold is not None:
        return Reference.out_of_fold(prepared.out_of_fold)
    if first is None:
        return Reference.missing()
    return Reference.of_counts("first outcomes", prepared.scores, first, judged_counts)


def _stored(services: Services, prepared: Prepared) -> Counts:
    """The counts of the rows that a version was evaluated on."""
    n, positives = np.zeros((2, prepared.features.cases), np.int64)
    for case, count, positive in services.evaluations.counted(prepared.facts.build):
        n[case], positives[case] = count, positive
    return Counts(n, positives)


def judged_since(first: FirstOutcomes, question: Question) -> int | None:
    """From when on outcomes of the window are judged_counts (ms); None if all of them are."""
    is_apart = question.until <= first.since or question.since >= first.until
    return None if is_apart else max(question.since, first.until)
