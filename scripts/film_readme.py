"""Film the Predict page for the README: docs/predict.webp, of the real app in Chromium.

    PYTHONPATH=. .venv/bin/python scripts/film_readme.py

Uses the tests' browser, which ``make test`` installs.
"""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver

from tests.browser.conftest import browser_options
from tests.support.serving import served, wait_until
from webapp.settings import ROOT

FILM = ROOT / "docs" / "predict.webp"
SIZE = (1200, 750)
FLIPS = ("G9", "G10", "G1", "G4", "G9")  # a player who gets games, and loses one
SHOWN_MS = 1300  # each state


def shoot(driver: webdriver.Chrome) -> Image.Image:
    """The page as it is now."""
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


def film(driver: webdriver.Chrome, address: str) -> list[Image.Image]:
    """The page before and after each flip."""
    screen = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)  # without scroll bars
    driver.get(address)
    script = "return Boolean(document.querySelector('#probability')?.textContent)"
    wait_until(lambda: driver.execute_script(script))
    time.sleep(2)  # for fonts and the rest of the page
    frames = [shoot(driver)]
    for name in FLIPS:
        switch = f'#predict-switches input[aria-label="{name}"]'
        driver.execute_script("arguments[0].click()", driver.find_element("css selector", switch))
        time.sleep(0.5)
        frames.append(shoot(driver))
    return frames


def main() -> None:
    """Write the film."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(ROOT / "models", Path(folder), DEMO="1") as (address, _),
    ):
        driver = webdriver.Chrome(options=browser_options())
        try:
            frames = film(driver, address)
        finally:
            driver.quit()
    first, *rest = frames
    first.save(
        FILM, save_all=True, append_images=rest, duration=SHOWN_MS, loop=0, quality=70, method=6
    )
    print(f"{FILM.relative_to(ROOT)}: {FILM.stat().st_size / 1e3:,.0f} KB, {len(frames)} frames")


if __name__ == "__main__":
    main()
