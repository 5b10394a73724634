"""`everycase sync` follows sources on the registry's own artifact store only."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from webapp.catalog.stores.artifact_places import find_files
from webapp.catalog.stores.mlflow_clients import RemoteError
from webapp.catalog.stores.registry import RegistryStore

SERVER = "https://me:secret@mlflow.example/base"


class HandClient:
    """A registry whose first experiment, runs and logged models lie where a test says."""

    def __init__(self, store: str = "mlflow-artifacts:/0", files: str = "") -> None:
        self._store, self._files = store, files
        self.source = ""

    def get_experiment(self, experiment: str) -> Any:
        assert experiment == "0"
        if not self._store:
            raise LookupError("hidden")
        return SimpleNamespace(artifact_location=self._store)

    def get_run(self, run: str) -> Any:
        return SimpleNamespace(info=SimpleNamespace(artifact_uri=f"{self._files}/{run}/artifacts"))

    def get_logged_model(self, model: str) -> Any:
        return SimpleNamespace(artifact_location=f"{self._files}/models/{model}/artifacts")

    def get_model_version_download_uri(self, *_version: str) -> str:
        return self.source


@pytest.mark.parametrize(
    ("uri", "store"),
    [
        ("mlflow-artifacts:/3/models/m-1/artifacts", "mlflow-artifacts:/0"),
        ("mlflow-artifacts://mlflow.example/3/m", "mlflow-artifacts:/0"),
        ("https://mlflow.example/base/api/2.0/mlflow-artifacts/artifacts/3/m", ""),
        ("s3://bucket/ml/3/m", "s3://bucket/ml/0"),
        ("s3://bucket/3/m", "s3://bucket/0"),
        ("/srv/mlruns/3/m", "/srv/mlruns/0"),
        ("file:///srv/mlruns/3/m", "/srv/mlruns/0"),
    ],
)
def test_files_of_its_own_store_are_followed(uri: str, store: str) -> None:
    assert find_files(HandClient(store), uri, SERVER) == uri


@pytest.mark.parametrize(
    ("uri", "store"),
    [
        ("file:///etc", "mlflow-artifacts:/0"),
        ("/etc", "mlflow-artifacts:/0"),
        ("file:///etc", "/0"),  # all of this machine is no store
        ("/srv/other/m", "/srv/mlruns/0"),
        ("/srv/mlruns-other/m", "/srv/mlruns/0"),
        ("/srv/mlruns/../../etc", "/srv/mlruns/0"),
        ("/srv/mlruns/%2e%2e/%2e%2e/etc", "/srv/mlruns/0"),
        ("/srv/mlruns/%252e%252e/etc", "/srv/mlruns/0"),
        ("file://evil.example/srv/mlruns/m", "/srv/mlruns/0"),
        ("mlflow-artifacts://evil.example/3/m", "mlflow-artifacts:/0"),
        ("mlflow-artifacts://mlflow.example@evil.example/3/m", "mlflow-artifacts:/0"),
        ("mlflow-artifacts://mlflow.example:5001/3/m", "mlflow-artifacts:/0"),
        ("https://evil.example/base/api/2.0/mlflow-artifacts/artifacts/3", "mlflow-artifacts:/0"),
        ("http://mlflow.example/base/api/2.0/mlflow-artifacts/artifacts/3", "mlflow-artifacts:/0"),
        ("https://mlflow.example/elsewhere", "mlflow-artifacts:/0"),
        ("s3://other/ml/3/m", "s3://bucket/ml/0"),
        ("s3://bucket/mlother/m", "s3://bucket/ml/0"),
        ("gs://bucket/ml/m", "s3://bucket/ml/0"),
        ("models:/other/1", "mlflow-artifacts:/0"),
        ("ftp://[", "mlflow-artifacts:/0"),
        ("", ""),
    ],
)
def test_all_others_are_refused_with_the_mend(uri: str, store: str) -> None:
    with pytest.raises(RemoteError, match="set MODELS_SOURCES if you trust that place"):
        find_files(HandClient(store), uri, SERVER)


@pytest.mark.parametrize("uri", ["runs:/r1/model", "models:/m-1"])
def test_a_run_or_logged_model_is_looked_behind(uri: str) -> None:
    good = find_files(HandClient(files="mlflow-artifacts:/3"), uri, SERVER)
    assert good.startswith("mlflow-artifacts:/3/")
    for files in ("https://evil.example/x", "file:///etc", "models:", "runs:/r2"):
        with pytest.raises(RemoteError, match="outside the registry's own"):
            find_files(HandClient(files=files), uri, SERVER)


def test_places_that_the_owner_trusts() -> None:
    client, uri = HandClient(), "s3://team/models/m-1"
    assert find_files(client, uri, SERVER, ["s3://team/models"]) == uri
    with pytest.raises(RemoteError):
        find_files(client, uri, SERVER, ["s3://team/model"])
    assert find_files(client, "dbfs:/databricks/x", "databricks") == "dbfs:/databricks/x"


def test_nothing_is_copied_from_this_machine(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "MLmodel").write_text("secret")
    store, client = RegistryStore("games", SERVER), HandClient()
    store._lazy_client = client
    for source in (f"file://{tmp_path}/private", f"{tmp_path}/private"):
        client.source = source
        with pytest.raises(RemoteError, match="outside the registry's own"):
            store.download("games_v1", "", tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
