"""Versions in a bucket, against moto's server: brought, added by several at once, never half."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.mlflow_models import prepare_here
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.catalog.digest import model_digest
from webapp.catalog.scan import Scanner
from webapp.catalog.stores import bucket, mirror
from webapp.catalog.stores.bucket import MLMODEL, BucketStore
from webapp.catalog.stores.mirror_state import read_state
from webapp.catalog.stores.mlflow_clients import RemoteError
from webapp.catalog.stores.store import SavingError
from webapp.cli.main import main
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")  # what these libraries warn of is not ours

SHIPPED = ROOT / "models" / "logit_games_v1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client, with an empty bucket ``models``."""
    import boto3

    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="models")
    yield client
    for item in client.list_objects_v2(Bucket="models").get("Contents", []):
        client.delete_object(Bucket="models", Key=item["Key"])


@pytest.fixture
def store(s3: Any) -> BucketStore:
    return BucketStore("s3://models/live", sleep=lambda _: None)


def add(store: BucketStore, name: str = "games") -> str:
    with store.draft() as draft:
        shutil.copytree(SHIPPED, draft / "model")
        return store.add(draft / "model", name, {"verdict": "drifted"})


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="models").get("Contents", [])]


def look(store: BucketStore, folder: Path) -> set[str]:
    state = mirror.sync_once(store, folder, every=30)
    assert state.away is None, state.error
    return set(state.marks)


def test_what_is_added_comes_and_what_is_deleted_goes(
    store: BucketStore, s3: Any, tmp_path: Path
) -> None:
    assert store.check_name("games") == "games"
    assert add(store) == "games_v1"
    assert look(store, tmp_path) == {"games_v1"}
    assert model_digest(tmp_path / "games_v1") == model_digest(SHIPPED)
    assert (tmp_path / "games_v1" / "everycase" / "why.json").is_file()
    assert add(store) == "games_v2"
    before = (tmp_path / "games_v1").stat().st_ino
    assert look(store, tmp_path) == {"games_v1", "games_v2"}
    assert (tmp_path / "games_v1").stat().st_ino == before  # not brought again
    for key in keys(s3):
        if "/games_v1/" in key and ".claims" not in key:
            s3.delete_object(Bucket="models", Key=key)
    assert look(store, tmp_path) == {"games_v2"}
    assert not (tmp_path / "games_v1").exists()
    assert add(store) == "games_v3"  # its number is not taken again
    assert store.location("games_v3") == "s3://models/live/games_v3"


def lost() -> None:
    raise RuntimeError("the lock is lost")


def test_who_may_not_any_more_adds_nothing(store: BucketStore, tmp_path: Path) -> None:
    with store.draft() as draft:
        shutil.copytree(SHIPPED, draft / "model")
        with pytest.raises(SavingError, match="the lock is lost"):
            store.add(draft / "model", "games", check_lock=lost)
    assert look(store, tmp_path) == set()
    assert add(store) == "games_v2"  # the number was claimed


