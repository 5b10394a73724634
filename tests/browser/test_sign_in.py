"""Signing in and out in a browser, by token and by the link that is printed, and the API's docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.app_commands import run_command
from tests.support.browser.axe import set_screen, set_theme, violations
from tests.support.browser.predict_page import PredictPage
from tests.support.serving import served, wait_until
from webapp.api.auth import COOKIE
from webapp.settings import ROOT

ACCOUNT = "#react-entry-point .ec-account"  # not that of the first paint


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def address(var: Path) -> Iterator[str]:
    """The address of an app that has an administrator, and takes writing from nobody else."""
    tokens = {"ADMIN_TOKEN": ADMIN_TOKEN, "API_TOKEN": API_TOKEN}
    with served(ROOT / "models", var, **tokens) as (url, _):
        yield url


@pytest.fixture
def page(dash_br: Any, address: str) -> PredictPage:
    return PredictPage(dash_br, address)


def account(page: PredictPage) -> str:
    return page.text(ACCOUNT)


def cookie(page: PredictPage) -> dict[str, Any] | None:
    session: dict[str, Any] | None = page.driver.get_cookie(COOKIE)
    return session


def test_in_by_token_and_out_again(page: PredictPage) -> None:
    page.open("/?G1=1")
    assert account(page) == "Sign in"
    assert not page.driver.find_elements("id", "record-prediction")
    assert page.text("#record-sign-in") == "Sign in to record"
    page.find("#record-sign-in").click()
    wait_until(lambda: page.text("h1") == "Sign in")
    assert violations(page) == []
    page.find("input[name=token]").send_keys("not-the-admin-token")
    page.find("form button").click()
    wait_until(lambda: "Wrong token." in page.text("body"))
    page.find("input[name=token]").send_keys(ADMIN_TOKEN)
    page.find("form button").click()
    page.wait_ready()
    wait_until(lambda: account(page) == "Sign out")
    assert (page.search, page.text("#ec-toasts p")) == ("?G1=1", "Signed in")
    page.find("#record-prediction").click()
    wait_until(lambda: page.text("#record-bought"), 20)
    session = cookie(page)
    assert session is not None
    assert (session["httpOnly"], session["sameSite"], session["secure"]) == (True, "Lax", False)
    assert page.run("return document.cookie").find(COOKIE) == -1
    page.open("/?G2=1")
    assert account(page) == "Sign out"
    page.find(ACCOUNT).click()
    page.wait_ready()
    wait_until(lambda: account(page) == "Sign in")
    assert cookie(page) is None
    assert [line for line in page.console() if "401" not in line] == []


def test_in_by_the_printed_link_once(page: PredictPage, var: Path) -> None:
    assert "once=" not in (var / "gunicorn.log").read_text(), "it is a file, which keeps secrets"
    place = var / "sign-in-link"
    assert place.stat().st_mode & 0o777 == 0o600
    link = place.read_text().strip()
    page.driver.get(link)
    page.wait_ready()
    assert account(page) == "Sign out"
    assert "once" not in page.driver.current_url
    assert page.run("return performance.getEntriesByType('navigation')[0].name").find("once") == -1
    assert page.run("return document.referrer").find("once") == -1
    page.driver.delete_all_cookies()
    page.driver.get(link)
    wait_until(lambda: "This link has been used" in page.text("body"))
    assert "once" not in page.driver.current_url
    assert "run everycase link" in page.text("body")
    assert cookie(page) is None
    page.driver.get(run_command(var, "link", "--url", page.url).strip())
    page.wait_ready()
    assert account(page) == "Sign out"
    assert page.console() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_forms_look(page: PredictPage, theme: str, width: int) -> None:
    set_screen(page, width, 900)
    page.open()
    set_theme(page, theme)
    page.driver.get(page.url + "/sign-in")
    wait_until(lambda: page.text("h1") == "Sign in")
    assert violations(page) == []
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.console() == []


def test_the_docs_of_the_api(page: PredictPage) -> None:
    page.driver.get(page.url + "/api/docs")
    shadow = "return (document.querySelector('rapi-doc')?.shadowRoot?.textContent || '')"
    wait_until(lambda: "/api/v1/predict/batch" in page.run(shadow), 20)
    for words in ("/api/v1/outcomes", "/api/v1/champion", "request_id"):
        assert words in page.run(shadow)
    hosts = page.run(
        "return performance.getEntriesByType('resource').map(e => new URL(e.name).host)"
    )
    assert set(hosts) == {page.url.removeprefix("http://")}  # nothing comes from elsewhere
    assert page.console() == []
