"""The work of ``everycase import``: from a table of cases and probabilities to a saved version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from webapp.cases import Features, shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.preparer import Preparer
from webapp.catalog.stores.saving import SavingError
from webapp.catalog.stores.saving_table import NewTable, save_table
from webapp.catalog.stores.store import Store
from webapp.catalog.trial import try_out
from webapp.catalog.versions import IMPORTED
from webapp.grammar import quantity
from webapp.stats.counts import Counts
from webapp.training.case_table import ScoreTable, read_case_counts, read_score_table
from webapp.training.errors import DataError, TrainingError

# Errors that a person can fix; the message says how.
IMPORT_ERRORS = (TrainingError, SavingError)
_LONGEST_CLASS, _LONGEST_WHY = 100, 1000  # characters


@dataclass(frozen=True)
class ImportRequest:
    """The arguments of ``everycase import``."""

    table: Path
    name: str
    counts: Path | None = None
    positive: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class ImportResult:
    """The saved version and its table."""

    version: str
    prepared: Prepared
    table: ScoreTable
    source: str


def run(
    request: ImportRequest,
    *,
    store: Store,
    preparer: Preparer,
    known_inputs: Iterable[Features],
    when: datetime,
) -> ImportResult:
    """Read, check and save. ``known_inputs`` are inputs of other versions. Raises IMPORT_ERRORS."""
    store.check_name(request.name)
    _check_texts(request)
    table = read_score_table(request.table, known_inputs)
    baseline = table.baseline
    if request.counts is not None:
        if baseline is not None:
            raise DataError("the table has n and positives already: leave --counts out")
        baseline = read_case_counts(request.counts, table.features)
    source = request.table.name
    new = NewTable(
        name=request.name,
        features=table.features,
        scores=table.scores,
        positive=None if request.positive is None else request.positive.strip(),
        baseline=baseline,
        training=_describe_origin(request, baseline, when),
    )
    why = {"why": request.why} if request.why else {}
    version, prepared = save_table(
        store, new, lambda folder: try_out(folder, preparer), why | {"imported": source}
    )
    return ImportResult(version, prepared, replace(table, baseline=baseline), source)


def describe(result: ImportResult, place: str) -> str:
    """What was read and saved, for a person to read."""
    table, baseline = result.table, result.table.baseline
    names = table.features.names
    inputs = ", ".join(map(shorten, names[:4])) + (", …" if len(names) > 4 else "")
    counts = (
        f"{quantity(baseline.total, 'event')}, {baseline.base_rate:.2%} positive: Drift's baseline"
        if baseline is not None
        else "none, so Drift compares with the period before (--counts gives them)"
    )
    return "\n".join(
        (
            f"Read       {result.source}: {quantity(len(table.scores), 'case')} of "
            f"{quantity(len(names), 'input')} ({inputs})",
            *([f"           {'; '.join(table.notes)}"] if table.notes else []),
            f"           probabilities {table.scores.min():.4g} to {table.scores.max():.4g}",
            f"Counts     {counts}",
            f"Saved      {place}",
            "Next       everycase compare   (the champion and all others, on outcomes of the log)",
        )
    )


def _check_texts(request: ImportRequest) -> None:
    """Raise DataError for a class or a reason that can't be shown."""
    for option, text, longest in (
        ("--positive", request.positive, _LONGEST_CLASS),
        ("--why", request.why, _LONGEST_WHY),
    ):
        if text is not None and not (text.strip() and text.isprintable() and len(text) <= longest):
            raise DataError(f"{option}: use one line of at most {longest:,} characters")


def _describe_origin(
    request: ImportRequest, baseline: Counts | None, when: datetime
) -> dict[str, Any]:
    """What is known of the table's making, kept and shown with the version."""
    facts: dict[str, Any] = {
        "estimator": IMPORTED,
        "source": request.table.name,
        "table_sha256": hashlib.sha256(request.table.read_bytes()).hexdigest(),
        "imported": when.isoformat(timespec="seconds"),
    }
    if request.why:
        facts["why"] = request.why.strip()
    if baseline is not None:
        facts["n"] = baseline.total
        facts["positives"] = int(baseline.positives.sum())
        facts["cases"] = int(np.count_nonzero(baseline.n))
        if request.counts is not None:
            facts["counts"] = request.counts.name
    return facts
