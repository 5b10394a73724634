"""Log a new version to MLflow as a run: parameters, metrics, cause of the training, and model."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import yaml

from webapp.catalog.description import OUTCOME
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.mends import flavor_of
from webapp.catalog.prepared import FACTS, Facts, read_facts

WHY = "everycase.why."
_MADE_BY = {"everycase.made_by": "everycase"}
_LONGEST = 4000  # MLflow refuses longer values of tags and parameters
_NOT_IN_KEYS = re.compile(r"[^\w\-. /:]")


@dataclass(frozen=True)
class RunMetadata:
    """The parameters, metrics and tags logged with a version, in MLflow's terms."""

    title: str
    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    why: Mapping[str, Any]


def read_own_facts(folder: Path) -> Facts:
    """The facts that come with a model, or else what its file ``MLmodel`` says of its training.

    Raises OSError and yaml.YAMLError.
    """
    own = folder / OWN_FOLDER
    if (own / FACTS).is_file():
        return read_facts(own)
    mlmodel = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    training = dict((mlmodel.get("metadata") or {}).get(OWN_FOLDER) or {})
    training.pop(OUTCOME, None)
    return Facts("", flavor=flavor_of(mlmodel["flavors"]), training=training)


def describe_run(name: str, facts: Facts, why: Mapping[str, Any]) -> RunMetadata:
    """Run metadata from a version's facts and the cause of its training.

    Numbers among the training facts become metrics, everything else parameters. Nested keys are
    joined with dots, except that those under ``parameters`` keep their own names.
    """
    parameters: dict[str, str] = {}
    metrics: dict[str, float] = {}
    for key, value in _flatten(facts.training):
        if _is_number(value) and not key.startswith("parameters.") and key != "seed":
            metrics[key.replace(".", "_")] = float(value)
        else:
            parameters[key.removeprefix("parameters.")] = _as_text(value)
    tags = _MADE_BY | {WHY + _clean_key(key): _as_text(value) for key, value in why.items()}
    title = f"{name} {facts.training.get('estimator', facts.flavor)}"
    return RunMetadata(title, parameters, metrics, tags, why)


def register_version(
    client: Any, name: str, folder: Path, metadata: RunMetadata, check_lock: Callable[[], None]
) -> str:
    """Log the model to a run of its own, register it, and return the new version's number.

    ``check_lock`` is called when all files are uploaded, before the version is registered, and may
    raise. A run that fails is marked as failed.
    """
    run = client.create_run(
        _find_experiment(client, name), run_name=metadata.title, tags=metadata.tags
    )
    run_id = run.info.run_id
    try:
        _log_parameters(client, run_id, metadata)
        model_id = _log_model(client, run, name, folder, metadata)
        _ensure_registered(client, name)
        check_lock()
        version = client.create_model_version(
            name, f"models:/{model_id}", run_id, tags=metadata.tags, model_id=model_id
        )
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return str(version.version)


def _log_model(client: Any, run: Any, name: str, folder: Path, metadata: RunMetadata) -> str:
    """Log the model with its files and metrics and return its id."""
    model = client.create_logged_model(
        run.info.experiment_id,
        name=name,
        source_run_id=run.info.run_id,
        params=metadata.parameters,
        tags=metadata.tags,
    )
    client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, "READY")
    _log_metrics(client, run.info.run_id, metadata, model.model_id)
    return str(model.model_id)


def _ensure_registered(client: Any, name: str) -> None:
    """Create the registered model unless it exists, also if another process does so now."""
    from mlflow.exceptions import MlflowException

    if not client.search_registered_models(f"name='{name}'"):
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _find_experiment(client: Any, name: str) -> str:
    """Id of the experiment named like the registered model, which is created if missing."""
    experiment = client.get_experiment_by_name(name)
    return str(experiment.experiment_id if experiment else client.create_experiment(name))


def _log_parameters(client: Any, run_id: str, metadata: RunMetadata) -> None:
    from mlflow.entities import Param

    params = [Param(key, value) for key, value in metadata.parameters.items()]
    client.log_batch(run_id, params=params)
    if metadata.why:
        client.log_text(run_id, json.dumps(metadata.why, indent=2, default=str), "why.json")


def _log_metrics(client: Any, run_id: str, metadata: RunMetadata, model_id: str) -> None:
    """Log the metrics to the run and to its model: MLflow shows both."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [
        Metric(key, value, now, 0, model_id=model_id, run_id=run_id)
        for key, value in metadata.metrics.items()
    ]
    client.log_batch(run_id, metrics=metrics)


def _flatten(values: Mapping[str, Any], within: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        key = within + _clean_key(name)
        pairs += _flatten(value, f"{key}.") if isinstance(value, Mapping) else [(key, value)]
    return pairs


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _clean_key(name: object) -> str:
    return _NOT_IN_KEYS.sub("_", str(name))[:200]


def _as_text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:_LONGEST]
