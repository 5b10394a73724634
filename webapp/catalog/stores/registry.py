"""Versions in an MLflow Model Registry, and the alias ``champion``.

Version 3 of the registered model ``games`` is our ``games_v3``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from webapp.catalog.stores import run_metadata
from webapp.catalog.stores.artifact_places import find_files
from webapp.catalog.stores.artifact_sizes import refuse_oversize
from webapp.catalog.stores.mlflow_clients import (
    repository,
    set_up,
    translate_errors,
    without_password,
)
from webapp.catalog.stores.store import RemoteStore, SavingError

ALIAS = "champion"
_PAGE = 1000
_META = "registered_model_meta"  # mlflow writes it into what it downloads; it is no part of a model


class RegistryStore(RemoteStore):
    """The versions of one registered model."""

    assigns_numbers = True

    def __init__(self, name: str, tracking_uri: str, sources: Sequence[str] = ()) -> None:
        self._name = name
        self._tracking_uri = tracking_uri
        self._sources = sources  # where its versions may lie besides its own store
        self._lazy_client: Any = None

    @property
    def display_name(self) -> str:
        """The registered model and its server."""
        return f"models:/{self._name} at {without_password(self._tracking_uri)}"

    def location(self, version: str) -> str:
        """MLflow's address of a version, our name of it, and the server."""
        server = without_password(self._tracking_uri)
        return f"models:/{self._name}/{self.number(version)} ({version}) at {server}"

    def check_name(self, name: str) -> str:
        """Return the registered model's name, the only one allowed here. Raises SavingError."""
        if name != self._name:
            raise SavingError(
                f"--name {name!r}: MODELS_URI is models:/{self._name}, "
                f"so new versions are of {self._name!r}"
            )
        return name

    def name_for(self, default: str) -> str:
        """The registered model's name, the only one allowed here."""
        del default
        return self._name

    def _publish(
        self, folder: Path, name: str, why: Mapping[str, Any], check_lock: Callable[[], None]
    ) -> str:
        """Log the version to a run and register it. The server assigns the number."""
        facts = run_metadata.read_own_facts(folder)
        metadata = run_metadata.describe_run(name, facts, why)
        number = run_metadata.register_version(self._client(), name, folder, metadata, check_lock)
        return self.version(number)

    def _publish_as(self, folder: Path, version: str) -> None:
        """Refuse: the server assigns the numbers."""
        raise SavingError(f"{version} can't be chosen for {folder.name}: numbers are assigned")

    def list_versions(self) -> dict[str, str]:
        """Each version's name with a mark that changes when the version does.

        Raises RemoteError.
        """
        with translate_errors("its versions can't be listed"):
            client = self._client()
            versions, token = [], None  # a model that nobody registered yet has none
            while True:
                page = client.search_model_versions(
                    f"name='{self._name}'", max_results=_PAGE, page_token=token
                )
                versions += [each for each in page if each.status == "READY"]
                token = page.token
                if not token:
                    return {self.version(each.version): _version_mark(each) for each in versions}

    def download(self, version: str, mark: str, place: Path) -> bool:
        """Download a version into the new folder ``place``. Raises RemoteError."""
        del mark  # a registered version doesn't change
        with translate_errors("Its files can't be downloaded"):
            client = self._client()
            uri = client.get_model_version_download_uri(self._name, self.number(version))
            uri = find_files(client, uri, self._tracking_uri, self._sources)
            repo = repository(uri)
            refuse_oversize(repo)
            place.mkdir()
            repo.download_artifacts("", str(place))
            (place / _META).unlink(missing_ok=True)
            return True

    def alias(self) -> str | None:
        """The version that has the alias ``champion``, or None. Raises RemoteError."""
        with translate_errors(f"the alias {ALIAS} can't be read from {self.display_name}"):
            client = self._client()
            if not client.search_registered_models(f"name='{self._name}'"):
                return None  # no version of it is registered yet
            aliases = client.get_registered_model(self._name).aliases
            return self.version(aliases[ALIAS]) if ALIAS in aliases else None

    def set_alias(self, version: str) -> None:
        """Give the alias ``champion`` to a version. Raises RemoteError."""
        with translate_errors(f"the alias {ALIAS} can't be set at {self.display_name}"):
            self._client().set_registered_model_alias(self._name, ALIAS, self.number(version))

    def version(self, number: object) -> str:
        """Our name of the version with that number."""
        return f"{self._name}_v{number}"

    def number(self, version: str) -> str:
        """The registry's number of one of our names."""
        return version.removeprefix(f"{self._name}_v")

    def holds(self, version: str) -> bool:
        """True if it could name a version of this model, whether or not that version exists."""
        number = self.number(version)
        return version == self.version(number) and number.isascii() and number.isdigit()

    def _client(self) -> Any:
        if self._lazy_client is None:
            set_up(self._tracking_uri)
            from mlflow import MlflowClient

            self._lazy_client = MlflowClient(self._tracking_uri, self._tracking_uri)
        return self._lazy_client


def open_registry(uri: str, tracking_uri: str, sources: Sequence[str] = ()) -> RegistryStore:
    """The registered model of ``models:/NAME``. Makes no request yet."""
    return RegistryStore(uri.removeprefix("models:/"), tracking_uri, sources)


def _version_mark(version: Any) -> str:
    """A digest that differs between two registrations of the same number."""
    identity = (version.creation_timestamp, version.source, version.run_id)
    return hashlib.sha256(repr(identity).encode()).hexdigest()
