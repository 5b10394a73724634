"""Real processes for tests: the app behind gunicorn as the Procfile starts it, and its parts."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tests.support import warm_gunicorn
from tests.support.warm_gunicorn import WarmProcess
from webapp.settings import ROOT

Master = subprocess.Popen[bytes] | WarmProcess


@contextmanager
def served(
    models: Path,
    var: Path,
    *,
    python: Path | None = None,
    target: str = "webapp.wsgi:server",
    **environ: str,
) -> Iterator[tuple[str, Master]]:
    """The app on a free port (or PORT): its address and gunicorn's master process.

    With ``python`` it is started from nothing, else from modules that are imported already.
    """
    port = int(environ.get("PORT") or free_port())
    settings = {"PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "2"}
    settings |= {"MODELS_URI": str(models), "VAR_DIR": str(var), **environ}
    var.mkdir(parents=True, exist_ok=True)
    with (var / "gunicorn.log").open("wb") as log:
        process = _start(python, target, os.environ | settings, log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: ask(f"{url}/healthz")[0] == 200, 60)
            yield url, process
        finally:
            process.terminate()
            process.wait(40)


def _start(python: Path | None, target: str, environ: dict[str, str], log: IO[bytes]) -> Master:
    if python is None:
        return warm_gunicorn.start([target], environ, log)
    command = [str(python), "-m", "gunicorn", target]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT)


def free_port() -> int:
    """A free port, below those of outgoing connections, which could take it before it is used."""
    for _ in range(100):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def ask(url: str, accept: str = "*/*", data: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own; status 0: no answer."""
    request = urllib.request.Request(url, data, {"Accept": accept, "Connection": "close"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def ask_json(url: str) -> tuple[int, Any]:
    """Status and values of one request."""
    status, body = ask(url)
    return status, json.loads(body) if body else None


def wait_until(holds: Callable[[], object], seconds: float = 20, what: str = "") -> float:
    """Wait until something holds: how long that took. Fail when it doesn't in that time."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() < start + seconds, f"not so within {seconds} s: {what or holds}"
        time.sleep(0.02)
    return time.monotonic() - start


def alive(pid: int) -> bool:
    """Is there such a process, and has it not ended yet?"""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def mapped_files(pid: int) -> str | None:
    """The files that a process has in its memory; None where root alone may know."""
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except PermissionError:
        return None


def catches(pid: int, number: signal.Signals) -> bool:
    """True if the process has set a handler for this signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    handlers = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(handlers >> (number - 1) & 1)


def children_of(pid: int) -> dict[int, str]:
    """The children of a process that are alive, with their command lines."""
    children = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
        if int(parent) == pid and alive(int(place.name)):
            children[int(place.name)] = command
    return children


def pid_in(file: Path, seconds: float = 30) -> int:
    """The process number that somebody writes to a file."""
    wait_until(lambda: file.exists() and file.read_text().strip(), seconds, f"{file} is written")
    return int(file.read_text())
