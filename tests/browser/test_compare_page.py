"""The Compare page in a real browser: every state a link, the threshold without a request."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import set_screen, set_theme, violations
from tests.browser.drift_page import DriftPage
from tests.browser.test_drift_page import command
from tests.serving import served, wait_until
from webapp.settings import ROOT

A, B = "logit_games_v1", "hgb_games_v1"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with 60 days of simulated traffic."""
    var = tmp_path_factory.mktemp("var")
    command(var, "demo")
    with served(ROOT / "models", var) as (url, _):
        yield url


class ComparePage(DriftPage):
    """Opens, reads and works the page."""

    def open(self, path: str = "/compare") -> ComparePage:
        self.driver.get(self.url + path)
        filled = "return !!document.querySelector('#compare-body')?.children.length"
        wait_until(lambda: self.run(filled), 30, "the page")
        return self

    def drawn(self) -> ComparePage:
        charts = (
            "const hosts = [...document.querySelectorAll('[data-figure]')];"
            "return hosts.length === 4 && hosts.every(h => h.querySelector('.main-svg'))"
        )
        wait_until(lambda: self.run(charts), 30, "the figures")
        wait_until(lambda: self.text("#compare-confusion") != "", 10)
        return self

    def slide(self, threshold: float, event: str = "input") -> None:
        self.run(
            "const slider = document.getElementById('compare-threshold');"
            "slider.value = arguments[0];"
            "slider.dispatchEvent(new Event(arguments[1], {bubbles: true}))",
            threshold,
            event,
        )


@pytest.fixture
def page(dash_br: Any, busy: str) -> Iterator[ComparePage]:
    yield ComparePage(dash_br, busy)
    assert dash_br.get_logs() == []


def told(busy: str, *words: str) -> dict[str, Any]:
    """What the command says of the same."""
    with urllib.request.urlopen(f"{busy}/api/v1/compare?{'&'.join(words)}") as response:
        found: dict[str, Any] = json.loads(response.read())
    return found


def test_it_says_what_the_api_says_and_draws_everything(page: ComparePage, busy: str) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    form = told(busy, f"versions={A},{B}")
    headline = page.text("#compare-headline").replace("\n", " ")
    assert form["sentence"].split(":")[0] in headline
    assert "simulated traffic" in page.text("#compare-simulated")
    metrics = page.text(".ec-compare-table")
    for version in form["versions"]:
        assert f"{version['metrics']['log_loss']['value']:.4f}" in metrics
    confusion = form["versions"][1]["confusion"]
    shown = page.text("#compare-confusion")
    for name in ("true_positives", "false_positives", "false_negatives", "true_negatives"):
        assert f"{confusion[name]:,}" in shown
    share = form["flips"]["share"]["value"]
    assert page.text("#compare-flips-caption").startswith(f"{share * 100:.1f}")
    assert len(page.all(".ec-periods tbody tr")) == 2


def test_the_threshold_moves_without_a_request(page: ComparePage, busy: str) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    page.run("performance.clearResourceTimings()")
    page.slide(0.3)
    form = told(busy, f"versions={A},{B}", "threshold=.3")
    shown = page.text("#compare-confusion")
    assert f"{form['versions'][0]['confusion']['true_positives']:,}" in shown
    assert f"{form['versions'][1]['confusion']['false_positives']:,}" in shown
    share = form["flips"]["share"]["value"]
    assert page.text("#compare-flips-caption").startswith(f"{share * 100:.1f}")
    asked = page.run(
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".filter(name => !name.includes('/page/status'))"
    )
    assert asked == []
    page.slide(0.3, "change")  # let go: the rest of the page follows
    page.wait_address("threshold=0.3")
    wait_until(lambda: "30" in page.text(".ec-compare-table"), 15)


def test_controls_write_the_address_and_links_restore_the_view(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    page.pick("#compare-reference", B)
    page.wait_address(f"versions={B},{A}")
    wait_until(lambda: page.text("#compare-headline").find(f"than {B}") > 0, 15)
    page.driver.back()
    wait_until(lambda: page.text("#compare-headline").find(f"than {A}") > 0, 15)
    page.open(f"/compare?versions={A},{B},keras_games_v1&challenger=keras_games_v1").drawn()
    assert "keras_games_v1" in page.text("#compare-headline")
    assert len(page.all(".ec-version-legend li")) == 3


def test_facts_can_show_only_what_differs(page: ComparePage) -> None:
    page.open().drawn()
    rows = (
        "return [...document.querySelectorAll('#compare-facts tbody tr')]"
        ".filter(row => row.offsetParent).length"
    )
    before = page.run(rows)
    page.run("document.getElementById('compare-differences').click()")
    assert 0 < page.run(rows) <= before


def test_the_table_is_saved_as_csv(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    page.run(
        "HTMLAnchorElement.prototype.click = function () {"
        " window.saved = [this.href, this.download] }"
    )
    page.run("document.getElementById('compare-csv').click()")
    href, name = page.run("return [decodeURIComponent(saved[0]), saved[1]]")
    assert name == "everycase-compare.csv"
    lines = href.split(",", 1)[1].splitlines()
    assert lines[0].startswith("version,metric,value,low,high,difference")
    assert len(lines) == 1 + 2 * 7


def test_the_report_opens_without_server_and_network(
    page: ComparePage, busy: str, tmp_path: Path
) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    with urllib.request.urlopen(f"{busy}/page/compare.html?versions={A},{B}") as response:
        assert "attachment" in response.headers["Content-Disposition"]
        (tmp_path / "report.html").write_bytes(response.read())
    said = page.text("#compare-headline")
    page.driver.get((tmp_path / "report.html").as_uri())
    page.drawn()
    assert page.text("#compare-headline") == said
    assert "Log loss" in page.text(".ec-compare-table")
    page.slide(0.35)
    assert page.text("#compare-threshold-said").startswith("35.0")
    loaded = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    assert page.run(loaded) == []


def test_what_a_link_gets_wrong_is_said(page: ComparePage) -> None:
    page.open("/compare?versions=nope_v1&threshold=7")
    assert "threshold is 7" in page.text("#compare-problems")
    assert "there is no version nope_v1" in page.text("#compare-problems")


def test_an_empty_log_has_a_state_of_its_own(dash_br: Any, shipped: str) -> None:
    page = ComparePage(dash_br, shipped).open("/compare?source=replay")
    assert "There is no traffic yet." in page.text("#compare-empty")
    assert dash_br.get_logs() == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: ComparePage, scheme: str, size: tuple[int, int]) -> None:
    set_screen(page, *size)
    page.open().drawn()
    set_theme(page, scheme)
    page.drawn()
    assert violations(page) == []
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    page.driver.delete_all_cookies()
