"""Long pages have a shape: the verdict above the fold, contents in sight, sections that fold."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support import populations
from tests.support.browser.axe import set_screen, set_theme, violations
from tests.support.browser.drift_page import DriftPage
from tests.support.serving import wait_until
from tests.support.synthetic_rows import header

PARTS = ".ec-headline :is(.ec-verdict, .ec-finding, .ec-reason, .ec-button)"
OPENED = (
    "return [...document.querySelectorAll('details[data-fold][open]')].map(e => e.dataset.fold)"
)
HERE = "return document.querySelector('.ec-contents [aria-current=location]')?.textContent"

DARK = "rgb(36, 36, 36)"
GROUNDS = (  # of the charts in open sections
    "return [...new Set([...document.querySelectorAll('details[open] .main-svg:first-child')]"
    ".map(e => e.style.background))]"
)
PAPER = """
const charts = [...document.querySelectorAll('[data-figure]')].map((e) => e.querySelector('svg'));
const grounds = [...new Set(charts.map((svg) => svg?.style.background))];
const closed = document.querySelectorAll('main details:not([open])').length;
const scheme = document.documentElement.dataset.mantineColorScheme;
return [charts.every(Boolean), closed, grounds, scheme];
"""


@pytest.fixture
def page(dash_br: Any, busy: str) -> Iterator[DriftPage]:
    yield DriftPage(dash_br, busy)
    assert dash_br.get_logs() == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    ("path", "parts", "heights"), [("/drift", 4, (1500, 2300)), ("/compare", 5, (2400, 3500))]
)
def test_verdict_reason_and_next_step_are_above_the_fold(
    page: DriftPage, path: str, parts: int, heights: tuple[int, int], size: tuple[int, int]
) -> None:
    width, height = size
    set_screen(page, width, height)
    page.driver.get(page.url + path)
    is_drawn = "return !!document.querySelector('.js-plotly-plot .main-svg, .ec-forests')"
    wait_until(lambda: page.run(is_drawn), 30)
    bottoms = page.run(
        "return [...document.querySelectorAll(arguments[0])]"
        ".map(e => e.getBoundingClientRect().bottom)",
        PARTS,
    )
    assert len(bottoms) == parts
    colours = "return [...arguments].map(s => getComputedStyle(document.querySelector(s)).color)"
    assert len(set(page.run(colours, ".ec-headline .ec-verdict", ".ec-finding"))) == 2
    assert max(bottoms) <= height
    assert page.run("return document.documentElement.scrollHeight") < heights[width < 600]
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def send_file(url: str, rows: NDArray[np.int64]) -> str:
    """Have the app read rows with labels for Compare; the address of the comparison."""
    lines = [header(), *(",".join(map(str, row)) for row in rows)]
    request = urllib.request.Request(
        f"{url}/page/compare/file?versions=logit_games_v1,hgb_games_v1",
        "\n".join(lines).encode(),
        {"Content-Type": "application/octet-stream"},
    )
    with urllib.request.urlopen(request) as response:
        last = json.loads(response.read().splitlines()[-1])
    return f"/compare?versions=logit_games_v1,hgb_games_v1&file={last['file']}"


def overconfident_rows(n: int = 16_000) -> NDArray[np.int64]:
    """Rows on which boosting ranks better, but by half too timidly to be taken for chances."""
    rng, scores = np.random.default_rng(0), populations.shipped("hgb_games_v1").scores
    rates = 1 / (1 + np.exp(-(2 * np.log(scores / (1 - scores)) + 1.6)))
    cases = rng.choice(len(rates), n, p=populations.shares())
    labels = (rng.random(n) < rates[cases]).astype(np.int64)
    return np.column_stack([populations.GAMES.matrix()[cases], labels])


def test_calibration_as_the_catch_leaves_the_next_step_above_the_fold(page: DriftPage) -> None:
    path = send_file(page.url, overconfident_rows())
    for width, height in ((1440, 900), (390, 844)):
        set_screen(page, width, height)
        page.driver.get(page.url + path)
        wait_until(lambda: page.run("return !!document.querySelector('.ec-forests')"), 30)
        assert "after calibrating it" in page.text(".ec-headline")
        verdict, step = page.run(
            "return ['.ec-verdict', '.ec-button'].map(s =>"
            "document.querySelector('.ec-headline ' + s).getBoundingClientRect().bottom)"
        )
        assert 0 < verdict < step <= height


def test_sections_fold_and_links_keep_what_is_open(page: DriftPage) -> None:
    page.open("/drift")
    wait_until(lambda: page.run(HERE) == "Verdict", 10)
    assert page.run(OPENED) == ["harm"]
    finding = page.text(".ec-finding")[1:]  # whose first letter is large
    assert finding in page.run("return document.getElementById('ec-said').textContent")
    page.press("//nav[@aria-label='On this page']//a[.='Games']")
    wait_until(lambda: page.run(HERE) == "Games", 10)
    assert page.run("return document.activeElement.closest('section').id") == "inputs"
    wait_until(lambda: len(page.all(".ec-sm svg")) == 10, 10)
    page.wait_address("open=harm,inputs")
    page.follow("PSI")
    page.wait_address("sort=psi")
    wait_until(lambda: "PSI" in page.text("#drift-features [aria-sort]"), 10)
    assert "open=harm,inputs" in page.driver.current_url
    page.driver.refresh()
    wait_until(lambda: page.run(OPENED) == ["harm", "inputs"], 20)
    summary = page.driver.find_element(By.CSS_SELECTOR, "#harm summary")
    page.run("arguments[0].scrollIntoView({block: 'center'})", summary)
    summary.click()
    page.wait_address("open=inputs")


@pytest.mark.parametrize("name", ["drift", "compare"])
def test_filters_come_in_a_sheet_on_a_phone(page: DriftPage, name: str) -> None:
    set_screen(page, 390, 844)
    page.open("/drift") if name == "drift" else page.driver.get(f"{page.url}/compare")
    wait_until(lambda: page.run(HERE) == "Verdict", 30)
    page.press("//button[@data-filters]")
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    focused_id = "return document.activeElement.closest('.ec-sheet[role=dialog] [id]')?.id"
    assert page.run(focused_id) == {"drift": "drift-baseline", "compare": "compare-versions"}[name]
    wait_until(lambda: page.boxes(".ec-sheet")[0]["bottom"] == 844, 10, "it has risen")
    (sheet,) = page.boxes(".ec-sheet")
    assert (sheet["left"], sheet["right"]) == (0, 390)
    assert sheet["top"] > 60
    assert page.run("return !!document.querySelector('.ec-headline').closest('[inert]')")
    assert violations(page) == []
    page.press(f"//*[@id='{name}-days']//label[contains(., '14')]")
    page.wait_address("days=14")
    verdict_text = "return document.querySelector('.ec-sheet-verdict').textContent"
    finding = "return document.querySelector('.ec-finding').textContent"
    wait_until(lambda: name == "compare" or "14 days" in page.run(verdict_text))
    wait_until(lambda: page.run(verdict_text).endswith(page.run(finding)))
    focused_value = "return document.activeElement.value"
    wait_until(lambda: page.run(focused_value) == "14", 10, "the focus stays on what was chosen")
    page.driver.find_element(By.ID, f"{name}-source").click()
    wait_until(lambda: len(page.all("[role=option]")) > 5)
    for still_open in (True, False):
        page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
        wait_until(lambda o=still_open: page.run("return !!document.querySelector('[inert]')") == o)
    assert page.run("return document.activeElement.matches('[data-filters]')")


def test_paper_is_light_and_has_everything(page: DriftPage) -> None:
    """What a browser prints, and not only what the page's styles for paper say."""
    page.open("/drift")
    set_theme(page, "dark")
    wait_until(lambda: page.run(GROUNDS) == [DARK], 20)
    page.run(f"addEventListener('beforeprint', () => {{ window.paper = (() => {{{PAPER}}})() }})")
    pdf = page.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    sheets = base64.b64decode(pdf["data"]).count(b"/Type /Page\n")
    assert page.run("return window.paper") == [True, 0, ["rgb(255, 255, 255)"], "light"]
    assert 3 <= sheets <= 7
    wait_until(lambda: page.run(GROUNDS) == [DARK], 20, "the screen has its own charts again")
    assert page.run(OPENED) == ["harm"]
    assert "open" not in page.driver.current_url


