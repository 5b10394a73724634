"""How good versions are on labelled rows: a look-up in their score tables, without their models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webapp.cases import Features, shorten
from webapp.catalog.prepared import Facts, Prepared, PreparedError, read_prepared
from webapp.catalog.scan import Entry, Scanner
from webapp.catalog.versions import VERSION_NAME
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate
from webapp.training.data import read_labelled
from webapp.training.errors import DataError, EvaluateError
from webapp.training.rows import Labelled, RowRange
from webapp.training.source import locate


@dataclass(frozen=True)
class Request:
    """What to evaluate, as asked for; no versions means all there are."""

    data: str
    rows: str
    versions: Sequence[str] = ()
    sha256: str | None = None


@dataclass(frozen=True)
class Evaluated:
    """One version: its metrics and how many of these rows it was trained on, or why it has none."""

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
    versions: tuple[Evaluated, ...]


def run(request: Request, *, models: Path, prepared: Path, cache: Path) -> Evaluation:
    """Evaluate versions by name. ``prepared`` holds the records of versions (see catalog.scan).

    Raises TrainingError.
    """
    names = _names(models, request.versions)
    rows = RowRange.parse(request.rows)
    source = locate(request.data, request.sha256, cache)
    data = read_labelled(source.path, rows)
    there = {entry.name: entry for entry in Scanner(models, prepared).scan()}
    found = tuple(_evaluate(there[name], data, source.sha256) for name in names if name in there)
    return Evaluation(source.shown, source.sha256, data.rows, data.counts, found)


def project(counts: Counts, source: Features, target: Features) -> Counts:
    """Counts over the cases of ``target``, whose features are some of ``source``'s, in any order.

    Raises EvaluateError, naming a feature that ``source`` lacks.
    """
    for name in target.names:
        if name not in source.names:
            raise EvaluateError(f"it needs the feature {shorten(name)}, which the rows don't have")
    columns = [source.names.index(name) for name in target.names]
    case = target.number(source.matrix()[:, columns])
    n, positives = np.zeros((2, target.cases), np.int64)
    np.add.at(n, case, counts.n)
    np.add.at(positives, case, counts.positives)
    return Counts(n, positives)


def _names(models: Path, asked: Sequence[str]) -> list[str]:
    try:
        there = sorted(
            path.name
            for path in models.iterdir()
            if path.is_dir() and VERSION_NAME.fullmatch(path.name)
        )
    except OSError as error:
        raise EvaluateError(f"{models} can't be read: {error.strerror or error}") from error
    for name in asked:
        if name not in there:
            raise EvaluateError(
                f"VERSION {shorten(name)}: there is none of that name in {models} "
                f"(there are: {', '.join(there) or 'none'})"
            )
    if not there:
        raise EvaluateError(f"there are no versions in {models}")
    return list(dict.fromkeys(asked)) or there


def _evaluate(entry: Entry, data: Labelled, sha256: str) -> Evaluated:
    try:
        version = _read(entry)
        counts = project(data.counts, data.features, version.features)
    except (PreparedError, EvaluateError) as error:
        return Evaluated(entry.name, reason=str(error))
    seen = _overlap(version.facts, data.rows, sha256)
    return Evaluated(entry.name, evaluate(version.scores, counts), seen)


def _read(entry: Entry) -> Prepared:
    """The version's own prepared files, or those that were made for it here."""
    if entry.status == "preparing":
        raise PreparedError("it is not prepared yet: start the app, or run `everycase versions`")
    if entry.place is None:
        raise PreparedError(entry.reason or "it can't be served")
    return read_prepared(Path(entry.place))


def _overlap(facts: Facts, rows: RowRange, sha256: str) -> int:
    """How many of these rows a version was trained on, as far as its facts tell."""
    if facts.training.get("sha256") != sha256:
        return 0
    try:
        trained = RowRange.parse(str(facts.training.get("rows")))
    except DataError:
        return 0
    first = max(trained.first, rows.first)
    return max(0, min(trained.last or first, rows.last or first) - first + 1)


def as_json(found: Evaluation) -> dict[str, Any]:
    """As plain values; a metric that is not defined is null."""
    return {
        "source": found.source,
        "sha256": found.sha256,
        "rows": str(found.rows),
        "n": found.counts.total,
        "positives": int(found.counts.positives.sum()),
        "versions": [_row(one) for one in found.versions],
    }


def _row(one: Evaluated) -> dict[str, Any]:
    if one.metrics is None:
        return {"version": one.version, "reason": one.reason}
    values = {
        name: None if math.isnan(value) else value for name, value in one.metrics.as_dict().items()
    }
    return {"version": one.version, **values, "trained_on": one.trained_on}


def describe(found: Evaluation) -> str:
    """As a table, for a person to read."""
    width = max(len(one.version) for one in found.versions)
    lines = [
        f"rows {found.rows} of {found.source}: {found.counts.total:,} rows, "
        f"{found.counts.base_rate:.2%} positive",
        "",
        f"{'version':<{width}}  log loss      AUC    Brier",
    ]
    lines += [f"{one.version:<{width}}  {_figures(one)}" for one in found.versions]
    return "\n".join(lines)


def _figures(one: Evaluated) -> str:
    if one.metrics is None:
        return f"not evaluated: {one.reason}"
    m = one.metrics
    seen = f"   trained on {one.trained_on:,} of these rows" if one.trained_on else ""
    return f"{m.log_loss:8.5f}  {m.auc:7.5f}  {m.brier:7.5f}{seen}"
