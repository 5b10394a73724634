"""Gunicorn as the Procfile starts it, with this app or a peer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.support.serving import free_port
from webapp.settings import ROOT

APP = "webapp.wsgi:server"
GUNICORN = str(Path(sys.executable).with_name("gunicorn"))
_PATIENCE = 90  # seconds for a server to answer


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its port and its master process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it and all its processes."""
        self.process.terminate()
        self.process.wait(40)


@contextmanager
def starting(target: str = APP, **environ: str) -> Iterator[Server]:
    """Start a server that writes to a temporary folder, its log included. It may not answer yet."""
    with tempfile.TemporaryDirectory(prefix="everycase-bench-") as var:
        port = free_port()
        settings = {"HOST": "127.0.0.1", "PORT": str(port), "VAR_DIR": var, **environ}
        with (Path(var) / "gunicorn.log").open("wb") as log:
            process = subprocess.Popen(
                [GUNICORN, target],
                cwd=ROOT,
                env=os.environ | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            server = Server(port, process)
            try:
                yield server
            finally:
                server.stop()


@contextmanager
def serving(target: str = APP, **environ: str) -> Iterator[Server]:
    """Start a server and wait until it answers."""
    with starting(target, **environ) as server:
        wait_for_answer(server)
        yield server


def wait_for_answer(server: Server) -> None:
    """Ask for the landing page until it comes."""
    end = time.monotonic() + _PATIENCE
    while not _answers(server.port):
        if server.process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"gunicorn doesn't answer (status {server.process.poll()})")
        time.sleep(0.01)


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        return get(port, "/", Accept="text/html")[0] == 200
    except (OSError, HTTPException):
        return False
