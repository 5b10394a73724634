"""The OpenAPI description, made from the table of operations. Imported only when it is requested.

The library describes a Flask app: the operations are registered with one that is never served.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version as installed
from inspect import cleandoc
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI

from webapp.api.v1 import (
    schemas,
    schemas_compare,
    schemas_drift,
    schemas_events,
    schemas_lake,
    schemas_retrain,
)
from webapp.api.v1.operations import OPERATIONS, PREFIX, Operation

_INTRODUCTION = """
Predictions of a small classifier with yes/no features, and their outcomes.

Every prediction is in the event log before it is sent. All errors have one shape, `{"error":
{"code", "message", "field"?}}`; 429 and 503 say in `Retry-After` how many seconds to wait.
"""
_TAGS = {
    "Predictions": "Predict, and record outcomes later.",
    "Versions": "The model versions and their score tables.",
    "Champion": "The version that answers requests without a version.",
    "Drift": "Has the traffic changed, and does it hurt?",
    "Compare": "Which version performs best on past traffic.",
    "Retraining": "Train a better version in the background.",
}
_SCHEMES: dict[str, Any] = {
    "api_token": {"type": "http", "scheme": "bearer", "description": "The setting API_TOKEN."},
    "admin_token": {"type": "http", "scheme": "bearer", "description": "The setting ADMIN_TOKEN."},
}
_SECURITY: dict[str, list[dict[str, list[Any]]]] = {
    "read": [{}, {"api_token": []}, {"admin_token": []}],  # open unless API_TOKEN is set
    "outcomes": [{"api_token": []}, {"admin_token": []}],
    "admin": [{"admin_token": []}],
}
_EVERYWHERE = (400, 401, 403, 429)
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


@lru_cache(maxsize=4)
def describe(features: tuple[str, ...], version: str = "champion_v1") -> dict[str, Any]:
    """The OpenAPI 3.1 document; champion and its ``features`` are for the examples."""
    info = Info(
        title="Everycase", version=installed("everycase"), description=cleandoc(_INTRODUCTION)
    )
    app = OpenAPI(
        "everycase.description",
        info=info,
        security_schemes=_SCHEMES,
        validation_error_status=400,
        validation_error_model=schemas.Error,
        doc_ui=False,
        static_folder=None,
    )
    modules = (
        schemas,
        schemas_compare,
        schemas_drift,
        schemas_events,
        schemas_lake,
        schemas_retrain,
    )
    models = {name: model for module in modules for name, model in vars(module).items()}
    models |= schemas.row_schemas(features)
    for operation in OPERATIONS:
        _add(app, operation, models)
    document: dict[str, Any] = app.api_doc
    _add_examples(document, features, version)
    return document


def _add(app: OpenAPI, operation: Operation, models: dict[str, Any]) -> None:
    summary, _, text = cleandoc(operation.view.__doc__ or "").partition("\n")
    register = getattr(app, operation.method.lower())
    register(
        PREFIX + operation.path,
        summary=summary.rstrip("."),
        description=text.strip(),
        operation_id=operation.view.__name__,
        tags=[Tag(name=operation.tag, description=_TAGS[operation.tag])],
        responses=_responses(operation, models),
        security=_SECURITY[operation.role],
    )(_stub(operation, models))


def _stub(operation: Operation, models: dict[str, Any]) -> Callable[..., None]:
    """A function whose annotations name the models, which is where the library reads them."""

    def stub() -> None:
        raise NotImplementedError  # this app is never served

    stub.__annotations__ = {}
    stub.__name__ = operation.view.__name__
    if operation.body is not None:
        stub.__annotations__["body"] = models[operation.body]
    if operation.query is not None:
        stub.__annotations__["query"] = models[operation.query]
    if "<version>" in operation.path:
        stub.__annotations__["path"] = schemas.VersionPath
    if "<job>" in operation.path:
        stub.__annotations__["path"] = schemas_retrain.JobPath
    return stub


def _responses(operation: Operation, models: dict[str, Any]) -> dict[int, Any]:
    answers: dict[int, Any] = {operation.status: models[operation.answer]}
    if operation.partly is not None:
        answers[207] = models[operation.partly]
    for status in sorted({*_EVERYWHERE, *operation.errors}):
        answers[status] = schemas.Error
    return answers


def _add_examples(document: dict[str, Any], features: tuple[str, ...], version: str) -> None:
    row = {name: i % 2 for i, name in enumerate(features)}
    examples = {
        "/predict": {"features": row, "request_id": "order-1001"},
        "/predict/batch": [row, {name: 1 - value for name, value in row.items()}],
        "/outcomes": [{"id": "01936b2e-7c00-7abc-8def-0123456789ab", "label": 1}],
        "/events": {"events": [{"request_id": "visit-1", "version": version, "case": 1}]},
        "/champion": {"version": version, "reason": "Better on last month's traffic."},
        "/retrain": {"estimators": ["logit", "logit2"], "windows": ["2000", "all"]},
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                content["example"] = examples[path.removeprefix(PREFIX)]
            for status in {"429", "503"} & operation["responses"].keys():
                operation["responses"][status]["headers"] = _RETRY
            if path.endswith("/scores"):
                text = {"schema": {"type": "string"}}
                operation["responses"]["200"]["content"]["text/csv"] = text
                operation["responses"]["304"] = {"description": "Not changed, see ETag."}
