"""No acknowledged event is lost or counted twice, whatever happens to processes under load."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.app_access import API_TOKEN
from tests.support.persistent_clients import Crowd, crowd
from tests.support.postgres import Postgres
from tests.support.serving import alive, ask, children_of, served, wait_until
from webapp.db.database import Database
from webapp.settings import ROOT

MODELS = ROOT / "models"
ROW = "&".join(f"G{i}={i % 2}" for i in range(1, 11))


def serving(var: Path, address: str | None = None, **more: str) -> Any:
    settings = {"API_TOKEN": API_TOKEN, "WEB_CONCURRENCY": "2", **more}
    if address is not None:
        settings["DATABASE_URL"] = address
    return served(MODELS, var, **settings)


def workers_of(master: int) -> list[int]:
    return [pid for pid, command in children_of(master).items() if "gunicorn" in command]


def wait_for_more(busy: Crowd, more: int = 30, seconds: float = 30) -> None:
    """The service is there: clients get answers."""
    goal = busy.acknowledged + more
    wait_until(lambda: busy.acknowledged >= goal, seconds, f"{more} more predictions")


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def log(address: str, var: Path) -> Iterator[Database]:
    """The database of the server under test, as seen from outside."""
    process = subprocess.run(
        [sys.executable, "-m", "webapp.cli", "migrate"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": address, "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    database = Database(address)
    yield database
    database.close()


def test_eight_clients_on_two_workers(address: str, log: Database, var: Path) -> None:
    with serving(var, address) as (url, _master), crowd(url) as busy:
        wait_for_more(busy, 500, 60)
    assert busy.refused == []
    busy.check(log)


def test_killed_workers(address: str, log: Database, var: Path) -> None:
    with serving(var, address) as (url, master), crowd(url) as busy:
        for _ in range(5):
            wait_for_more(busy)
            os.kill(workers_of(master.pid)[0], signal.SIGKILL)
        for pid in workers_of(master.pid):
            os.kill(pid, signal.SIGKILL)
        wait_for_more(busy, 100)
    busy.check(log)


def test_killed_master(address: str, log: Database, var: Path) -> None:
    with ExitStack() as servers:
        url, master = servers.enter_context(serving(var, address))
        with crowd(url) as busy:
            wait_for_more(busy, 100)
            workers = workers_of(master.pid)
            master.kill()
            wait_until(lambda: not any(map(alive, workers)), 30, "its workers end")
            servers.enter_context(serving(var, address, PORT=url.rpartition(":")[2]))
            wait_for_more(busy, 100)
    busy.check(log)


def test_a_stop_under_load_loses_nothing(address: str, log: Database, var: Path) -> None:
    with ExitStack() as servers:
        url, master = servers.enter_context(serving(var, address))
        with crowd(url) as busy:
            wait_for_more(busy, 100)
            start = time.monotonic()
            master.terminate()
            assert master.wait(30) == 0
            assert time.monotonic() - start < 30
            servers.enter_context(serving(var, address, PORT=url.rpartition(":")[2]))
            wait_for_more(busy, 100)
    busy.check(log)


def assert_refused_well(busy: Crowd, url: str) -> None:
    """Clients get a Retry-After, and the form still answers."""
    wait_until(lambda: len(busy.refused) >= 8, 30, "predictions are refused")
    assert all(status == 503 and int(after or 0) >= 1 for status, after in busy.refused)
    status, page = ask(f"{url}/?{ROW}", "text/html")
    assert status == 200
    assert re.search(rb'class="ec-number">[\d.]+<', page)


def small_disk(place: Path, megabytes: int) -> Any:
    """A filesystem of its own that is soon full."""
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small filesystem")
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        pytest.skip(f"no filesystem can be mounted here: {process.stderr.strip()}")
    return lambda: subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(var: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    unmount = small_disk(disk, 6)
    try:
        log = Database(f"sqlite:///{disk / 'everycase.db'}")
        with serving(var, f"sqlite:///{disk / 'everycase.db'}") as (url, _master):
            with crowd(url) as busy:
                wait_for_more(busy, 100)
                ballast = disk / "ballast"
                with ballast.open("wb", buffering=0) as file, suppress(OSError):
                    while True:
                        file.write(b"\0" * 4096)
                assert_refused_well(busy, url)
                ballast.unlink()
                wait_for_more(busy, 100)
            status, _ = ask(f"{url}/readyz")
            assert status == 200
        busy.check(log)
        log.close()
    finally:
        unmount()


def test_a_locked_database(var: Path) -> None:
    file = var / "everycase.db"
    with serving(var) as (url, _master), crowd(url) as busy:
        wait_for_more(busy, 100)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert_refused_well(busy, url)
        other.execute("ROLLBACK")
        other.close()
        wait_for_more(busy, 100)
    log = Database(f"sqlite:///{file}")
    busy.check(log)
    log.close()


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT])
def test_postgresql_restarted(postgresql: Postgres, var: Path, how: int) -> None:
    with postgresql.fresh() as address:
        env = os.environ | {"DATABASE_URL": address, "VAR_DIR": str(var)}
        migrate = [sys.executable, "-m", "webapp.cli", "migrate"]
        subprocess.run(migrate, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        with serving(var, address) as (url, _master), crowd(url) as busy:
            wait_for_more(busy, 100)
            postgresql.stop(how)
            try:
                assert_refused_well(busy, url)
                status, body = ask(f"{url}/readyz")
                assert status == 503
                assert b"database" in body
            finally:
                postgresql.start()
            wait_for_more(busy, 100)
            wait_until(lambda: ask(f"{url}/readyz")[0] == 200, 15, "it is ready again")
        log = Database(address)
        busy.check(log)
        log.close()