def test_no_half_version_is_ever_seen(
    store: BucketStore, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every file of an upload somebody looks; before its last one it is killed."""
    from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

    upload, views = S3ArtifactRepository.log_artifact, []

    def watched(self: Any, local_file: str, artifact_path: str | None = None) -> None:
        if Path(local_file).name == MLMODEL:
            views.append(look(store, tmp_path))
            raise KeyboardInterrupt
        upload(self, local_file, artifact_path)
        views.append(look(store, tmp_path))

    monkeypatch.setattr(S3ArtifactRepository, "log_artifact", watched)
    with pytest.raises(KeyboardInterrupt):
        add(store)
    monkeypatch.undo()
    assert len(views) > 5
    assert set.union(*views) == set()


def test_two_at_once_take_different_numbers(s3: Any) -> None:
    stores = [BucketStore("s3://models/live") for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as pool:
        names = list(pool.map(add, stores))
    assert len(set(names)) == len(names)
    assert set(names) == set(stores[0].list_versions())


def test_a_version_from_elsewhere_must_be_at_rest(s3: Any, tmp_path: Path) -> None:
    def put(name: str) -> None:
        s3.upload_file(str(SHIPPED / name), "models", f"live/own_v1/{name}")

    late = iter(["model.skops", None])

    def sleep(_: float) -> None:
        if name := next(late):
            put(name)

    store = BucketStore("s3://models/live", sleep=sleep)
    put("MLmodel")  # whatever uploaded it began with this
    assert look(store, tmp_path) == set()
    assert look(store, tmp_path) == {"own_v1"}
    assert (tmp_path / "own_v1" / "model.skops").is_file()


def test_a_version_that_is_replaced_is_brought_again(
    store: BucketStore, s3: Any, tmp_path: Path
) -> None:
    add(store)
    look(store, tmp_path)
    text = (SHIPPED / "MLmodel").read_bytes()
    s3.put_object(Bucket="models", Key="live/games_v1/MLmodel", Body=text.replace(b"4000", b"4001"))
    look(store, tmp_path)
    assert b"4001" in (tmp_path / "games_v1" / "MLmodel").read_bytes()
    assert [path.name for path in tmp_path.glob(".fetching-*")] == []


def test_an_empty_bucket_takes_nothing_away(store: BucketStore, s3: Any, tmp_path: Path) -> None:
    add(store)
    look(store, tmp_path)
    for key in keys(s3):
        s3.delete_object(Bucket="models", Key=key)
    state = mirror.sync_once(store, tmp_path, every=30)
    assert state.error == "it holds no versions any more"
    assert (tmp_path / "games_v1").is_dir()
    assert [entry.name for entry in Scanner(tmp_path, tmp_path / "records").scan()] == ["games_v1"]


def test_the_commands_work_on_a_bucket(s3: Any, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "rows.csv", labelled_rows(1200))
    environ = {"MODELS_URI": "s3://models/live", "VAR_DIR": str(tmp_path / "var")}

    def everycase(*words: str) -> str:
        result = CliRunner().invoke(main, list(words), env=environ)
        assert result.exit_code == 0, result.output
        return result.output

    output = everycase("train", "--name", "own", "--data", str(data), "--rows", "1:1000")
    assert "Saved      s3://models/live/own_v1" in output
    rows = ("--data", str(data), "--rows", "1001:1200")
    assert "own_v1   0." in everycase("evaluate", *rows)
    assert "own_v1                   ready" in everycase("versions")
    assert "1,024 cases agree" in everycase("verify")


def test_crafted_keys_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that holds itself, and a file that would land outside of the mirror."""
    from mlflow.entities import FileInfo
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

    class Crafted(ArtifactRepository):
        def list_artifacts(self, path: str | None = None) -> list[Any]:
            if not path:
                return [FileInfo("evil_v1", True, None)]
            inside = [FileInfo(f"{path}/MLmodel", False, 1), FileInfo(".", True, None)]
            return [*inside, FileInfo(f"{path}/../../../out", False, 1), FileInfo(path, True, None)]

        def log_artifact(self, *_: Any) -> None: ...

        def log_artifacts(self, *_: Any) -> None: ...

        def _download_file(self, **paths: str) -> None:
            Path(paths["local_path"]).write_text("x")

    monkeypatch.setattr(bucket, "repository", Crafted)
    state = mirror.sync_once(
        BucketStore("s3://m/live", lambda _: None), tmp_path / "a" / "b", every=30
    )
    assert state.away is None
    (entry,) = Scanner(tmp_path / "a" / "b", tmp_path / "records").scan()
    assert (entry.name, entry.status) == ("evil_v1", "unavailable")
    assert "Its files can't be downloaded" in str(entry.reason)
    assert not list(tmp_path.glob("**/out"))


def test_what_can_not_be_reached_is_reported(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = BucketStore("s3://nowhere/live")
    with pytest.raises(RemoteError, match=r"its versions can't be listed: .* does not exist"):
        absent.list_versions()
    with pytest.raises(SavingError, match="s3://nowhere/live can't be written"):
        add(absent)
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    state = mirror.sync_once(BucketStore("s3://models/live"), tmp_path, every=30)
    assert "can't be listed" in str(state.error)
    assert read_state(tmp_path).away == state.away is not None


def test_a_model_is_added_to_a_bucket_and_from_one(
    store: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.cli.models.make_preparer", prepare_here)
    model = shutil.copytree(SHIPPED, tmp_path / "churn_v3", ignore=shutil.ignore_patterns("every*"))

    def add(origin: str, models: str, *words: str) -> tuple[int, str]:
        variables = {"MODELS_URI": models, "VAR_DIR": str(tmp_path / "var")}
        result = CliRunner().invoke(main, ["add", origin, *words], env=variables)
        return result.exit_code, result.output

    code, output = add(str(model), "s3://models/live")
    assert (code, output[:32]) == (0, "Added s3://models/live/churn_v3\n")
    assert list(store.list_versions()) == ["churn_v3"]
    code, output = add(str(model), "s3://models/live")
    assert (code, list(store.list_versions())) == (1, ["churn_v3"])
    assert "churn_v3 is in s3://models/live already: --as churn takes the next number" in output
    folder = tmp_path / "models"
    code, output = add("s3://models/live/churn_v3", str(folder), "--as", "stay")
    assert (code, output.splitlines()[0]) == (0, f"Added {folder}/stay_v1")
    assert model_digest(folder / "stay_v1") == model_digest(model)
    code, output = add("s3://models/live/churn_v4", str(folder))
    assert (code, [path.name for path in folder.iterdir()]) == (1, ["stay_v1"])
    assert "s3://models/live/churn_v4 holds no files: check the address" in output
