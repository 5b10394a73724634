"""A real app behind real gunicorn, and a real Chromium, for the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dash.testing.browser import Browser
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from urllib3.exceptions import HTTPError

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

# Chromium without windows and menus, where there is one: the same engine, built from the same
# sources, for two thirds of the processor time. The command of that name is a script, which a
# signal would end in place of the browser
SHELL = Path("/usr/lib/chromium/chromium-headless-shell")
SIZE = (1440, 900)  # of the window, in pixels
CRASHES = (WebDriverException, HTTPError)  # of the browser, of its driver


def browser_options() -> Options:
    """What Chromium is started with."""
    options = Options()
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--window-size={SIZE[0]},{SIZE[1]}")
    if SHELL.exists():
        options.binary_location = str(SHELL)
    return options


class Chromium:
    """One browser for all tests of a worker: starting one takes longer than most tests."""

    def __init__(self, downloads: Path) -> None:
        self._downloads = str(downloads)
        self._browser: Browser | None = None

    def new_tab(self) -> Browser:
        """The browser with an empty tab and no other one; a new browser if the last one crashed."""
        try:
            return self._open()
        except CRASHES:
            self.quit()
            return self._open()

    def _open(self) -> Browser:
        if self._browser is None:
            options = [browser_options()]
            self._browser = Browser(
                "Chrome", options=options, download_path=self._downloads, wait_timeout=20
            )
        _open_tab(self._browser.driver)
        return self._browser

    def forget(self) -> None:
        """Remove what the test has left in the browser; quit the browser if it doesn't answer."""
        try:
            if self._browser is not None:
                _clear(self._browser.driver)
        except CRASHES:
            self.quit()

    def quit(self) -> None:
        """Quit the browser, also one that has crashed."""
        if self._browser is not None:
            self._browser.__exit__(None, None, None)
            self._browser = None


def _open_tab(driver: Any) -> None:
    old = driver.current_window_handle
    driver.switch_to.new_window("tab")
    tab = driver.current_window_handle
    driver.switch_to.window(old)
    driver.close()
    driver.switch_to.window(tab)
    driver.get_log("browser")  # is emptied by reading it


def _clear(driver: Any) -> None:
    """Clear cookies and what the open pages have stored, and close all tabs but one.

    The cache stays: to load and compile all scripts anew is a quarter of a page's processor time.
    """
    first, *others = driver.window_handles
    for handle in (*others, first):
        driver.switch_to.window(handle)
        address = urlsplit(driver.current_url)
        if address.scheme == "http":
            place = {"origin": f"http://{address.netloc}", "storageTypes": "all"}
            driver.execute_cdp_cmd("Storage.clearDataForOrigin", place)
        if handle != first:
            driver.close()
    driver.switch_to.window(first)
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.set_window_size(*SIZE)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """The browser of this worker, started for the first test that asks for it."""
    chromium = Chromium(tmp_path_factory.mktemp("download"))
    yield chromium
    chromium.quit()


@pytest.fixture
def dash_br(chromium: Chromium) -> Iterator[Browser]:
    """A new tab, in a browser that remembers scripts alone; in place of dash[testing]'s."""
    yield chromium.new_tab()
    chromium.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take a picture of the page that a test failed on, as dash[testing]'s plugin would."""
    report = yield
    if report.when == "call" and report.failed and "dash_br" in item.funcargs:
        try:
            item.funcargs["dash_br"].take_snapshot(item.name)
        except CRASHES as error:
            print(f"There is no picture of the page: {error}")
    return report


@pytest.fixture(scope="session")
def shipped_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
