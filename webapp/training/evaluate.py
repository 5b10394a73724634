"""Evaluate versions on labelled rows by their score tables, without loading their models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.bundle.yes_no import fold_name
from webapp.cases import Features, shorten
from webapp.catalog.prepared import Facts, Prepared, PreparedError, read_prepared
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.versions import VERSION_NAME
from webapp.grammar import quantity
from webapp.stats import label_gaps, verdicts
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, describe_certainty, evaluate
from webapp.training.data import read_columns, read_labelled
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
    note: str | None = None  # on its scores
    reason: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """All versions on one range of rows."""

    source: str
    sha256: str
    rows: RowRange
    counts: Counts
    versions: tuple[VersionEvaluation, ...]
    unlabelled: int = 0  # rows that are not counted, as their label is unknown
    notes: tuple[str, ...] = ()  # how the file was read

    @property
    def gap(self) -> str | None:
        """Why the rows are no evidence about any version; None if they may be."""
        return label_gaps.find_gap(self.counts, 0, self.unlabelled) or verdicts.find_shortage(
            self.counts.total, int(self.counts.positives.sum())
        )


def run(request: EvaluateRequest, *, models: Path, prepared: Path, cache: Path) -> Evaluation:
    """Evaluate versions. ``prepared`` is the folder of records, see catalog.scan.

    Raises TrainingError.
    """
    names = _version_names(models, request.versions)
    rows = RowRange.parse(request.rows)
    source = locate(request.data, request.sha256, cache)
    entries = {entry.name: entry for entry in Scanner(models, prepared).scan()}
    table = _RowReader(source.path, rows)
    evaluations = tuple(
        _evaluate(entries[name], table, source.sha256) for name in names if name in entries
    )
    data = table.rows_read()
    return Evaluation(
        source.public_name,
        source.sha256,
        data.rows,
        data.counts,
        evaluations,
        data.unlabelled,
        data.notes,
    )


class _RowReader:
    """Reads a file once for all versions with the same inputs."""

    def __init__(self, path: Path, rows: RowRange) -> None:
        self._path, self._rows = path, rows
        self._by_inputs: dict[tuple[str, ...], LabelledCounts] = {}
        self._columns = set(map(fold_name, read_columns(path)))

    def read(self, inputs: Features) -> LabelledCounts:
        """The rows as cases of these inputs. Raises DataError, and EvaluateError."""
        for name in inputs.names:
            if fold_name(name) not in self._columns:
                raise EvaluateError(
                    f"It needs the feature {shorten(name)}, which the rows don't have"
                )
        data = self._by_inputs.get(inputs.names)
        if data is None:
            data = self._by_inputs[inputs.names] = read_labelled(self._path, self._rows, inputs)
        return data

    def rows_read(self) -> LabelledCounts:
        """The rows as some version saw them or, if no version could, with all their columns."""
        data = next(iter(self._by_inputs.values()), None)
        return data or read_labelled(self._path, self._rows)


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


def _evaluate(entry: CatalogEntry, table: _RowReader, sha256: str) -> VersionEvaluation:
    try:
        version = _read_version(entry)
        data = table.read(version.features)
    except (PreparedError, EvaluateError) as error:
        return VersionEvaluation(entry.name, reason=str(error))
    if not data.counts.total:
        return VersionEvaluation(entry.name, reason="None of the rows has a label")
    overlap = _count_overlap(version.facts, data.rows, sha256)
    note = describe_certainty(version.scores, data.counts.n)
    return VersionEvaluation(entry.name, evaluate(version.scores, data.counts), overlap, note)


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
        "unlabelled": evaluation.unlabelled,
        "read_as": list(evaluation.notes),
        "warning": evaluation.gap,
        "versions": [_version_as_json(version) for version in evaluation.versions],
    }


def _version_as_json(version: VersionEvaluation) -> dict[str, Any]:
    if version.metrics is None:
        return {"version": version.version, "reason": version.reason}
    values = {
        name: None if math.isnan(value) else value
        for name, value in version.metrics.as_dict().items()
    }
    form = {"version": version.version, **values, "trained_on": version.trained_on}
    return form | ({"note": version.note} if version.note else {})


def describe(evaluation: Evaluation) -> str:
    """An evaluation as a table, for a person to read."""
    width = max(len(version.version) for version in evaluation.versions)
    lines = [
        f"rows {evaluation.rows} of {evaluation.source}: {_describe_rows(evaluation)}",
        *([f"read {'; '.join(evaluation.notes)}"] if evaluation.notes else []),
        *([f"no verdict can rest on these rows: {evaluation.gap}"] if evaluation.gap else []),
        "",
        f"{'version':<{width}}  log loss      AUC    Brier",
    ]
    lines += [
        f"{version.version:<{width}}  {_describe_metrics(version)}"
        for version in evaluation.versions
    ]
    return "\n".join(lines)


def _describe_rows(evaluation: Evaluation) -> str:
    counts = evaluation.counts
    if not counts.total:
        return f"{quantity(evaluation.unlabelled, 'row')}, all without a label"
    text = f"{counts.total:,} rows, {counts.base_rate:.2%} positive"
    return f"{text}; {evaluation.unlabelled:,} without a label" if evaluation.unlabelled else text


def _describe_metrics(version: VersionEvaluation) -> str:
    if version.metrics is None:
        return f"not evaluated: {version.reason}"
    m = version.metrics
    note = f"   trained on {version.trained_on:,} of these rows" if version.trained_on else ""
    note += f"   {version.note}" if version.note else ""
    return f"{m.log_loss:8.5f}  {m.auc:7.5f}  {m.brier:7.5f}{note}"
