"""The operations of ``/api/v1`` in one table, from which routes and description are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from webapp.api.auth import Role
from webapp.api.v1 import (
    champion,
    compare,
    drift,
    events,
    jobs,
    lake,
    outcomes,
    predictions,
    versions,
)

PREFIX = "/api/v1"
Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Operation:
    """One path and method. ``view`` takes the services and the path's parameters.

    Its docstring is the description; the first line is the summary. ``body``, ``query`` and
    ``answer`` name models of the schemas; ``errors`` are statuses beside those that all may have.
    """

    method: Method
    path: str
    view: Callable[..., Any]
    role: Role
    tag: str
    answer: str
    body: str | None = None
    errors: tuple[int, ...] = ()
    query: str | None = None
    partly: str | None = None  # the answer of status 207: parts were refused
    status: int = 200  # of a success


OPERATIONS = (
    Operation(
        "POST",
        "/predict",
        predictions.predict_one,
        "read",
        "Predictions",
        "Prediction",
        body="PredictBody",
        errors=(400, 404, 409, 413, 415, 503),
    ),
    Operation(
        "POST",
        "/predict/batch",
        predictions.predict_batch,
        "read",
        "Predictions",
        "BatchPrediction",
        body="BatchBody",
        errors=(400, 404, 409, 413, 415, 503),
    ),
    Operation(
        "POST",
        "/outcomes",
        outcomes.record_outcomes,
        "outcomes",
        "Predictions",
        "OutcomeResults",
        body="OutcomesBody",
        errors=(400, 413, 415, 503),
        partly="OutcomeResults",
    ),
    Operation(
        "POST",
        "/events",
        events.record_events,
        "outcomes",
        "Predictions",
        "EventResults",
        body="EventsBody",
        errors=(400, 413, 415, 503),
    ),
    Operation("GET", "/versions", versions.list_versions, "read", "Versions", "VersionList"),
    Operation(
        "GET",
        "/versions/<version>",
        versions.one_version,
        "read",
        "Versions",
        "VersionFacts",
        errors=(404,),
    ),
    Operation(
        "GET",
        "/versions/<version>/scores",
        versions.scores,
        "read",
        "Versions",
        "ScoreTable",
        errors=(404, 406, 409, 503),
    ),
    Operation(
        "GET",
        "/versions/<version>/evaluation",
        versions.evaluation,
        "read",
        "Versions",
        "StoredEvaluation",
        errors=(404, 409, 503),
    ),
    Operation(
        "DELETE",
        "/versions/<version>/evaluation",
        versions.forget_evaluation,
        "admin",
        "Versions",
        "StoredEvaluation",
        errors=(404, 409, 503),
    ),
    Operation("GET", "/champion", champion.get, "read", "Champion", "Champion", errors=(404,)),
    Operation(
        "PUT",
        "/champion",
        champion.put,
        "admin",
        "Champion",
        "Champion",
        body="ChampionBody",
        errors=(400, 404, 409, 413, 415, 503),
    ),
    Operation(
        "GET",
        "/drift",
        drift.compare_window,
        "read",
        "Drift",
        "Drift",
        query="DriftQuery",
        errors=(404, 409, 503),
    ),
    Operation(
        "GET",
        "/compare",
        compare.compare_versions,
        "read",
        "Compare",
        "Comparison",
        query="CompareQuery",
        errors=(404, 409, 503),
    ),
    Operation("GET", "/lake", lake.list_datasets, "read", "Drift", "LakeDatasets", errors=(503,)),
    Operation(
        "POST",
        "/retrain",
        jobs.retrain,
        "admin",
        "Retraining",
        "Job",
        body="RetrainBody",
        errors=(409, 413, 415, 503),
        status=202,
    ),
    Operation("GET", "/retrain", jobs.policy, "read", "Retraining", "PolicyState", errors=(503,)),
    Operation(
        "GET",
        "/jobs",
        jobs.history,
        "read",
        "Retraining",
        "JobList",
        query="JobsQuery",
        errors=(503,),
    ),
    Operation("GET", "/jobs/<job>", jobs.one, "read", "Retraining", "Job", errors=(404, 503)),
    Operation(
        "DELETE", "/jobs/<job>", jobs.cancel, "admin", "Retraining", "Job", errors=(404, 409, 503)
    ),
)
