"""A real app behind real gunicorn, and a real Chromium, for the browser tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.chrome.options import Options

from webapp.settings import ROOT

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]


def pytest_setup_options() -> Options:
    """dash[testing] asks for the browser's options here."""
    options = Options()
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument("--window-size=1440,900")
    return options


@contextmanager
def served(models: Path, var: Path, **environ: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app as the Procfile starts it, on a free port: its address and its master process."""
    port = free_port()
    settings = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "MODELS_URI": str(models),
        "VAR_DIR": str(var),
        **environ,
    }
    log = (var / "gunicorn.log").open("wb")
    command = [str(Path(sys.executable).with_name("gunicorn")), "webapp.wsgi:server"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 60)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(40)
        log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_until(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something holds; fail when it doesn't in that time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not so within {seconds} s: {holds}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that serves the shipped versions."""
    with served(ROOT / "models", tmp_path_factory.mktemp("var")) as (url, _):
        yield url


@pytest.fixture
def own_models(tmp_path: Path) -> Path:
    """A folder of models that a test may change, with the shipped logistic ones in it."""
    models = tmp_path / "models"
    for name in ("logit_games_v1", "logit_games_v2"):
        shutil.copytree(ROOT / "models" / name, models / name)
    return models
