"""Model versions and their score tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from webapp.api import auth
from webapp.api.errors import ApiError
from webapp.cases import shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.db.tables.evaluations import Evaluation
from webapp.grammar import as_cell
from webapp.services.context import Services
from webapp.services.models import stored_rows
from webapp.services.predict import version_choice

JSON, CSV = "application/json", "text/csv"


def list_versions(services: Services) -> dict[str, Any]:
    """List all versions, the champion first.

    Those that can't be served are included, with the reason.
    """
    return {"versions": [_facts(services, v) for v in version_choice.picker_order(services)]}


def one_version(services: Services, version: str) -> dict[str, Any]:
    """One version and its facts: features, training, environment."""
    return _facts(services, _find(services, version))


def scores(services: Services, version: str) -> Response:
    """The score table: the probability of every case.

    Feature i, counted from 0, is bit i of the case. Ask with `Accept: text/csv` for a CSV that has
    the features' values beside each case. The `ETag` changes only when the model does.
    """
    name, prepared = version_choice.resolve(services, _find(services, version).name)
    kind = request.accept_mimetypes.best_match([JSON, CSV])
    if kind is None and request.accept_mimetypes:
        raise ApiError(406, "not_acceptable", f"ask for {JSON} or {CSV} in the header Accept")
    response = _csv(prepared) if kind == CSV else _json(name, prepared)
    response.headers["Vary"] = "Accept, Accept-Encoding"
    response.headers["Cache-Control"] = "no-cache"  # a cached copy is revalidated
    response.set_etag(f"{prepared.facts.build}-{'csv' if kind == CSV else 'json'}", weak=True)
    response.make_conditional(request)
    return response


def evaluation(services: Services, version: str) -> dict[str, Any]:
    """The labelled rows that a version's performance is held against, without the rows.

    They are those that `everycase evaluate VERSION --data FILE --store` counted; only their counts
    are stored.
    """
    name, prepared = version_choice.resolve(services, _find(services, version).name)
    return _as_json(_stored(stored_rows.find, services, name, prepared), name)


def forget_evaluation(services: Services, version: str) -> dict[str, Any]:
    """Forget the labelled rows that a version's performance is held against.

    From then on it is its cross-validation, or its first outcomes. The answer has what was removed;
    who asked is in the audit log.
    """
    name, prepared = version_choice.resolve(services, _find(services, version).name)
    actor = auth.current().actor()
    return _as_json(_stored(stored_rows.forget, services, name, prepared, actor), name)


def _stored(act: Callable[..., Evaluation], *arguments: Any) -> Evaluation:
    try:
        return act(*arguments)
    except stored_rows.NoStoredRowsError as error:
        raise ApiError(404, "no_evaluation", str(error)) from None


def _as_json(evaluation: Evaluation, name: str) -> dict[str, Any]:
    at = datetime.fromtimestamp(evaluation.at / 1000, UTC).isoformat(timespec="milliseconds")
    names = ("source", "sha256", "row_range", "n", "positives", "actor")
    facts = {name: getattr(evaluation, name) for name in names}
    return {"version": name, "at": at.replace("+00:00", "Z"), **facts}


def _find(services: Services, name: str) -> Version:
    version = services.catalog.get(name)
    if version is None:
        raise version_choice.UnknownVersionError(f"there is no version {shorten(name)}")
    return version


def _facts(services: Services, version: Version) -> dict[str, Any]:
    best = version_choice.champion(services)
    prepared = version.prepared
    facts = None if prepared is None else prepared.facts
    return {
        "version": version.name,
        "status": version.status,
        "reason": version.reason,
        "champion": best is not None and best.name == version.name,
        "features": [] if facts is None else list(facts.features),
        "classes": list(version.classes if facts is None else facts.classes),
        "positive": None if facts is None else facts.positive,
        "cases": 0 if prepared is None else prepared.features.cases,
        "flavor": "" if facts is None else facts.flavor,
        "digest": "" if facts is None else facts.build,
        "training": {} if facts is None else facts.training,
        "environment": {} if facts is None else facts.environment,
        "answered_by": {} if facts is None else facts.answered_by,
        "environment_cost": {} if facts is None else facts.cost,
        "training_rows": None
        if prepared is None or prepared.baseline is None
        else int(prepared.baseline.n.sum()),
        "base_rate": _base_rate(prepared),
        "warnings": list(version.warnings),
    }


def _base_rate(prepared: Prepared | None) -> float | None:
    """The share of positive labels in the training rows."""
    counts = None if prepared is None else prepared.baseline
    return None if counts is None else float(counts.positives.sum() / counts.n.sum())


def _json(name: str, prepared: Prepared) -> Response:
    values = {
        "version": name,
        "features": list(prepared.features.names),
        "scores": prepared.scores.tolist(),
    }
    return Response(json.dumps(values), content_type=JSON)


def _csv(prepared: Prepared) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["case", *map(as_cell, prepared.features.names), "score"])
    rows, table = prepared.features.matrix().tolist(), prepared.scores.tolist()
    writer.writerows(
        [case, *row, score] for case, (row, score) in enumerate(zip(rows, table, strict=True))
    )
    return Response(text.getvalue(), content_type=f"{CSV}; charset=utf-8; header=present")
