"""axe-core in the tests' own browser, on the screens and in the themes that count."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Protocol

from tests.support.serving import wait_until

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


class Page(Protocol):
    """What a page's driver class offers."""

    driver: Any

    def run(self, script: str, *arguments: Any) -> Any: ...


MOVING = "return document.getAnimations().some(a => a instanceof CSSTransition)"


def violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical, once all colours have come to rest."""
    wait_until(lambda: not page.run(MOVING), what="no transition is running")
    page.run(AXE)
    rules = page.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
    )
    return [
        f"{rule['id']} ({rule['impact']}): " + json.dumps([n["html"][:160] for n in rule["nodes"]])
        for rule in rules
        if rule["impact"] in ("serious", "critical")
    ]


def set_screen(page: Page, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


SCHEMES = ("light", "dark")


def set_theme(page: Page, scheme: str) -> None:
    scheme_script = "return document.documentElement.getAttribute('data-mantine-color-scheme')"
    if page.run(scheme_script) != scheme:
        page.run("document.getElementById('theme-toggle').click()")
    wait_until(lambda: page.run(scheme_script) == scheme)
