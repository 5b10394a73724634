"""The Models page in a real browser: for visitors and administrators, by mouse and by keyboard."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.support.app_access import ADMIN_TOKEN
from tests.support.app_commands import run_command
from tests.support.browser.axe import SCHEMES, set_screen, set_theme, violations
from tests.support.browser.models_page import ModelsPage, fill
from tests.support.serving import served, wait_until
from webapp.settings import ROOT

A, B = "logit_games_v1", "logit_games_v2"
ASKED = "return performance.getEntriesByType('resource').filter(e => e.name.includes('{}')).length"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with simulated traffic, checks and jobs, whose models a test may add to."""
    var, models = tmp_path_factory.mktemp("var"), tmp_path_factory.mktemp("models")
    for name in (A, B, "hgb_games_v1"):
        shutil.copytree(ROOT / "models" / name, models / name)
    (models / "torn_v1").mkdir()
    (models / "torn_v1" / "MLmodel").write_text("flavors: {")
    run_command(var, "demo")
    fill(var)
    with served(models, var, ADMIN_TOKEN=ADMIN_TOKEN) as (url, _):
        yield url


@pytest.fixture
def page(dash_br: Any, busy: str) -> Iterator[ModelsPage]:
    yield ModelsPage(dash_br, busy)
    assert [log for log in dash_br.get_logs() or [] if log["level"] != "DEBUG"] == []


def champion(page: ModelsPage) -> dict[str, Any]:
    with urllib.request.urlopen(f"{page.url}/api/v1/champion") as response:
        answer: dict[str, Any] = json.loads(response.read())
    return answer


