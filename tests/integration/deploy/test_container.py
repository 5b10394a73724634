"""The container by its Dockerfile: not root, nothing writable but its volumes, and it works."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import container
from tests.support.app_access import ADMIN_TOKEN
from tests.support.labelled_events import record_labelled
from tests.support.serving import alive, ask, ask_json, children_of, free_port, wait_until
from webapp.catalog.prepared import read_prepared
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.settings import ROOT

MISSING = container.missing()
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(container.LONGEST + 60),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]
USER = 10001
KILLED = """
import subprocess
import time
from tests.support import container
print(subprocess.Popen([*container.NAMESPACES, "sleep", "60"]).pid, flush=True)
time.sleep(60)
"""
ROW = "&".join(f"G{i}={i % 2}" for i in range(1, 11))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Volumes as an engine would mount them: a log with 3,000 matured events, and versions."""
    folder = tmp_path_factory.mktemp("container")
    shutil.copytree(ROOT / "models" / "logit_games_v1", folder / "models" / "logit_games_v1")
    database = Database(f"sqlite:///{folder / 'var' / 'everycase.db'}")
    migrate(database)
    record_labelled(database, 3000)
    database.close()
    subprocess.run(["chown", "-R", f"{USER}:{USER}", folder / "models", folder / "var"], check=True)
    return folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[tuple[str, int]]:
    """The address of the container's server, and its first process."""
    port = free_port()
    volumes = {"/var/lib/everycase": place / "var", "/app/models": place / "models"}
    settings = {"ADMIN_TOKEN": ADMIN_TOKEN, "RETRAIN_CHURN": "1", "PORT": str(port)}
    with container.running(place, volumes=volumes, **settings) as first:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: ask(f"{url}/readyz")[0] == 200, 60, f"see {place / 'log'}")
        yield url, first


def test_no_process_in_it_is_root_or_may_become_it(server: tuple[str, int]) -> None:
    _, first = server
    wait_until(lambda: len(children_of(first)) >= 3, 60, "workers and supervisor are there")
    for pid in (first, *children_of(first)):
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(rf"^Uid:\s+{USER}\s+{USER}\s+{USER}\s+{USER}$", status, re.M)
        assert re.search(r"^CapBnd:\s+0+$", status, re.M)
        assert "NoNewPrivs:\t1" in status


def test_only_its_volumes_can_be_written_to(server: tuple[str, int]) -> None:
    _, first = server
    mounts = [line.split() for line in Path(f"/proc/{first}/mounts").read_text().splitlines()]
    writable = {at for _, at, kind, options, *_ in mounts if not options.startswith("ro")}
    assert writable == {"/var/lib/everycase", "/app/models", "/tmp", "/dev", "/dev/shm", "/proc"}


def test_it_answers_as_everywhere(server: tuple[str, int]) -> None:
    url, _ = server
    scores = read_prepared(ROOT / "models/logit_games_v1/everycase").scores
    status, answer = ask_json(f"{url}/?{ROW}")
    assert (status, float(answer["response"])) == (200, float(scores[answer["case"]]))
    status, page = ask(f"{url}/", accept="text/html")
    assert status == 200
    asset = re.search(rb'src="(/assets/[^"]+\.js[^"]*)"', page)
    assert asset
    assert ask(url + asset[1].decode())[0] == 200


def test_its_health_check_tells_the_living_from_the_dead(server: tuple[str, int]) -> None:
    url, _ = server
    for port, status in ((url.rpartition(":")[2], 0), (str(free_port()), 1)):
        check = [sys.executable, "deploy/docker/healthcheck.py"]
        process = subprocess.run(
            check, cwd=ROOT, env=os.environ | {"PORT": port}, capture_output=True
        )
        assert process.returncode == status, process.stderr


def test_a_retrain_in_it_adds_a_version(server: tuple[str, int], place: Path) -> None:
    url, _ = server
    body = {"promote": True, "estimators": ["logit"], "windows": ["all"]}
    job = _post(f"{url}/api/v1/retrain", body)
    there = f"{url}/api/v1/jobs/{job['id']}"
    over = ("done", "failed", "cancelled")
    wait_until(lambda: ask_json(there)[1]["state"] in over, 180, "the job has ended")
    last = ask_json(there)[1]
    assert (last["state"], last["version"]) == ("done", "logit_games_v2"), last["message"]
    assert (place / "models" / "logit_games_v2" / "MLmodel").stat().st_uid == USER
    wait_until(lambda: ask(f"{url}/?{ROW}&version=logit_games_v2")[0] == 200, 60, "it is served")


def test_the_signal_that_engines_stop_it_with_does(server: tuple[str, int]) -> None:
    url, first = server  # the last test of this file: it ends the container
    os.kill(first, signal.SIGTERM)
    assert wait_until(lambda: not alive(first), 25, "it has ended") < 25
    assert ask(f"{url}/healthz")[0] == 0


def test_nothing_of_it_stays_when_the_tests_are_killed() -> None:
    words = [sys.executable, "-c", KILLED]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        outer = int(tests.stdout.readline())
        wait_until(lambda: children_of(outer), 60, "its first process is there")
        all_of_it = [outer, *children_of(outer)]
        tests.kill()
    wait_until(lambda: not any(alive(pid) for pid in all_of_it), 20, "all has ended")


def _post(url: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)
