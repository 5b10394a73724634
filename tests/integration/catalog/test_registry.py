"""Versions in a real MLflow registry: registered, brought, kept in step, and the server away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.support.event_logs import fresh_database, hand_services, promotions
from tests.support.mlflow_models import prepare_here
from tests.support.mlflow_server import MlflowServer
from tests.support.versions import ready
from webapp.cases import Features
from webapp.catalog.digest import model_digest
from webapp.catalog.prepare import prepare
from webapp.catalog.prepared import read_prepared
from webapp.catalog.stores.mirror_state import Mirror, read_state
from webapp.catalog.stores.origins import Registry, find_version
from webapp.catalog.stores.registry import RegistryStore
from webapp.catalog.stores.saving_table import NewTable, save_table
from webapp.catalog.stores.store import SavingError
from webapp.catalog.trial import try_out
from webapp.cli.main import main
from webapp.db.database import Database, LogUnavailableError
from webapp.db.tables.ledger import Ledger
from webapp.db.tables.registry_alias import AliasMemory
from webapp.services.models.alias_sync import ACTOR, REASON, sync_alias
from webapp.settings import ROOT, Settings
from webapp.stats.counts import Counts
from webapp.timing import now_ms

pytestmark = pytest.mark.filterwarnings("ignore")  # what mlflow warns of is not ours to fix

WHY = {"policy": "on_gain", "verdict": "drifted", "gain": 0.0031, "window": {"from": "2026-11-01"}}
SECRETS = {"MLFLOW_TRACKING_USERNAME": "someone", "MLFLOW_TRACKING_PASSWORD": "not-to-be-seen"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    before = dict(os.environ)
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.kill()
    os.environ.clear()  # mlflow writes its address there
    os.environ.update(before)


def register(store: RegistryStore, name: str, version: str, why: dict[str, Any]) -> str:
    """Add a copy of a shipped version."""
    with store.draft() as draft:
        shutil.copytree(ROOT / "models" / version, draft / "model")
        return store.add(draft / "model", name, why)


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait for the first true result of ``condition``."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return value


def test_a_version_is_a_run_a_model_and_files(server: MlflowServer, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    store = RegistryStore("told", server.uri)
    assert (store.list_versions(), store.alias()) == ({}, None)  # nobody registered it yet
    with pytest.raises(SavingError, match="new versions are of 'told'"):
        store.check_name("other")
    assert register(store, store.check_name("told"), "logit_games_v1", WHY) == "told_v1"
    client = MlflowClient(server.uri)
    (version,) = client.search_model_versions("name='told'")
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["C"] == "1.0"
    assert run.data.params["rows"] == "1:4000"
    assert run.data.metrics["validation_log_loss"] == pytest.approx(0.38845, abs=1e-5)
    for tags in (run.data.tags, version.tags):
        assert tags["everycase.why.verdict"] == "drifted"
        assert json.loads(tags["everycase.why.window"]) == WHY["window"]
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    assert {metric.key for metric in model.metrics} >= {"validation_auc", "n"}
    (mark,) = store.list_versions().values()
    assert store.download("told_v1", mark, tmp_path / "got")
    assert model_digest(tmp_path / "got") == model_digest(ROOT / "models" / "logit_games_v1")
    assert json.loads((tmp_path / "got" / "everycase" / "why.json").read_text()) == WHY


def test_versions_are_added_and_named_by_their_addresses(
    server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RegistryStore("added", server.uri)
    assert [register(store, "added", "logit_games_v1", {}) for _ in "ab"] == [
        "added_v1",
        "added_v2",
    ]
    client = store._client()
    client.set_registered_model_alias("added", "best", "1")
    first = client.get_model_version("added", "1")
    addresses = {
        "models:/added/1": "added_v1",
        "models:/added@best": "added_v1",
        "models:/added/latest": "added_v2",
        f"runs:/{first.run_id}/added": "added_v1",
        first.source.removeprefix("models:/"): "added_v1",
    }
    monkeypatch.setattr("webapp.cli.models.make_preparer", prepare_here)
    folder = {"MODELS_URI": str(tmp_path / "models"), "VAR_DIR": str(tmp_path)}
    folder |= {"MLFLOW_TRACKING_URI": server.uri}

    def run(*words: str, **variables: str) -> str:
        result = CliRunner().invoke(main, words, env=folder | variables)
        assert result.exit_code == 0, result.output
        return result.output

    for address, name in addresses.items():
        assert find_version(address, Registry(server.uri)) == ("added", name[-1])
        place = tmp_path / "models" / name
        assert run("add", address, "--as", name).startswith(f"Added {place}\n")
        assert model_digest(place) == model_digest(ROOT / "models" / "logit_games_v1")
        if "@" in address:
            assert run("verify", address) == f"{name:<24} ok         1,024 cases agree\n"
        shutil.rmtree(place)
    for address in ("models:/added/9", "models:/added@worst", f"runs:/{'0' * 32}/added"):
        result = CliRunner().invoke(main, ["add", address], env=folder)
        assert result.exit_code == 1
        assert f"Error: {address} can't be found: " in result.output
        assert "MlflowException" not in result.output
    assert not list((tmp_path / "models").iterdir())
    other = str(ROOT / "models" / "logit_games_v2")
    assert run("add", other, MODELS_URI="models:/sent").startswith("Added models:/sent/1 (sent_v1)")
    assert RegistryStore("sent", server.uri).list_versions().keys() == {"sent_v1"}


def test_an_imported_table_is_registered_and_served_without_its_code(
    server: MlflowServer, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    store, features = RegistryStore("table", server.uri), Features(("a", "b"))
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    try_here = partial(try_out, preparer=prepare_here())
    facts = {"estimator": "imported table", "source": "t.csv", "n": 3}
    new = NewTable(
        "table",
        features,
        scores,
        "churn",
        Counts(np.array([9, 0, 4, 1]), np.array([2, 0, 4, 0])),
        facts,
    )
    assert save_table(store, new, try_here, {"why": "a rule"})[0] == "table_v1"
    (version,) = MlflowClient(server.uri).search_model_versions("name='table'")
    assert version.tags["everycase.why.why"] == "a rule"
    (mark,) = store.list_versions().values()
    assert store.download("table_v1", mark, tmp_path / "got")
    assert prepare(tmp_path / "got", tmp_path / "out", allow_code=False).reason is None
    prepared = read_prepared(tmp_path / "out")
    assert np.array_equal(prepared.scores, scores)
    assert (prepared.facts.outcome, prepared.facts.training) == ("churn", facts)
    assert prepared.baseline is not None
    assert prepared.baseline.positives.tolist() == [2, 0, 4, 0]


def test_who_may_not_any_more_registers_nothing(server: MlflowServer) -> None:
    def lost() -> None:
        raise RuntimeError("the lock is lost")

    store = RegistryStore("lost", server.uri)
    with store.draft() as draft:
        shutil.copytree(ROOT / "models" / "logit_games_v1", draft / "model")
        with pytest.raises(SavingError, match="the lock is lost"):
            store.add(draft / "model", "lost", WHY, lost)
    assert store.list_versions() == {}
    assert register(store, "lost", "logit_games_v1", WHY) == "lost_v1"


def test_an_upload_that_fails_leaves_a_failed_run_and_no_version(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def torn(*_: object) -> None:
        raise OSError("the disk of the server is full")

    client, store = MlflowClient(server.uri), RegistryStore("torn", server.uri)
    monkeypatch.setattr(MlflowClient, "log_model_artifacts", torn)
    with pytest.raises(SavingError, match=r"torn at .* can't be written: .* is full"):
        register(store, "torn", "logit_games_v1", WHY)
    assert store.list_versions() == {}
    (run,) = client.search_runs([client.get_experiment_by_name("torn").experiment_id])
    assert run.info.status == "FAILED"
    monkeypatch.undo()
    assert register(store, "torn", "logit_games_v1", WHY) == "torn_v1"


def test_alias_and_ledger_follow_each_other(server: MlflowServer) -> None:
    store = RegistryStore("kept", server.uri)
    names = [register(store, "kept", "logit_games_v1", {}) for _ in range(3)]
    assert names == ["kept_v1", "kept_v2", "kept_v3"]
    services = hand_services([ready(name) for name in names])
    memory = AliasMemory(fresh_database(), "kept")
    step = partial(sync_alias, services, memory, store, now_ms)
    assert step().message is None
    assert store.alias() is None
    services.ledger.promote("kept_v1", actor="me", reason="first")
    assert "was set to kept_v1" in str(step().message)
    assert store.alias() == "kept_v1"
    store._client().set_registered_model_alias("kept", "champion", "3")
    assert "moved to kept_v3" in str(step().message)
    last = services.ledger.history(1)[0]
    assert (last.version, last.previous, last.actor, last.reason) == (
        "kept_v3",
        "kept_v1",
        ACTOR,
        REASON,
    )
    assert last.evidence["registry"] == "kept"
    assert step().message is None
    assert [p.version for p in promotions(services.ledger)] == ["kept_v3", "kept_v1"]
    store._client().delete_registered_model_alias("kept", "champion")
    assert "was set to kept_v3" in str(step().message)
    services.close()


def test_a_server_survives_its_registry(server: MlflowServer, tmp_path: Path) -> None:
    store = RegistryStore("games", server.uri)
    register(store, "games", "logit_games_v1", {})
    store.set_alias("games_v1")
    variables = {"MODELS_URI": "models:/games", "MLFLOW_TRACKING_URI": server.uri}
    variables |= {"VAR_DIR": str(tmp_path), "MODELS_SECONDS": "2"}
    environ = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")} | variables
    settings = Settings.read(variables)
    folder = settings.models_folder
    ledger = Ledger(Database(settings.database))
    mirror = Mirror(folder, "model registry")
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "webapp.server.supervisor", str(os.getpid())],
        cwd=ROOT,
        env=environ | SECRETS,
    )
    try:
        until(lambda: _ready(tmp_path) == {"games_v1"})
        last = until(lambda: _last(ledger))
        assert (last.version, last.actor) == ("games_v1", ACTOR)
        server.kill()
        until(lambda: read_state(folder).away)
        assert mirror.away_since() is not None
        assert _ready(tmp_path) == {"games_v1"}
        output = CliRunner().invoke(main, ["versions"], env=variables).output
        assert "games_v1                 ready" in output
        assert "unreachable since" in output
        assert "cached versions keep serving" in output
        ledger.promote("games_v2", actor="me", reason="while the registry is away")
        server.start()
        register(store, "games", "logit_games_v2", {})
        until(lambda: "games_v2" in read_state(folder).marks)
        assert read_state(folder).away is None
        until(lambda: store.alias() == "games_v2")
        assert _last(ledger).actor == "me"
    finally:
        supervisor.terminate()
        supervisor.wait(20)


def _ready(var: Path) -> set[str]:
    try:
        index = json.loads((var / "catalog" / "index.json").read_text())
    except OSError:
        return set()
    return {entry["name"] for entry in index["versions"] if entry["status"] == "ready"}


def _last(ledger: Ledger) -> Any:
    try:
        return next(iter(ledger.history(1)), None)
    except LogUnavailableError:  # it has no tables yet
        return None
