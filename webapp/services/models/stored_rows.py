"""Labelled rows that a version wasn't trained on, counted and stored as what it is held against."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError
from webapp.catalog.prepared import Facts, Prepared
from webapp.db.tables.evaluations import LONGEST, Evaluation
from webapp.grammar import quantity
from webapp.services.context import Services
from webapp.services.formatting import number, share
from webapp.services.traffic import training_overlap
from webapp.stats import label_gaps, performance, verdicts
from webapp.stats.counts import Counts

# The logger of audit lines, which the API writes for whoever asks it; commands have none but this
_log = logging.getLogger("everycase.audit")


class NoStoredRowsError(LookupError):
    """Nothing is stored for the version."""


@dataclass(frozen=True)
class FileRows:
    """A file by its public name, and the range of its rows that was asked for."""

    source: str
    sha256: str
    row_range: str


@dataclass(frozen=True)
class StoredRows:
    """What was stored for a version.

    ``left_out`` rows were those that it was trained on; ``is_sure`` is false where nobody knows
    which these were. Log loss and skill are those of the stored rows.
    """

    version: str
    source: str
    n: int
    positives: int
    left_out: int
    is_sure: bool
    log_loss: float
    skill: float

    @property
    def text(self) -> str:
        """What was stored, what for, and what to mind."""
        exception = ""
        if self.left_out:
            exception = (
                f", without the {self.left_out:,} that {self.version} was trained on"
                if self.left_out > 1
                else f", without the one that {self.version} was trained on"
            )
        text = (
            f"Stored {quantity(self.n, 'row')} of {self.source} for {self.version}{exception}: "
            f"log loss {number(self.log_loss, 4)}, skill {share(self.skill, 1)}. Its performance "
            "is held against them."
        )
        if self.is_sure:
            return text
        mind = "It isn't known which rows it was trained on: make sure that they aren't among these"
        return f"{text} {mind}."

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return vars(self) | {"text": self.text}


@dataclass(frozen=True)
class UnseenRows:
    """The labelled rows of a file that a version wasn't trained on, by case."""

    version: str
    prepared: Prepared
    counts: Counts
    left_out: int  # rows that it was trained on


def count_unseen(version: str, prepared: Prepared, rows: Any, sha256: str) -> UnseenRows:
    """Count ``rows``, as ``training.data.read_ordered`` returns them. Raises InputError.

    ``sha256`` is that of their file.
    """
    is_seen = _seen(rows, prepared.facts, sha256)
    left_out, has_label = int(is_seen.sum()), rows.label >= 0
    usable = has_label & ~is_seen
    counts = Counts.of(rows.case[usable], rows.label[usable], prepared.features.cases)
    if not counts.total and left_out:
        mend = "send others"
        raise InputError("data", f"has no rows but those that {version} was trained on: {mend}")
    if not counts.total:
        raise InputError("data", "has no row with a label: send labelled rows")
    gap = label_gaps.find_gap(counts, 0, int((~has_label & ~is_seen).sum()))
    gap = gap or verdicts.find_shortage(counts.total, int(counts.positives.sum()))
    if gap:
        among = f" (of the rows that {version} wasn't trained on)" if left_out else ""
        raise InputError("data", f"is not enough to hold {version} against: {gap}{among}")
    return UnseenRows(version, prepared, counts, left_out)


def _seen(rows: Any, facts: Facts, sha256: str) -> NDArray[np.bool_]:
    """True for the rows that the version was trained on, where its facts say so."""
    span, numbers = training_overlap.find_rows(facts, sha256), np.arange(len(rows.case))
    if span is None:
        return np.zeros(len(numbers), bool)
    numbers = numbers + rows.rows.first
    return np.asarray((numbers >= span[0]) & (numbers <= span[1]))


def store(
    services: Services, parts: Sequence[UnseenRows], file: FileRows, actor: str, at: int
) -> list[StoredRows]:
    """Store the rows for each version, in place of what was stored before.

    Raises LogUnavailableError.
    """
    for part in parts:
        evaluation = Evaluation(
            build=part.prepared.facts.build,
            at=at,
            version=part.version,
            source=file.source[:LONGEST],
            sha256=file.sha256,
            row_range=file.row_range,
            n=part.counts.total,
            positives=int(part.counts.positives.sum()),
            actor=actor[:100],
        )
        services.evaluations.store(evaluation, _occurring(part.counts))
    return [_describe(part, file.source) for part in parts]


def find(services: Services, name: str, prepared: Prepared) -> Evaluation:
    """What is stored for a version. Raises NoStoredRowsError, LogUnavailableError."""
    evaluation = services.evaluations.find(prepared.facts.build)
    if evaluation is None:
        raise NoStoredRowsError(f"no rows are stored for {name}")
    return evaluation


def forget(services: Services, name: str, prepared: Prepared, actor: str) -> Evaluation:
    """Remove what is stored for a version, and write a line on it for the audit log.

    Raises NoStoredRowsError, LogUnavailableError.
    """
    evaluation = find(services, name, prepared)
    if not services.evaluations.remove(evaluation.build):
        raise NoStoredRowsError(f"no rows are stored for {name}")  # another one was faster
    facts = {"version": name, "source": evaluation.source, "n": evaluation.n}
    _log.info("stored rows forgotten", extra={"actor": actor, **facts})
    return evaluation


def describe_forgotten(evaluation: Evaluation, name: str, prepared: Prepared) -> str:
    """What was removed, and what the version is held against from now on."""
    kind = "its first outcomes" if prepared.out_of_fold is None else "its cross-validation"
    rows = quantity(evaluation.n, "row")
    return (
        f"Forgot {rows} of {evaluation.source} for {name}. Its performance is held against {kind}."
    )


def _occurring(counts: Counts) -> list[tuple[int, int, int]]:
    """Case, n and positives of the cases that occur."""
    cases = np.flatnonzero(counts.n)
    columns = (cases, counts.n[cases], counts.positives[cases])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _describe(part: UnseenRows, source: str) -> StoredRows:
    scores, counts = part.prepared.scores, part.counts
    return StoredRows(
        version=part.version,
        source=source,
        n=counts.total,
        positives=int(counts.positives.sum()),
        left_out=part.left_out,
        is_sure=training_overlap.names_rows(part.prepared.facts),
        log_loss=performance.loss(scores, counts).value,
        skill=performance.skill(scores, counts).value,
    )
