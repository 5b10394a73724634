"""Evaluate versions on labelled rows by their score tables, without loading their models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webapp.cases import Features, shorten
from webapp.catalog.prepared import Facts, Prepared, PreparedError, read_prepared
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.versions import VERSION_NAME
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate
from webapp.training.data import read_labelled
from webapp.training.errors import DataError, EvaluateError
from webapp.training.rows import LabelledCounts, RowRange
from webapp.training.source import locate


@dataclass(frozen=True)
class EvaluateRequest:
    """The options of ``everycase evaluate``. No versions means all."""

    data: str
    rows: str
    versions: Sequence[str] = ()
    sha256: str | None = None


@dataclass(frozen=True)
class VersionEvaluation:
    """One version's metrics and how many of the rows it was trained on, or why it has none."""

    version: str
    metrics: Metrics | None = None
    trained_on: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """All versions on one range of rows."""

    source: str
    sha256: str
    rows: RowRange
    counts: Counts
    versions: tuple[VersionEvaluation, ...]


def run(request: EvaluateRequest, *, models: Path, prepared: Path, cache: Path) -> Evaluation:
    """Evaluate versions. ``prepared`` is the folder of records, see catalog.scan.

    Raises TrainingError.
    """
    names = _version_names(models, request.versions)
    rows = RowRange.parse(request.rows)
    source = locate(request.data, request.sha256, cache)
    data = read_labelled(source.path, rows)
    entries = {entry.name: entry for entry in Scanner(models, prepared).scan()}
    evaluations = tuple(
        _evaluate(entries[name], data, source.sha256) for name in names if name in entries
    )
    return Evaluation(source.public_name, source.sha256, data.rows, data.counts, evaluations)


def project(counts: Counts, source: Features, target: Features) -> Counts:
    """Counts over the cases of ``target``, whose features must be among those of ``source``.

    Raises EvaluateError, which names a feature that ``source`` lacks.
    """
    for name in target.names:
        if name not in source.names:
            raise EvaluateError(f"It needs the feature {shorten(name)}, which the rows don't have")
    columns = [source.names.index(name) for name in target.names]
    case = target.number(source.matrix()[:, columns])
    n, positives = np.zeros((2, target.cases), np.int64)
    np.add.at(n, case, counts.n)
    np.add.at(positives, case, counts.positives)
    return Counts(n, positives)


def _version_names(models: Path, choice: Sequence[str]) -> list[str]:
    try:
        available = sorted(
            path.name
            for path in models.iterdir()
            if path.is_dir() and VERSION_NAME.fullmatch(path.name)
        )
    except OSError as error:
        raise EvaluateError(f"{models} can't be read: {error.strerror or error}") from error
    for name in choice:
        if name not in available:
            raise EvaluateError(
                f"there is no version {shorten(name)} in {models} "
                f"(it has {', '.join(available) or 'none'})"
            )
    if not available:
        raise EvaluateError(f"there are no versions in {models}")
    return list(dict.fromkeys(choice)) or available


def _evaluate(entry: CatalogEntry, data: LabelledCounts, sha256: str) -> VersionEvaluation:
    try:
        version = _read_version(entry)
        counts = project(data.counts, data.features, version.features)
    except (PreparedError, EvaluateError) as error:
        return VersionEvaluation(entry.name, reason=str(error))
    overlap = _count_overlap(version.facts, data.rows, sha256)
    return VersionEvaluation(entry.name, evaluate(version.scores, counts), overlap)


def _read_version(entry: CatalogEntry) -> Prepared:
    """The version's prepared files, from its own folder or its record. Raises PreparedError."""
    if entry.status == "preparing":
        raise PreparedError("Not prepared yet: start the app or run `everycase versions`")
    if entry.place is None:
        raise PreparedError(entry.reason or "It can't be served")
    return read_prepared(Path(entry.place))


def _count_overlap(facts: Facts, rows: RowRange, sha256: str) -> int:
    """The number of these rows that a version was trained on, 0 if its facts don't say."""
    if facts.training.get("sha256") != sha256:
        return 0
    try:
        training_rows = RowRange.parse(str(facts.training.get("rows")))
    except DataError:
        return 0
    first = max(training_rows.first, rows.first)
    return max(0, min(training_rows.last or first, rows.last or first) - first + 1)


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as plain values; an undefined metric is null."""
    return {
        "source": evaluation.source,
        "sha256": evaluation.sha256,
        "rows": str(evaluation.rows),
        "n": evaluation.counts.total,
        "positives": int(evaluation.counts.positives.sum()),
        "versions": [_version_as_json(version) for version in evaluation.versions],
    }


def _version_as_json(version: VersionEvaluation) -> dict[str, Any]:
    if version.metrics is None:
        return {"version": version.version, "reason": version.reason}
    values = {
        name: None if math.isnan(value) else value
        for name, value in version.metrics.as_dict().items()
    }
    return {"version": version.version, **values, "trained_on": version.trained_on}


def describe(evaluation: Evaluation) -> str:
    """An evaluation as a table, for a person to read."""
    width = max(len(version.version) for version in evaluation.versions)
    lines = [
        f"rows {evaluation.rows} of {evaluation.source}: {evaluation.counts.total:,} rows, "
        f"{evaluation.counts.base_rate:.2%} positive",
        "",
        f"{'version':<{width}}  log loss      AUC    Brier",
    ]
    lines += [
        f"{version.version:<{width}}  {_describe_metrics(version)}"
        for version in evaluation.versions
    ]
    return "\n".join(lines)


def _describe_metrics(version: VersionEvaluation) -> str:
    if version.metrics is None:
        return f"not evaluated: {version.reason}"
    m = version.metrics
    note = f"   trained on {version.trained_on:,} of these rows" if version.trained_on else ""
    return f"{m.log_loss:8.5f}  {m.auc:7.5f}  {m.brier:7.5f}{note}"
