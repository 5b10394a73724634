"""axe-core finds nothing serious or critical, in either theme, wide or narrow."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from tests.browser.page import PredictPage
from tests.serving import wait_until

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
PAGES = {"predict": "/?G9=1&G10=1", "never seen": "/?G1=1&G2=1&G3=1&G4=1&G5=1&G6=1&G9=1"}


def violations(page: PredictPage) -> list[str]:
    page.run(AXE)
    found = page.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
    )
    return [
        f"{rule['id']} ({rule['impact']}): " + json.dumps([n["html"][:160] for n in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def set_screen(page: PredictPage, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def set_theme(page: PredictPage, scheme: str) -> None:
    shown = "return document.documentElement.getAttribute('data-mantine-color-scheme')"
    if page.run(shown) != scheme:
        page.run("document.getElementById('theme-toggle').click()")
    wait_until(lambda: page.run(shown) == scheme)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_predict(dash_br: Any, shipped: str, path: str, scheme: str, size: tuple[int, int]) -> None:
    page = PredictPage(dash_br, shipped)
    set_screen(page, *size)
    page.open(path)
    set_theme(page, scheme)
    assert violations(page) == []
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    page.find("#version-picker").click()
    wait_until(lambda: page.run("return document.querySelectorAll('[role=option]').length") == 4)
    assert violations(page) == []
    page.driver.delete_all_cookies()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_not_found(dash_br: Any, shipped: str, scheme: str) -> None:
    page = PredictPage(dash_br, shipped)
    page.driver.get(shipped + "/nowhere")
    wait_until(lambda: "doesn't exist" in page.text("h1"))
    set_theme(page, scheme)
    assert violations(page) == []
    page.driver.delete_all_cookies()


def test_nothing_moves_when_numbers_change(dash_br: Any, shipped: str) -> None:
    page = PredictPage(dash_br, shipped).open("/?G9=1&G10=1")
    boxes = """return ['#predict-switches', '#predict-scale', '#predict-why', '#predict-map',
      '.ec-copy-buttons', '.ec-score-columns'].map(s => {
        const b = document.querySelector(s).getBoundingClientRect(); return [b.x, b.y, b.width]})"""
    before = page.run(boxes)
    for name in ("G10", "G1", "G2", "G3"):
        page.flip(name)
        page.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
        )
        assert page.run(boxes) == before
