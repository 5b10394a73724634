"""Lake history beside live traffic on the Drift page, in a real browser with a clean console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser.axe import set_screen, violations
from tests.support.browser.drift_page import DriftPage
from tests.support.lake import fill
from tests.support.serving import served
from webapp.composition import create_services
from webapp.settings import ROOT, Settings

BARS = (
    "return [...document.querySelector('[data-figure=drift-volume]')._fullData].map("
    "bar => [bar.hovertemplate, bar.y.reduce((a, b) => a + b, 0)])"
)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with 20 days of live traffic after 40 days that were counted in a lake."""
    var = tmp_path_factory.mktemp("var")
    services = create_services(Settings(var_dir=var))
    fill(services)
    services.close()
    with served(ROOT / "models", var) as (url, _):
        yield url


def test_it_says_and_shows_what_came_from_where(dash_br: Any, busy: str) -> None:
    page = DriftPage(dash_br, busy)
    page.open("/drift?days=30&open=all").drawn()
    bars = dict(page.run(BARS))
    assert len(bars) == 4
    assert all(events > 0 for events in bars.values())
    assert page.all(".ec-bar-live, .ec-bar-lake") == ["counted in the lake", "live traffic"]
    assert "were counted in the lake." in page.text("#drift-body")
    assert page.text("#drift-lake").startswith("2 datasets with ")
    assert page.text("#drift-lake").endswith("last counted 2\u00a0h ago.")
    rows = "#drift-datasets tbody"
    assert page.all(f"{rows} th") == ["app-events", "web-events"]
    assert [len(page.all(f"{rows} tr:nth-child({i}) td")) for i in (1, 2)] == [5, 5]
    assert violations(page) == []
    set_screen(page, 390, 844)
    assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0
    filters = dash_br.driver.find_element("css selector", "[data-filters]")  # one line on a phone
    filters.click()
    assert filters.get_attribute("aria-expanded") == "true"
    page.pick("#drift-source", "Lake")
    page.wait_address("source=lake")
    page.drawn()
    assert page.all(".ec-bar-live, .ec-bar-lake") == ["counted in the lake"]
    assert "All of these events were counted in the lake." in page.text("#drift-body")
    assert dash_br.get_logs() == []
