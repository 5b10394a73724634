"""Versions in an MLflow Model Registry, and the alias ``champion``.

Version 3 of the registered model ``games`` is our ``games_v3``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from webapp.catalog.prepared import PreparedError, read_facts
from webapp.catalog.stores import run_metadata
from webapp.catalog.stores.folder import SavingError, always, draft_elsewhere, write_why
from webapp.catalog.stores.mlflow_clients import (
    RemoteError,
    repository,
    set_up,
    translated,
    without_password,
)

ALIAS = "champion"
_PAGE = 1000
_META = "registered_model_meta"  # mlflow writes it into what it downloads; it is no part of a model


class RegistryStore:
    """The versions of one registered model."""

    def __init__(self, name: str, tracking_uri: str) -> None:
        self._name = name
        self._tracking_uri = tracking_uri
        self._known: Any = None

    @property
    def shown(self) -> str:
        """The model and its server."""
        return f"models:/{self._name} at {without_password(self._tracking_uri)}"

    def place(self, version: str) -> str:
        """What MLflow calls a version."""
        return f"models:/{self._name}/{self.number(version)} ({version}) at " + without_password(
            self._tracking_uri
        )

    def check_name(self, name: str) -> str:
        """Only the registered model's own. Raises SavingError."""
        if name != self._name:
            raise SavingError(
                f"--name {name!r}: MODELS_URI is models:/{self._name}, "
                f"so new versions are of {self._name!r}"
            )
        return name

    def name_for(self, wanted: str) -> str:
        """The registered model's."""
        del wanted
        return self._name

    def draft(self) -> AbstractContextManager[Path]:
        """A folder on this machine."""
        return draft_elsewhere()

    def add(
        self,
        folder: Path,
        name: str,
        why: Mapping[str, Any] | None = None,
        still: Callable[[], None] = always,
    ) -> str:
        """Log it to a run and register it: the server gives the number. Raises SavingError."""
        write_why(folder, why)
        try:
            with translated(f"{self.shown} can't be written"):
                facts = read_facts(folder / "everycase")
                told = run_metadata.of(name, facts, why or {})
                number = run_metadata.register(self._client(), name, folder, told, still)
        except (RemoteError, PreparedError) as error:
            raise SavingError(str(error)) from error
        return self.version(number)

    def listing(self) -> dict[str, str]:
        """The name of each version, and a mark that changes when it does. Raises RemoteError."""
        with translated("it can't be listed"):
            client = self._client()
            found, token = [], None  # of a model that nobody registered yet it finds none
            while True:
                page = client.search_model_versions(
                    f"name='{self._name}'", max_results=_PAGE, page_token=token
                )
                found += [version for version in page if version.status == "READY"]
                token = page.token
                if not token:
                    return {self.version(one.version): _mark(one) for one in found}

    def download(self, version: str, mark: str, place: Path) -> bool:
        """Bring a version to the new folder ``place``. Raises RemoteError."""
        del mark  # a registered version doesn't change
        with translated("its files can't be downloaded"):
            uri = self._client().get_model_version_download_uri(self._name, self.number(version))
            place.mkdir()
            repository(uri).download_artifacts("", str(place))
            (place / _META).unlink(missing_ok=True)
            return True

    def alias(self) -> str | None:
        """The version that the alias ``champion`` is on. Raises RemoteError."""
        with translated(f"{self.shown} can't be asked for its alias"):
            client = self._client()
            if not client.search_registered_models(f"name='{self._name}'"):
                return None  # the first version of it is yet to come
            aliases = client.get_registered_model(self._name).aliases
            return self.version(aliases[ALIAS]) if ALIAS in aliases else None

    def set_alias(self, version: str) -> None:
        """Move the alias ``champion``. Raises RemoteError."""
        with translated(f"the alias {ALIAS} can't be set at {self.shown}"):
            self._client().set_registered_model_alias(self._name, ALIAS, self.number(version))

    def version(self, number: object) -> str:
        """Our name of a version."""
        return f"{self._name}_v{number}"

    def number(self, version: str) -> str:
        """The registry's number of one of our names."""
        return version.removeprefix(f"{self._name}_v")

    def holds(self, version: str) -> bool:
        """Is it the name of a version of this model, there or not?"""
        number = self.number(version)
        return version == self.version(number) and number.isascii() and number.isdigit()

    def _client(self) -> Any:
        if self._known is None:
            set_up(self._tracking_uri)
            from mlflow import MlflowClient

            self._known = MlflowClient(self._tracking_uri, self._tracking_uri)
        return self._known


def open_registry(uri: str, tracking_uri: str) -> RegistryStore:
    """The registered model of ``models:/NAME``. Nothing is asked yet."""
    return RegistryStore(uri.removeprefix("models:/"), tracking_uri)


def _mark(version: Any) -> str:
    """A digest of what tells one registration from another of the same number."""
    told = (version.creation_timestamp, version.source, version.run_id)
    return hashlib.sha256(repr(told).encode()).hexdigest()
