"""Where a model lies that is to be added, in any of the ways in which MLflow and people name it.

A folder, ``s3://…`` or ``gs://…``, ``models:/NAME/3``, ``models:/NAME@alias``, ``runs:/RUN/PATH``,
and ``models:/m-…`` or ``m-…`` for a logged model.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from webapp.catalog.digest import sized_files
from webapp.catalog.mlmodel import MLMODEL, find_models
from webapp.catalog.stores.artifact_places import find_files
from webapp.catalog.stores.artifact_sizes import refuse_oversize
from webapp.catalog.stores.mlflow_clients import (
    RemoteError,
    repository,
    set_up,
    translate_errors,
    without_password,
)
from webapp.catalog.versions import VERSION_NAME

_LOGGED = re.compile(r"(?:models:/)?(m-[0-9a-f]{32})/?")
_REGISTERED = re.compile(r"models:/([^/@]+)(?:/([^/@]+)|@([^/@]+))/?")
_RUN = re.compile(r"runs:/([0-9a-f]{32})/?(.*?)/?")
_BUCKET = ("s3://", "gs://")
# Names of folders that MLflow gives, which say nothing of the model in them
_NO_NAME = re.compile(r"(model|models|artifacts|outputs|m-[0-9a-f]+|[0-9a-f]{32}|[0-9]+)")
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", ".DS_Store", ".git", "registered_model_meta", ".ipynb_checkpoints"
)
_FORMS = "a folder, s3://…, gs://…, models:/NAME/3, models:/NAME@alias, runs:/RUN/PATH, or m-…"


class OriginError(ValueError):
    """A model isn't where it was said to be; the message says what to do."""


@dataclass(frozen=True)
class Registry:
    """An MLflow server, and what its owner trusts besides its own artifact store."""

    tracking_uri: str = ""
    more_places: Sequence[str] = ()


def is_address(text: str) -> bool:
    """True for an address of a model in MLflow, such as ``models:/churn/3``."""
    return text.startswith(("models:/", "runs:/")) or _LOGGED.fullmatch(text) is not None


def fetch_model(origin: str, place: Path, registry: Registry) -> str | None:
    """Copy a model to the new folder ``place``. Returns the name that it has there, if any.

    A version's name, such as churn_v3, comes with its number. Raises OriginError, RemoteError and
    OSError.
    """
    if is_address(origin):
        return _fetch_address(origin, place, registry)
    if origin.startswith(_BUCKET):
        set_up()
        _download(origin.rstrip("/"), place)
        return _name_of(urlsplit(origin).path.split("/"))
    path = Path(unquote(urlsplit(origin).path) if origin.startswith("file:") else origin)
    if "://" in origin and not origin.startswith("file:"):
        raise OriginError(f"{without_password(origin)} is of no kind that is taken here: {_FORMS}")
    folder = _find_folder(path.expanduser())
    for _ in sized_files(folder):  # refuses what is too large, before anything is copied
        pass
    shutil.copytree(folder, place, symlinks=True, ignore=_LEFT_OUT)
    return _name_of(folder.resolve().parts)


def find_version(address: str, registry: Registry) -> tuple[str, str]:
    """The registered model and the number of the version at an address.

    Of a run or a logged model it is the newest version. Raises OriginError and RemoteError.
    """
    match = _REGISTERED.fullmatch(address)
    if match is not None and (match[2] or "").isdecimal():
        return match[1], match[2]
    client = _connect(address, registry)
    with translate_errors(f"{address} can't be found"):
        if match is None:
            return _newest(address, _versions_of(client, address))
        name, number, alias = match.groups()
        if alias is None and number != "latest":
            raise RemoteError(
                f"{address} names no version: write models:/{name}/3, or {name}@alias"
            )
        if alias is not None:
            return name, str(client.get_model_version_by_alias(name, alias).version)
        return _newest(address, client.search_model_versions(f"name='{name}'"))


