"""Gunicorn behind real nginx is reloaded and restarted under load: no request fails."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from tests.integration.deploy.test_nginx import ROW, SETTINGS, select
from tests.support import nginx as proxies
from tests.support.app_access import API_TOKEN
from tests.support.nginx import Nginx, needs_nginx
from tests.support.serving import children_of, served, wait_until
from webapp.settings import ROOT

pytestmark = needs_nginx


class Asking(Thread):
    """Somebody who asks all the time, through nginx: reads and predictions, each sent once."""

    def __init__(self, nginx: Nginx, seed: int, stop: Flag) -> None:
        super().__init__(daemon=True)
        self.nginx, self.seed, self.stop = nginx, seed, stop
        self.statuses: list[int] = []
        self.broken: list[str] = []

    def run(self) -> None:
        connection = self.nginx.connect(f"127.0.1.{self.seed + 1}")
        headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        while not self.stop.is_set():
            try:
                if len(self.statuses) % 3:
                    connection.request("POST", "/api/v1/predict", json.dumps(ROW), headers)
                else:
                    connection.request("GET", "/api/v1/champion", headers=headers)
                answer = connection.getresponse()
                answer.read()
                self.statuses.append(answer.status)
            except (OSError, HTTPException) as error:
                self.broken.append(repr(error))
                connection.close()
        connection.close()


def workers(master: int) -> set[int]:
    return {pid for pid, command in children_of(master).items() if "gunicorn" in command}


def renewed(master: int, before: set[int]) -> bool:
    now = workers(master)
    return len(now) == 2 and not now & before


def asking(nginx: Nginx, clients: int = 6) -> tuple[list[Asking], Flag]:
    stop = Flag()
    askers = [Asking(nginx, seed, stop) for seed in range(clients)]
    for one in askers:
        one.start()
    return askers, stop


def nothing_failed(clients: list[Asking], stop: Flag, var: Path) -> None:
    """End them: every request was answered, and every prediction is in the log."""
    stop.set()
    for one in clients:
        one.join(60)
        assert (set(one.statuses), one.broken) == ({200}, [])
    n_answers = sum(1 for one in clients for i in range(len(one.statuses)) if i % 3)
    assert select(var, "SELECT count(*) FROM events") == [n_answers]


def test_a_reload_fails_no_request(tmp_path: Path) -> None:
    """HUP: other workers, same code. Three in a row, under load."""
    with served(ROOT / "models", tmp_path / "var", **SETTINGS) as (url, process):
        ports = [int(url.rpartition(":")[2])]
        with proxies.running(tmp_path / "nginx", ports) as nginx:
            wait_until(lambda: len(workers(process.pid)) == 2, 10)
            clients, stop = asking(nginx)
            wait_until(lambda: sum(len(one.statuses) for one in clients) > 200, 20)
            for _ in range(3):
                before = workers(process.pid)
                process.send_signal(signal.SIGHUP)
                wait_until(
                    lambda before=before: renewed(process.pid, before),  # type: ignore[misc]
                    20,
                    "the workers are others",
                )
            nothing_failed(clients, stop, tmp_path / "var")


ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


def begin(descriptor: int, var: Path, port: int) -> subprocess.Popen[bytes]:
    """Gunicorn as systemd starts it: the socket is its third descriptor."""
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "VAR_DIR": str(var), **SETTINGS}
    words = [sys.executable, "-c", ACTIVATED, str(descriptor), sys.executable, "-m", "gunicorn"]
    with (var / "gunicorn.log").open("ab") as log:
        return subprocess.Popen(
            [*words, "webapp.wsgi:server"],
            cwd=ROOT,
            env=os.environ | settings,
            pass_fds=[descriptor],
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def test_a_restart_behind_systemds_socket_fails_no_request(tmp_path: Path) -> None:
    """``systemctl restart`` after an upgrade: requests wait in the socket that systemd holds."""
    var = tmp_path / "var"
    var.mkdir()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        port = listener.getsockname()[1]
        process = begin(listener.fileno(), var, port)
        try:
            with proxies.running(tmp_path / "nginx", [port]) as nginx:
                clients, stop = asking(nginx)
                wait_until(lambda: sum(len(one.statuses) for one in clients) > 100, 40)
                process.terminate()
                assert process.wait(40) == 0
                process = begin(listener.fileno(), var, port)
                so_far = sum(len(one.statuses) for one in clients)
                wait_until(lambda: sum(len(one.statuses) for one in clients) > so_far + 100, 40)
                nothing_failed(clients, stop, var)
        finally:
            process.terminate()
            process.wait(40)