def test_whoever_prints_at_once_has_every_chart(page: DriftPage) -> None:
    """The page counts as loaded once it is drawn; what draws its charts may still be to come."""
    page.driver.get(f"{page.url}/compare")
    assert page.run("return !!document.querySelector('[data-figure]')")
    page.run(f"addEventListener('beforeprint', () => {{ window.paper = (() => {{{PAPER}}})() }})")
    page.run("delete window.Plotly")
    page.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert page.run("return window.paper") == [True, 0, ["rgb(255, 255, 255)"], "light"]
    assert page.run("return !!window.Plotly")


def test_a_link_to_a_section_opens_it(page: DriftPage) -> None:
    page.open("/drift#scores")
    wait_until(lambda: page.run(HERE) == "Scores and volume", 10)
    page.press("//button[.='Open all']")
    page.wait_address("open=harm,why,inputs,combinations,scores")
    page.drawn()
    page.press("//button[.='Close all']")
    page.wait_address("open=none")
    check_term(page, "#scores > [data-term]", "What the model sees")
    page.wait_address("open=none")  # explaining a title doesn't open its section


def check_term(page: DriftPage, selector: str, title: str) -> None:
    """A term explains itself to a mouse that rests, by a tap and by keyboard; Escape closes it."""
    term = page.driver.find_element(By.CSS_SELECTOR, selector)
    page.run("arguments[0].scrollIntoView({block: 'center'})", term)
    open_text = "return document.querySelector('#ec-explanation:popover-open')?.innerText ?? ''"
    has_focus = "return document.activeElement === (arguments[0] ?? window['ec-explanation'])"

    def wait(*, is_open: bool) -> None:
        wait_until(lambda: page.run(open_text).startswith(title) == is_open, 10, f"open: {is_open}")

    mouse = ActionChains(page.driver)
    mouse.move_to_element(term).perform()
    wait(is_open=True)
    assert page.run("return document.querySelector('#ec-explanation a').hash.length > 1")
    assert not page.run(has_focus)  # who only rests goes on where they were
    mouse.move_to_element(page.driver.find_element(By.CSS_SELECTOR, ".ec-contents")).perform()
    wait(is_open=False)
    term.send_keys(Keys.ENTER)
    wait(is_open=True)
    wait_until(lambda: page.run(has_focus))
    assert violations(page) == []
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(is_open=False)
    assert page.run(has_focus, term)
    for goal, is_open in ((term, True), (page.driver.find_element(By.TAG_NAME, "h1"), False)):
        tap(page, goal)
        wait(is_open=is_open)


