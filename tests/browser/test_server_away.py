"""Pages that stay open while the server is away, and after it was restarted or updated."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.support.browser.axe import violations
from tests.support.browser.predict_page import PredictPage
from tests.support.mlflow_models import save_stranger
from tests.support.serving import ask, free_port, served, wait_until
from webapp.settings import ROOT

MARKED = "return document.querySelector('a.ec-nav-link[aria-current]').textContent"
HOLDS = "return everycase.tables.held(everycase.predict.state.data, arguments[0]) !== null"


def toasts(page: PredictPage) -> str:
    return page.text("#ec-toasts")


def badge(page: PredictPage) -> bool:
    return bool(page.find("#picker-champion").is_displayed())


def test_the_server_goes_and_comes_back(dash_br: Any, own_models: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models" / "hgb_games_v1", own_models / "hgb_games_v1")
    names = ("smoker", "over_60", "exercises")
    save_stranger(own_models / "risk_v1", names)
    place: dict[str, Any] = {"var": tmp_path / "var", "PORT": str(free_port())}
    with served(own_models, **place) as (url, _):
        wait_until(lambda: ask(f"{url}/?version=risk_v1&{'=0&'.join(names)}=0")[0] == 200, 60)
        page = PredictPage(dash_br, url).open("/?G1=1&G10=1")
        first, number = page.version, page.probability
        assert badge(page)
        page.choose("hgb_games_v1")
        hgb = page.probability
        assert hgb != number
        page.choose(first)
        wait_until(lambda: page.probability == number)
        assert not page.run(HOLDS, "risk_v1")

    away(page, first, number, hgb)
    with served(own_models, **place):
        page.run("everycase.watch.look()")
        wait_until(lambda: "answers again" in toasts(page))
        page.find('a.ec-nav-link[href="/drift"]').click()
        wait_until(lambda: page.text("#react-entry-point h1") == "Drift")
        assert page.run(MARKED) == "Drift"
        is_updated(page)


def away(page: PredictPage, first: str, number: float, hgb: float) -> None:
    """What the page has is shown; what it lacks is refused, and the controls go back."""
    page.choose("hgb_games_v1")
    assert page.probability == hgb
    assert not badge(page)
    assert "version=hgb_games_v1" in page.search
    page.driver.back()
    wait_until(lambda: page.version == first and page.probability == number and badge(page))

    page.pick("risk_v1")
    wait_until(lambda: "risk_v1 can't be shown: the server can't be reached" in toasts(page))
    wait_until(lambda: page.version == first)
    assert (page.probability, badge(page)) == (number, True)
    assert not page.run("return document.documentElement.matches('.ec-loading')")

    page.find('a.ec-nav-link[href="/drift"]').click()
    wait_until(lambda: "Drift can't be opened: the server can't be reached." in toasts(page))
    wait_until(lambda: page.run(MARKED) == "Predict")
    wait_until(lambda: page.run("return location.pathname") == "/")
    assert page.search == f"?G1=1&G10=1&version={first}"
    page.flip("G2")
    wait_until(lambda: page.probability != number)
    assert violations(page) == []


def is_updated(page: PredictPage) -> None:
    """The page of a build that isn't the server's says so, and loads itself again."""
    page.run("document.documentElement.dataset.build = 'before'; everycase.watch.look()")
    wait_until(lambda: "Everycase was updated." in toasts(page))
    page.find(".ec-toast-action").click()
    wait_until(lambda: page.run("return document.documentElement.dataset.build !== undefined"))
    wait_until(lambda: page.text("#react-entry-point h1") == "Drift")
    assert toasts(page) == ""
