"""Take the pictures of the documents: docs/drift.png and docs/models.png, of the real app.

    PYTHONPATH=. .venv/bin/python scripts/picture_docs.py

Uses the tests' browser, which ``make test`` installs. A page has simulated traffic of 60 days.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from selenium import webdriver

from tests.browser.conftest import browser_options
from tests.support.app_access import ADMIN_TOKEN
from tests.support.app_commands import run_command
from tests.support.browser.models_page import ModelsPage
from tests.support.serving import served, wait_until
from webapp.settings import ROOT

WIDTH = 1280  # CSS pixels, as are the heights
PICTURES: Mapping[str, tuple[str, int]] = {
    "drift": ("/drift?open=harm,inputs", 1900),
    "models": ("/models?promote=hgb_games_v1", 900),
}
MOST = 200_000  # bytes of a picture
_DRAWN = """
return [...document.querySelectorAll('details[open] [data-figure], details[open] .ec-sm-plot')]
  .every((host) => host.querySelector('svg')) && !!document.querySelector('[data-figure]')
"""


def take(page: ModelsPage, name: str) -> bytes:
    """The page as a PNG, in fewer colours if it would be too large."""
    path, height = PICTURES[name]
    screen = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)  # no scroll bars
    page.driver.get(page.url + path)
    if "promote" in path:
        page.dialog()
    else:
        wait_until(lambda: page.run(_DRAWN), 30, "the charts")
    time.sleep(2)  # for fonts, and for what fades in
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    png = _encode(picture)
    return png if len(png) <= MOST else _encode(picture.quantize(dither=Image.Dither.NONE))


def _encode(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "png", optimize=True)
    return out.getvalue()


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        run_command(var, "demo")
        with served(ROOT / "models", var, ADMIN_TOKEN=ADMIN_TOKEN) as (address, _):
            driver = webdriver.Chrome(options=browser_options())
            try:
                page = ModelsPage(_Tab(driver), address).sign_in()
                for name in PICTURES:
                    target = ROOT / "docs" / f"{name}.png"
                    target.write_bytes(take(page, name))
                    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e3:,.0f} KB")
            finally:
                driver.quit()


class _Tab:
    """What a page class asks of dash-testing's browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver


if __name__ == "__main__":
    main()
