"""A real Chromium, driven by the same driver as the browser tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options

from tests.browser.conftest import FLAGS

READY = "return document.documentElement.dataset.ready === '1'"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with a fresh profile that records its network events."""
    options = Options()
    for flag in (*FLAGS, "--window-size=1440,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options)
    driver.set_script_timeout(180)
    try:
        yield driver
    finally:
        driver.quit()


def open_page(driver: Any, url: str) -> None:
    """Open the Predict page and wait until it is drawn and its requests are over."""
    driver.get(url)
    wait_for(lambda: driver.execute_script(READY), "the page to draw itself")
    time.sleep(1.5)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until ``condition`` is true. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


def network_events(driver: Any) -> list[dict[str, Any]]:
    """DevTools' network events since the last call, each with its method and parameters."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [m for m in messages if m["method"].startswith("Network.")]
