"""The Compare page in a real browser: every state a link, the threshold without a request."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browser.axe import SCHEMES, set_screen, set_theme, violations
from tests.support.browser.drift_page import DriftPage
from tests.support.serving import wait_until
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.stats import decisions
from webapp.stats.metric_specs import SPECS

A, B = "logit_games_v1", "hgb_games_v1"


class ComparePage(DriftPage):
    """Opens, reads and works the page."""

    def open(self, path: str = "/compare") -> ComparePage:
        """The page, with all sections open unless the path says which ones."""
        if "open=" not in path:
            path += f"{'&' if '?' in path else '?'}open=all"
        self.driver.get(self.url + path)
        is_filled = "return !!document.querySelector('#compare-body')?.children.length"
        wait_until(lambda: self.run(is_filled), 30, "the page")
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


def api_form(busy: str, *params: str) -> dict[str, Any]:
    """The same comparison from the API."""
    with urllib.request.urlopen(f"{busy}/api/v1/compare?{'&'.join(params)}") as response:
        form: dict[str, Any] = json.loads(response.read())
    return form


def test_it_shows_what_the_api_gives_and_draws_everything(page: ComparePage, busy: str) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    form = api_form(busy, f"versions={A},{B}")
    assert page.text("#compare-headline h2") == form["headline"]
    assert " ".join(page.all("#compare-headline .ec-reason")) in form["sentence"]
    assert "Simulated traffic." in page.text("#compare-simulated")
    metrics = page.text(".ec-compare-table")
    for version in form["versions"]:
        assert f"{version['metrics']['log_loss']['value']:.4f}" in metrics
    confusion = form["versions"][1]["confusion"]
    cells = page.text("#compare-confusion")
    for name in ("true_positives", "false_positives", "false_negatives", "true_negatives"):
        assert f"{confusion[name]:,}" in cells
    share = form["flips"]["share"]["value"]
    assert page.text("#compare-flips-caption").startswith(f"{share * 100:.1f}")
    assert len(page.all(".ec-periods tbody tr")) == 2


def test_the_threshold_moves_without_a_request(page: ComparePage, busy: str) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    page.run("performance.clearResourceTimings()")
    page.slide(0.3)
    form = api_form(busy, f"versions={A},{B}", "threshold=.3")
    cells = page.text("#compare-confusion")
    assert f"{form['versions'][0]['confusion']['true_positives']:,}" in cells
    assert f"{form['versions'][1]['confusion']['false_positives']:,}" in cells
    share = form["flips"]["share"]["value"]
    assert page.text("#compare-flips-caption").startswith(f"{share * 100:.1f}")
    requests = page.run(
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".filter(name => !name.includes('/page/status'))"
    )
    assert requests == []
    page.slide(0.3, "change")  # let go: the rest of the page follows
    page.wait_address("threshold=0.3")
    wait_until(lambda: "30" in page.text(".ec-compare-table"), 15)


def test_the_keyboard_keeps_the_slider(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    steps = page.run("return history.length")
    page.run("document.getElementById('compare-threshold').focus()")
    slider = page.driver.find_element("id", "compare-threshold")
    slider.send_keys(Keys.ARROW_RIGHT)
    page.wait_address("threshold=0.21")
    active = "return document.activeElement.id"
    wait_until(lambda: page.run(active) == "compare-threshold", 10)
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    page.wait_address("threshold=0.22")
    assert page.run("return history.length") == steps
    assert slider_names(page) == ["Threshold", "22.0\u00a0%"]


def slider_names(page: ComparePage) -> list[str]:
    return list(
        page.run(
            "const slider = document.getElementById('compare-threshold');"
            "return ['aria-label', 'aria-valuetext'].map(name => slider.getAttribute(name))"
        )
    )


@pytest.mark.parametrize("text", ["-5", "e", ""], ids=["below 0", "no number", "empty"])
def test_gain_and_cost_refuse_what_is_no_amount(page: ComparePage, text: str) -> None:
    page.open(f"/compare?versions={A},{B}&open=decisions")
    wait_until(lambda: page.text("#compare-confusion") != "", 20)
    before = page.text("#compare-confusion")
    gain = page.driver.find_element("id", "compare-gain")
    gain.send_keys(Keys.CONTROL, "a")
    gain.send_keys(text or Keys.DELETE)
    problem = "Gain must be a number from 0 to 1,000,000,000; the last one that was is still used."
    wait_until(lambda: page.text("#compare-worth-problem") == problem, 5)
    assert gain.get_attribute("aria-invalid") == "true"
    assert page.text("#compare-confusion") == before
    gain.send_keys(Keys.CONTROL, "a")
    gain.send_keys("9", Keys.TAB)
    page.wait_address("gain=9")
    assert page.text("#compare-worth-problem") == ""


def test_the_copied_link_does_not_depend_on_today(page: ComparePage) -> None:
    page.open("/compare?days=7").drawn()
    page.run("everycase.copyText = text => { window.copied = text }")
    page.slide(0.25)
    page.run("document.getElementById('compare-link').click()")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.run("return copied")).query)
    assert {"versions", "challenger", "from", "to", "source"} <= query.keys()
    assert "days" not in query
    assert query["threshold"] == ["0.25"]
    finding = page.text("#compare-headline").split(":")[0]
    page.open(f"/compare?{urllib.parse.urlencode(query, doseq=True)}").drawn()
    assert page.text("#compare-headline").split(":")[0] == finding


def test_controls_work_where_there_is_nothing_to_compare(page: ComparePage) -> None:
    page.open("/compare?from=2020-01-01&to=2020-01-08")
    wait_until(lambda: "no events" in page.text("#compare-empty"), 10)
    page.run("document.querySelector('#compare-on input[value=file]').click()")
    wait_until(lambda: page.run("return !document.getElementById('compare-upload').hidden"), 10)
    page.run("document.querySelector('#compare-days input[value=\"28\"]').click()")
    page.drawn()
    assert "from=" not in page.driver.current_url


def test_controls_write_the_address_and_links_restore_the_view(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    page.pick("#compare-reference", B)
    page.wait_address(f"versions={B},{A}")
    wait_until(lambda: page.text("#compare-headline").find(f"than {B}") > 0, 15)
    page.driver.back()
    wait_until(lambda: page.text("#compare-headline").find(f"than {A}") > 0, 15)
    page.open(f"/compare?versions={A},{B},keras_games_v1&challenger=keras_games_v1").drawn()
    assert "keras_games_v1" in page.text("#compare-headline")
    assert len(page.all(".ec-version-legend li")) == 2 * 3  # of calibration and of the value


def test_the_picker_chooses_the_version_of_the_close_up(page: ComparePage) -> None:
    page.driver.get(page.url)  # coming from Predict, whose switches are not there any more
    wait_until(lambda: page.run("return document.documentElement.dataset.ready === '1'"), 30)
    page.run("document.querySelector('a[href=\"/compare\"]').click()")
    wait_until(lambda: page.text("#compare-headline"), 20)
    page.pick("#version-picker", "keras_games_v1")
    page.wait_address("challenger=keras_games_v1")
    wait_until(lambda: "keras_games_v1" in page.text("#compare-headline"), 15)
    page.run("document.querySelector('a[href=\"/drift\"]').click()")  # which keeps its own version
    subtitle = "#main .ec-subtitle"
    wait_until(lambda: "Has the traffic of" in page.text(subtitle), 15)
    assert A in page.text(subtitle)
    picker = "return document.querySelector('#version-picker').value"
    wait_until(lambda: page.run(picker) == A, 15)
    assert "version=" not in page.driver.current_url


def test_facts_can_show_only_what_differs(page: ComparePage) -> None:
    page.open().drawn()
    rows = (
        "return [...document.querySelectorAll('#compare-facts tbody tr')]"
        ".filter(row => row.offsetParent).length"
    )
    before = page.run(rows)
    page.run("document.getElementById('compare-differences').click()")
    assert 0 < page.run(rows) <= before


SAVED = (
    "window.saved = [];"
    "HTMLAnchorElement.prototype.click = function () { saved.push([this.href, this.download]) };"
)


def saved(page: ComparePage, button: str) -> tuple[str, str]:
    page.run(SAVED + "document.querySelector(arguments[0]).click()", button)
    wait_until(lambda: page.run("return saved.length"), 10, "a file")
    address, name = page.run("return saved[0]")
    return urllib.parse.unquote(address), name


def test_every_table_is_saved_as_csv(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    lengths = {}
    for name in ("metrics", "flips", "segments", "effects", "periods", "facts"):
        text, file = saved(page, f"[data-csv={name}]")
        assert file == f"everycase-compare-{name}.csv"
        lines = list(csv.reader(io.StringIO(text.split(",", 1)[1])))
        assert len({len(line) for line in lines}) == 1
        lengths[name] = len(lines) - 1
    assert lengths["metrics"] == 2 * len(SPECS) + 1, "with the advice"
    assert lengths["segments"] == 10
    assert lengths["effects"] == 10 + 15
    assert lengths["flips"] >= len(page.all(".ec-flips-table tbody tr"))
    assert page.text("#decisions .ec-version-legend").split() == [A, B]
    picture, file = saved(page, "[data-png=compare-value]")
    assert file == "everycase-compare-value.png"
    assert picture.startswith("data:image/png;base64,")
    assert len(picture) > 5_000


def test_decisions_that_flip_are_sorted_and_all_shown(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    rows = len(page.all(".ec-flips-table tbody tr"))
    page.run("document.getElementById('compare-flips-all')?.click()")
    assert len(page.all(".ec-flips-table tbody tr")) >= rows
    events = (
        "return [...document.querySelectorAll('.ec-flips-table tbody tr td:nth-child(2)')]"
        ".map(cell => parseInt(cell.textContent.replaceAll(',', '')))"
    )
    counts = page.run(events)
    assert counts == sorted(counts, reverse=True)
    href = page.run("return document.querySelector('.ec-flips-table tbody th a').search.slice(1)")
    assert urllib.parse.parse_qs(href)["version"] == [B]
    page.run("document.querySelector('[data-flips-sort=events]').click()")
    assert page.run(events) == sorted(counts)
    assert page.run("return document.activeElement.dataset.flipsSort") == "events"
    assert page.run("return document.querySelector('[aria-sort=ascending]').textContent") != ""


def test_the_browser_favours_the_same_version_as_the_server(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    arguments = [
        (k, n, threshold)
        for n in (1, 2, 5, 17, 49, 50, 400)
        for k in {0, 1, n // 5, n // 2, n}
        for threshold in (0.05, 0.2, 0.5, 0.83)
    ]
    sides = page.run("return arguments[0].map(one => everycase.rates.side(...one))", arguments)
    assert sides == [decisions.side(*one) for one in arguments]


def test_a_file_is_uploaded_and_compared_on(page: ComparePage, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "players.csv", labelled_rows(3000))
    path.write_text(path.read_text() + "1,0,1\n" + "0," * 10 + "maybe\n")
    page.open(f"/compare?versions={A},{B}&days=7")
    page.run("document.querySelector('#compare-on input[value=file]').click()")
    wait_until(lambda: page.run("return !document.getElementById('compare-upload').hidden"), 10)
    # the native dialog can't be driven: the field behind it gets the file
    page.run("HTMLInputElement.prototype.click = () => {}")
    page.run("document.getElementById('compare-drop').click()")
    page.driver.find_element("id", "compare-file-input").send_keys(str(path))
    page.wait_address("file=")
    page.drawn()
    assert "days=7" not in page.driver.current_url
    summary = page.text("#compare-file")
    assert "players.csv" in summary
    assert "3,000 rows" in summary
    assert "2 rows were left out" in summary
    assert 'Line 3,003: label is "maybe"; use 0 or 1' in summary.replace("\n", " ")
    assert "3,000 known outcomes" in page.text(".ec-section-caption")
    assert violations(page) == []
    link = page.driver.current_url.removeprefix(page.url)
    page.run("document.getElementById('compare-another').click()")
    page.run("document.getElementById('compare-drop').click()")
    page.driver.find_element("id", "compare-file-input").send_keys(str(path))  # the same again
    wait_until(lambda: page.run("return document.getElementById('compare-upload').hidden"), 20)
    assert page.run("return !document.getElementById('compare-drop').disabled")
    page.open(link).drawn()  # the link restores it
    assert "players.csv" in page.text("#compare-file")
    page.run("document.querySelector('#compare-on input[value=traffic]').click()")
    wait_until(lambda: "file=" not in page.driver.current_url, 10)
    wait_until(lambda: page.text("#compare-file") == "", 10)


def test_a_file_that_can_not_be_used_says_why(page: ComparePage, tmp_path: Path) -> None:
    path = tmp_path / "players.csv"
    path.write_text("G1,G2\n1,0\n")
    page.open(f"/compare?versions={A},{B}")
    page.run("document.querySelector('#compare-on input[value=file]').click()")
    wait_until(lambda: page.run("return !document.getElementById('compare-upload').hidden"), 10)
    page.run("HTMLInputElement.prototype.click = () => {}")
    page.run("document.getElementById('compare-drop').click()")
    page.driver.find_element("id", "compare-file-input").send_keys(str(path))
    wait_until(lambda: "has no columns G3" in page.text("#compare-upload-problem"), 10)
    height = page.run("return document.getElementById('compare-body').offsetHeight")
    assert height == 0  # no answer of the traffic in place of the file's
    assert page.run("return !document.getElementById('compare-drop').disabled")


def test_the_report_opens_without_server_and_network(
    page: ComparePage, busy: str, tmp_path: Path
) -> None:
    page.open(f"/compare?versions={A},{B}").drawn()
    with urllib.request.urlopen(f"{busy}/page/compare.html?versions={A},{B}") as response:
        assert "attachment" in response.headers["Content-Disposition"]
        (tmp_path / "report.html").write_bytes(response.read())
    headline = page.text("#compare-headline .ec-headline-text")
    file = page.driver.execute_async_script(
        "const done = arguments[0]; everycase.save.file = (file, name) => done([file.size, name]);"
        "document.getElementById('compare-report').click();"
    )
    assert file == [(tmp_path / "report.html").stat().st_size, "everycase-compare.html"]
    page.driver.get((tmp_path / "report.html").as_uri())
    page.drawn()
    assert page.text("#compare-headline") == headline  # without the button, which leads nowhere
    assert "Log loss" in page.text(".ec-compare-table")
    page.slide(0.35)
    assert page.text("#compare-threshold-said").startswith("35.0")
    address = page.driver.current_url
    page.slide(0.4, "change")
    page.run("everycase.address.openCase({points: [{customdata: 3}]}, ['G1'], 'x')")
    time.sleep(0.8)  # the time that a change is given to rest
    assert page.driver.current_url == address
    assert not page.run("return document.documentElement.classList.contains('ec-waiting')")
    resources = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    assert page.run(resources) == []


def test_what_a_link_gets_wrong_is_reported(page: ComparePage) -> None:
    page.open("/compare?versions=nope_v1&threshold=7")
    assert "threshold in this link is 7, so it was ignored" in page.text("#compare-problems")
    assert "There is no version nope_v1" in page.text("#compare-problems")


def test_a_file_that_has_expired_is_asked_for_again(page: ComparePage) -> None:
    page.driver.get(f"{page.url}/compare?versions={A},{B}&file=nothing")
    wait_until(lambda: "has expired" in page.text("#compare-problems"), 20)
    assert page.run("return document.getElementById('compare-upload').hidden") is False
    assert page.text("#compare-body") == ""
    page.run("document.querySelector('#compare-on input[value=traffic]').click()")
    wait_until(lambda: page.text("#compare-headline"), 20)


def test_the_map_is_walked_by_keyboard(page: ComparePage) -> None:
    page.open(f"/compare?versions={A},{B}&open=cases")
    drawn_map = "return !!document.querySelector('[data-figure=compare-map] .main-svg')"
    wait_until(lambda: page.run(drawn_map), 30)
    case_map = page.driver.find_element("css selector", "[data-map]")
    case_map.send_keys(Keys.ARROW_RIGHT)
    spoken_text = page.run("return document.querySelector('[data-map] [role=status]').textContent")
    assert re.match(r"G\d+, \d", spoken_text)
    case_map.send_keys(Keys.ENTER)
    wait_until(lambda: f"version={B}" in page.driver.current_url, 20)


def test_an_empty_log_has_a_state_of_its_own(dash_br: Any, shipped_url: str) -> None:
    page = ComparePage(dash_br, shipped_url).open("/compare?source=replay")
    assert "There is no replayed traffic yet." in page.text("#compare-empty")
    assert dash_br.get_logs() == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_axe_finds_nothing_serious(page: ComparePage, size: tuple[int, int]) -> None:
    set_screen(page, *size)
    page.open().drawn()
    for scheme in SCHEMES:
        set_theme(page, scheme)
        page.drawn()
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    page.driver.delete_all_cookies()
