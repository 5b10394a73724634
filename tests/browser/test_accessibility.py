"""axe-core finds nothing serious or critical, in either theme, wide or narrow."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browser.axe import SCHEMES, set_screen, set_theme, violations
from tests.support.browser.predict_page import PredictPage
from tests.support.serving import wait_until

PAGES = {"predict": "/?G9=1&G10=1", "never seen": "/?G1=1&G2=1&G3=1&G4=1&G5=1&G6=1&G9=1"}


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_predict(dash_br: Any, shipped_url: str, path: str, size: tuple[int, int]) -> None:
    page = PredictPage(dash_br, shipped_url)
    set_screen(page, *size)
    page.open(path)
    options = (
        "return [...document.querySelectorAll('[role=option]')].filter(o => o.offsetParent).length"
    )
    for scheme in SCHEMES:
        set_theme(page, scheme)
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
        page.find("#version-picker").click()
        wait_until(lambda: page.run(options) == 4)
        assert violations(page) == []
        page.find("#version-picker").send_keys(Keys.ESCAPE)
        wait_until(lambda: page.run(options) == 0)
    page.driver.delete_all_cookies()


def test_not_found(dash_br: Any, shipped_url: str) -> None:
    page = PredictPage(dash_br, shipped_url)
    page.driver.get(shipped_url + "/nowhere")
    wait_until(lambda: "doesn't exist" in page.text("h1"))
    for scheme in SCHEMES:
        set_theme(page, scheme)
        assert violations(page) == []
    page.driver.delete_all_cookies()


def test_nothing_moves_when_numbers_change(dash_br: Any, shipped_url: str) -> None:
    page = PredictPage(dash_br, shipped_url).open("/?G9=1&G10=1")
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
