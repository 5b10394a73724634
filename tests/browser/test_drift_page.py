"""The Drift page in a real browser: every state a link, every chart drawn, a clean console."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browser.axe import SCHEMES, set_screen, set_theme, violations
from tests.support.browser.drift_page import DriftPage
from tests.support.serving import wait_until
from webapp.services.drift.words import VERDICTS


@pytest.fixture
def page(dash_br: Any, busy: str) -> Iterator[DriftPage]:
    yield DriftPage(dash_br, busy)
    assert dash_br.get_logs() == []


def test_it_says_what_to_do_and_draws_everything(page: DriftPage) -> None:
    page.open().drawn()
    assert page.text("#drift-simulated") == "Simulated traffic. No real events yet."
    assert page.text(".ec-headline .ec-verdict").split()[-1] == "Promote"
    form = json.load(urllib.request.urlopen(f"{page.url}/api/v1/drift"))
    page_text = page.text(".ec-finding") + " " + page.text(".ec-reason")
    sentence = form["sentence"].split(": ", 1)[1]
    assert " ".join(page_text.lower().split()) == " ".join(sentence.lower().split())
    assert len(page.all("#drift-features tbody tr")) == 10
    verdicts = [
        text.lstrip("▲▼✓? ").lower()
        for text in page.all("#drift-features td:last-child .ec-verdict")
    ]
    assert verdicts == [VERDICTS[row["verdict"]].lower() for row in form["features"]]


def test_controls_write_the_address_and_back_undoes_them(page: DriftPage) -> None:
    page.open().drawn()
    fortnight = page.text("#drift-dates")
    page.press("//label[contains(., '60')]")
    page.wait_address("days=60")
    wait_until(lambda: page.text("#drift-dates") not in ("", fortnight), 10)
    page.pick("#drift-baseline", "Previous period")
    page.wait_address("baseline=previous")
    page.follow("Purchase rate")
    wait_until(lambda: page.text(".ec-choice [aria-current]") == "Purchase rate", 10)
    page.follow("PSI")
    wait_until(lambda: "PSI" in page.text("#drift-features [aria-sort]"), 10)
    psi = [float(text) for text in page.all("#drift-features .ec-col-psi")[1:]]
    assert psi == sorted(psi, reverse=True)
    address = page.driver.current_url
    page.driver.back()
    wait_until(lambda: "sort" not in page.driver.current_url)
    page.driver.get(address)
    page.drawn()
    assert page.run("return document.querySelector('#drift-baseline').value") == "Previous period"
    a_refused_change_is_taken_back(page)
    assert page.text(".ec-choice [aria-current]") == "Purchase rate"


def a_refused_change_is_taken_back(page: DriftPage) -> None:
    """Without the server, controls and address go back to what is shown, and say so."""
    address = page.driver.current_url
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.offline(True)
    page.pick("#drift-baseline", "A week before")
    refusal = "Nothing was changed: the server can't be reached."
    wait_until(lambda: refusal in page.text("#ec-toasts"), 10)
    value = "return document.querySelector('#drift-baseline').value"
    wait_until(lambda: page.run(value) == "Previous period", 10)
    assert page.driver.current_url == address
    page.offline(False)
    page.driver.get_log("browser")  # of the requests that had nowhere to go
    page.pick("#drift-baseline", "A week before")
    wait_until(lambda: page.driver.current_url != address, 10)
    wait_until(lambda: page.run(value) == "A week before", 10)


def test_the_picker_changes_the_version(page: DriftPage) -> None:
    page.open().drawn()
    assert page.run("return document.querySelector('#version-picker').value") == "logit_games_v1"
    page.pick("#version-picker", "hgb_games_v1")
    page.wait_address("version=hgb_games_v1")
    wait_until(lambda: "hgb_games_v1" in page.text(".ec-subtitle"), 10)


def test_charts_follow_light_and_dark_without_a_request(page: DriftPage) -> None:
    page.open().drawn()
    colour = "return document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
    before = page.run(colour)
    count = (
        "return performance.getEntriesByType('resource')"
        ".filter(r => r.name.includes('_dash-update')).length"
    )
    requests = page.run(count)
    page.driver.find_element(By.CSS_SELECTOR, "#theme-toggle").click()
    wait_until(lambda: page.run(colour) != before, 10)
    assert {before, page.run(colour)} == {"#fff", "#242424"}
    assert page.run(count) == requests


def test_a_figure_is_saved_as_png_and_the_table_as_csv(page: DriftPage) -> None:
    page.open().drawn()
    script = """const done = arguments[arguments.length - 1];
        const plot = document.querySelector('.js-plotly-plot');
        Plotly.toImage(plot, {format: 'png'}).then(done, e => done('' + e));"""
    assert page.driver.execute_async_script(script).startswith("data:image/png;base64,")
    table = page.run(
        "const s = document.createElement('a').__proto__; let said; const click = s.click;"
        "s.click = function () { said = [this.download, decodeURIComponent(this.href)]; };"
        "document.querySelector('#drift-csv').click(); s.click = click; return said;"
    )
    assert table[0] == "everycase-drift-logit_games_v1.csv"
    lines = table[1].partition(",")[2].split("\r\n")
    assert lines[0].startswith("feature,baseline,window,difference,low,high")
    assert [line.split(",")[0] for line in lines[1:11]] == [f"G{i}" for i in range(1, 11)]


def test_hovering_a_small_chart_reads_it(page: DriftPage) -> None:
    page.open().drawn()
    page.run(
        "const p = document.querySelectorAll('.ec-sm-plot')[7]; p.scrollIntoView();"
        "const r = p.getBoundingClientRect(), at = [r.left + r.width / 2, r.top + 30];"
        "p.dispatchEvent(new MouseEvent("
        "'mousemove', {bubbles: true, clientX: at[0], clientY: at[1]}));"
    )
    tip = page.text("#drift-tip").replace("\u00a0", " ")
    assert tip.startswith("G8, ")
    assert "% [" in tip
    assert tip.endswith("events")


def test_cases_are_open_to_the_keyboard(page: DriftPage) -> None:
    page.open("/drift?open=why,combinations").drawn_in("#combinations", 2)
    address = page.run("return document.querySelector('#why tbody th a').href")
    assert "version=logit_games_v1" in address
    page.run("document.querySelector('[data-map]').focus({focusVisible: true})")
    keys = page.driver.switch_to.active_element
    keys.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    status = "return document.querySelector('[data-map] [role=status]').textContent"
    assert page.run(status).startswith("G6, ")  # under no games; neighbours differ by one
    cursor, plot = page.boxes(".ec-map-cursor", "[data-figure=drift-map] .heatmaplayer image")
    assert cursor["width"] > 4
    assert plot["left"] - 3 <= cursor["left"] <= plot["left"] + 3
    keys.send_keys(Keys.ENTER)
    wait_until(lambda: "/?G6=1&version=logit_games_v1" in page.driver.current_url, 10)


def test_a_copied_link_has_dates_and_sections(page: DriftPage) -> None:
    page.open("/drift?sort=psi&open=inputs")
    page.run("everycase.copyText = (text) => { window.copied = text; }")
    page.driver.find_element(By.CSS_SELECTOR, "#drift-link").click()
    query = dict(parse_qsl(urlsplit(page.run("return window.copied")).query))
    days = json.load(urllib.request.urlopen(f"{page.url}/api/v1/drift"))["window"]
    assert query.pop("from") == days["from"][:10]
    assert len(query.pop("to")) == 10
    others = {"sort": "psi", "open": "inputs", "source": "demo", "version": "logit_games_v1"}
    assert query == others


def test_what_is_wrong_in_a_link_is_reported(page: DriftPage) -> None:
    page.open("/drift?margin=9&days=7&version=nope&utm_source=mail&every=1&every=0")
    problems = page.text("#drift-problems")
    assert "The margin in this link must be a share between 0 and 1" in problems
    assert "There is no version nope" in problems
    assert "The granularity in this link is 1, 0, so it was ignored." in problems
    style = "return getComputedStyle(document.querySelector('#drift-problems')).backgroundColor"
    assert page.run(style) != "rgba(0, 0, 0, 0)"


def test_an_empty_window_leads_to_one_that_is_not(page: DriftPage) -> None:
    page.open("/drift?from=2020-01-01&to=2020-01-09&open=all")
    assert "There are no events over 1–9 Jan 2020." in page.text("#drift-empty")
    page.follow("Show that period")
    page.drawn()


def test_an_empty_log_has_a_state_of_its_own(dash_br: Any, shipped_url: str) -> None:
    page = DriftPage(dash_br, shipped_url).open("/drift?source=replay")
    assert "There is no replayed traffic for logit_games_v1 yet." in page.text("#drift-empty")
    page.run("navigator.clipboard.writeText = async t => { window.copied = t }")
    button = page.driver.find_element("css selector", "#drift-empty [data-copy]")
    button.send_keys(Keys.ENTER)
    wait_until(lambda: button.get_attribute("data-copied") == "Copied")
    assert page.run("return copied").endswith("everycase replay --data players.csv")
    spoken = "return [...document.querySelectorAll('[role=status]')].map(e => e.textContent)"
    assert "Copied" in page.run(spoken)
    assert violations(page) == []
    assert dash_br.get_logs() == []


def test_a_page_that_is_long_in_coming_says_so(page: DriftPage) -> None:
    page.driver.get(page.url + "/docs/lake")
    wait_until(lambda: page.run("return !!document.querySelector('.ec-docs h1')"), 30)
    slow = {"offline": False, "latency": 4000, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.enable", {})
    line = "return getComputedStyle(document.getElementById('_pages_content'), '::before')"
    pages = {
        "//nav[@aria-label='Documents']//a[.='models']": ".ec-docs [id=training-counts]",
        "//a[contains(@class, 'ec-nav-link') and normalize-space()='Drift']": "#drift-body",
    }
    for link, content in pages.items():
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
        page.press(link)
        wait_until(lambda: float(page.run(line + ".opacity")) > 0.3, 3.9, "the line at the top")
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow | {"latency": 0})
        there = "return !!document.querySelector(arguments[0])"
        wait_until(lambda c=content, t=there: page.run(t, c), 30)
        wait_until(lambda: page.run(line + ".content") == "none", 10, "the line is gone")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_axe_finds_nothing_serious(page: DriftPage, size: tuple[int, int]) -> None:
    set_screen(page, *size)
    page.open().drawn()
    for scheme in SCHEMES:
        set_theme(page, scheme)
        page.drawn()
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    page.driver.delete_all_cookies()