def test_a_visitor_reads_everything_and_changes_nothing(page: ModelsPage) -> None:
    page.open().drawn()
    wait_until(lambda: "Unavailable" in page.text("#models-table"), 30, "the torn one")
    table = page.text("#models-table")
    assert "matured" not in table
    assert "Its table is being computed" not in table
    for words in (A, B, "hgb_games_v1", "gradient boosting", "rows 1–12,000", "champion"):
        assert words in table, words
    form = json.load(urllib.request.urlopen(f"{page.url}/api/v1/compare?versions={A},{B}"))
    for version in form["versions"]:
        assert f"{version['metrics']['log_loss']['value']:.3f}" in table
        assert f"{version['metrics']['auc']['value']:.3f}" in table
    assert "of the evidence needed to retrain: 4.9 of 4.5" in page.text(".ec-near")
    assert "on_gain ended 100 nats lower than on_error" in page.text(".ec-backtest-table")
    assert "Sign in as administrator" in page.text("#models-visitor")
    changing = "[data-promote], [data-start], [data-cancel]"
    count = f"return document.querySelectorAll('{changing}').length"
    able = f"return [...document.querySelectorAll('{changing}')].filter(b => !b.disabled).length"
    assert page.run(count) >= 4
    assert page.run(able) == 0
    event = json.dumps({"features": {f"G{i}": 0 for i in range(1, 11)}}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{page.url}/api/v1/predict", event, headers))
    page.open().drawn()
    line = "Simulated traffic. 1 real event is not shown — show it."
    assert page.text("#models-simulated") == line
    page.click("#models-simulated a")
    wait_until(lambda: "source=all" in page.driver.current_url)
    wait_until(lambda: "There are no outcomes in the last" in page.text(".ec-models"))
    assert not page.driver.find_elements("id", "models-simulated")


def test_promoting_takes_a_reason_and_here_an_override(page: ModelsPage) -> None:
    page.sign_in().open()
    page.click(f"[data-promote={B}]")
    text = page.dialog()
    assert f"Promote {B}?" in text
    assert f"Replaces {A}" in text
    assert "simulated outcomes since" in text
    assert "Changed decisions at 20 %" in text
    assert "promote=" in page.driver.current_url
    wait_until(lambda: page.run("return document.activeElement.id") == "models-reason")
    close = ".mantine-Modal-close"
    assert page.find(close).get_attribute("aria-label") == "Close"
    assert not page.can_confirm()
    page.find("#models-reason").send_keys("  ")
    assert not page.can_confirm()
    page.find("#models-reason").send_keys("better on the last month")
    if page.needs_override():
        assert not page.can_confirm()
        page.click("#models-override")
    wait_until(page.can_confirm)
    assert page.is_busy_at_once("#models-confirm")
    wait_until(lambda: f"{B} is the champion now." in page.text("#models-said"), 15)
    assert not page.is_open()
    assert "promote=" not in page.driver.current_url
    assert f"Promoted {B} over {A}" in page.text("#models-ledger")
    assert "“better on the last month”" in page.text("#models-ledger")
    line = champion(page)
    assert (line["version"], line["actor"]) == (B, "signed-in administrator")
    assert {"log_loss", "churn", "verdict", "override"} <= set(line["evidence"])
    wait_until(lambda: page.run("return document.querySelector('#version-picker').value") == B)
    roll_back_in_the_toast(page)


def roll_back_in_the_toast(page: ModelsPage) -> None:
    """The message of the promotion leads back, with the reason written already."""
    toast = "[data-toast=promotion]"
    assert page.text(f"{toast} p") == f"{B} is the champion now."
    page.click(f"{toast} .ec-toast-action")
    assert f"Roll back to {A}?" in page.dialog()
    assert page.text(toast) == ""
    reason = "return document.getElementById('models-reason').value"
    wait_until(lambda: page.run(reason) == f"The promotion of {B} was a mistake.")
    if page.needs_override():
        page.click("#models-override")
    wait_until(page.can_confirm)
    page.click("#models-confirm")
    wait_until(lambda: f"{A} is champion again." in page.text("#models-said"), 15)
    assert page.text(toast) == "", "a roll-back isn't undone in one click"
    line = champion(page)
    assert (line["version"], line["reason"]) == (A, f"The promotion of {B} was a mistake.")
    wait_until(lambda: page.run("return document.querySelector('#version-picker').value") == A)


def test_rolling_back_by_keyboard(page: ModelsPage) -> None:
    page.sign_in().open()
    if champion(page)["version"] == A:  # this test alone
        promote(page)
        page.open()
    page.run("document.querySelector('[data-back]').focus()")
    keys = ActionChains(page.driver)
    keys.send_keys(Keys.ENTER).perform()
    assert f"Roll back to {A}?" in page.dialog()
    wait_until(lambda: page.run("return document.activeElement.id") == "models-reason")
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    wait_until(lambda: not page.is_open())
    assert "back=" not in page.driver.current_url
    wait_until(lambda: page.run("return document.activeElement.dataset.promote") == A)
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.dialog()
    wait_until(lambda: page.run("return document.activeElement.id") == "models-reason")
    steps = [*"it was a trial", Keys.TAB]
    if page.needs_override():
        steps += [Keys.SPACE, Keys.TAB]
    ActionChains(page.driver).send_keys(*steps, Keys.TAB, Keys.ENTER).perform()
    wait_until(lambda: f"{A} is champion again." in page.text("#models-said"), 15)
    assert f"Rolled back to {A}" in page.text("#models-ledger")
    assert champion(page)["version"] == A


def promote(page: ModelsPage) -> None:
    body = json.dumps({"version": B, "reason": "a trial"}).encode()
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{page.url}/api/v1/champion", body, headers, method="PUT")
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def test_an_unreachable_server_is_reported_and_nothing_is_lost(page: ModelsPage) -> None:
    page.sign_in().open()
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.slow(2000)
    page.click("[data-promote=hgb_games_v1]")
    is_busy = "return document.querySelector('[data-promote=hgb_games_v1]').ariaBusy === 'true'"
    assert page.run(is_busy)
    page.dialog()
    wait_until(lambda: not page.run(is_busy), 5)
    page.slow(0)
    page.find("#models-reason").send_keys("for no reason")
    if page.needs_override():
        page.click("#models-override")
    wait_until(page.can_confirm)
    page.offline(True)
    page.click("#models-confirm")
    problem = "Nothing was changed: the server can't be reached."
    wait_until(lambda: page.text("#models-dialog-problem") == problem, 10)
    assert page.run("return document.getElementById('models-reason').value") == "for no reason"
    page.offline(False)
    wait_until(page.can_confirm)
    page.click("#models-cancel")
    assert champion(page)["version"] != "hgb_games_v1"
    page.driver.get_log("browser")  # of the request that had nowhere to go


def test_every_state_is_a_link(page: ModelsPage) -> None:
    page.open("/models?promote=hgb_games_v1&ledger=promotions&jobs=open")
    assert "Promote hgb_games_v1?" in page.dialog()
    assert not page.can_confirm()
    page.click("#models-cancel")
    wait_until(lambda: not page.is_open())
    assert "promote=" not in page.driver.current_url
    assert page.run("return document.getElementById('models-jobs').open")
    is_hidden = (
        "return document.querySelectorAll('.ec-ledger-check').length > 0 && "
        "[...document.querySelectorAll('.ec-ledger-check')].every(e => !e.offsetParent)"
    )
    assert page.run(is_hidden)
    page.click("[data-ledger='']")
    assert not page.run(is_hidden)
    assert "ledger=" not in page.driver.current_url
    page.open("/models?promote=nope&ledger=some")
    assert "There is no version nope." in page.text("#models-problems")
    assert "ledger=some" in page.text("#models-problems")


def test_a_retrain_is_watched_and_cancelled(page: ModelsPage) -> None:
    page.sign_in().open("/models?jobs=open").drawn()
    polls = ASKED.format("/page/models/jobs")
    wait_until(lambda: "preparing" not in page.text("#models-table").lower(), 30)
    before = page.run(polls)
    page.click("[data-start=retrain]")
    wait_until(lambda: "%" in page.text("#models-work-retrain"), 15)
    assert (
        page.run(
            "const bar = document.querySelector('#models-work-retrain [role=progressbar]');"
            "return Number(bar.getAttribute('aria-valuenow'))"
        )
        < 100
    )
    assert page.run("return document.querySelector('[data-start=retrain]').disabled")
    wait_until(lambda: page.run(polls) > before, 10, "it is polled")
    page.click("#models-work-retrain [data-cancel]")
    wait_until(lambda: page.text("#models-work-retrain") == "", 30, "its end")
    page.ready()
    wait_until(lambda: "Cancelled" in page.text("#models-jobs"), 10)
    assert not page.run("return document.querySelector('[data-start=retrain]').disabled")
    assert "It broke." in page.text("#models-jobs")
    after = page.run(polls)
    page.driver.execute_async_script("setTimeout(arguments[0], 2000)")
    assert page.run(polls) == after, "nothing is asked while nothing is at work"


def test_an_empty_log_has_states_of_its_own(dash_br: Any, tmp_path: Path) -> None:
    with served(ROOT / "models", tmp_path) as (url, _):  # others may have recorded something
        page = ModelsPage(dash_br, url).open()
        assert "There is no traffic yet" in page.text(".ec-models")
        assert "No checks yet" in page.text(".ec-policy")
        assert "No backtest yet." in page.text("#models-backtest-card")
        assert f"{A} is the first champion" in page.text("#models-ledger")
        assert "set ADMIN_TOKEN" in page.text("#models-visitor").replace("\n", " ")
        assert [log for log in dash_br.get_logs() or [] if log["level"] != "DEBUG"] == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_axe_finds_nothing_serious(page: ModelsPage, size: tuple[int, int]) -> None:
    set_screen(page, *size)
    page.open("/models?jobs=open").drawn()
    script = "window.dash_clientside.set_props('models-asked', {data: {version: 'hgb_games_v1'}})"
    for scheme in SCHEMES:
        set_theme(page, scheme)
        page.drawn()
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
        page.run(script)
        page.dialog()
        assert violations(page) == []
        page.click("#models-cancel")
        wait_until(lambda: not page.is_open())
    page.driver.delete_all_cookies()
