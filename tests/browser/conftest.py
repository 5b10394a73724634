"""A real app behind real gunicorn, and a real Chromium, for the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dash.testing.browser import Browser
from selenium.webdriver.chrome.options import Options

from tests.support.app_commands import run_command
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
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of a worker: starting one takes longer than most tests."""
    downloads = tmp_path_factory.mktemp("download")
    with Browser(
        "Chrome", options=[pytest_setup_options()], download_path=str(downloads)
    ) as browser:
        yield browser


@pytest.fixture
def dash_br(chromium: Browser) -> Iterator[Browser]:
    """A new tab in a browser that remembers nothing; in place of dash[testing]'s new browser."""
    driver = chromium.driver
    old = driver.current_window_handle
    driver.switch_to.new_window("tab")
    tab = driver.current_window_handle
    driver.switch_to.window(old)
    driver.close()
    driver.switch_to.window(tab)
    driver.get_log("browser")  # is emptied by reading it
    yield chromium
    _forget(driver, keep=tab)


def _forget(driver: Any, keep: str) -> None:
    """Clear cookies and what the open pages have stored, and close all tabs but one."""
    for handle in driver.window_handles:
        driver.switch_to.window(handle)
        address = urlsplit(driver.current_url)
        if address.scheme == "http":
            place = {"origin": f"http://{address.netloc}", "storageTypes": "all"}
            driver.execute_cdp_cmd("Storage.clearDataForOrigin", place)
        if handle != keep:
            driver.close()
    driver.switch_to.window(keep)
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that serves the shipped versions."""
    with served(ROOT / "models", tmp_path_factory.mktemp("var")) as (url, _):
        yield url


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with 60 days of simulated traffic."""
    var = tmp_path_factory.mktemp("var")
    run_command(var, "demo")
    with served(ROOT / "models", var) as (url, _):
        yield url


@pytest.fixture
def own_models(tmp_path: Path) -> Path:
    """A folder of models that a test may change, with the shipped logistic ones in it."""
    models = tmp_path / "models"
    for name in ("logit_games_v1", "logit_games_v2"):
        shutil.copytree(ROOT / "models" / name, models / name)
    return models
