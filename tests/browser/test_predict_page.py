"""The Predict page in Chromium: flips, versions, links, keyboard, no complaint in the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.support.browser.predict_page import PredictPage
from tests.support.serving import served, wait_until
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.settings import ROOT
from webapp.stats.rates import wilson
from webapp.stats.shapley import shapley

ACCENTED = """
const marks = document.querySelectorAll('#predict-map canvas')[1];
const {data} = marks.getContext('2d').getImageData(0, 0, marks.width, marks.height);
let count = 0;
for (let i = 0; i < data.length; i += 4)
  if (data[i] === 76 && data[i + 1] === 110 && data[i + 2] === 245) count++;
return count;
"""
SHIPPED = ("logit_games_v1", "logit_games_v2", "hgb_games_v1", "keras_games_v1")


def prepared(name: str) -> Prepared:
    return read_prepared(ROOT / "models" / name / "everycase")


@pytest.fixture
def page(dash_br: Any, shipped_url: str) -> Iterator[PredictPage]:
    page = PredictPage(dash_br, shipped_url)
    yield page
    assert page.console() == []


def shown(score: float) -> float:
    return float(f"{score * 100:.1f}")


def test_a_flip_changes_number_address_and_everything_below(page: PredictPage) -> None:
    scores = prepared("logit_games_v1").scores
    page.open()
    assert page.version == "logit_games_v1"
    assert page.probability == shown(scores[0])
    assert page.search == "?G1=0"
    page.flip("G10")
    assert page.probability == shown(scores[512])
    wait_until(lambda: page.search == "")  # what an address without parameters shows
    wait_until(
        lambda: (
            "G10 owned"
            in page.run(
                "return document.querySelector('#predict-why svg').getAttribute('aria-label')"
            )
        )
    )
    assert "512 of 1,023" in page.text("#predict-cell")


def test_choosing_a_version_updates_every_part(page: PredictPage) -> None:
    page.open("/?G9=1&G10=1")
    parts = ("probability", "predict-relative", "predict-scale", "predict-support", "predict-why")
    parts += ("predict-versions", "predict-cell", "predict-highest", "predict-map-legend")
    read = "return arguments[0].map(id => document.getElementById(id).innerHTML)"
    before = page.run(read, parts)
    page.choose("hgb_games_v1")
    wait_until(lambda: "hgb_games_v1" in page.search)
    wait_until(lambda: all(a != b for a, b in zip(before, page.run(read, parts), strict=True)))
    assert page.on() == ["G9", "G10"]
    assert page.probability == shown(prepared("hgb_games_v1").scores[768])


@pytest.mark.parametrize("version", SHIPPED)
def test_browser_and_python_agree_on_all_cases(page: PredictPage, version: str) -> None:
    ours = prepared(version)
    page.open(f"/?version={version}")
    theirs = page.run(
        """const {model} = everycase.predict.state, {cases, rates} = everycase, out = [];
        for (let c = 0; c < model.scores.length; c++) {
          const s = cases.shapley(model.scores, model.n, c);
          out.push([model.scores[c], s.average, [...s.values], [...cases.flips(model.scores, c)],
            model.n[c], model.positives[c],
            model.n[c] ? rates.wilson(model.positives[c], model.n[c]) : null,
            cases.caseOf(model.names, new Set(cases.owned(model.names, c))),
            cases.ungray(cases.gray(c))]);
        } return out"""
    )
    assert len(theirs) == 1024
    counts = ours.baseline
    assert counts is not None
    for case, (score, average, values, flips, n, positives, rate, again, place) in enumerate(
        theirs
    ):
        assert (score, n, positives) == (ours.scores[case], counts.n[case], counts.positives[case])
        assert (again, place) == (case, case)
        assert flips == [float(ours.scores[case ^ 1 << i] - score) for i in range(10)]
        if rate:
            interval = wilson(positives, n)
            assert rate == pytest.approx((interval.value, interval.low, interval.high), abs=1e-12)
        if case % 16 == 0:
            mean, exact = shapley(ours.scores, counts.n, case)
            assert average == pytest.approx(mean, abs=1e-12)
            assert values == pytest.approx(exact, abs=1e-12)
        else:
            assert average + np.sum(values) == pytest.approx(score, abs=1e-12)


def test_every_case_by_clicking(page: PredictPage) -> None:
    """Through the switches themselves: a walk over 64 cases in Gray code."""
    scores = prepared("logit_games_v1").scores
    page.open()
    case = 0
    for step in range(1, 64):
        bit = (step & -step).bit_length() - 1
        page.flip(f"G{bit + 1}")
        case ^= 1 << bit
        assert page.probability == shown(scores[case])


def test_deep_link(page: PredictPage) -> None:
    page.open("/?G1=1&G10=1&version=hgb_games_v1")
    assert page.on() == ["G1", "G10"]
    assert page.version == "hgb_games_v1"
    assert page.probability == shown(prepared("hgb_games_v1").scores[513])
    assert page.search == "?G1=1&G10=1&version=hgb_games_v1"


def test_back_and_forward(page: PredictPage) -> None:
    page.open("/?G1=1")
    page.flip("G2")
    wait_until(lambda: "G2=1" in page.search)
    page.choose("logit_games_v2")
    wait_until(lambda: "logit_games_v2" in page.search)
    page.flip("G3")
    wait_until(lambda: "G3=1" in page.search)
    for games, version in (
        (["G1", "G2"], "logit_games_v2"),
        (["G1", "G2"], "logit_games_v1"),
        (["G1"], "logit_games_v1"),
    ):
        page.driver.back()
        wait_until(lambda games=games: page.on() == games)
        wait_until(lambda version=version: page.version == version)
        case = sum(1 << int(game[1:]) - 1 for game in games)
        wait_until(lambda v=version, c=case: page.probability == shown(prepared(v).scores[c]))
    for games in (["G1", "G2"],):
        page.driver.forward()
        wait_until(lambda games=games: page.on() == games)


@pytest.mark.parametrize(
    ("path", "message", "games"),
    [
        ("/?G1=7&G2=1", "G1=7 in this link isn't 0 or 1", ["G2"]),
        ("/?version=nope&G2=1", "There is no version nope", ["G2"]),
        ("/?colour=red", "This model has no input colour", []),
        ("/?G1=", "G1= in this link isn't 0 or 1", []),
    ],
)
def test_bad_links_say_so_and_show_something(
    page: PredictPage, path: str, message: str, games: list[str]
) -> None:
    page.open(path)
    wait_until(lambda: message in page.text("#predict-problems"))
    assert page.on() == games
    assert page.version == "logit_games_v1"


def test_map_jumps_by_click_and_moves_by_arrow_key(page: PredictPage) -> None:
    page.open()
    page.find("#predict-map").send_keys(Keys.ARROW_RIGHT)
    wait_until(lambda: page.on() == ["G1"])
    page.find("#predict-map").send_keys(Keys.ARROW_DOWN)
    wait_until(lambda: page.on() == ["G1", "G6"])
    page.find("#predict-map").send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    wait_until(lambda: page.on() == ["G5", "G6"])  # around the edge: Gray code closes
    page.run("document.querySelector('#predict-map').scrollIntoView({block: 'center'})")
    page.run(
        """const m = document.querySelector('#predict-map').getBoundingClientRect();
        const e = new MouseEvent('click', {clientX: m.left + m.width - 8, clientY: m.bottom - 60,
          bubbles: true}); document.querySelector('#predict-map').dispatchEvent(e)"""
    )
    wait_until(lambda: "G10" in page.on())


def test_the_map_introduces_itself_at_the_first_hover(page: PredictPage) -> None:
    """Neighbours are ringed in the colour of the accent, for a moment; a tip says what they are."""
    page.open()
    page.run("window.blue = () => {" + ACCENTED + "}")
    before = page.run("return blue()")
    page.run("document.querySelector('#predict-map').scrollIntoView({block: 'center'})")
    ActionChains(page.driver).move_to_element(page.find("#predict-map")).perform()
    tip = "return document.querySelector('#predict-map .ec-tip').innerText"
    wait_until(lambda: "Ringed: one game away from yours" in page.run(tip), 10)
    assert page.run("return blue()") > before + 10 * 20, "ten rings"
    wait_until(lambda: page.run("return blue()") == before, 10, "the rings are gone")
    ActionChains(page.driver).move_by_offset(5, 5).perform()
    wait_until(lambda: "Ringed" not in page.run(tip), 10)


def test_examples_clear_and_random(page: PredictPage) -> None:
    page.open("/")
    chips = page.driver.find_elements("css selector", "#predict-examples button")
    assert [chip.text for chip in chips] == ["G10 only", "No games", "Never seen"]
    assert page.on() == ["G10"]
    wait_until(lambda: page.text("#predict-story").startswith("Right. The model says 40.6"))
    assert "within that interval" in page.text("#predict-support")
    chips[1].click()
    wait_until(lambda: page.text("#predict-story").startswith("Wrong. The model says 9.3"))
    page.driver.back()
    wait_until(lambda: page.on() == ["G10"])
    never = chips[2]
    never.click()
    wait_until(lambda: page.text("#predict-story").startswith("A guess."))
    wait_until(lambda: "Never seen in training" in page.text("#predict-support"))
    assert never.get_attribute("aria-pressed") == "true"
    page.find("#predict-clear").click()
    wait_until(lambda: page.on() == [])
    for _ in range(5):
        page.find("#predict-random").click()
    wait_until(lambda: "had exactly these" in page.text("#predict-support"))


def test_switches_work_from_the_keyboard(page: PredictPage) -> None:
    page.open()
    page.switch("G4").send_keys(Keys.SPACE)
    wait_until(lambda: page.on() == ["G4"])
    assert page.probability == shown(prepared("logit_games_v1").scores[8])


def test_copy_buttons_write_what_works_elsewhere(page: PredictPage, shipped_url: str) -> None:
    page.open("/?G9=1&G10=1&version=hgb_games_v1")
    page.run("window.copied = []; navigator.clipboard.writeText = async t => copied.push(t)")
    for element in ("copy-link", "copy-curl", "copy-python"):
        page.find(f"#{element}").click()
        wait_until(lambda e=element: page.find(f"#{e}").get_attribute("data-copied") == "Copied")
    link, curl, python = page.run("return window.copied")
    assert link == f"{shipped_url}/?G9=1&G10=1&version=hgb_games_v1"
    score = repr(float(prepared("hgb_games_v1").scores[768]))
    assert score in shell(curl)
    assert shell_python(python).strip() == score
    page.run("document.documentElement.dataset.needsToken = ''")  # as where API_TOKEN is set
    for element in ("copy-curl", "copy-python"):
        page.find(f"#{element}").click()
    wait_until(lambda: page.run("return window.copied.length") == 5)
    curl, python = page.run("return window.copied.slice(3)")
    assert curl.startswith('curl -H "Authorization: Bearer $API_TOKEN" \'http')
    assert 'os.environ["API_TOKEN"]' in python
    assert "headers=headers" in python
    compile(python, "copied", "exec")


def shell(command: str) -> str:
    import shlex
    import urllib.request

    words = shlex.split(command)
    assert words[0] == "curl"
    with urllib.request.urlopen(words[1], timeout=10) as response:
        return str(response.read().decode())


def shell_python(text: str) -> str:
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_flips_need_no_server(dash_br: Any, tmp_path: Path) -> None:
    scores = prepared("logit_games_v1").scores
    with served(ROOT / "models", tmp_path) as (url, process):
        page = PredictPage(dash_br, url).open()
        page.run("performance.clearResourceTimings()")
        page.flip("G2")
        page.flip("G2")
        assert page.run("return performance.getEntriesByType('resource').length") == 0
        process.terminate()
        process.wait(40)
        page.flip("G1")
        page.flip("G10")
        assert page.probability == shown(scores[513])
        wait_until(lambda: page.search == "?G1=1&G10=1&version=logit_games_v1")
        page.driver.back()
        wait_until(lambda: page.on() == ["G1"])
        assert page.probability == shown(scores[1])
        assert page.console() == []


def test_theme_is_kept_and_known_to_the_server(page: PredictPage) -> None:
    page.open()
    scheme = "return document.documentElement.getAttribute('data-mantine-color-scheme')"
    before = page.run(scheme)
    page.find("#theme-toggle").click()
    wait_until(lambda: page.run(scheme) != before)
    page.open()
    assert page.run(scheme) != before
    page.driver.delete_all_cookies()


def test_other_addresses_lead_back(page: PredictPage) -> None:
    page.driver.get(page.url + "/nothing/here")
    wait_until(lambda: page.text("h1") == "This page doesn't exist")
    page.find(".ec-page .ec-link").click()
    wait_until(lambda: page.text("#probability"))
    (line,) = page.console()  # the browser's own, of the address
    assert "404 (NOT FOUND)" in line
