"""The Models page as a user handles it, and a log with something to show on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By

from tests.support.app_access import ADMIN_TOKEN
from tests.support.browser.drift_page import DriftPage
from tests.support.serving import wait_until
from webapp.composition import create_services
from webapp.db.tables.checks import Check
from webapp.settings import Settings
from webapp.timing import DAY_MS, now_ms

DIALOG = ".ec-dialog .mantine-Modal-content"
RESULT: dict[str, Any] = {
    "source": "simulated traffic",
    "unit": "day",
    "start": 4000,
    "events": 18_905,
    "checks": 3,
}


class ModelsPage(DriftPage):
    """Opens, reads and works the page."""

    def open(self, path: str = "/models") -> ModelsPage:
        self.driver.get(self.url + path)
        return self.ready()

    def ready(self) -> ModelsPage:
        is_drawn = "return !!document.querySelector('#models-ledger') && !!window.everycase"
        wait_until(lambda: self.run(is_drawn), 30, "the page")
        return self

    def drawn(self) -> ModelsPage:
        charts = (
            "const hosts = [...document.querySelectorAll('[data-figure]')];"
            "return hosts.length && hosts.every(host => host.querySelector('.main-svg'))"
        )
        wait_until(lambda: self.run(charts), 30, "the figures")
        return self

    def sign_in(self) -> ModelsPage:
        self.driver.get(self.url + "/sign-in")
        self.find("input[name=token]").send_keys(ADMIN_TOKEN)
        self.find("form button").click()
        wait_until(lambda: not self.driver.current_url.endswith("/sign-in"), 10)
        return self

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)

    def is_busy_at_once(self, selector: str) -> bool:
        """Click while the server is slow: does the button show it before an answer is there?"""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.slow(1500)
        script = "const e = document.querySelector(arguments[0]); e.click(); return e.ariaBusy"
        busy = self.run(script, selector)
        self.slow(0)
        return bool(busy == "true")

    def dialog(self) -> str:
        """The dialog's text, once it is open."""
        wait_until(lambda: self.text(DIALOG), 10, "the dialog")
        return self.text(DIALOG).replace("\u00a0", " ")

    def is_open(self) -> bool:
        return bool(self.run("return !!document.querySelector(arguments[0])", DIALOG))

    def needs_override(self) -> bool:
        display = "document.querySelector('#models-override').closest('.ec-override').style.display"
        return bool(self.run(f"return {display} !== 'none'"))

    def can_confirm(self) -> bool:
        return not self.run("return document.getElementById('models-confirm').disabled")


def fill(var: Path) -> None:
    """Two months of checks, and jobs of every end, for the log in a folder."""
    services = create_services(Settings(var_dir=var))
    now, last = now_ms(), None
    for day in range(40, 0, -1):
        value = (40 - day) / 8
        retrains = day == 3
        evidence = {"value": value, "needed": 4.5, "matured": 60, "challengers": []}
        check = Check(
            *(0, now - day * DAY_MS, now - day * DAY_MS, 0, "on_gain", "simulated", "clock"),
            champion="logit_games_v1",
            decision="retrain" if retrains else "wait",
            version="logit_games_v9" if retrains else None,
            verdict="keep" if retrains else None,
            explanation="The outcomes of 60 events became known. It is near.",
            evidence=evidence | ({"gate": None} if retrains else {}),
            batch={},
            state={},
            snapshot={},
        )
        last = services.checks.add(check, last).id
    for state, message in (("failed", "It broke."), ("done", "All well.")):
        job = services.jobs.add("retrain", {}, "ann", now - DAY_MS)
        services.jobs.begin(job.id, now - DAY_MS)
        services.jobs.end(job.id, state, message, now - DAY_MS + 4200)  # type: ignore[arg-type]
    backtest = services.jobs.add("backtest", {}, "ann", now - DAY_MS)
    result = RESULT | {"policies": [_policy(i, now) for i in range(4)]}
    services.jobs.begin(backtest.id, now - DAY_MS)
    services.jobs.end(backtest.id, "done", "Done.", now - DAY_MS + 9000, result=result)
    services.close()


def _policy(i: int, now: int) -> dict[str, Any]:
    ends = [0.0, -20.0 * i, -100.0 * i]
    at = [now - (3 - k) * DAY_MS for k in range(3)]
    one = {"at": at[1], "difference": ends[1], "explanation": "It was near."}
    return {
        "policy": ("never", "periodic", "on_error", "on_gain")[i],
        "log_loss": 0.34 - 0.005 * i,
        "auc": 0.7 + 0.01 * i,
        "seconds": 1.0,
        "retrained": [one] if i else [],
        "curve": {"at": at, "difference": ends},
    }
