"""A real app behind real gunicorn, and a real Chromium, for the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.options import Options

from tests.support.serving import served
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
