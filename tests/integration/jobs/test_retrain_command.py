"""``everycase retrain`` as schedulers run it: what it says, its statuses, and two at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.event_logs import promotions
from tests.support.labelled_events import record_labelled
from tests.support.postgres import Postgres
from tests.support.serving import wait_until
from tests.support.webhook import hearing
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.checks import Checks
from webapp.db.tables.ledger import Ledger
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
OPTIONS = ("--policy", "periodic", "--window", "all", "--estimator", "logit", "--churn", "1")


class Machine:
    """A folder of models and a VAR_DIR, on a database that others may share."""

    def __init__(self, models: Path, var: Path, address: str) -> None:
        self.environ = os.environ | {
            "MODELS_URI": str(models),
            "VAR_DIR": str(var),
            "DATABASE_URL": address,
        }

    def start(self, *options: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "webapp.cli", "retrain", *options],
            cwd=ROOT,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(*options, **environ)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def address(postgresql: Postgres) -> Iterator[str]:
    with postgresql.fresh() as url:
        yield url


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A log with 2,500 matured events."""
    database = Database(address)
    migrate(database)
    record_labelled(database, 2500)
    yield database
    database.close()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models" / "logit_games_v1", tmp_path / "models" / "logit_games_v1")
    return tmp_path / "models"


def test_two_machines_at_once_do_it_once_and_tell_the_webhook_once(
    models: Path, tmp_path: Path, address: str, database: Database
) -> None:
    machines = [Machine(models, tmp_path / name, address) for name in ("one", "two")]
    with hearing() as (url, posts):
        webhook = {"ALERT_WEBHOOK_URL": url}
        both = [m.start(*OPTIONS, "--promote", "--json", **webhook) for m in machines]
        outputs = [process.communicate(timeout=120) for process in both]
        assert sorted(process.returncode for process in both) == [0, 3], outputs
    first, busy = sorted(
        (json.loads(out) for out, _ in outputs), key=lambda o: o["status"] == "busy"
    )
    assert (first["status"], first["version"]) == ("promoted", "logit_games_v2")
    assert "Another retrain is already running" in busy["explanation"]
    assert [body["event"] for body in posts] == ["champion.promoted"]
    assert (posts[0]["version"], posts[0]["previous"]) == ("logit_games_v2", "logit_games_v1")
    assert len(Checks(database).history()) == len(promotions(Ledger(database))) == 1

    status, out, err = machines[0].run(*OPTIONS, "--now")  # nothing new to learn
    assert (status, err) == (4, ""), err
    assert len(out.strip().splitlines()) == 1
    assert "logit_games_v3 is registered but not promoted" in out


def test_killed_from_outside_it_is_carried_on_by_another_machine(
    models: Path, tmp_path: Path, address: str, database: Database
) -> None:
    process = Machine(models, tmp_path / "one", address).start(*OPTIONS, "--promote")
    wait_until(lambda: Checks(database).history(), 60, "it has decided")
    process.kill()
    process.communicate(timeout=10)
    start = time.monotonic()
    status, out, err = Machine(models, tmp_path / "two", address).run(*OPTIONS, "--promote")
    assert status == 0, out + err
    assert "Resumed after an interruption." in out
    assert time.monotonic() - start < 60
    assert [line.version for line in promotions(Ledger(database))] == ["logit_games_v2"]
    assert sorted(path.name for path in models.iterdir()) == ["logit_games_v1", "logit_games_v2"]


def test_a_stop_signal_is_noted_in_its_job(
    models: Path, tmp_path: Path, address: str, database: Database
) -> None:
    process = Machine(models, tmp_path / "one", address).start(*OPTIONS)
    wait_until(lambda: Checks(database).history(), 60, "it has decided")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) != 0
    process.communicate()
    with database.reading() as link:
        jobs = link.run("SELECT state, message FROM jobs").fetchall()
    others = [j for j in jobs if j[0] != "failed" or "the next check resumes it" not in j[1]]
    assert others == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--window", "50"), "Error: --window must be a number of events from 100, or all"),
        (("--estimator", "forest"), "Error: --estimator must be of logit, logit2, hgb, keras"),
        (("--churn", "3"), "Error: --churn must be a number from 0 to 1"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    models: Path, tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    machine = Machine(models, tmp_path / "var", f"sqlite:///{tmp_path / 'x.db'}")
    assert machine.run(*options) == (1, "", f"{problem}\n")