def _versions_of(client: Any, address: str) -> list[Any]:
    """The registered versions of a run or of a logged model."""
    if run := _RUN.fullmatch(address):
        return list(client.search_model_versions(f"run_id='{run[1]}'"))
    logged_model = _LOGGED.fullmatch(address)
    if logged_model is None:
        raise RemoteError(f"{address} is no address of a model: {_FORMS}")
    model = client.get_logged_model(logged_model[1])
    versions = client.search_model_versions(f"run_id='{model.source_run_id}'")
    return [each for each in versions if model.model_id in (each.model_id, each.source[-34:])]


def _newest(address: str, versions: Sequence[Any]) -> tuple[str, str]:
    if not versions:
        raise RemoteError(f"no version of {address} is registered")
    version = max(versions, key=lambda each: int(each.version))
    return version.name, str(version.version)


def _find_folder(path: Path) -> Path:
    """The folder of the one model at or below a path. Raises OriginError."""
    if path.name == MLMODEL and path.is_file():
        path = path.parent
    if path.is_file():
        what = "unpack it, and give" if path.suffix in (".zip", ".gz", ".tgz", ".tar") else "give"
        raise OriginError(f"{path} is a file: {what} the folder that has MLmodel in it")
    if not path.is_dir():
        raise OriginError(f"there is no folder {path}. A model is {_FORMS}")
    if (path / MLMODEL).is_file():
        return path
    inner = find_models(path)
    if len(inner) > 1:
        places = ", ".join(str(path / name) for name in inner[:3])
        raise OriginError(f"{path} has {len(inner):,} models inside: give one, such as {places}")
    return path / inner[0] if inner else path  # the reason why it is none comes with preparing


def _fetch_address(address: str, place: Path, registry: Registry) -> str | None:
    """Copy what MLflow has at an address."""
    client = _connect(address, registry)
    uri, name = address, None
    with translate_errors(f"{address} can't be found"):
        if match := _LOGGED.fullmatch(address):
            uri, name = f"models:/{match[1]}", client.get_logged_model(match[1]).name
        elif match := _RUN.fullmatch(address):
            uri, name = _find_in_run(client, match[1], match[2]), match[2].rpartition("/")[2]
        else:
            name, number = find_version(address, registry)
            uri = client.get_model_version_download_uri(name, number)
            name = f"{name}_v{number}"
        uri = find_files(client, uri, registry.tracking_uri, registry.more_places)
    _download(uri, place)
    return _name_of([name])


def _connect(address: str, registry: Registry) -> Any:
    """MLflow's client of the server that knows an address."""
    if not registry.tracking_uri:
        raise OriginError(
            f"MLFLOW_TRACKING_URI is unset: {address} needs the address of the MLflow server"
        )
    set_up(registry.tracking_uri)
    from mlflow import MlflowClient

    return MlflowClient(registry.tracking_uri, registry.tracking_uri)


def _find_in_run(client: Any, run_id: str, path: str) -> str:
    """Where a run's model lies: since MLflow 3 as a logged model of its own, before among files."""
    experiment = client.get_run(run_id).info.experiment_id
    models = client.search_logged_models([experiment], filter_string=f"source_run_id='{run_id}'")
    for model in models:
        if model.name == path or (not path and len(models) == 1):
            return f"models:/{model.model_id}"
    return f"runs:/{run_id}/{path}"


def _download(uri: str, place: Path) -> None:
    with translate_errors(f"{without_password(uri)} can't be downloaded"):
        repo = repository(uri)
        refuse_oversize(repo)
        place.mkdir()
        repo.download_artifacts("", str(place))
        (place / "registered_model_meta").unlink(missing_ok=True)
        if not any(place.iterdir()):
            raise RemoteError(f"{without_password(uri)} holds no files: check the address")


def _name_of(parts: Sequence[str]) -> str | None:
    """The innermost name that somebody gave."""
    for part in reversed(parts):
        if part == "mlruns":
            return None  # above it are folders of people, not of models
        if part and not _NO_NAME.fullmatch(part) and VERSION_NAME.fullmatch(part):
            return part
    return None
