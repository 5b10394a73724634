"""Jobs in real processes: a server, its supervisor, the consumer, and the work itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.app_access import ADMIN_TOKEN
from tests.support.labelled_events import record_labelled
from tests.support.serving import alive, ask_json, children_of, mapped_files, served, wait_until
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.checks import Checks
from webapp.db.tables.jobs import Jobs
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
TRAINED = 60  # seconds until a retrain is over, on a busy machine


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Models and a log with 3,000 matured events."""
    shutil.copytree(ROOT / "models" / "logit_games_v1", tmp_path / "models" / "logit_games_v1")
    database = Database(f"sqlite:///{tmp_path / 'var' / 'everycase.db'}")
    migrate(database)
    record_labelled(database, 3000)
    database.close()
    return tmp_path


@pytest.fixture
def server(place: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    settings = {"ADMIN_TOKEN": ADMIN_TOKEN, "WEB_CONCURRENCY": "1", "RETRAIN_CHURN": "1"}
    with served(place / "models", place / "var", **settings) as running:
        yield running


def send(url: str, method: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def job(url: str, id_: str) -> dict[str, Any]:
    return dict(ask_json(f"{url}/api/v1/jobs/{id_}")[1])


def consumer_of(gunicorn: int) -> int:
    for child in children_of(gunicorn):
        for grandchild, command in children_of(child).items():
            if "webapp.jobs.consumer" in command:
                return grandchild
    return 0


def worker_of(gunicorn: int) -> int:
    """The process that works on a job."""
    consumer = consumer_of(gunicorn)
    return next(iter(children_of(consumer)), 0) if consumer else 0


def test_a_retrain_from_the_request_to_the_new_champion(
    server: tuple[str, subprocess.Popen[bytes]], place: Path
) -> None:
    url, _ = server
    body = {"promote": True, "estimators": ["logit"], "windows": ["all"], "actor": "ann"}
    status, job_row = send(f"{url}/api/v1/retrain", "POST", body)
    assert (status, job_row["state"], job_row["actor"]) == (202, "queued", "admin token")
    assert send(f"{url}/api/v1/retrain", "POST", {})[0] == 409, "one at a time"
    states: list[tuple[float, str]] = []

    def over() -> bool:
        row = job(url, job_row["id"])
        states.append((row["progress"], row["step"]))
        return row["state"] in ("done", "failed", "cancelled")

    wait_until(over, TRAINED)
    row = job(url, job_row["id"])
    assert (row["state"], row["progress"]) == ("done", 1.0), row["message"]
    assert row["version"] == "logit_games_v2"
    assert row["result"]["verdict"] == "promote"
    assert [p for p, _ in states] == sorted(p for p, _ in states)
    assert {"fit", "register"} & {step for _, step in states}, states
    _, champion = ask_json(f"{url}/api/v1/champion")
    assert (champion["version"], champion["status"]) == ("logit_games_v2", "ready")
    assert champion["evidence"]["check"] == row["result"]["check"]
    _, policy = ask_json(f"{url}/api/v1/retrain")
    assert (policy["champion"], policy["matured"] >= 0) == ("logit_games_v2", True)


def test_cancelling_and_dying_are_reported_and_leave_nothing_half(
    server: tuple[str, subprocess.Popen[bytes]], place: Path
) -> None:
    url, process = server
    _, first = send(f"{url}/api/v1/retrain", "POST", {"estimators": ["hgb"]})
    wait_until(lambda: job(url, first["id"])["state"] == "running", TRAINED)
    assert send(f"{url}/api/v1/jobs/{first['id']}", "DELETE")[0] == 200
    wait_until(lambda: job(url, first["id"])["state"] == "cancelled", 20)
    assert send(f"{url}/api/v1/jobs/{first['id']}", "DELETE")[0] == 409

    _, second = send(f"{url}/api/v1/retrain", "POST", {"estimators": ["hgb"]})
    wait_until(lambda: job(url, second["id"])["state"] == "running", TRAINED)
    os.kill(worker_of(process.pid), signal.SIGKILL)
    wait_until(lambda: job(url, second["id"])["state"] == "failed", 20)
    assert "SIGKILL" in job(url, second["id"])["message"]
    assert [p.name for p in (place / "models").iterdir() if "_v" in p.name] == ["logit_games_v1"]

    _, listing = ask_json(f"{url}/api/v1/jobs?limit=2")
    assert [row["id"] for row in listing["jobs"]] == [second["id"], first["id"]]


def test_the_consumer_is_lean_is_kept_and_ends_with_its_server(
    server: tuple[str, subprocess.Popen[bytes]], place: Path
) -> None:
    url, process = server
    wait_until((place / "var" / "queue.db").exists, 20, "the consumer has started")
    consumer = consumer_of(process.pid)
    maps = mapped_files(consumer) or ""
    for heavy in ("sklearn", "pandas", "mlflow", "scipy", "/numpy/"):
        assert heavy not in maps, heavy
    os.kill(consumer, signal.SIGKILL)
    wait_until(lambda: consumer_of(process.pid) not in (0, consumer), 20)
    another = consumer_of(process.pid)
    _, job_row = send(f"{url}/api/v1/retrain", "POST", {"estimators": ["hgb"]})
    wait_until(lambda: job(url, job_row["id"])["state"] == "running", TRAINED)
    process.send_signal(signal.SIGTERM)
    process.wait(40)
    wait_until(lambda: not alive(another), 15)
    database = Database(f"sqlite:///{place / 'var' / 'everycase.db'}")
    last = Jobs(database).get(job_row["id"])
    assert last is not None
    assert last.state == "failed"
    assert "stopped; the next check resumes it" in last.message
    database.close()


def test_a_clock_checks_the_policy_by_itself(place: Path) -> None:
    settings = {"CLOCK": "* * * * *", "WEB_CONCURRENCY": "1", "RETRAIN_POLICY": "never"}
    database = Database(f"sqlite:///{place / 'var' / 'everycase.db'}")
    with served(place / "models", place / "var", **settings) as (url, _):
        wait_until(lambda: Checks(database).history(), 30)
        _, state = ask_json(f"{url}/api/v1/retrain")
        assert (state["clock"], state["policy"]) == ("* * * * *", "never")
        assert state["next_at"] is not None
    (check,) = Checks(database).history()
    assert (check.actor, check.decision) == ("clock", "wait")
    database.close()


def test_a_clock_that_is_wrong_stops_the_start_with_one_line() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "gunicorn", "webapp.wsgi:server"],
        cwd=ROOT,
        env=os.environ | {"CLOCK": "0 3 * *"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode != 0
    lines = [line for line in process.stderr.splitlines() if "CLOCK" in line]
    assert lines == [
        "everycase: CLOCK is '0 3 * *': it must be five fields as in a crontab, such as 0 3 * * *"
    ]
