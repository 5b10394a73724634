"""Nothing that is drawn leaves its card: any traffic, any screen, light and dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.drift_page import DriftPage
from tests.support.browser.frames import PAPER, WIDTHS, ZOOM, draw_all, faults_in, faults_in_dark
from tests.support.browser.models_page import fill
from tests.support.chart_states import STATES, versions_of, write_counts, write_models
from tests.support.serving import served

SCREENS = [*((width, 1.0, "screen") for width in WIDTHS), (1440, ZOOM, "screen")]
SCREENS += [(PAPER, 1.0, "print")]
ADDRESSES = {
    "predict": "/?version={first}&{state}_a=1",
    "drift": "/drift?days=60&version={first}",
    "compare": "/compare?days=60&versions={all}",
}


@pytest.fixture(scope="module")
def extremes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with all families of versions."""
    folder: Path = tmp_path_factory.mktemp("extremes")
    write_models(folder / "models")
    write_counts(folder / "var")
    fill(folder / "var")
    with served(folder / "models", folder / "var") as (url, _):
        yield url


@pytest.fixture
def page(dash_br: Any, extremes: str) -> Iterator[DriftPage]:
    page = DriftPage(dash_br, extremes)
    yield page
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert dash_br.get_logs() == []


@pytest.mark.parametrize("state", STATES)
def test_nothing_leaves_its_frame(page: DriftPage, state: str) -> None:
    names = versions_of(state)
    faults = []
    for kind, address in ADDRESSES.items():
        page.driver.get(page.url + address.format(first=names[0], state=state, all=",".join(names)))
        draw_all(page)
        new_faults = faults_in(page, SCREENS) + faults_in_dark(page)
        faults += [f"{kind}, {fault}" for fault in new_faults]
        page.run("document.getElementById('theme-toggle').click()")
    assert faults == []


def test_nothing_leaves_its_frame_on_models(page: DriftPage) -> None:
    page.driver.get(page.url + "/models")
    draw_all(page)
    assert faults_in(page, SCREENS) + faults_in_dark(page) == []