def tap(page: DriftPage, element: Any) -> None:
    """Touch the middle of an element, which comes into sight first."""
    page.run("arguments[0].scrollIntoView({block: 'center'})", element)
    box = page.run("return arguments[0].getBoundingClientRect().toJSON()", element)
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for kind, points in (("touchStart", [point]), ("touchEnd", [])):
        event = {"type": kind, "touchPoints": points}
        page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", event)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_the_button_that_retrains_leads_to_where_that_is_done(page: DriftPage) -> None:
    page.driver.get(f"{page.url}/models#models-retrain")
    wait_until(lambda: page.run("return !location.hash"), 20)
    (box,) = page.boxes("#models-retrain")
    assert 0 <= box["top"] <= box["bottom"] <= 900


def test_compare_folds_and_draws_what_is_opened(page: DriftPage) -> None:
    page.driver.get(f"{page.url}/compare?challenger=keras_games_v1")
    wait_until(lambda: page.run(HERE) == "Verdict", 30)
    assert page.run(OPENED) == ["metrics"]
    conclusions = page.all("details[data-fold]:not([open]) .ec-fold-conclusion")
    assert len(conclusions) == 6
    assert all(conclusions)
    assert any("of decisions flip at 20" in text for text in conclusions)
    assert page.run("return document.getElementById('ec-said').textContent").startswith("Promote")
    page.press("//nav[@aria-label='On this page']//a[.='Decisions']")
    page.wait_address("open=metrics,decisions")
    wait_until(lambda: page.run("return document.querySelector('#compare-value svg')"), 10)
    assert page.run("return document.querySelector('#compare-value svg').clientWidth") > 300
    page.press("//nav[@aria-label='On this page']//a[.='Calibration']")
    charts = "return document.querySelectorAll('#curves .main-svg').length >= 3"
    wait_until(lambda: page.run(charts), 20)
    page.run("everycase.copyText = text => { window.copied = text }")
    page.run("document.getElementById('compare-link').click()")
    assert "open=metrics,curves,decisions" in page.run("return copied")
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert len(page.run(OPENED)) == 7
    map_drawn = "return !!document.querySelector('[data-figure=compare-map] .main-svg')"
    wait_until(lambda: page.run(map_drawn), 20)
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run(OPENED) == ["metrics", "curves", "decisions"]
