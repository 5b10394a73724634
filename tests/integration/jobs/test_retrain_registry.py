"""A check whose versions live in a real MLflow registry: the run there says why it exists."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.labelled_events import record_labelled
from tests.support.mlflow_server import MlflowServer
from webapp.catalog.stores.registry import RegistryStore
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.checks import Checks
from webapp.settings import ROOT

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
OPTIONS = ("--policy", "periodic", "--window", "all", "--estimator", "logit", "--churn", "1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    before = dict(os.environ)
    server = MlflowServer(tmp_path)
    server.start()
    yield server
    server.kill()
    os.environ.clear()  # mlflow writes its address there
    os.environ.update(before)


def test_a_version_of_a_registry_and_the_registry_away(
    server: MlflowServer, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    store = RegistryStore("games", server.uri)
    with store.draft() as draft:
        shutil.copytree(ROOT / "models" / "logit_games_v1", draft / "model")
        assert store.add(draft / "model", "games") == "games_v1"
    database = Database(f"sqlite:///{tmp_path / 'var' / 'everycase.db'}")
    migrate(database)
    record_labelled(database, 2500, version="games_v1")
    environ = os.environ | {
        "MODELS_URI": "models:/games",
        "MLFLOW_TRACKING_URI": server.uri,
        "VAR_DIR": str(tmp_path / "var"),
    }

    def everycase(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "webapp.cli", *words]
        process = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=150
        )
        return process.returncode, process.stdout, process.stderr

    status, out, err = everycase("retrain", *OPTIONS, "--promote", "--json")
    assert status == 0, out + err
    assert (json.loads(out)["status"], json.loads(out)["version"]) == ("promoted", "games_v2")
    client = MlflowClient(server.uri)
    run = client.get_run(client.get_model_version("games", "2").run_id)
    why = {k.removeprefix("everycase.why."): v for k, v in run.data.tags.items()}
    assert (why["policy"], why["gate"], why["champion"]) == ("periodic", "promote", "games_v1")
    assert why["drift"] in ("drifted", "stable", "cannot tell", "unknown")
    assert run.data.metrics["held_out_n"] == 625  # a quarter

    server.kill()  # the next one decides, can't save, and is carried on when the server is back
    status, _, err = everycase("retrain", *OPTIONS, "--now")
    assert status == 1
    assert "can't be" in err.splitlines()[-1]
    check = Checks(database).last()
    assert check is not None
    assert check.finished_at is None
    server.start()
    status, out, err = everycase("retrain", *OPTIONS)
    assert status in (0, 4), out + err
    assert "Resumed after an interruption." in out
    assert sorted(store.list_versions()) == ["games_v1", "games_v2", "games_v3"]
    database.close()
