"""MLflow's clients with little logging, short timeouts and readable errors.

Only for short processes: its functions import mlflow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.catalog.error_text import first_line

# Read by mlflow and boto on import or at a request. Values from the environment win.
_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "AWS_MAX_ATTEMPTS": "2",
}
_EXTRAS = {
    "boto3": "pip install '.[s3]' in the project's folder",
    "google": "pip install google-cloud-storage",
}
_PASSWORD = re.compile(r"//[^/@\s]*@")


class RemoteError(Exception):
    """A registry or bucket can't be read or written now; the message says why."""


def set_up(tracking_uri: str = "") -> None:
    """Set mlflow's logging, timeouts and, if given, the address of its server."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if tracking_uri:
        import mlflow

        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)


def repository(uri: str) -> Any:
    """MLflow's client for the files at an address: s3, gs, an MLflow server or a folder."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(uri)


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Turn any error of a client into a RemoteError that begins with ``what``."""
    try:
        yield
    except RemoteError:
        raise
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        command = _EXTRAS.get(package, f"pip install {package}")
        raise RemoteError(f"{what}: {package} isn't installed; run {command}") from error
    except Exception as error:  # requests, urllib3, botocore, google and mlflow have their own
        raise RemoteError(f"{what}: {without_password(_words(error))}") from error


def _words(error: Exception) -> str:
    """An error in one line; MLflow's own say what is wrong without their kind."""
    return first_line(error).removeprefix("MlflowException: ")


def without_password(text: str) -> str:
    """A message or an address without user and password of URLs in it."""
    return _PASSWORD.sub("//", text)
